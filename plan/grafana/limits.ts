import { inMetricUnit, type MetricName } from "../../catalog/metrics.ts";
import type { RatioObjective } from "../../catalog/objective.ts";
import type { Environment, ResolvedObjective, ResolvedThreshold, Server } from "../../catalog/types.ts";
import { formatDuration, formatPercent, PPM, type Quantity } from "../../catalog/units.ts";
import { isMeasured } from "../alarm-specs.ts";
import { exported } from "../prometheus/series.ts";
import { type Line, type Lines, unitOf } from "./lines.ts";
import { at, type Scope, windowOf } from "./promql.ts";

/** A value that the catalog sets limits to: how it is asked for, and where its lines are. */
export interface Limit extends Lines {
  readonly server: string;
  /** The objective or threshold. */
  readonly name: string;
  /** What is measured, in words. */
  readonly what: string;
  readonly kind: "latency" | "resource" | "number";
  readonly unit: string;
  readonly expr: (scope: Scope) => string;
}

/** A series or several, of the servers of a scope. */
type Series = (scope: Scope) => string;

/** Metrics of the probe that are times, as a gauge in seconds. */
const TIMES: ReadonlyMap<string, { readonly what: string; readonly series: Series }> = new Map([
  ["McpLatency", { what: "time of the MCP exchange", series: (scope: Scope) => duration(scope, "mcp") }],
  ["RestLatency", { what: "time of the REST request", series: (scope: Scope) => duration(scope, "rest") }],
  ["CheckLatency", { what: "time of both paths together", series: (scope: Scope) => duration(scope, "all") }],
  [
    "CanaryLatency",
    {
      what: "time of the canary call",
      series: (scope: Scope) => `mcp_probe_phase_seconds${at(scope, 'phase="call"')}`,
    },
  ],
] satisfies readonly (readonly [MetricName, { readonly what: string; readonly series: Series }])[]);

/** Every limit of a server that has a series: percentiles, shares, thresholds and indicators. */
export function limitsOf(environment: Environment, server: Server): readonly Limit[] {
  return [
    ...server.objectives.flatMap((objective) => objectiveLimit(environment, server, objective) ?? []),
    ...server.thresholds
      .filter((threshold) => isMeasured(environment, server, threshold))
      .flatMap((threshold) => thresholdLimit(server, threshold) ?? []),
  ];
}

function objectiveLimit(
  environment: Environment,
  server: Server,
  objective: ResolvedObjective,
): Limit | undefined {
  const { name } = objective;
  switch (objective.sli) {
    case "mcp":
    case "rest":
      return undefined;
    case "latency":
      return {
        ...promisedTime(objective.below),
        server: server.name,
        name,
        what: `p${objective.percentile} of the MCP exchange, as its alarm judges it`,
        expr: (scope) => `rollcall:latency_seconds:quantile${at(scope, `slo="${name}"`)}`,
      };
    case "latency-share": {
      const { path, below } = objective;
      const share = objective.objective / PPM;
      const window = windowOf(environment, server);
      return {
        ...promisedTime(below),
        server: server.name,
        name,
        // "95 % of the checks under 500 ms" is the percentile of that share
        what: `The time that ${formatPercent(objective.objective)} of the checks of the ${path} path stay under`,
        expr: (scope) =>
          `avg by (server) (quantile_over_time(${share}, ${duration(scope, path)}[${window}]))`,
      };
    }
    case "error-rate":
    case "freshness":
    case "kpi":
      return indicator(server, objective, name);
  }
}

function indicator(
  server: Server,
  objective: Extract<RatioObjective, { sli: "error-rate" | "freshness" | "kpi" }>,
  name: string,
): Limit | undefined {
  const { metric, below } = objective;
  const above = objective.sli === "kpi" ? objective.above : undefined;
  const quantity = below ?? above;
  const series = seriesOf(metric);
  if (quantity === undefined || series === undefined) return undefined;
  return {
    ...scaled(metric, [["promise", quantity]]),
    server: server.name,
    name,
    what: describe(metric),
    kind: kindOf(metric),
    worse: below === undefined ? "lower" : "higher",
    expr: (scope) => `avg by (server) (${series(scope)})`,
  };
}

function thresholdLimit(server: Server, threshold: ResolvedThreshold): Limit | undefined {
  const { name, metric, worse } = threshold;
  if (exported(metric) === undefined) return undefined;
  const steps = (["target", "warning", "critical"] as const).flatMap((level) => {
    const quantity = threshold[level];
    return quantity === undefined ? [] : [[level, quantity] as const];
  });
  if (steps.length === 0) return undefined;
  return {
    ...scaled(metric, steps),
    server: server.name,
    name,
    what: `${describe(metric)}, averaged as its alarm judges it`,
    kind: kindOf(metric),
    worse,
    expr: (scope) => `rollcall:threshold:average${at(scope, `threshold="${name}"`)}`,
  };
}

/** Limits of a metric in the unit of its series. */
function scaled(
  metric: string,
  steps: readonly (readonly [Line["level"], Quantity])[],
): Pick<Limit, "lines" | "unit"> {
  const divisor = exported(metric)?.divisor ?? 1;
  const lines = steps.map(([level, quantity]) => ({
    level,
    text: quantity.text,
    // without a float's tail
    value: Number((inMetricUnit(metric, quantity) / divisor).toPrecision(12)),
  }));
  const isInSeconds = TIMES.has(metric) || metric.endsWith("_seconds");
  return { lines, unit: steps[0] === undefined ? "none" : unitOf(steps[0][1], isInSeconds) };
}

function promisedTime(belowMs: number): Pick<Limit, "kind" | "unit" | "worse" | "lines"> {
  const line: Line = { level: "promise", text: formatDuration(belowMs), value: belowMs / 1_000 };
  return { kind: "latency", unit: "s", worse: "higher", lines: [line] };
}

function kindOf(metric: string): Limit["kind"] {
  if (TIMES.has(metric)) return "latency";
  return metric.startsWith("mcp_server_") || metric === "ServerMemory" ? "resource" : "number";
}

function describe(metric: string): string {
  return TIMES.get(metric)?.what ?? metric;
}

/** How a metric is read; undefined for counts of the probe, which are no indicator. */
function seriesOf(metric: string): Series | undefined {
  const time = TIMES.get(metric);
  if (time !== undefined) return time.series;
  const name = metric === "ServerMemory" ? "mcp_server_memory_usage_bytes" : metric;
  // names of CloudWatch's begin with a capital
  return /^[a-z]/.test(name) ? (scope) => `${name}${at(scope)}` : undefined;
}

function duration(scope: Scope, path: "mcp" | "rest" | "all"): string {
  return `mcp_probe_duration_seconds${at(scope, `path="${path}"`)}`;
}
