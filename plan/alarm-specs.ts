import { inMetricUnit, METRICS, type MetricName, objectiveMetric } from "../catalog/metrics.ts";
import type { FamilyName, Severity } from "../catalog/shared.ts";
import type {
  Environment,
  ResolvedObjective,
  ResolvedRatio,
  ResolvedThreshold,
  Server,
} from "../catalog/types.ts";
import { formatDuration, formatPercent, PPM, type Quantity } from "../catalog/units.ts";
import { type BurnWindow, burnWindows } from "./burn.ts";
import { conditionSpecs } from "./condition-specs.ts";
import { blockSeconds, pointSeconds } from "./points.ts";
import type { ComparisonOperator, Statistic, TreatMissingData } from "./types.ts";

/** A heartbeat is lost when this many of the last points are empty: Scheduler may leave one minute out. */
const HEARTBEAT = { m: 3, n: 5 } as const;
const BLOCKS = { m: 2, n: 3 } as const;
/** Half of the samples of a point; a point with several samples fails when at least half of them do. */
const HALF = 0.5;
const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;
/** Longest warm-up that CloudWatch takes (WarmUpPeriodDurationInMinutes), in minutes. */
const MAX_WARM_UP = 2_880;

/** What one alarm is, before its name, text and dimensions are put to it. */
export interface AlarmSpec {
  readonly family: FamilyName;
  readonly suffix: string;
  readonly guards: string | null;
  readonly detail: string;
  readonly severity?: Severity;
  /** One of `METRICS`, an objective's own, or a number of the server's pages. */
  readonly metric: string;
  readonly statistic: Statistic | `p${number}`;
  readonly period: number;
  readonly m: number;
  readonly n: number;
  readonly comparison: ComparisonOperator;
  readonly threshold: number;
  readonly missing: TreatMissingData;
  /** Every period counts, an empty one as zero (metric math FILL). */
  readonly fillZero?: boolean;
  readonly warmUpMinutes?: number;
}

/** Every alarm that a server's file asks for, as one table of specifications. */
export function alarmSpecs(environment: Environment, server: Server): AlarmSpec[] {
  const specs = [
    serverDown(environment, server),
    ...server.objectives.flatMap((objective) => objectiveSpecs(environment, server, objective)),
    heartbeat(environment, server),
    ...conditionSpecs(environment, server),
    ...server.thresholds.flatMap((threshold) => thresholdSpecs(environment, server, threshold)),
  ];
  // what is deployed for the first time may take as long as a rollout until it is well
  const warmUpMinutes = environment.platform === "cloud" ? Math.ceil(environment.deployTimeout / 60_000) : 0;
  return warmUpMinutes === 0 ? specs : specs.map((spec) => ({ warmUpMinutes, ...spec }));
}

/** Whether a runner of this environment publishes the metric that a threshold is set on. */
export function isMeasured(environment: Environment, server: Server, threshold: ResolvedThreshold): boolean {
  const { metric } = threshold;
  if (metric === "ServerMemory") return environment.platform === "local";
  if (metric in METRICS) return true;
  return Object.values(server.endpoints).some(({ rest }) =>
    rest?.numbers?.some((one) => one.metric === metric),
  );
}

function serverDown(environment: Environment, server: Server): AlarmSpec {
  const period = pointSeconds(environment, server);
  return {
    family: "server-down",
    suffix: "down",
    guards: null,
    detail: `${server.floor.m} of ${server.floor.n} points of ${formatDuration(period * 1_000)}`,
    metric: "Unhealthy",
    statistic: "Average",
    period,
    ...server.floor,
    comparison: "GreaterThanOrEqualToThreshold",
    threshold: HALF,
    missing: "notBreaching",
  };
}

function objectiveSpecs(environment: Environment, server: Server, objective: ResolvedObjective): AlarmSpec[] {
  if (objective.sli === "latency") return [latency(environment, server, objective)];
  const promise = `${formatPercent(objective.objective)} in ${formatDuration(objective.window)}`;
  return burnWindows(environment, server, objective).flatMap((burn): AlarmSpec[] => {
    const common = {
      family: burn.family,
      guards: objective.name,
      metric: successMetric(objective),
      statistic: "Average",
      comparison: "LessThanThreshold",
      missing: "notBreaching",
    } as const;
    return [
      {
        ...common,
        suffix: `${objective.name}-${burn.name}-long`,
        detail: `${objective.name}: the budget of ${promise} burns ${burn.factor} times too fast over ${formatDuration(burn.long.seconds * 1_000)}`,
        period: longPeriod(burn.long.seconds),
        m: 1,
        n: 1,
        threshold: successRatio(burn.long.limit),
        // until the window has filled once, its average is over a handful of points
        warmUpMinutes: Math.min(MAX_WARM_UP, Math.ceil(longPeriod(burn.long.seconds) / 60)),
      },
      {
        ...common,
        suffix: `${objective.name}-${burn.name}-short`,
        detail: `${objective.name}: it still burns, ${burn.short.failures} of the last ${burn.short.samples} checks failed (${promise})`,
        ...shortWindow(burn),
      },
    ];
  });
}

/**
 * A range of over a day is evaluated once an hour: it is an hour longer, or what lies at its ends would be in no two
 * evaluations together. Source: CloudWatch user guide, "Evaluating an alarm".
 */
function longPeriod(seconds: number): number {
  return seconds > DAY_SECONDS ? seconds + HOUR_SECONDS : seconds;
}

/**
 * One check a point: failed points are counted, so that missing ones weigh nothing. Several a point: the ratio of the
 * whole window, because a point with one bad check of six is no failed minute.
 */
function shortWindow({
  short,
  pointSeconds: point,
  samplesPerPoint,
}: BurnWindow): Pick<AlarmSpec, "period" | "m" | "n" | "threshold"> {
  return samplesPerPoint === 1
    ? { period: point, m: short.failures, n: short.points, threshold: 1 }
    : { period: short.seconds, m: 1, n: 1, threshold: successRatio(short.limit) };
}

/** The success ratio at which an error ratio of whole millionths is reached, without a float's tail. */
function successRatio(errorLimit: number): number {
  return (PPM - Math.round(errorLimit * PPM)) / PPM;
}

/** The 0/1 metric of a promise: its path's, or one of its own where something else judges it. */
export function successMetric(objective: ResolvedRatio): string {
  if (objective.sli === "mcp" && objective.burns === undefined) return "McpAvailable" satisfies MetricName;
  if (objective.sli === "rest" && objective.burns === undefined) return "RestAvailable" satisfies MetricName;
  return objectiveMetric(objective.name);
}

function latency(
  environment: Environment,
  server: Server,
  objective: Extract<ResolvedObjective, { sli: "latency" }>,
): AlarmSpec {
  return {
    family: "latency",
    suffix: objective.name,
    guards: objective.name,
    detail: `p${objective.percentile} of the MCP exchange is over ${formatDuration(objective.below)}`,
    metric: "McpLatency",
    statistic: `p${objective.percentile}`,
    period: blockSeconds(environment, server),
    ...BLOCKS,
    comparison: "GreaterThanThreshold",
    threshold: objective.below,
    missing: "notBreaching",
  };
}

function heartbeat(environment: Environment, server: Server): AlarmSpec {
  const period = pointSeconds(environment, server);
  return {
    family: "heartbeat",
    suffix: "heartbeat",
    guards: null,
    detail: `no probe run in ${HEARTBEAT.m} of the last ${HEARTBEAT.n} points of ${formatDuration(period * 1_000)}`,
    metric: "ProbeRuns",
    statistic: "Sum",
    period,
    ...HEARTBEAT,
    comparison: "LessThanThreshold",
    threshold: 1,
    missing: "breaching",
    fillZero: true,
    warmUpMinutes: Math.ceil((period * HEARTBEAT.n) / 60),
  };
}

function thresholdSpecs(environment: Environment, server: Server, threshold: ResolvedThreshold): AlarmSpec[] {
  if (!isMeasured(environment, server, threshold)) return [];
  const steps: readonly (readonly ["warning" | "critical", Quantity | undefined])[] = [
    ["warning", threshold.warning],
    ["critical", threshold.critical],
  ];
  return steps.flatMap(([step, quantity]): AlarmSpec[] => {
    if (quantity === undefined) return [];
    const sign = threshold.worse === "higher" ? "over" : "under";
    return [
      {
        family: "threshold",
        suffix: `${threshold.name}-${step}`,
        guards: threshold.name,
        detail: `${threshold.name} is ${sign} its ${step} threshold of ${quantity.text}`,
        ...(step === "critical" ? { severity: "high" } : {}),
        metric: threshold.metric,
        statistic: "Average",
        period: blockSeconds(environment, server),
        ...BLOCKS,
        comparison: threshold.worse === "higher" ? "GreaterThanThreshold" : "LessThanThreshold",
        threshold: inMetricUnit(threshold.metric, quantity),
        missing: "notBreaching",
      },
    ];
  });
}
