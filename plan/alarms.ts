import { METRICS, type MetricName, NAMESPACE } from "../catalog/metrics.ts";
import type { FamilyName, Severity } from "../catalog/shared.ts";
import type { Environment, ResolvedObjective, ResolvedThreshold, Server } from "../catalog/types.ts";
import { formatDuration, formatPercent, type Quantity } from "../catalog/units.ts";
import { alarmName } from "./names.ts";
import { legalPeriod } from "./periods.ts";
import { burnThreshold, failuresNeeded } from "./slo.ts";
import { describeAlarm } from "./texts.ts";
import type {
  ComparisonOperator,
  Dimension,
  MetricSource,
  PlannedAlarm,
  Statistic,
  TreatMissingData,
} from "./types.ts";

/** A heartbeat is lost when this many of the last points are empty: Scheduler may leave one minute out. */
const HEARTBEAT = { m: 3, n: 5 } as const;
/** Latency and thresholds are judged over blocks of this many probe periods, so that a percentile means something. */
const BLOCK_PERIODS = 15;
const BLOCKS = { m: 2, n: 3 } as const;
/** Half of the samples of a point; a point with several samples fails when at least half of them do. */
const HALF = 0.5;
/** Longest warm-up that CloudWatch takes (WarmUpPeriodDurationInMinutes), in minutes. */
const MAX_WARM_UP = 2_880;

/** What one alarm is, before its name, text and dimensions are put to it. */
interface AlarmSpec {
  readonly family: FamilyName;
  readonly suffix: string;
  readonly guards: string | null;
  readonly detail: string;
  readonly severity?: Severity;
  readonly metric: MetricName;
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

/** Length in seconds of one point of a server's alarms: never shorter than the time between its probes. */
export function pointSeconds(environment: Environment, server: Server): number {
  return legalPeriod(Math.max(environment.resolutionSeconds, server.probe.every / 1_000));
}

/** How many points the short window of a burn rate has: never fewer than the floor counts. */
export function shortPoints(
  environment: Environment,
  server: Server,
  rate: { readonly short: number },
): number {
  return Math.max(server.floor.n, Math.round(rate.short / 1_000 / pointSeconds(environment, server)));
}

/** Every metric alarm of one server, from one table of specifications. */
export function planAlarms(environment: Environment, server: Server): PlannedAlarm[] {
  const specs = [
    serverDown(environment, server),
    ...server.objectives.flatMap((objective) => objectiveSpecs(environment, server, objective)),
    heartbeat(environment, server),
    ...pathSpecs(environment, server),
    ...server.thresholds.flatMap((threshold) => thresholdSpecs(environment, server, threshold)),
  ];
  return specs.map((spec) => toAlarm(environment, server, spec));
}

/** Whether a runner of this environment publishes the metric that a threshold is set on. */
export function isMeasured(environment: Environment, threshold: ResolvedThreshold): boolean {
  if (threshold.metric === "ServerMemory") return environment.platform === "local";
  return threshold.metric in METRICS;
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
  const metric: MetricName = objective.sli === "mcp" ? "McpAvailable" : "RestAvailable";
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

/** What the two paths and the tool list say besides up and down. */
function pathSpecs(environment: Environment, server: Server): AlarmSpec[] {
  const point = {
    guards: null,
    period: pointSeconds(environment, server),
    ...server.floor,
    comparison: "GreaterThanOrEqualToThreshold",
    missing: "notBreaching",
  } as const;
  const twoPaths = Object.values(server.endpoints).some(({ rest }) => rest !== null);
  const specs: AlarmSpec[] = [
    {
      ...point,
      family: "auth",
      suffix: "auth",
      detail: "a path is refused with 401 or 403",
      metric: "AuthRefused",
      statistic: "Average",
      threshold: HALF,
    },
  ];
  if (twoPaths) {
    specs.unshift({
      ...point,
      family: "degraded",
      suffix: "degraded",
      detail: "exactly one of the MCP and REST paths fails",
      metric: "Degraded",
      statistic: "Average",
      threshold: HALF,
    });
  }
  if (server.requiredTools.length > 0) {
    specs.push({
      ...point,
      family: "tools-missing",
      suffix: "tools-missing",
      detail: `one or more of ${server.requiredTools.length} required tools are not listed`,
      metric: "ToolsMissing",
      statistic: "Maximum",
      threshold: 1,
    });
  }
  return specs;
}

function thresholdSpecs(environment: Environment, server: Server, threshold: ResolvedThreshold): AlarmSpec[] {
  if (!isMeasured(environment, threshold)) return [];
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
        metric: threshold.metric as MetricName,
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

function blockSeconds(environment: Environment, server: Server): number {
  return legalPeriod(pointSeconds(environment, server) * BLOCK_PERIODS);
}

function toAlarm(environment: Environment, server: Server, spec: AlarmSpec): PlannedAlarm {
  const family = environment.families[spec.family];
  const { family: name, guards, detail } = spec;
  return {
    server: server.name,
    family: name,
    severity: spec.severity ?? family.severity,
    runbook: family.runbook,
    guards,
    definition: {
      AlarmName: alarmName(environment.name, server.name, spec.suffix),
      AlarmDescription: describeAlarm({ family, environment: environment.name, server: server.name, detail }),
      ActionsEnabled: false,
      ...metricOf(environment, server, spec),
      EvaluationPeriods: spec.n,
      DatapointsToAlarm: spec.m,
      Threshold: spec.threshold,
      ComparisonOperator: spec.comparison,
      TreatMissingData: spec.missing,
      ...(spec.warmUpMinutes === undefined
        ? {}
        : {
            WarmUpConfiguration: {
              WarmUpPeriodDurationInMinutes: spec.warmUpMinutes,
              OnlyStartEvaluatingAfterWarmUpPeriodEnds: true,
            },
          }),
    },
  };
}

function metricOf(environment: Environment, server: Server, spec: AlarmSpec): MetricSource {
  const Dimensions: readonly Dimension[] = [
    { Name: "Environment", Value: environment.name },
    { Name: "Server", Value: server.name },
  ];
  const metric = { Namespace: NAMESPACE, MetricName: spec.metric, Dimensions };
  if (spec.fillZero === true) {
    return {
      Metrics: [
        { Id: "filled", Expression: "FILL(raw, 0)", ReturnData: true },
        {
          Id: "raw",
          MetricStat: { Metric: metric, Period: spec.period, Stat: spec.statistic },
          ReturnData: false,
        },
      ],
    };
  }
  return isPercentile(spec.statistic)
    ? { ...metric, Period: spec.period, ExtendedStatistic: spec.statistic }
    : { ...metric, Period: spec.period, Statistic: spec.statistic };
}

function isPercentile(statistic: AlarmSpec["statistic"]): statistic is `p${number}` {
  return /^p\d/.test(statistic);
}
