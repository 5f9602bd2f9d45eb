import type { CheckTarget } from "../catalog/target.ts";
import { type CanaryVerdict, runCanary } from "./canary.ts";
import { classify, printable } from "./classify.ts";
import type { Drift } from "./contract/drift.ts";
import { driftOf } from "./contract/drift.ts";
import { hygieneOf } from "./contract/hygiene.ts";
import type { Deadline } from "./deadline.ts";
import type { HttpTimings } from "./http/types.ts";
import type { McpReading } from "./result.ts";
import type { Lease, McpSession, ToolList } from "./session.ts";

/** The earliest day on which clients may drop what the 2026-07-28 revision deprecates. */
const SUPPORTED_UNTIL = "2027-07-28";

/** The order in which servers listed their tools before, by server: a list that is shuffled is told by it. */
export type ToolOrders = Map<string, readonly string[]>;

export interface McpPath {
  readonly reading: McpReading;
  /** Milliseconds from nothing to the whole tool list; null when it was not reached. */
  readonly ms: number | null;
  readonly missingTools: readonly string[];
  /** Settles when the session has been given back. */
  readonly released: Promise<void>;
}

export interface McpWork {
  readonly target: CheckTarget;
  readonly deadline: Deadline;
  readonly now: () => number;
  /** Lends a session; called once. */
  readonly acquire: (signal: AbortSignal) => Promise<Lease>;
  readonly redact: (text: string) => string;
  readonly orders: ToolOrders | undefined;
}

/** What has been seen so far; what is thrown later does not undo it. */
interface Seen {
  session: McpSession | null;
  list: ToolList | null;
  openMs: number | null;
  listMs: number | null;
  canary: CanaryVerdict | null;
}

/**
 * The MCP path of a server: a session, the tool list against the contract, the canary call. Never throws.
 * `giveBack` ends a lease, also one that comes too late.
 */
export async function mcpPath(
  work: McpWork,
  giveBack: (leasing: Promise<Lease>, ok: boolean) => Promise<void>,
): Promise<McpPath> {
  const { target, deadline, now, acquire, redact } = work;
  const { signal, bounded } = deadline;
  const seen: Seen = { session: null, list: null, openMs: null, listMs: null, canary: null };
  const started = now();
  const leasing = acquire(signal);
  try {
    const { session } = await bounded(leasing);
    seen.session = session;
    seen.openMs = elapsed(now, started);
    const list = await bounded(session.listTools(signal));
    const ms = elapsed(now, started);
    seen.list = list;
    seen.listMs = ms - seen.openMs;
    if (target.canary !== undefined) {
      const { canary } = target;
      seen.canary = await bounded(runCanary({ session, canary, signal, now, redact }));
    }
    return { ...judged(work, seen), ms, released: giveBack(leasing, true) };
  } catch (error) {
    const { failureClass, detail } = classify(error, redact);
    const path = judged(work, seen);
    return {
      reading: { ...path.reading, outcome: "fail", failureClass, detail },
      missingTools: path.missingTools,
      ms: null,
      released: giveBack(leasing, false),
    };
  }
}

/** A reading of a path that was not asked. */
export function emptyMcp(init: Pick<McpReading, "outcome" | "failureClass" | "detail">): McpReading {
  return {
    ...init,
    era: null,
    transport: null,
    protocolVersion: null,
    supportedUntil: null,
    serverInfo: null,
    tools: null,
    phases: null,
    certificate: null,
    drift: [],
    hygiene: null,
    canary: null,
  };
}

function judged(work: McpWork, seen: Seen): Pick<McpPath, "reading" | "missingTools"> {
  const { target, orders } = work;
  const { session, list, canary } = seen;
  const names = new Set(list?.tools.map(({ name }) => name) ?? []);
  const missing = list === null ? [] : target.requiredTools.filter((tool) => !names.has(tool));
  const drift = list === null || target.contract === undefined ? [] : driftOf(target.contract, list);
  const failureClass = canary?.failureClass ?? null;
  const details = [
    ...(canary === null || canary.reading.detail === "" ? [] : [canary.reading.detail]),
    ...(missing.length === 0 ? [] : [`required tools missing: ${missing.join(", ")}`]),
    ...driftWords(drift),
  ];
  const previousOrder = orders?.get(target.server);
  if (list !== null)
    orders?.set(
      target.server,
      list.tools.map(({ name }) => name),
    );
  return {
    missingTools: [...new Set([...missing, ...gone(drift)])],
    reading: {
      outcome: failureClass === null ? "ok" : "fail",
      failureClass,
      era: session?.era ?? null,
      transport: session?.transport ?? null,
      protocolVersion: session?.protocolVersion ?? null,
      supportedUntil: session === null || session.era === "modern" ? null : SUPPORTED_UNTIL,
      serverInfo: session?.serverInfo == null ? null : printableInfo(session.serverInfo),
      tools: list === null ? null : names.size,
      phases:
        session === null
          ? null
          : {
              ...timingsOf(session),
              openMs: seen.openMs,
              listMs: seen.listMs,
              callMs: canary?.reading.ms ?? null,
            },
      certificate: session?.certificate ?? null,
      drift,
      hygiene:
        list === null
          ? null
          : hygieneOf({
              list,
              era: session?.era ?? "legacy",
              needsCredentials: target.credentials !== undefined,
              ...(previousOrder === undefined ? {} : { previousOrder }),
            }),
      canary: canary?.reading ?? null,
      detail: printable(details.join("; ")),
    },
  };
}

/** Tenths of a millisecond: more digits are noise. */
function timingsOf({ timings }: McpSession): HttpTimings {
  const round = (ms: number | null | undefined): number | null =>
    ms == null ? null : Math.round(ms * 10) / 10;
  return {
    dnsMs: round(timings?.dnsMs),
    connectMs: round(timings?.connectMs),
    tlsMs: round(timings?.tlsMs),
    firstByteMs: round(timings?.firstByteMs),
  };
}

function gone(drift: readonly Drift[]): string[] {
  return drift.filter(({ kind }) => kind === "missing").map(({ tool }) => tool);
}

/** The drift in one sentence; the result lists it one by one. */
function driftWords(drift: readonly Drift[]): string[] {
  if (drift.length === 0) return [];
  const kinds = (["missing", "breaking", "wording", "additive"] as const)
    .map((kind) => [kind, new Set(drift.filter((one) => one.kind === kind).map(({ tool }) => tool))] as const)
    .filter(([, tools]) => tools.size > 0);
  const words = kinds.map(([kind, tools]) => `${kind} ${[...tools].slice(0, 3).join(", ")}`);
  return [`the tools left their contract: ${words.join("; ")}`];
}

function printableInfo({ name, version }: { readonly name: string; readonly version: string }): {
  name: string;
  version: string;
} {
  return { name: printable(name), version: printable(version) };
}

function elapsed(now: () => number, since: number): number {
  return Math.max(0, Math.round(now() - since));
}
