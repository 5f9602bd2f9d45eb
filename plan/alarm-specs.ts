import { METRICS, type MetricName, objectiveMetric } from "../catalog/metrics.ts";
import type { FamilyName, Severity } from "../catalog/shared.ts";
import type { Environment, ResolvedObjective, ResolvedThreshold, Server } from "../catalog/types.ts";
import { formatDuration, formatPercent, type Quantity } from "../catalog/units.ts";
import { conditionSpecs } from "./condition-specs.ts";
import { legalPeriod } from "./periods.ts";
import { blockSeconds, pointSeconds, shortPoints } from "./points.ts";
import { burnThreshold, failuresNeeded } from "./slo.ts";
import type { ComparisonOperator, Statistic, TreatMissingData } from "./types.ts";

/** A heartbeat is lost when this many of the last points are empty: Scheduler may leave one minute out. */
const HEARTBEAT = { m: 3, n: 5 } as const;
const BLOCKS = { m: 2, n: 3 } as const;
/** Half of the samples of a point; a point with several samples fails when at least half of them do. */
const HALF = 0.5;
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
  return [
    serverDown(environment, server),
    ...server.objectives.flatMap((objective) => objectiveSpecs(environment, server, objective)),
    heartbeat(environment, server),
    ...conditionSpecs(environment, server),
    ...server.thresholds.flatMap((threshold) => thresholdSpecs(environment, server, threshold)),
  ];
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
  const metric = availabilityMetric(objective);
  const period = pointSeconds(environment, server);
  return environment.burnRates.flatMap((rate) => {
    const longSeconds = legalPeriod(rate.long / 1_000);
    const points = shortPoints(environment, server, rate);
    const needed = failuresNeeded({
      objectivePpm: objective.objective,
      factor: rate.factor,
      points,
      floor: server.floor,
    });
    const promise = `${formatPercent(objective.objective)} in ${formatDuration(objective.window)}`;
    const common = {
      family: rate.family,
      guards: objective.name,
      metric,
      statistic: "Average",
      missing: "notBreaching",
    } as const;
    return [
      {
        ...common,
        suffix: `${objective.name}-${rate.name}-long`,
        detail: `${objective.name}: the budget of ${promise} burns ${rate.factor} times too fast over ${formatDuration(rate.long)}`,
        period: longSeconds,
        m: 1,
        n: 1,
        comparison: "LessThanThreshold",
        threshold: burnThreshold(objective.objective, rate.factor),
        // until the window has filled once, its average is over a handful of points
        warmUpMinutes: Math.min(MAX_WARM_UP, Math.ceil(longSeconds / 60)),
      },
      {
        ...common,
        suffix: `${objective.name}-${rate.name}-short`,
        detail: `${objective.name}: it still burns, ${needed} of the last ${points} points of ${formatDuration(period * 1_000)} failed (${promise})`,
        period,
        m: needed,
        n: points,
        comparison: "LessThanThreshold",
        threshold: 1,
      },
    ] satisfies AlarmSpec[];
  });
}

/** An objective that names its own burning classes is measured by a metric of its own. */
function availabilityMetric(objective: Exclude<ResolvedObjective, { sli: "latency" }>): string {
  if (objective.burns !== undefined) return objectiveMetric(objective.name);
  const paths = { mcp: "McpAvailable", rest: "RestAvailable" } as const satisfies Record<string, MetricName>;
  return paths[objective.sli];
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
        threshold: quantity.value,
        missing: "notBreaching",
      },
    ];
  });
}
