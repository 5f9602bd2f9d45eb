import { inMetricUnit } from "../../catalog/metrics.ts";
import type { Environment, ResolvedObjective, ResolvedThreshold, Server } from "../../catalog/types.ts";
import { formatDuration } from "../../catalog/units.ts";
import { isMeasured } from "../alarm-specs.ts";
import { blockSeconds, pointSeconds } from "../points.ts";
import type { PrometheusGroup, PrometheusRule } from "../types.ts";
import { alertRule } from "./alert.ts";
import { averageOver, exported, idOf, labels, PROBE_DURATION, SERVER_MEMORY, span } from "./series.ts";

type LatencyObjective = Extract<ResolvedObjective, { sli: "latency" }>;

/** Recorded over each block, so that a dashboard shows what the alerts judge. */
const QUANTILE = "rollcall:latency_seconds:quantile";
const AVERAGE = "rollcall:threshold:average";
/** Where a threshold stands: one series for its target, its warning and its critical value. */
const LIMIT = "rollcall:threshold:limit";

/** What is judged by its value over blocks: percentiles of latency, and thresholds that a runner measures. */
export function valueAlerts(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly interval: string;
}): PrometheusGroup[] {
  const { environment, server, interval } = input;
  const rules = [
    ...server.objectives.flatMap((objective) =>
      objective.sli === "latency" ? latency(environment, server, objective) : [],
    ),
    ...server.thresholds.flatMap((threshold) => thresholdRules(environment, server, threshold)),
  ];
  return rules.length === 0 ? [] : [{ name: `${environment.name}-${server.name}-values`, interval, rules }];
}

/** The percentile itself and not one of a histogram's bounds: a limit between or beyond them is seen too. */
function latency(environment: Environment, server: Server, objective: LatencyObjective): PrometheusRule[] {
  const id = { ...idOf(environment, server), slo: objective.name };
  const block = blockSeconds(environment, server);
  const gauge = `${PROBE_DURATION}${labels({ ...idOf(environment, server), path: "mcp" })}`;
  const quantile = `quantile_over_time(${decimal(objective.percentile, 100)}, ${gauge}[${span(block)}])`;
  return [
    { record: QUANTILE, expr: `avg by (environment, server) (${quantile})`, labels: id },
    alertRule({
      environment,
      server,
      alert: "MCPSlowResponseTime",
      family: "latency",
      expr: twoOfThree(`${QUANTILE}${labels(id)}`, `> ${decimal(objective.below, 1_000)}`, block),
      detail: `p${objective.percentile} of the MCP exchange is over ${formatDuration(objective.below)}`,
      labels: { slo: objective.name },
    }),
  ];
}

function thresholdRules(
  environment: Environment,
  server: Server,
  threshold: ResolvedThreshold,
): PrometheusRule[] {
  const { metric, worse } = threshold;
  const series = isMeasured(environment, server, threshold) ? exported(metric) : undefined;
  if (series === undefined) return [];
  const id = { ...idOf(environment, server), threshold: threshold.name };
  const block = blockSeconds(environment, server);
  const average = averageOver(
    series.expr(idOf(environment, server)),
    block,
    pointSeconds(environment, server),
  );
  const sign = worse === "higher" ? ">" : "<";
  const isMemory = series.expr({}).startsWith(SERVER_MEMORY) && worse === "higher";
  const steps = (["target", "warning", "critical"] as const).flatMap((step): PrometheusRule[] => {
    const quantity = threshold[step];
    if (quantity === undefined) return [];
    const limit = decimal(inMetricUnit(metric, quantity), series.divisor);
    const drawn = { record: LIMIT, expr: `vector(${limit})`, labels: { ...id, step } };
    // a target is where the value should be: a line on a dashboard, and nothing that anybody is told of
    if (step === "target") return [drawn];
    return [
      drawn,
      alertRule({
        environment,
        server,
        alert: isMemory ? "MCPHighMemoryUsage" : "MCPThreshold",
        family: "threshold",
        ...(step === "critical" ? { severity: "high" } : {}),
        expr: twoOfThree(`${AVERAGE}${labels(id)}`, `${sign} ${limit}`, block),
        detail: `${threshold.name} is ${worse === "higher" ? "over" : "under"} its ${step} threshold of ${quantity.text}`,
        labels: { threshold: threshold.name, step },
      }),
    ];
  });
  return [{ record: AVERAGE, expr: average, labels: id }, ...steps];
}

/** Over the limit in two of the last three blocks, which end now; a block without data is over none. */
function twoOfThree(series: string, comparison: string, block: number): string {
  const [now, before, first] = [
    series,
    `${series} offset ${span(block)}`,
    `${series} offset ${span(2 * block)}`,
  ].map((one) => `${one} ${comparison}`);
  return `(${now} and (${before} or ${first})) or (${before} and ${first})`;
}

/** A quotient as a decimal without a float's tail. */
function decimal(value: number, divisor: number): number {
  return Number((value / divisor).toPrecision(12));
}
