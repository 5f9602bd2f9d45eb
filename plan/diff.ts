import { LOG_CLASSES } from "../catalog/log-classes.ts";
import { SEVERITIES } from "../catalog/shared.ts";
import { formatDuration, formatPercent } from "../catalog/units.ts";
import { logGroupChanges } from "./diff-logs.ts";
import { maintenanceText } from "./maintenance-cloudwatch.ts";
import { alarmName } from "./names.ts";
import { namesBefore, renameText } from "./rename.ts";
import type { MetricAlarm, ObjectivePlan, Plan, PlannedAlarm } from "./types.ts";

export type Direction = "loosened" | "tightened" | "changed" | "added" | "removed";
export type ChangeKind =
  | "server"
  | "promise"
  | "alarm"
  | "retention"
  | "escalation"
  | "probe"
  | "maintenance"
  | "policy";

/** One thing that a branch changes, before and after, in words that a reviewer reads. */
export interface Change {
  readonly kind: ChangeKind;
  readonly direction: Direction;
  readonly subject: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** What gets weaker comes first: that is what a reviewer must not miss. */
const ORDER: readonly Direction[] = ["loosened", "removed", "changed", "added", "tightened"];

/** What differs between two plans of one environment, loosened promises first. */
export function diffPlans(before: Plan, after: Plan): Change[] {
  const changes = [
    ...serverChanges(before, after),
    ...fleetChanges(before, after),
    ...maintenanceChanges(before, after),
    ...policyChanges(before, after),
    ...retentionChanges(before, after),
    ...logGroupChanges(before, after),
    ...escalationChanges(before, after),
    ...protectionChanges(before, after),
    ...toolChanges(before, after),
  ];
  if (changes.length === 0 && before.catalog !== after.catalog) {
    // texts, addresses, images, sizes: nothing above compares them, and "nothing changes" would be untrue
    const what = (plan: Plan): string => `catalog ${plan.catalog}`;
    changes.push(change("server", "changed", "something that is not a promise", what(before), what(after)));
  }
  return changes.sort(
    (a, b) => ORDER.indexOf(a.direction) - ORDER.indexOf(b.direction) || a.subject.localeCompare(b.subject),
  );
}

function serverChanges(before: Plan, after: Plan): Change[] {
  const old = new Map(before.servers.map((server) => [server.server, server]));
  const names = namesBefore(before, after);
  const kept = new Set(names.values());
  const whole = [
    ...[...old.keys()].filter((name) => !kept.has(name)).map((name) => gone("server", name, "watched")),
    ...after.servers.flatMap((server) => {
      const was = names.get(server.server);
      if (was === undefined) return [fresh("server", server.server, "watched")];
      return was === server.server
        ? []
        : [change("server", "changed", server.server, `named ${was}`, renameText(after, server))];
    }),
  ];
  const both = after.servers.flatMap((server) => {
    const name = server.server;
    const was = old.get(names.get(name) ?? "");
    if (was === undefined) return [];
    return [
      ...compare({
        kind: "promise",
        before: byName(was.objectives),
        after: byName(server.objectives),
        subject: (key) => `${name} ${key}`,
        say: sayObjective,
        looser: looserObjective,
      }),
      ...compare({
        kind: "alarm",
        before: byAlarm(was.alarms, alarmName(before.environment, was.server, "")),
        after: byAlarm(server.alarms, alarmName(after.environment, name, "")),
        subject: (key) => alarmName(after.environment, name, key),
        say: sayAlarm,
        looser: looserAlarm,
      }),
      ...probeChanges(name, was.probe, server.probe),
      ...(was.escalation === server.escalation
        ? []
        : [change("escalation", "changed", name, was.escalation, server.escalation)]),
    ];
  });
  return [...whole, ...both];
}

/** What watches all servers together: lines of the logs, and how many servers make one page. */
function fleetChanges(before: Plan, after: Plan): Change[] {
  const alarms = compare({
    kind: "alarm",
    before: byAlarm(before.fleet.alarms, ""),
    after: byAlarm(after.fleet.alarms, ""),
    subject: (key) => key,
    say: sayAlarm,
    looser: looserAlarm,
  });
  const acting = ({ fleet, environment }: Plan): Map<string, string> =>
    new Map(
      fleet.composites
        .filter(({ definition }) => definition.ActionsEnabled)
        .map(({ definition: { AlarmName, AlarmDescription } }) => [
          AlarmName,
          AlarmDescription.split(". ")[0]?.replace(`of ${environment} `, "") ?? "",
        ]),
    );
  const composites = compare({
    kind: "alarm",
    before: acting(before),
    after: acting(after),
    subject: (key) => key,
    say: (text) => text,
    looser: () => undefined,
  });
  return [...alarms, ...composites];
}

/** A maintenance lets alarms tell nobody: one more is less of a promise, and one less is more. */
function maintenanceChanges(before: Plan, after: Plan): Change[] {
  const rules = ({ maintenance }: Plan): Map<string, string> =>
    new Map(maintenance.map((one) => [one.maintenance, maintenanceText(one)]));
  const [old, now] = [rules(before), rules(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const [was = null, is = null] = [old.get(name), now.get(name)];
    if (was === is) return [];
    const direction = was === null ? "loosened" : is === null ? "tightened" : "changed";
    return [change("maintenance", direction, name, was, is)];
  });
}

/** What follows when a budget is spent: later, or no longer a stop of rollouts, is less. */
function policyChanges(before: Plan, after: Plan): Change[] {
  const steps = ({ budgetPolicy }: Plan): Map<string, Plan["budgetPolicy"][number]> =>
    new Map(budgetPolicy.map((step) => [step.name, step]));
  return compare({
    kind: "policy",
    before: steps(before),
    after: steps(after),
    subject: (key) => key,
    say: ({ spentPpm, freeze, consequence }) =>
      `from ${formatPercent(spentPpm)} spent${freeze ? ", no rollouts" : ""}: ${consequence}`,
    looser: (was, is) =>
      verdict([
        grows(was.spentPpm, is.spentPpm),
        was.freeze === is.freeze ? undefined : was.freeze && !is.freeze,
      ]),
  });
}

type ProbePart = Plan["servers"][number]["probe"];

function probeChanges(server: string, before: ProbePart, after: ProbePart): Change[] {
  const say = ({ everyMs, timeoutMs, samples, from }: ProbePart): string =>
    `every ${formatDuration(everyMs)}, timeout ${formatDuration(timeoutMs)}, ${samples} a run, from ${from.join(" and ")}`;
  if (say(before) === say(after)) return [];
  const rate = (probe: ProbePart): number => probe.samples / probe.everyMs;
  const slower = verdict([
    grows(rate(after), rate(before)),
    grows(before.timeoutMs, after.timeoutMs),
    before.from.some((runner) => !after.from.includes(runner)) ? true : undefined,
  ]);
  return [change("probe", slower === true ? "loosened" : "tightened", server, say(before), say(after))];
}

function retentionChanges(before: Plan, after: Plan): Change[] {
  const [old, now] = [before.retention, after.retention];
  const alike = [old, now].every(({ logsDays }) => new Set(Object.values(logsDays)).size === 1);
  const logs = LOG_CLASSES.map((name) => ({
    what: alike ? "logs" : `${name} logs`,
    was: old.logsDays[name],
    is: now.logsDays[name],
  }));
  return [
    ...(alike ? logs.slice(0, 1) : logs),
    { what: "history", was: old.historyDays, is: now.historyDays },
    { what: "backups", was: old.backupsDays, is: now.backupsDays },
  ]
    .filter(({ was, is }) => was !== is)
    .map(({ what, was, is }) =>
      change("retention", is < was ? "loosened" : "tightened", `${what} retention`, `${was} d`, `${is} d`),
    );
}

/** Whether the backups, and the lines of those that are asked after later, outlive the stack. */
function protectionChanges(before: Plan, after: Plan): Change[] {
  const say = (kept: boolean): string => (kept ? "kept on destroy" : "goes with the stack");
  const stored = ({ backups, logGroups }: Plan): Map<string, boolean> =>
    new Map([
      ...backups.map(({ bucket, protect }) => [bucket, protect] as const),
      ...logGroups.map(({ name, protect }) => [name, protect] as const),
    ]);
  const old = stored(before);
  return [...stored(after)].flatMap(([name, protect]) => {
    const was = old.get(name);
    if (was === undefined || was === protect) return [];
    return [change("retention", protect ? "tightened" : "loosened", name, say(was), say(protect))];
  });
}

/** The tools that each server is asked for, by the rosters of the runners. */
function toolChanges(before: Plan, after: Plan): Change[] {
  const tools = (plan: Plan): Map<string, readonly string[]> =>
    new Map(
      (plan.probe?.lambda.roster.targets ?? []).map(({ server, requiredTools }) => [server, requiredTools]),
    );
  const old = tools(before);
  const names = namesBefore(before, after);
  return [...tools(after)].flatMap(([server, required]) => {
    const was = old.get(names.get(server) ?? "");
    if (was === undefined || was.join() === required.join()) return [];
    const lost = was.some((tool) => !required.includes(tool));
    const say = (names: readonly string[]): string => (names.length === 0 ? "none" : names.join(", "));
    return [
      change("promise", lost ? "loosened" : "tightened", `${server} required tools`, say(was), say(required)),
    ];
  });
}

function escalationChanges(before: Plan, after: Plan): Change[] {
  const levels = (plan: Plan): Map<string, Plan["escalations"][number]["levels"][number]> =>
    new Map(
      plan.escalations.flatMap(({ escalation, levels: all }) =>
        all.map((level) => [`${escalation} ${level.level}`, level] as const),
      ),
    );
  return compare({
    kind: "escalation",
    before: levels(before),
    after: levels(after),
    subject: (key) => key,
    say: (level) =>
      `after ${formatDuration(level.afterMs)}, answers within ${formatDuration(level.respondMs)}: ${level.subscriptions.map(({ channel, endpoint }) => `${channel} ${endpoint}`).join(", ")}`,
    looser: (was, is) =>
      verdict([
        grows(was.afterMs, is.afterMs),
        grows(was.respondMs, is.respondMs),
        was.subscriptions.some((one) => !is.subscriptions.some((other) => other.endpoint === one.endpoint))
          ? true
          : undefined,
      ]),
  });
}

/** Compares two keyed sets; `looser` says whether the new one promises less, or undefined when neither is. */
function compare<T>(input: {
  readonly kind: ChangeKind;
  readonly before: ReadonlyMap<string, T>;
  readonly after: ReadonlyMap<string, T>;
  readonly subject: (key: string) => string;
  readonly say: (value: T) => string;
  readonly looser: (before: T, after: T) => boolean | undefined;
}): Change[] {
  const { kind, before, after, subject, say, looser } = input;
  const removed = [...before]
    .filter(([key]) => !after.has(key))
    .map(([key, value]) => gone(kind, subject(key), say(value)));
  const rest = [...after].flatMap(([key, value]) => {
    const was = before.get(key);
    if (was === undefined) return [fresh(kind, subject(key), say(value))];
    if (say(was) === say(value)) return [];
    const less = looser(was, value);
    const direction = less === undefined ? "changed" : less ? "loosened" : "tightened";
    return [change(kind, direction, subject(key), say(was), say(value))];
  });
  return [...removed, ...rest];
}

function sayObjective(objective: ObjectivePlan): string {
  if (objective.sli === "latency")
    return `p${objective.percentile} below ${formatDuration(objective.belowMs)}`;
  const minutes = Math.round(objective.budgetMs / 600) / 100;
  return `${formatPercent(objective.objectivePpm)} of ${objective.sli} in ${formatDuration(objective.windowMs)} (${minutes} min)`;
}

function looserObjective(before: ObjectivePlan, after: ObjectivePlan): boolean | undefined {
  if (before.sli === "latency" || after.sli === "latency") {
    if (before.sli !== "latency" || after.sli !== "latency") return undefined;
    if (after.percentile !== before.percentile) return after.percentile < before.percentile;
    return after.belowMs > before.belowMs;
  }
  return after.objectivePpm === before.objectivePpm ? undefined : after.objectivePpm < before.objectivePpm;
}

function sayAlarm({ definition, severity }: PlannedAlarm): string {
  const {
    DatapointsToAlarm: m,
    EvaluationPeriods: n,
    Threshold,
    ComparisonOperator,
    TreatMissingData,
  } = definition;
  const warmUp = definition.WarmUpConfiguration?.WarmUpPeriodDurationInMinutes;
  return [
    `${sourceOf(definition)} ${ComparisonOperator} ${Threshold}`,
    `${m} of ${n}`,
    severity,
    `missing data ${TreatMissingData}`,
    ...(warmUp === undefined ? [] : [`warm-up ${warmUp} min`]),
  ].join(", ");
}

function sourceOf(definition: MetricAlarm): string {
  if (!("Metrics" in definition)) {
    return `${statisticOf(definition)} ${definition.MetricName} over ${definition.Period} s`;
  }
  return definition.Metrics.map(({ Expression, MetricStat }) =>
    MetricStat === undefined
      ? Expression
      : `${MetricStat.Stat} ${MetricStat.Metric.MetricName} over ${MetricStat.Period} s`,
  ).join(" of ");
}

function statisticOf(definition: Exclude<MetricAlarm, { Metrics: unknown }>): string {
  return "Statistic" in definition ? definition.Statistic : definition.ExtendedStatistic;
}

/**
 * Whether the new one promises less, judged in every dimension on its own: one that is weaker is not made good by
 * another that is stricter. Undefined when no dimension can be compared.
 */
function verdict(looser: readonly (boolean | undefined)[]): boolean | undefined {
  if (looser.includes(true)) return true;
  return looser.includes(false) ? false : undefined;
}

/** Whether a number that grew makes the promise weaker; undefined when it is the same. */
function grows(before: number, after: number): boolean | undefined {
  return before === after ? undefined : after > before;
}

/** An alarm is looser when it needs a worse value or more bad points, says less of missing data, or weighs less. */
function looserAlarm(before: PlannedAlarm, after: PlannedAlarm): boolean | undefined {
  const [was, is] = [before.definition, after.definition];
  const upwards = is.ComparisonOperator.startsWith("Greater");
  const comparable = was.ComparisonOperator === is.ComparisonOperator;
  const missing = (one: MetricAlarm): number => (one.TreatMissingData === "breaching" ? 0 : 1);
  return verdict([
    comparable
      ? upwards
        ? grows(was.Threshold, is.Threshold)
        : grows(is.Threshold, was.Threshold)
      : undefined,
    grows(was.DatapointsToAlarm, is.DatapointsToAlarm),
    grows(missing(was), missing(is)),
    grows(SEVERITIES.indexOf(before.severity), SEVERITIES.indexOf(after.severity)),
  ]);
}

function byName(objectives: readonly ObjectivePlan[]): Map<string, ObjectivePlan> {
  return new Map(objectives.map((objective) => [objective.name, objective]));
}

/** Alarms by what stands in their names after the prefix, which holds the name of the server. */
function byAlarm(alarms: readonly PlannedAlarm[], prefix: string): Map<string, PlannedAlarm> {
  return new Map(alarms.map((alarm) => [alarm.definition.AlarmName.slice(prefix.length), alarm]));
}

function change(
  kind: ChangeKind,
  direction: Direction,
  subject: string,
  before: string | null,
  after: string | null,
): Change {
  return { kind, direction, subject, before, after };
}

const gone = (kind: ChangeKind, subject: string, before: string): Change =>
  change(kind, "removed", subject, before, null);
const fresh = (kind: ChangeKind, subject: string, after: string): Change =>
  change(kind, "added", subject, null, after);
