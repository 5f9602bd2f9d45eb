import type { Reach } from "./address.ts";
import { type Classified, classify, ProbeFault, printable } from "./classify.ts";
import { openSession as openWithSdk } from "./client.ts";
import { readRest } from "./rest.ts";
import { type McpReading, type Observation, type RestReading, verdictOf } from "./result.ts";
import { hostSecrets, type ResolvedEnv, redactor, resolveEnv, type SecretSource } from "./secrets.ts";
import type { Lease, McpSession, OpenSession, ResolvedMcp } from "./session.ts";
import type { CheckTarget, McpTarget } from "./target.ts";

/** How long a session may take to end once the verdict stands, in milliseconds. */
const CLEANUP_MS = 1_500;

export interface CheckOptions {
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** @default the MCP SDK's client */
  readonly openSession?: OpenSession;
  /**
   * Lends a session, so that one can be kept between checks. Called once; the lease is released even when
   * it comes too late. @default opens a session for this check and closes it
   */
  readonly acquire?: (signal: AbortSignal) => Promise<Lease>;
  /** Whether addresses of this machine may be connected to: yes for the CLI and the monitor. @default false */
  readonly allowLoopback?: boolean;
  /** @default the environment and the disk of this process */
  readonly secrets?: SecretSource;
}

interface Work {
  readonly target: CheckTarget;
  readonly options: CheckOptions;
  readonly now: () => number;
  readonly reach: Reach;
  /** Aborts when the time is over. */
  readonly signal: AbortSignal;
  /** Waits for something no longer than the time allows. */
  readonly bounded: <T>(work: Promise<T>) => Promise<T>;
}

interface McpPath {
  readonly reading: McpReading;
  readonly ms: number | null;
  readonly missingTools: readonly string[];
  /** Settles when the session has been given back. */
  readonly released: Promise<void>;
}

/**
 * Checks both paths of a server at once. Never throws: whatever the server does is a result, and it is
 * there within the target's timeout plus two seconds, with no process left behind.
 */
export async function check(target: CheckTarget, options: CheckOptions = {}): Promise<Observation> {
  const now = options.now ?? Date.now;
  const startedAt = now();
  const deadline = startDeadline(target.timeoutMs);
  const reach = reachOf(target, options);
  const work: Work = { target, options, now, reach, signal: deadline.signal, bounded: deadline.bounded };
  const [mcp, rest] = await Promise.all([mcpPath(work), restPath(work)]);
  const observation: Observation = {
    result: {
      server: target.server,
      status: verdictOf([mcp.reading, rest.reading]),
      checkedAt: new Date(startedAt).toISOString(),
      durationMs: elapsed(now, startedAt),
      mcp: mcp.reading,
      rest: rest.reading,
    },
    mcpMs: mcp.ms,
    restMs: rest.ms,
    missingTools: mcp.missingTools,
  };
  await mcp.released;
  deadline.cancel();
  return observation;
}

/** Opens a session for a target to keep between checks. Throws a ProbeFault, or an error `classify` knows. */
export async function openSessionFor(
  target: CheckTarget,
  signal: AbortSignal,
  options: CheckOptions = {},
): Promise<McpSession> {
  if (target.mcp === null) throw new ProbeFault("connect", `${target.server} has no MCP path`);
  const { env } = await secretsOf(target.mcp, options.secrets ?? hostSecrets);
  const open = options.openSession ?? openWithSdk;
  const { timeoutMs } = target;
  return open({ mcp: resolved(target.mcp, env), timeoutMs, reach: reachOf(target, options), signal });
}

async function mcpPath(work: Work): Promise<McpPath> {
  const { target, options, now, signal, bounded } = work;
  if (target.mcp === null) {
    const reading = mcpReading({ outcome: "skipped", detail: "no MCP path is configured" });
    return { reading, ms: null, missingTools: [], released: Promise.resolve() };
  }
  const started = now();
  const acquire = options.acquire ?? (() => openForOneCheck(target, signal, options));
  let redact = (text: string): string => text;
  let leasing: Promise<Lease> | null = null;
  let session: McpSession | null = null;
  const release = (ok: boolean): Promise<void> =>
    leasing === null ? Promise.resolve() : giveBack(leasing, ok);
  try {
    const secrets = await bounded(secretsOf(target.mcp, options.secrets ?? hostSecrets));
    redact = redactor(secrets.secrets);
    leasing = acquire(signal);
    ({ session } = await bounded(leasing));
    const names = new Set(await bounded(session.listTools(signal)));
    const missingTools = target.requiredTools.filter((tool) => !names.has(tool));
    const reading = mcpReading({
      outcome: "ok",
      session,
      tools: names.size,
      detail:
        missingTools.length === 0 ? "" : printable(`required tools missing: ${missingTools.join(", ")}`),
    });
    return { reading, ms: elapsed(now, started), missingTools, released: release(true) };
  } catch (error) {
    const { failureClass, detail } = timed(classify(error, redact), work);
    const reading = mcpReading({ outcome: "fail", session, failureClass, detail });
    return { reading, ms: null, missingTools: [], released: release(false) };
  }
}

async function restPath(work: Work): Promise<{ reading: RestReading; ms: number | null }> {
  const { target, now, reach, signal, bounded } = work;
  const empty = { failureClass: null, httpStatus: null } as const;
  if (target.rest === null) {
    return { reading: { outcome: "skipped", ...empty, detail: "no REST path is configured" }, ms: null };
  }
  const started = now();
  try {
    const reading = await bounded(readRest({ url: target.rest.url, reach, signal }));
    if (reading.outcome === "ok") return { reading, ms: elapsed(now, started) };
    return { reading: { ...reading, detail: timed(asClassified(reading), work).detail }, ms: null };
  } catch (error) {
    const { failureClass, detail } = timed(classify(error), work);
    return { reading: { outcome: "fail", failureClass, httpStatus: null, detail }, ms: null };
  }
}

function asClassified({ failureClass, detail }: RestReading): Classified {
  return { failureClass: failureClass ?? "protocol", detail };
}

/** The overall deadline says more than "aborted". */
function timed(classified: Classified, { signal, target }: Work): Classified {
  if (!signal.aborted || classified.failureClass !== "timeout") return classified;
  return { failureClass: "timeout", detail: `no answer within ${target.timeoutMs} ms` };
}

function mcpReading(init: {
  outcome: McpReading["outcome"];
  session?: McpSession | null;
  failureClass?: McpReading["failureClass"];
  tools?: number;
  detail: string;
}): McpReading {
  return {
    outcome: init.outcome,
    failureClass: init.failureClass ?? null,
    era: init.session?.era ?? null,
    protocolVersion: init.session?.protocolVersion ?? null,
    tools: init.tools ?? null,
    detail: init.detail,
  };
}

async function openForOneCheck(
  target: CheckTarget,
  signal: AbortSignal,
  options: CheckOptions,
): Promise<Lease> {
  const session = await openSessionFor(target, signal, options);
  return { session, release: () => session.close() };
}

/** Gives a lease back, also one that is still on its way; what does not end in time is no longer waited for. */
async function giveBack(leasing: Promise<Lease>, ok: boolean): Promise<void> {
  const { bounded, cancel } = startDeadline(CLEANUP_MS);
  await bounded(leasing.then((lease) => lease.release(ok))).catch(() => undefined);
  cancel();
}

function startDeadline(ms: number): Pick<Work, "signal" | "bounded"> & { cancel(): void } {
  const controller = new AbortController();
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => undefined);
  const timer = setTimeout(() => {
    const fault = new ProbeFault("timeout", `no answer within ${ms} ms`);
    controller.abort(fault);
    over.reject(fault);
  }, ms);
  return {
    signal: controller.signal,
    bounded: (work) => Promise.race([work, over.promise]),
    cancel: () => clearTimeout(timer),
  };
}

async function secretsOf(mcp: McpTarget, source: SecretSource): Promise<ResolvedEnv> {
  return mcp.transport === "stdio" ? resolveEnv(mcp.env, source) : { env: {}, secrets: [] };
}

function resolved(mcp: McpTarget, env: Readonly<Record<string, string>>): ResolvedMcp {
  return mcp.transport === "stdio" ? { ...mcp, env } : mcp;
}

function reachOf(target: CheckTarget, options: CheckOptions): Reach {
  if (target.allowPrivate) return "private";
  return options.allowLoopback === true ? "loopback" : "public";
}

function elapsed(now: () => number, since: number): number {
  return Math.max(0, Math.round(now() - since));
}
