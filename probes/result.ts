import type { FailureClass } from "../catalog/failures.ts";
import type { Drift } from "./contract/drift.ts";
import type { Hygiene } from "./contract/hygiene.ts";
import type { Certificate } from "./http/types.ts";
import type { McpSession, StreamTimings } from "./session.ts";

export { FAILURE_CLASSES, type FailureClass } from "../catalog/failures.ts";

export type Status = "healthy" | "degraded" | "unhealthy" | "unknown";
export type Outcome = "ok" | "fail" | "skipped";
export type Era = "modern" | "legacy";

/** Milliseconds of the phases of the MCP path; null where a phase did not happen or was not reached. */
export interface Phases {
  readonly dnsMs: number | null;
  readonly connectMs: number | null;
  readonly tlsMs: number | null;
  readonly firstByteMs: number | null;
  /** From nothing to an open session: the handshake with all that it needs below. */
  readonly openMs: number | null;
  readonly listMs: number | null;
  readonly callMs: number | null;
}

/** How the canary call ended: each way to fail is another fault of the server. */
export const CANARY_OUTCOMES = ["ok", "protocol-error", "tool-error", "wrong-answer"] as const;
export type CanaryOutcome = (typeof CANARY_OUTCOMES)[number];

export const STREAM_FAULTS = ["no-stream", "late", "gap", "truncated", "buffered"] as const;
export type StreamFault = (typeof STREAM_FAULTS)[number];

export interface CanaryReading {
  readonly outcome: CanaryOutcome;
  readonly ms: number | null;
  readonly detail: string;
  /** Null where the canary promises no stream. */
  readonly stream: (StreamTimings & { readonly fault: StreamFault | null; readonly detail: string }) | null;
}

/** What the MCP path of a server answered. */
export interface McpReading {
  readonly outcome: Outcome;
  readonly failureClass: FailureClass | null;
  readonly era: Era | null;
  readonly transport: McpSession["transport"] | null;
  readonly protocolVersion: string | null;
  /** The day on which clients may drop the only era or transport that the server speaks; null for a modern one. */
  readonly supportedUntil: string | null;
  /** How the server names itself, made printable. */
  readonly serverInfo: { readonly name: string; readonly version: string } | null;
  /** How many tools the server listed. */
  readonly tools: number | null;
  readonly phases: Phases | null;
  readonly certificate: Certificate | null;
  /** Where the tool list left the contract. */
  readonly drift: readonly Drift[];
  /** What no contract forbids and no client wants; null where no list was read. */
  readonly hygiene: Hygiene | null;
  readonly canary: CanaryReading | null;
  /** At most 200 printable characters, free of credentials; empty when there is nothing to say. */
  readonly detail: string;
}

/** What one component said on the health page. */
export interface ComponentReading {
  readonly name: string;
  readonly ok: boolean;
  /** What it said, made printable; null when the page does not name it. */
  readonly value: string | null;
  readonly expected: string;
}

/** What the REST path of a server answered. */
export interface RestReading {
  readonly outcome: Outcome;
  readonly failureClass: FailureClass | null;
  readonly httpStatus: number | null;
  readonly detail: string;
  readonly components: readonly ComponentReading[];
  /** Whether the pages of the Kubernetes questions answered 2xx; null where they are not configured. */
  readonly live: boolean | null;
  readonly ready: boolean | null;
  /** Numbers that became metrics, by metric; one that the page does not show is left out. */
  readonly numbers: Readonly<Record<string, number>>;
}

export interface DependencyReading {
  readonly name: string;
  readonly kind: "postgresql" | "http" | "disk";
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
}

/** One replica of a server, asked past the load balancer. */
export interface ReplicaReading {
  readonly address: string;
  readonly outcome: Outcome;
  readonly failureClass: FailureClass | null;
  readonly detail: string;
  /** It answers otherwise than most of the others. */
  readonly disagrees: boolean;
}

/** A check that was repeated before it counted. */
export interface Attempt {
  readonly checkedAt: string;
  readonly durationMs: number;
  readonly status: Status;
  readonly mcp: PathVerdict & { readonly detail: string };
  readonly rest: PathVerdict & { readonly detail: string };
}

/**
 * `lying health`: the health page says yes while MCP is dead. `bad health endpoint`: the reverse.
 */
export const FINDINGS = ["lying health", "bad health endpoint"] as const;
export type Finding = (typeof FINDINGS)[number];

/** One check of one server, exactly as it is printed, stored and served. */
export interface CheckResult {
  readonly server: string;
  readonly status: Status;
  /** Why a status is unknown, or what the two paths say about each other; null when there is nothing to say. */
  readonly finding: Finding | "our own network is down" | null;
  /** ISO 8601, UTC: when the check began. */
  readonly checkedAt: string;
  readonly durationMs: number;
  readonly mcp: McpReading;
  readonly rest: RestReading;
  readonly dependencies: readonly DependencyReading[];
  readonly replicas: readonly ReplicaReading[];
  /** When the credential of the server runs out, ISO 8601, UTC; null when that is not known. */
  readonly credentialExpiresAt: string | null;
  /** The checks of this run in order, the last one being this result; empty when the first one counted. */
  readonly attempts: readonly Attempt[];
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
