import { NAMESPACE } from "../catalog/metrics.ts";
import type { FamilyName } from "../catalog/shared.ts";
import type { Environment } from "../catalog/types.ts";
import { formatDuration } from "../catalog/units.ts";
import { depthOf, inAlarms, lambdaMetric, leastOf, metricOf, sumOf } from "./aws-metrics.ts";
import { BACKUP_NAMESPACE, type BackupMetric, COPY_RULE, FRESH_HOURS, planBackups } from "./backups.ts";
import type { MetricId } from "./cloudwatch/types.ts";
import { countedRunners } from "./counted-runners.ts";
import { planEscalations } from "./escalation.ts";
import { shippedServerGroups } from "./logs.ts";
import {
  ACCOUNT,
  escalationDeadLetters,
  escalationMachineName,
  intakeTopic,
  owned,
  partitionOf,
  probeLogGroup,
  scheduleGroup,
} from "./names.ts";
import { LAMBDA_TIMEOUT_SECONDS } from "./probe.ts";
import type { MetricSource, TreatMissingData } from "./types.ts";

const MINUTE = 60;
const BLOCK = 300;
const HOUR = 3_600;
/** A day and an hour: what is published once a day is in every such stretch, also when it comes late. */
const DAILY = 90_000;
/** Longest warm-up that CloudWatch takes, in minutes: two nights, each with its backup. */
const FIRST_BACKUPS_MINUTES = 2_880;
/** Time for the pod to be scheduled, its images to be pulled and its first lines to arrive, in minutes. */
const FIRST_LINES_MINUTES = 60;
/**
 * A run that comes so near to its end is about to be cut off (probes/runners/cut-off.ts). Less would be a false alarm:
 * samples are spread over 50 s (catalog/run-schedule.ts), and a server that is slow may use all of them.
 */
const LAST_SECONDS = 3;
/** A runner is silent when so many of the last points have too few runs: Scheduler may leave one minute out. */
const SILENT = [3, 5] as const;

const RUNNERS = { aws: "the probe in AWS", cluster: "the probe in the cluster" } as const;

/** Families of what watches the monitoring itself. */
export type SelfFamily = Extract<
  FamilyName,
  "probe-runner" | "delivery" | "log-shipping" | "backup" | "data-loss"
>;

/** What one alarm of the monitoring itself is, before its name and text are put to it. */
export interface SelfSpec {
  readonly family: SelfFamily;
  readonly suffix: string;
  readonly detail: string;
  readonly source: MetricSource;
  /** Points that are over, of how many. @default [1, 1] */
  readonly mOfN?: readonly [m: number, n: number];
  /** Healthy up to this value. Either this or {@link under} is given. */
  readonly over?: number;
  /** Healthy from this value on. */
  readonly under?: number;
  /** @default notBreaching */
  readonly missing?: TreatMissingData;
  readonly warmUpMinutes?: number;
}

/**
 * Every alarm of the monitoring itself, as one table of specifications.
 *
 * Sources of the metrics and their dimensions: AWS/Lambda, "Types of metrics for Lambda functions" (Lambda Developer
 * Guide); AWS/Scheduler, "Monitoring Amazon EventBridge Scheduler with Amazon CloudWatch" (Scheduler User Guide);
 * AWS/SQS, "Available CloudWatch metrics for Amazon SQS" (SQS Developer Guide); AWS/Logs, "Monitoring with CloudWatch
 * metrics" (CloudWatch Logs User Guide); AWS/States, "Monitoring Step Functions metrics using Amazon CloudWatch" (Step
 * Functions Developer Guide); AWS/SNS, "Monitoring Amazon SNS topics using CloudWatch" (SNS Developer Guide).
 */
export function selfSpecs(environment: Environment, region: string): SelfSpec[] {
  return [
    ...probeSpecs(environment),
    ...deliverySpecs(environment, region),
    ...shippingSpecs(environment),
    ...backupSpecs(environment),
  ];
}

function probeSpecs(environment: Environment): SelfSpec[] {
  const { name } = environment;
  const family = "probe-runner";
  const probe = lambdaMetric(name, "probe");
  const twice = [2, 3] as const;
  const log = (metric: string): MetricId =>
    metricOf("AWS/Logs", metric, { LogGroupName: probeLogGroup(name) });
  const schedule = (metric: string): MetricId =>
    metricOf("AWS/Scheduler", metric, { ScheduleGroup: scheduleGroup(name) });
  const limitMs = (LAMBDA_TIMEOUT_SECONDS - LAST_SECONDS) * 1_000;
  return [
    // two runners watch the same servers: the heartbeat of a server stays well while one of them lives
    ...countedRunners(environment).map(
      ({ runner, period, least }): SelfSpec => ({
        family,
        suffix: `probe-silent-${runner}`,
        detail: `${RUNNERS[runner]} came to no verdict on any server${least === 1 ? "" : ` in one of its ${least} parts`} in ${SILENT[0]} of ${SILENT[1]} points of ${formatDuration(period * 1_000)}, or CloudWatch has not got its lines`,
        source: sumOf([metricOf(NAMESPACE, "ProbeRuns", { Environment: name, Runner: runner })], period),
        mOfN: SILENT,
        under: least,
        missing: "breaching",
        warmUpMinutes: Math.max(
          runner === "cluster" ? FIRST_LINES_MINUTES : Math.ceil(environment.deployTimeout / 60_000),
          Math.ceil((SILENT[1] * period) / 60),
        ),
      }),
    ),
    {
      family,
      suffix: "probe-errors",
      detail: "runs of the probe's function failed in 2 of 3 minutes",
      source: sumOf([probe("Errors")], MINUTE),
      mOfN: twice,
      over: 0,
    },
    {
      family,
      suffix: "probe-throttles",
      detail: "runs of the probe's function were refused a place in 2 of 3 minutes",
      source: sumOf([probe("Throttles")], MINUTE),
      mOfN: twice,
      over: 0,
    },
    {
      family,
      suffix: "probe-slow",
      detail: `the probe's runs take over ${formatDuration(limitMs)} of the ${LAMBDA_TIMEOUT_SECONDS}s after which they are cut off`,
      source: { ...probe("Duration"), Period: BLOCK, ExtendedStatistic: "p95" },
      mOfN: twice,
      over: limitMs,
    },
    {
      family,
      suffix: "probe-not-started",
      detail: "the schedule could not start the probe, or gave a run up, in 2 of 3 minutes",
      source: sumOf([schedule("InvocationDroppedCount"), schedule("TargetErrorCount")], MINUTE),
      mOfN: twice,
      over: 0,
    },
    {
      family,
      suffix: "probe-dead-letters",
      detail: "runs that never began lie in the probe's dead-letter queue",
      source: depthOf(owned(name, "probe-dead-letters")),
      over: 0,
    },
    {
      family,
      suffix: "probe-metrics-lost",
      detail: "CloudWatch could not read metrics that the probe wrote, in 2 of 3 minutes",
      source: sumOf([log("EMFParsingErrors"), log("EMFValidationErrors")], MINUTE),
      mOfN: twice,
      over: 0,
    },
  ];
}

/**
 * What happens once and is over: it counts for an hour, so that it is not called over before somebody has looked.
 *
 * What SNS gives up, each topic says by one metric. A text or a mail that was accepted and then refused lies in no
 * queue, so topics that send some count every message given up. The others count what not even the queue took: there
 * the rest lies in the queue, and of a webhook SNS counts each single try that failed.
 */
function deliverySpecs(environment: Environment, region: string): SelfSpec[] {
  const { name } = environment;
  const family = "delivery";
  const machine = (metric: string): MetricId =>
    metricOf("AWS/States", metric, {
      StateMachineArn: `arn:${partitionOf(region)}:states:${region}:${ACCOUNT}:stateMachine:${escalationMachineName(name)}`,
    });
  const functions = ["starter", "notifier", "acknowledge", "relay"].flatMap((one) =>
    ["Errors", "Throttles"].map(lambdaMetric(name, `escalation-${one}`)),
  );
  const given = (topic: string, metric: string): MetricId =>
    metricOf("AWS/SNS", metric, { TopicName: topic });
  const levels = planEscalations(environment).flatMap((one) => one.levels);
  const lost = inAlarms([
    given(intakeTopic(name), "NumberOfNotificationsFailedToRedriveToDlq"),
    ...levels.map(({ topic, subscriptions }) =>
      given(
        topic,
        subscriptions.some(({ channel }) => channel === "sms" || channel === "email")
          ? "NumberOfNotificationsFailed"
          : "NumberOfNotificationsFailedToRedriveToDlq",
      ),
    ),
  ]);
  return [
    {
      family,
      suffix: "escalation-failed",
      detail: "an execution of the escalation failed or ran out of time within the last hour",
      source: sumOf([machine("ExecutionsFailed"), machine("ExecutionsTimedOut")], HOUR),
      over: 0,
    },
    {
      family,
      suffix: "escalation-errors",
      detail:
        "a function of the escalation (starter, notifier, acknowledge, relay) failed or was refused a place within the last hour",
      source: sumOf(functions, HOUR),
      over: 0,
    },
    {
      family,
      suffix: "escalation-dead-letters",
      detail: "messages that could not be delivered lie in the escalation's dead-letter queue",
      source: depthOf(escalationDeadLetters(name)),
      over: 0,
    },
    ...lost.map(
      (metrics, index): SelfSpec => ({
        family,
        suffix: `escalation-lost-${index + 1}`,
        detail:
          "SNS gave up a text or a mail, or lost a message that the dead-letter queue did not take, within the last hour",
        source: sumOf(metrics, HOUR),
        over: 0,
      }),
    ),
  ];
}

/**
 * The follower writes a line a minute to each log group of servers (cloud/logs/heartbeat.ts), so that none is ever
 * silent. Where the lines stay in the cluster, or somebody else ships them, nothing is promised.
 */
function shippingSpecs(environment: Environment): SelfSpec[] {
  return inAlarms(
    shippedServerGroups(environment).map((LogGroupName) =>
      metricOf("AWS/Logs", "IncomingLogEvents", { LogGroupName }),
    ),
  ).map((metrics, index) => ({
    family: "log-shipping",
    suffix: `logs-silent-${index + 1}`,
    detail:
      "a log group of servers has had no line for 15 minutes, not even the heartbeat of what ships them",
    source: leastOf(metrics, BLOCK),
    mOfN: [3, 3],
    under: 1,
    missing: "breaching",
    warmUpMinutes: FIRST_LINES_MINUTES,
  }));
}

function backupSpecs(environment: Environment): SelfSpec[] {
  const { name, backup } = environment;
  const [plan] = planBackups(environment);
  if (backup === null || plan === undefined) return [];
  const metric = (one: BackupMetric): MetricId => metricOf(BACKUP_NAMESPACE, one, { Environment: name });
  const allowed = backup.verifiedWithin / 1_000;
  return [
    {
      family: "backup",
      suffix: "backup-unverified",
      detail: `no restore has been verified within ${formatDuration(backup.verifiedWithin)}, or nobody says so any more`,
      // filled: over missing points CloudWatch would look at older ones, and say so days later
      source: {
        Metrics: [
          { Id: "filled", Expression: `FILL(age, ${allowed + 1})`, ReturnData: true },
          {
            Id: "age",
            MetricStat: { Metric: metric("RestoreVerifiedAgeSeconds"), Period: DAILY, Stat: "Minimum" },
            ReturnData: false,
          },
        ],
      },
      over: allowed,
      missing: "breaching",
      warmUpMinutes: FIRST_BACKUPS_MINUTES,
    },
    {
      family: "backup",
      suffix: "backup-failed",
      detail:
        "the backup or the restore drill failed, could not read a source, or found a backup late or unfit, within the last day",
      source: sumOf(
        [
          lambdaMetric(name, "backup")("Errors"),
          lambdaMetric(name, "restore-drill")("Errors"),
          metric("BackupFaults"),
          metric("RestoreLapses"),
        ],
        DAILY,
      ),
      over: 0,
    },
    ...(plan.cluster === null
      ? []
      : [
          {
            family: "backup",
            suffix: "backup-cluster-late",
            detail: `the newest backup of the cluster's ConfigMaps is older than ${FRESH_HOURS}h`,
            source: { ...metric("ClusterBackupAgeSeconds"), Period: DAILY, Statistic: "Minimum" },
            over: FRESH_HOURS * HOUR,
            warmUpMinutes: FIRST_BACKUPS_MINUTES,
          } as const,
        ]),
    ...(plan.replica === null
      ? []
      : [
          {
            family: "backup",
            suffix: "backup-not-copied",
            detail: "S3 could not copy objects of a backup into the second bucket within the last day",
            // published in the region of the bucket that is copied (S3 User Guide, "Using S3 Replication metrics")
            source: sumOf(
              [
                metricOf("AWS/S3", "OperationsFailedReplication", {
                  SourceBucket: `${plan.bucket}-${ACCOUNT}`,
                  DestinationBucket: plan.replica.existing?.bucket ?? `${plan.replica.bucket}-${ACCOUNT}`,
                  RuleId: COPY_RULE,
                }),
              ],
              DAILY,
            ),
            over: 0,
          } as const,
        ]),
    {
      family: "data-loss",
      suffix: "restore-faults",
      detail: "the last restore drill found objects that are missing or not what was written",
      source: { ...metric("RestoreFaults"), Period: HOUR, Statistic: "Maximum" },
      over: 0,
      // until the next drill says that all is there
      missing: "ignore",
    },
  ];
}
