import type { MetricName } from "../../catalog/metrics.ts";
import type { Environment, ResolvedRatio, Server } from "../../catalog/types.ts";
import { formatDuration } from "../../catalog/units.ts";
import { successMetric } from "../alarm-specs.ts";

/** Gauge that every runner exports: 1 when the path answered, 0 when it failed. */
export const PROBE_SUCCESS = "mcp_probe_success";
/** The same for an objective that something else than its path's answer decides. */
export const OBJECTIVE_SUCCESS = "mcp_objective_success";
/** Seconds that the last exchange took, where it succeeded. */
export const PROBE_DURATION = "mcp_probe_duration_seconds";
export const SERVER_MEMORY = "mcp_server_memory_usage_bytes";

/** Names, as regular expressions, of what the exporter, the rules and Prometheus' own alerts publish. */
export const OWN_SERIES = ["mcp_.*", "rollcall[_:].*", "slo:.*", "ALERTS.*"] as const;

/** In how many steps a subquery looks at one point: more than one, so that a probe that comes late moves nothing. */
const STEPS_A_POINT = 5;

/** A selector of PromQL from exact labels. The catalog's names need no escaping. */
export function labels(pairs: Readonly<Record<string, string>>): string {
  return `{${Object.entries(pairs)
    .map(([name, value]) => `${name}="${value}"`)
    .join(",")}}`;
}

/** The labels that select everything of one server. */
export function idOf(environment: Environment, server: Server): Record<string, string> {
  return { environment: environment.name, server: server.name };
}

/** Seconds as PromQL writes them: `5m`. */
export function span(seconds: number): string {
  return formatDuration(Math.round(seconds * 1_000));
}

/** The 0/1 gauge of a promise, with its selector. */
export function successGauge(environment: Environment, server: Server, objective: ResolvedRatio): string {
  const id = idOf(environment, server);
  const metric = successMetric(objective);
  if (metric === "McpAvailable") return `${PROBE_SUCCESS}${labels({ ...id, path: "mcp" })}`;
  if (metric === "RestAvailable") return `${PROBE_SUCCESS}${labels({ ...id, path: "rest" })}`;
  return `${OBJECTIVE_SUCCESS}${labels({ ...id, slo: objective.name })}`;
}

/**
 * Whether a condition, an expression of 0 or 1, held in at least `m` of the last `n` points, averaged over whoever
 * scraped it. It lies half a point below, so that neither jitter nor how often a gauge is scraped moves it, and a
 * point without data does not count, as CloudWatch's `notBreaching` has it.
 */
export function heldFor(input: {
  readonly condition: string;
  readonly pointSeconds: number;
  readonly m: number;
  readonly n: number;
  /** @default environment and server */
  readonly by?: readonly string[];
}): string {
  const { condition, pointSeconds, m, n, by = ["environment", "server"] } = input;
  const range = `${span(n * pointSeconds)}:${span(pointSeconds / STEPS_A_POINT)}`;
  const steps = (m - 0.5) * STEPS_A_POINT;
  return `avg by (${by.join(", ")}) (sum_over_time((${condition})[${range}])) > ${steps}`;
}

/** The average of an expression over a block, also where it is made of several series. */
export function averageOver(expr: string, blockSeconds: number, pointSeconds: number): string {
  const range = `${span(blockSeconds)}:${span(pointSeconds / STEPS_A_POINT)}`;
  return `avg by (environment, server) (avg_over_time((${expr})[${range}]))`;
}

/** A metric of CloudWatch in the words of Prometheus; null where no runner exports it. */
interface Exported {
  readonly expr: (id: Readonly<Record<string, string>>) => string;
  /** What a limit in the metric's unit is multiplied by, as a divisor: 1000 where the series has seconds. */
  readonly divisor: number;
}

const plain = (name: string, more: Readonly<Record<string, string>> = {}, divisor = 1): Exported => ({
  expr: (id) => `${name}${labels({ ...id, ...more })}`,
  divisor,
});

const EXPORTED = {
  ProbeRuns: null,
  McpAvailable: plain(PROBE_SUCCESS, { path: "mcp" }),
  RestAvailable: plain(PROBE_SUCCESS, { path: "rest" }),
  AllAvailable: plain(PROBE_SUCCESS, { path: "all" }),
  Unhealthy: { expr: (id) => `mcp_server_up${labels(id)} == bool 0`, divisor: 1 },
  Degraded: plain("mcp_server_degraded"),
  AuthRefused: { expr: (id) => `max without (path) (mcp_probe_refused${labels(id)})`, divisor: 1 },
  McpLatency: plain(PROBE_DURATION, { path: "mcp" }, 1_000),
  RestLatency: plain(PROBE_DURATION, { path: "rest" }, 1_000),
  CheckLatency: plain(PROBE_DURATION, { path: "all" }, 1_000),
  Retries: null,
  ToolsMissing: plain("mcp_server_tool_drift", { kind: "missing" }),
  ToolsBreaking: plain("mcp_server_tool_drift", { kind: "breaking" }),
  ToolsAdditive: plain("mcp_server_tool_drift", { kind: "additive" }),
  ToolsWording: plain("mcp_server_tool_drift", { kind: "wording" }),
  CanaryLatency: plain("mcp_probe_phase_seconds", { phase: "call" }, 1_000),
  DependenciesFailed: {
    expr: (id) => `sum without (dependency, kind) (mcp_server_dependency_status${labels(id)} == bool 0)`,
    divisor: 1,
  },
  HoursToExpiry: {
    expr: (id) =>
      ["mcp_certificate_expiry_seconds", "mcp_credential_expiry_seconds"]
        .map((name) => `${name}${labels(id)}`)
        .join(" or "),
    divisor: 1 / 3_600,
  },
  ServerMemory: plain(SERVER_MEMORY),
} as const satisfies Record<MetricName, Exported | null>;

/** How a metric that a threshold or a condition is set on is read; undefined where nothing exports it. */
export function exported(metric: string): Exported | undefined {
  const known: Readonly<Record<string, Exported | null>> = EXPORTED;
  // any other is a number of the server's own pages, under its own name
  return Object.hasOwn(known, metric) ? (known[metric] ?? undefined) : plain(metric);
}
