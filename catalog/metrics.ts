/** The CloudWatch namespace of everything that Rollcall measures itself. */
export const NAMESPACE = "Rollcall";

/**
 * Every metric that a probe run publishes for a server, with its CloudWatch unit. Dimensions are always
 * `Environment` and `Server`. A metric without a value in a run is left out of it: no data is not a zero.
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
  Unhealthy: { unit: "None", means: "1 when every path of the server failed" },
  Degraded: { unit: "None", means: "1 when exactly one of two paths failed" },
  AuthRefused: { unit: "None", means: "1 when a path was refused for lack of credentials" },
  McpLatency: { unit: "Milliseconds", means: "time of the MCP exchange, when it succeeded" },
  RestLatency: { unit: "Milliseconds", means: "time of the REST request, when it succeeded" },
  ToolsMissing: { unit: "Count", means: "how many required tools the server did not list" },
  ServerMemory: {
    unit: "Bytes",
    means: "resident memory of the server's process, where the runner can see it",
  },
} as const satisfies Record<string, { readonly unit: string; readonly means: string }>;

export type MetricName = keyof typeof METRICS;

/** The values of one probe run: only the metrics that the run has a value for. */
export type Measures = Partial<Record<MetricName, number>>;
