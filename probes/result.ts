/** Why a path failed: the phase of the exchange that broke. */
export const FAILURE_CLASSES = [
  "dns",
  "connect",
  "tls",
  "timeout",
  "http",
  "auth",
  "protocol",
  "rpc",
  "tool",
  "capability",
] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

export type Status = "healthy" | "degraded" | "unhealthy" | "unknown";
export type Outcome = "ok" | "fail" | "skipped";
export type Era = "modern" | "legacy";

/** What the MCP path of a server answered. */
export interface McpReading {
  readonly outcome: Outcome;
  readonly failureClass: FailureClass | null;
  readonly era: Era | null;
  readonly protocolVersion: string | null;
  /** How many tools the server listed. */
  readonly tools: number | null;
  /** At most 200 printable characters, free of credentials; empty when there is nothing to say. */
  readonly detail: string;
}

/** What the REST path of a server answered. */
export interface RestReading {
  readonly outcome: Outcome;
  readonly failureClass: FailureClass | null;
  readonly httpStatus: number | null;
  readonly detail: string;
}

/** One check of one server, exactly as it is printed, stored and served. */
export interface CheckResult {
  readonly server: string;
  readonly status: Status;
  /** ISO 8601, UTC: when the check began. */
  readonly checkedAt: string;
  readonly durationMs: number;
  readonly mcp: McpReading;
  readonly rest: RestReading;
}

/** A result with what the metrics need beyond it. */
export interface Observation {
  readonly result: CheckResult;
  /** Milliseconds of the MCP exchange when it succeeded. */
  readonly mcpMs: number | null;
  readonly restMs: number | null;
  readonly missingTools: readonly string[];
}

/** The part of a reading that the verdict rests on. */
export type PathVerdict = Pick<McpReading, "outcome" | "failureClass">;

/** Whether a path was refused for lack of credentials: it answered, but its health was not seen. */
export function isRefused(path: PathVerdict): boolean {
  return path.outcome === "fail" && path.failureClass === "auth";
}

/** Whether a path is known to have failed; a refusal is not a failure. */
export function isFailed(path: PathVerdict): boolean {
  return path.outcome === "fail" && path.failureClass !== "auth";
}

/**
 * The status of a server from its paths. A refused path is never counted as failed: somebody answered it.
 * So one failed and one refused path are `degraded`: one failure is sure, a second one is only a doubt,
 * and doubt is never `unhealthy`.
 */
export function verdictOf(paths: readonly PathVerdict[]): Status {
  const checked = paths.filter((path) => path.outcome !== "skipped");
  if (checked.length === 0) return "unknown";
  if (checked.every(isFailed)) return "unhealthy";
  return checked.every((path) => path.outcome === "ok") ? "healthy" : "degraded";
}
