/** The alarms of the monitoring itself as data. Not proved here: that AWS publishes these metrics; see the sources there. */
import { describe, expect, it, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { sampleOffsets } from "../../catalog/run-schedule.ts";
import { metricsOf, metricTransitions } from "../../plan/cloudwatch/metric-alarm.ts";
import { metricKey, seriesFrom } from "../../plan/cloudwatch/series.ts";
import type { MetricId, SeriesOf } from "../../plan/cloudwatch/types.ts";
import { escalatorOf } from "../../plan/escalator.ts";
import { shippedServerGroups } from "../../plan/logs.ts";
import { ACCOUNT } from "../../plan/names.ts";
import { buildPlan } from "../../plan/plan.ts";
import { planSelfAlarms, withoutSelf } from "../../plan/self-alarms.ts";
import type { MetricAlarm } from "../../plan/types.ts";
import { RESERVE_MS } from "../../probes/runners/cut-off.ts";
import { catalogFiles, mapSource } from "../support/catalog-files.ts";

const load = (name: string) => loadEnvironment(mapSource(catalogFiles()), name);
const environment = load("production");
const plan = buildPlan(environment);
const { alarms, composites } = planSelfAlarms(environment);
const START = Date.parse("2026-11-21T02:00:00Z");
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

function definitionOf(suffix: string): MetricAlarm {
  const found = alarms.find(({ definition }) => definition.AlarmName === `production-fleet-${suffix}`);
  if (found === undefined) throw new Error(`no alarm ${suffix}`);
  return found.definition;
}

const dimensionsOf = ({ Dimensions }: MetricId): string[] =>
  (Dimensions ?? []).map(({ Name, Value }) => `${Name}=${Value}`);

/** Every change of state over some days, where these metrics have these values and no other has any. */
function changes(
  suffix: string,
  metric: string,
  points: readonly { readonly at: number; readonly value: number }[],
  days = 1,
): string[] {
  const definition = definitionOf(suffix);
  const keys = metricsOf(definition)
    .filter(({ MetricName }) => MetricName === metric)
    .map(metricKey);
  expect(keys, metric).not.toEqual([]);
  const series = seriesFrom(points.map(({ at, value }) => ({ at, value })));
  const seriesOf: SeriesOf = (one) => (keys[0] === metricKey(one) ? series : undefined);
  const range = { from: START, to: START + days * DAY_MS };
  return metricTransitions({ definition, seriesOf, range, initial: "OK", created: 0 }).transitions.map(
    ({ at, to }) => `${to} after ${Math.round((at - START) / HOUR_MS)}h`,
  );
}

/** A value every so often, from a moment on. */
const every = (stepMs: number, values: readonly number[], from = START) =>
  values.map((value, index) => ({ at: from + index * stepMs, value }));

describe("what watches the monitoring", () => {
  test("reads the metrics that AWS publishes, by their dimensions", () => {
    const read = alarms.flatMap(({ definition }) =>
      metricsOf(definition).map(({ Namespace, MetricName, Dimensions = [] }) =>
        [Namespace, MetricName, ...Dimensions.map(({ Name }) => Name)].join(" "),
      ),
    );
    expect([...new Set(read)]).toEqual([
      "Rollcall ProbeRuns Environment Runner",
      "AWS/Lambda Errors FunctionName",
      "AWS/Lambda Throttles FunctionName",
      "AWS/Lambda Duration FunctionName",
      "AWS/Scheduler InvocationDroppedCount ScheduleGroup",
      "AWS/Scheduler TargetErrorCount ScheduleGroup",
      "AWS/SQS ApproximateNumberOfMessagesVisible QueueName",
      "AWS/Logs EMFParsingErrors LogGroupName",
      "AWS/Logs EMFValidationErrors LogGroupName",
      "AWS/States ExecutionsFailed StateMachineArn",
      "AWS/States ExecutionsTimedOut StateMachineArn",
      "AWS/SNS NumberOfNotificationsFailedToRedriveToDlq TopicName",
      "AWS/SNS NumberOfNotificationsFailed TopicName",
      "AWS/Logs IncomingLogEvents LogGroupName",
      "Rollcall/Backups RestoreVerifiedAgeSeconds Environment",
      "Rollcall/Backups BackupFaults Environment",
      "Rollcall/Backups RestoreLapses Environment",
      "Rollcall/Backups ClusterBackupAgeSeconds Environment",
      "Rollcall/Backups RestoreFaults Environment",
    ]);
  });

  test("reads them of the functions, queues, topics and groups that the plan has", () => {
    const values = new Set(alarms.flatMap(({ definition }) => metricsOf(definition).flatMap(dimensionsOf)));
    const { functions, machine, intake } = escalatorOf(plan);
    const [backup] = plan.backups;
    const topics = [intake, ...plan.escalations.flatMap(({ levels }) => levels.map(({ topic }) => topic))];
    expect(values).toEqual(
      new Set([
        ...[plan.probe?.lambda.name, ...Object.values(functions), backup?.daily.name, backup?.drill.name].map(
          (name) => `FunctionName=${name}`,
        ),
        `QueueName=${plan.probe?.lambda.deadLetters}`,
        "QueueName=rollcall-production-escalation-dead-letters",
        "ScheduleGroup=rollcall-production-schedules",
        `LogGroupName=${plan.probe?.logGroup}`,
        ...shippedServerGroups(environment).map((group) => `LogGroupName=${group}`),
        // the account's number is known to what provisions it alone
        `StateMachineArn=arn:aws:states:eu-west-1:${ACCOUNT}:stateMachine:${machine}`,
        ...topics.map((topic) => `TopicName=${topic}`),
        "Environment=production",
        "Runner=aws",
        "Runner=cluster",
      ]),
    );
  });

  test("tells of the escalation's own failures without the escalation, and of all else by it", () => {
    const all = [...plan.servers, plan.fleet].flatMap((one) => one.composites);
    const direct = all.filter(({ delivery }) => delivery === "direct");
    expect(direct.map(({ definition }) => definition.AlarmName)).toEqual([
      "production-fleet-delivery",
      "production-fleet-delivery-queue",
    ]);
    for (const one of direct)
      expect(one).toMatchObject({
        severity: "critical",
        escalates: false,
        topic: "production-severity-critical-critical",
      });
    const first = plan.escalations.find(({ escalation }) => escalation === "severity-critical")?.levels[0];
    // SNS reaches somebody by itself, whatever has become of our own functions
    expect(first?.subscriptions.some(({ sns }) => sns)).toBe(true);
  });

  test("is one composite a family, each with the alarms of its own, and one for what lies in a queue", () => {
    expect(
      composites.map(({ definition, kind, severity, escalation }) => [
        definition.AlarmName,
        kind,
        severity,
        escalation,
      ]),
    ).toEqual([
      ["production-fleet-probe-runner", "blind", "high", "standard"],
      ["production-fleet-probe-runner-queue", "ticket", "high", "severity-high"],
      ["production-fleet-delivery", "blind", "critical", "severity-critical"],
      ["production-fleet-delivery-queue", "blind", "critical", "severity-critical"],
      ["production-fleet-log-shipping", "blind", "high", "standard"],
      ["production-fleet-backup", "ticket", "high", "severity-high"],
      ["production-fleet-data-loss", "page", "critical", "major"],
    ]);
    expect(composites.at(-1)?.definition.AlarmRule).toBe('ALARM("production-fleet-restore-faults")');
  });

  test("hides no failure of the escalation behind a message that lies in its queue for days", () => {
    const ruleOf = (suffix: string): string | undefined =>
      composites.find(({ definition }) => definition.AlarmName === `production-fleet-${suffix}`)?.definition
        .AlarmRule;
    const anyOf = (...suffixes: readonly string[]): string =>
      suffixes.map((suffix) => `ALARM("production-fleet-${suffix}")`).join(" OR ");
    expect(ruleOf("delivery-queue")).toBe(anyOf("escalation-dead-letters"));
    expect(ruleOf("delivery")).toBe(
      anyOf(
        "escalation-failed",
        "escalation-errors",
        "escalation-lost-1",
        "escalation-lost-2",
        "escalation-lost-3",
      ),
    );
  });

  test("is nothing on one machine, which has none of it", () => {
    expect(planSelfAlarms(load("local"))).toEqual({ alarms: [], composites: [] });
  });

  test("is left out where nothing could be known of it, and nothing else is", () => {
    const rest = withoutSelf(plan.fleet);
    expect(plan.fleet.alarms.filter((one) => !rest.alarms.includes(one))).toHaveLength(alarms.length);
    expect(
      plan.fleet.composites
        .filter((one) => !rest.composites.includes(one))
        .map(({ definition }) => definition.AlarmName),
    ).toEqual(composites.map(({ definition }) => definition.AlarmName));
  });
});

describe("the probe's function", () => {
  it("may fail once; twice in three minutes somebody is told", () => {
    const at = START + HOUR_MS;
    expect(changes("probe-errors", "Errors", every(MINUTE_MS, [0, 1, 0, 0, 0, 0], at))).toEqual([]);
    expect(changes("probe-errors", "Errors", every(MINUTE_MS, [0, 1, 0, 1, 0, 0], at))).toEqual([
      "ALARM after 1h",
      "OK after 1h",
    ]);
  });

  it("says nothing while it runs well, or not at all: that is for its silence to say", () => {
    for (const [suffix, metric] of [
      ["probe-errors", "Errors"],
      ["probe-slow", "Duration"],
      ["probe-metrics-lost", "EMFParsingErrors"],
    ] as const)
      expect(changes(suffix, metric, [])).toEqual([]);
  });

  it("is slow when its runs come near to being cut off, and never because a server is", () => {
    const timeoutMs = (plan.probe?.lambda.timeoutSeconds ?? 0) * 1_000;
    const { targets, jitterMs } = plan.probe?.lambda.roster ?? { targets: [] };
    const hour = (value: number) => every(MINUTE_MS, Array<number>(60).fill(value));
    // the last sample of the server that is asked most often, which then times out, twice, and the results' own end
    const longest = Math.max(
      ...targets.map((target) => {
        const last = sampleOffsets(target, jitterMs).at(-1) ?? 0;
        return last + (jitterMs ?? 0) + 2 * target.timeoutMs + (target.confirmMs ?? 0);
      }),
    );
    expect(longest).toBe(50_000);
    expect(changes("probe-slow", "Duration", hour(longest + 1_900))).toEqual([]);
    expect(changes("probe-slow", "Duration", hour(timeoutMs - RESERVE_MS))).toContain("ALARM after 0h");
  });
});

describe("the escalation", () => {
  const lostOf = (...channels: readonly ("sms" | "email" | "slack" | "https")[]): string[] => {
    const contact = {
      role: "of a test",
      email: channels.includes("email") ? ["reader@example.com"] : [],
      sms: channels.includes("sms") ? ["+12025550123"] : [],
      slack: channels.includes("slack") ? ["#mcp-alerts"] : [],
      webhook: channels.includes("https") ? ["https://hook.example.com/"] : [],
      pagerduty: [],
    };
    const contacts = { ...environment.contacts, "operations-engineer": contact };
    const topic = "TopicName=production-standard-L1";
    return planSelfAlarms({ ...environment, contacts })
      .alarms.flatMap(({ definition }) => metricsOf(definition))
      .filter((one) => dimensionsOf(one).includes(topic))
      .map(({ MetricName }) => MetricName ?? "");
  };

  it("counts a text or a mail that SNS gave up, which lies in no queue; of others what the queue did not take", () => {
    for (const one of ["sms", "email"] as const)
      expect(lostOf(one, "https")).toEqual(["NumberOfNotificationsFailed"]);
    // SNS counts each failed try of a webhook there, also where the next one arrives
    for (const one of ["https", "slack"] as const)
      expect(lostOf(one)).toEqual(["NumberOfNotificationsFailedToRedriveToDlq"]);
  });

  it("is watched for failures and for refused places of each of its functions, within one alarm's ten metrics", () => {
    const read = metricsOf(definitionOf("escalation-errors"));
    const functions = Object.values(escalatorOf(plan).functions);
    expect(read.map((one) => [one.MetricName, ...dimensionsOf(one)])).toEqual(
      functions.flatMap((name) => [
        ["Errors", `FunctionName=${name}`],
        ["Throttles", `FunctionName=${name}`],
      ]),
    );
    expect(read.length).toBeLessThanOrEqual(10);
  });

  it.each([
    ["escalation-failed", "ExecutionsTimedOut"],
    ["escalation-errors", "Errors"],
    ["escalation-errors", "Throttles"],
    ["escalation-lost-1", "NumberOfNotificationsFailed"],
    ["escalation-lost-1", "NumberOfNotificationsFailedToRedriveToDlq"],
  ])("that fails once is in ALARM for an hour: %s", (suffix, metric) => {
    expect(changes(suffix, metric, [{ at: START + 2 * HOUR_MS, value: 1 }])).toEqual([
      "ALARM after 2h",
      "OK after 3h",
    ]);
  });

  it("with a message in its dead-letter queue is in ALARM until the queue is empty", () => {
    const depths = every(MINUTE_MS, [0, ...Array<number>(179).fill(1), 0], START);
    expect(changes("escalation-dead-letters", "ApproximateNumberOfMessagesVisible", depths)).toEqual([
      "ALARM after 0h",
      "OK after 3h",
    ]);
  });
});

describe("the shipping of logs", () => {
  const lines = (values: readonly number[]) => every(5 * MINUTE_MS, values, START);

  it("is silent after a quarter of an hour without a line, also where CloudWatch has no point at all", () => {
    const [quiet, dead] = [Array<number>(48).fill(5), [...Array<number>(24).fill(5), 0, 0, 0, 0, 0, 0]];
    const over = dead.concat(Array<number>(60).fill(5));
    expect(changes("logs-silent-1", "IncomingLogEvents", lines(quiet))).toEqual(["ALARM after 4h"]);
    expect(changes("logs-silent-1", "IncomingLogEvents", lines(over)).slice(0, 2)).toEqual([
      "ALARM after 2h",
      "OK after 3h",
    ]);
  });

  it("counts as silent where not even one point has ever been published, of which FILL makes nothing", () => {
    for (const suffix of ["logs-silent-1", "probe-silent-aws", "probe-silent-cluster"])
      expect(definitionOf(suffix).TreatMissingData, suffix).toBe("breaching");
  });

  it("is watched for every log group of servers that we write to, and for no other", () => {
    expect(shippedServerGroups(environment)).toEqual(
      plan.logs.shipping?.logGroups.filter((group) => group !== plan.probe?.logGroup),
    );
    expect(shippedServerGroups(environment)).not.toEqual([]);
    const { kubernetes } = environment;
    if (kubernetes === null) throw new Error("production has a cluster");
    for (const other of [
      { logs: "existing" as const },
      { issuer: undefined },
      { fluentBitImage: undefined },
    ]) {
      const without = { ...environment, kubernetes: { ...kubernetes, ...other } };
      expect(shippedServerGroups(without)).toEqual([]);
      const names = planSelfAlarms(without).alarms.map(({ family }) => family);
      expect(names).not.toContain("log-shipping");
    }
  });
});

describe("the backup", () => {
  const ages = (days: readonly number[]) =>
    every(
      DAY_MS,
      days.map((day) => (day * DAY_MS) / 1_000),
    );

  it("tells when the last verified restore is older than the catalog allows, and when it is verified again", () => {
    expect(environment.backup?.verifiedWithin).toBe(8 * DAY_MS);
    const weekly = ages([5.1, 6.1, 7.1, 0.1, 1.1]);
    expect(changes("backup-unverified", "RestoreVerifiedAgeSeconds", weekly, 4)).toEqual([]);
    const late = ages([6.1, 7.1, 8.1, 9.1, 0.1, 1.1]);
    expect(changes("backup-unverified", "RestoreVerifiedAgeSeconds", late, 5)).toEqual([
      // the day before is in the window for an hour more, and a long window is looked at once an hour
      "ALARM after 50h",
      "OK after 97h",
    ]);
  });

  it("tells within the day when nothing is heard of it any more", () => {
    const silent = ages([0.1, 1.1]);
    expect(changes("backup-unverified", "RestoreVerifiedAgeSeconds", silent, 4)).toEqual(["ALARM after 50h"]);
  });

  it("tells for a day when a drill finds one late or unfit, and does not call it a loss", () => {
    const lapse = [{ at: START + HOUR_MS, value: 1 }];
    expect(changes("backup-failed", "RestoreLapses", lapse, 3)).toEqual(["ALARM after 2h", "OK after 27h"]);
    expect(metricsOf(definitionOf("restore-faults")).map(({ MetricName }) => MetricName)).toEqual([
      "RestoreFaults",
    ]);
  });

  it("of the cluster is late when the newest is over 26 hours old, and no longer when one is there", () => {
    expect(changes("backup-cluster-late", "ClusterBackupAgeSeconds", ages([1, 1, 1]), 4)).toEqual([]);
    const late = ages([1, 2, 3, 0.1, 1]);
    expect(changes("backup-cluster-late", "ClusterBackupAgeSeconds", late, 5)).toEqual([
      "ALARM after 26h",
      "OK after 73h",
    ]);
    expect(definitionOf("backup-cluster-late").WarmUpConfiguration?.WarmUpPeriodDurationInMinutes).toBe(
      2_880,
    );
  });

  it("is watched on its way into a second bucket, where there is one", () => {
    const { backup } = environment;
    if (backup === null) throw new Error("production has a backup");
    const copied = (replicateTo: NonNullable<typeof backup.replicateTo>) =>
      planSelfAlarms({ ...environment, backup: { ...backup, replicateTo } })
        .alarms.filter(({ definition }) => definition.AlarmName.endsWith("backup-not-copied"))
        .flatMap(({ definition }) => metricsOf(definition).flatMap(dimensionsOf));
    expect(alarms.filter(({ definition }) => definition.AlarmName.endsWith("not-copied"))).toEqual([]);
    expect(copied({ region: "eu-central-1" })).toEqual([
      `SourceBucket=rollcall-production-backups-${ACCOUNT}`,
      `DestinationBucket=rollcall-production-copies-${ACCOUNT}`,
      "RuleId=backups",
    ]);
    const theirs = { region: "eu-central-1", bucket: "theirs", key: "arn:aws:kms:eu-central-1:1:key/k" };
    expect(copied(theirs)).toContain("DestinationBucket=theirs");
  });

  it("waits for the first backups of a new environment", () => {
    expect(definitionOf("backup-unverified").WarmUpConfiguration?.WarmUpPeriodDurationInMinutes).toBe(2_880);
  });

  it("with faults stays in ALARM through the silence between drills, until one finds everything", () => {
    const drills = every(7 * DAY_MS, [0, 2, 0]);
    expect(changes("restore-faults", "RestoreFaults", drills, 15)).toEqual([
      "ALARM after 168h",
      "OK after 336h",
    ]);
  });
});
