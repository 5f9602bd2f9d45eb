import type { Quantity } from "./units.ts";

/** The CloudWatch namespace of everything that Rollcall measures itself. */
export const NAMESPACE = "Rollcall";

/**
 * Every metric that a probe run publishes for a server, with its CloudWatch unit. Dimensions are always
 * `Environment` and `Server`; `ProbeRuns` is also counted once a run by `Environment` and `Runner`. A metric without a
 * value in a run is left out of it: no data is not a zero.
 */
export const METRICS = {
  ProbeRuns: { unit: "Count", means: "1 for each probe run that came to a verdict" },
  McpAvailable: {
    unit: "None",
    means: "1 when the MCP path answered, 0 when it failed; absent when refused for credentials",
  },
  RestAvailable: {
    unit: "None",
    means: "1 when the REST path answered, 0 when it failed; absent when refused for credentials",
  },
  AllAvailable: { unit: "None", means: "1 when every path answered, 0 when one failed" },
  Unhealthy: { unit: "None", means: "1 when every path of the server failed" },
  Degraded: {
    unit: "None",
    means: "1 when one of two paths failed, or a component, a readiness page or a replica is not well",
  },
  AuthRefused: { unit: "None", means: "1 when a path was refused for lack of credentials" },
  McpLatency: { unit: "Milliseconds", means: "time of the MCP exchange, when it succeeded" },
  RestLatency: { unit: "Milliseconds", means: "time of the REST request, when it succeeded" },
  CheckLatency: { unit: "Milliseconds", means: "time of both paths together, when both succeeded" },
  Retries: { unit: "Count", means: "1 when the first attempt failed and was repeated in the same run" },
  ToolsMissing: { unit: "Count", means: "how many required or locked tools the server did not list" },
  ToolsBreaking: { unit: "Count", means: "how many tools changed so that callers may break" },
  ToolsAdditive: { unit: "Count", means: "how many tools or options the contract does not know" },
  ToolsWording: { unit: "Count", means: "how many tools describe themselves otherwise than reviewed" },
  CanaryLatency: { unit: "Milliseconds", means: "time of the canary call, when it succeeded" },
  DependenciesFailed: { unit: "Count", means: "how many dependencies of the server failed their check" },
  HoursToExpiry: {
    unit: "None",
    means: "hours until the credential or the certificate of the server runs out, whichever is first",
  },
  ServerMemory: {
    unit: "Bytes",
    means: "resident memory of the server's process, where the runner can see it",
  },
} as const satisfies Record<string, { readonly unit: string; readonly means: string }>;

export type MetricName = keyof typeof METRICS;

/** A limit in the unit that the metric's values have: a metric of seconds by its name is no metric of milliseconds. */
export function inMetricUnit(metric: string, quantity: Quantity): number {
  return quantity.dimension === "time" && metric.endsWith("_seconds")
    ? quantity.value / 1_000
    : quantity.value;
}

/** A metric that counts, of one promise that is judged by rules of its own. */
export type ObjectiveMetric = `Objective.${string}`;

/** The metric of an objective that names its own burning classes: 1 while it is kept, 0 when it is not. */
export function objectiveMetric(objective: string): ObjectiveMetric {
  return `Objective.${objective}`;
}

/**
 * The values of one probe run: only the metrics that the run has a value for. Besides those of `METRICS` these are
 * objectives' own, and numbers that the catalog takes from the server's pages.
 */
export type Measures = Readonly<Record<string, number>>;
