import type { CheckTarget } from "../catalog/target.ts";
import { type Access, type AccessOptions, accessTo, resolveMcp } from "./access.ts";
import type { Reach } from "./address.ts";
import type { TokenCache } from "./auth/token-cache.ts";
import { NOTHING_WITHHELD, type Withheld } from "./breaker/breaker.ts";
import { classify, ProbeFault } from "./classify.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { checkDependencies } from "./dependency/check.ts";
import type { HttpPool } from "./http/pool.ts";
import { openSession as openWire } from "./mcp/open.ts";
import { emptyMcp, type McpPath, mcpPath, type ToolOrders } from "./mcp-path.ts";
import { checkReplicas } from "./replicas.ts";
import { emptyRest, readRest } from "./rest.ts";
import type { DependencyReading, Observation, ReplicaReading, RestReading } from "./result.ts";
import { hostSecrets, redactor, type SecretSource } from "./secrets/source.ts";
import type { Lease, McpSession, OpenSession, RememberedEra } from "./session.ts";
import type { CheckSpan } from "./trace/trace.ts";
import { findingOf, statusOf } from "./verdict.ts";

/** How long a session may take to end once the verdict stands, in milliseconds. */
const CLEANUP_MS = 1_000;
/** How long after the answers the end of a credential may still be read, in milliseconds. */
const EXPIRY_MS = 100;

/** What checks of a process learn, and the next ones start from. */
export interface ProbeMemory {
  readonly eras: Map<string, RememberedEra>;
  readonly orders: ToolOrders;
}

export function createMemory(): ProbeMemory {
  return { eras: new Map(), orders: new Map() };
}

export interface CheckOptions {
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** @default our own client */
  readonly openSession?: OpenSession;
  /**
   * Lends a session, so that one can be kept between checks. Called once; the lease is released even when
   * it comes too late. @default opens a session for this check and closes it
   */
  readonly acquire?: (signal: AbortSignal) => Promise<Lease>;
  /** Whether addresses of this machine may be connected to: yes for the CLI and the monitor. @default false */
  readonly allowLoopback?: boolean;
  /** @default the environment and the disk of this process, its AWS account and its Kubernetes namespace */
  readonly secrets?: SecretSource;
  /** Connections that checks share. @default each check has its own */
  readonly pool?: HttpPool;
  /** Tokens that checks share. @default each check asks for its own */
  readonly tokens?: TokenCache;
  /** @default nothing is remembered */
  readonly memory?: ProbeMemory;
  /** Paths that an open breaker leaves alone, and what they report instead. @default every path is asked */
  readonly withheld?: Withheld;
  /** Where the phases of the check are traced. @default nowhere */
  readonly span?: CheckSpan;
  /** Ends the check early, as a runner does whose own time is over. */
  readonly signal?: AbortSignal;
}

interface Work {
  readonly target: CheckTarget;
  readonly options: CheckOptions;
  readonly now: () => number;
  readonly startedAt: number;
  readonly reach: Reach;
  readonly secrets: SecretSource;
  readonly deadline: Deadline;
  readonly access: Access;
}

/**
 * Checks everything about a server at once: both paths, its dependencies, its replicas. Never throws: whatever the
 * server does is a result, and it is there within the target's timeout plus two seconds, with no process left behind.
 */
export async function check(target: CheckTarget, options: CheckOptions = {}): Promise<Observation> {
  const now = options.now ?? Date.now;
  const startedAt = now();
  const deadline = startDeadline(target.timeoutMs, options.signal);
  const reach = reachOf(target, options);
  const secrets = options.secrets ?? hostSecrets;
  try {
    const access = await deadline.bounded(accessTo(target, accessOptions(options, { reach, secrets, now })));
    try {
      return await ask({ target, options, now, startedAt, reach, secrets, deadline, access });
    } finally {
      access.close();
    }
  } catch (error) {
    // certificates of ours that cannot be read, or not in time: nobody was asked, and both paths say why
    const late = error instanceof ProbeFault && error.failureClass === "timeout";
    const why = late
      ? new ProbeFault("auth", "our own certificates could not be read in time", error)
      : error;
    return refused({ target, startedAt, now, error: why });
  } finally {
    deadline.cancel();
  }
}

/** Opens a session for a target to keep between checks. Throws a ProbeFault, or an error `classify` knows. */
export async function openSessionFor(
  target: CheckTarget,
  signal: AbortSignal,
  options: CheckOptions = {},
): Promise<McpSession> {
  const now = options.now ?? Date.now;
  const secrets = options.secrets ?? hostSecrets;
  const access = await accessTo(
    target,
    accessOptions(options, { reach: reachOf(target, options), secrets, now }),
  );
  try {
    const session = await openWith({ target, options, access, secrets, signal });
    void session.closed.then(() => access.close());
    return session;
  } catch (error) {
    access.close();
    throw error;
  }
}

async function ask(work: Work): Promise<Observation> {
  const { target, now, startedAt, access } = work;
  const expiring = access.expiresAt().catch(() => null);
  const [mcp, rest, dependencies, replicas] = await Promise.all([
    askMcp(work),
    askRest(work),
    askDependencies(work),
    askReplicas(work),
  ]);
  const expiresAt = await within(expiring, EXPIRY_MS);
  const readings = { mcp: mcp.reading, rest: rest.reading, dependencies, replicas };
  const observation: Observation = {
    result: {
      server: target.server,
      status: statusOf(readings),
      finding: findingOf(readings),
      checkedAt: new Date(startedAt).toISOString(),
      durationMs: elapsed(now, startedAt),
      ...readings,
      credentialExpiresAt: expiresAt?.toISOString() ?? null,
      attempts: [],
    },
    mcpMs: mcp.ms,
    restMs: rest.ms,
    missingTools: mcp.missingTools,
  };
  await mcp.released;
  return observation;
}

async function askMcp(work: Work): Promise<McpPath> {
  const { target, options, now, deadline, access, secrets } = work;
  const silent = { missingTools: [], ms: null, released: Promise.resolve() };
  if (target.mcp === null) {
    const detail = "no MCP path is configured";
    return { ...silent, reading: emptyMcp({ outcome: "skipped", failureClass: null, detail }) };
  }
  const { mcp: withheld } = options.withheld ?? NOTHING_WITHHELD;
  if (withheld !== null) return { ...silent, reading: emptyMcp({ outcome: "fail", ...withheld }) };
  let masked: readonly string[] = [];
  const redact = (text: string): string => redactor(masked)(access.redact(text));
  const { acquire: lend } = options;
  const acquire = async (signal: AbortSignal): Promise<Lease> => {
    if (lend !== undefined) {
      // a session that was opened earlier holds its secrets still, and may say them
      masked = await secretValues(target, secrets);
      return lend(signal);
    }
    const masks = (list: readonly string[]): void => {
      masked = list;
    };
    const session = await openWith({ target, options, access, secrets, signal, masks });
    return { session, release: () => session.close() };
  };
  const started = now();
  const path = await mcpPath(
    { target, deadline, now, acquire, redact, orders: options.memory?.orders },
    giveBack,
  );
  tracePhases(options.span, path.reading, started);
  return path;
}

async function askRest(work: Work): Promise<{ readonly reading: RestReading; readonly ms: number | null }> {
  const { target, options, now, deadline, access } = work;
  if (target.rest === null) {
    const detail = "no REST path is configured";
    return { reading: emptyRest({ outcome: "skipped", failureClass: null, detail }), ms: null };
  }
  const { rest: withheld } = options.withheld ?? NOTHING_WITHHELD;
  if (withheld !== null) return { reading: emptyRest({ outcome: "fail", ...withheld }), ms: null };
  const { rest } = target;
  const http = rest.authenticated === true ? access.authenticated : access.open;
  const started = now();
  // settles by itself right after the deadline, with what had come by then
  const path = await readRest({ target: rest, http, signal: deadline.signal, redact: access.redact, now });
  options.span?.phase("rest", started, now());
  return path;
}

async function askDependencies(work: Work): Promise<readonly DependencyReading[]> {
  const { target, deadline, access, reach, secrets, now } = work;
  const { dependencies = [] } = target;
  if (dependencies.length === 0) return [];
  const { signal } = deadline;
  const asked = checkDependencies(dependencies, { http: access.open, reach, secrets, signal, now });
  return deadline.bounded(asked).catch((error: unknown) => {
    const { detail } = classify(error, access.redact);
    return dependencies.map(({ name, kind }) => ({ name, kind, ok: false, ms: target.timeoutMs, detail }));
  });
}

async function askReplicas(work: Work): Promise<readonly ReplicaReading[]> {
  const { target, options, deadline, access } = work;
  const { mcp, replicas, timeoutMs } = target;
  // a path that is left alone is left alone on every pod
  if (options.withheld?.mcp != null) return [];
  if (replicas === undefined || mcp === null || mcp.transport === "stdio") return [];
  const { redact } = access;
  const open = options.openSession ?? openWire;
  const { signal } = deadline;
  const asked = checkReplicas({
    mcp,
    host: replicas.host,
    http: access.authenticated,
    open,
    timeoutMs,
    signal,
    redact,
  });
  return deadline.bounded(asked).catch((error: unknown) => {
    const { failureClass, detail } = classify(error, redact);
    return [{ address: replicas.host, outcome: "fail" as const, failureClass, detail, disagrees: true }];
  });
}

async function openWith(input: {
  readonly target: CheckTarget;
  readonly options: CheckOptions;
  readonly access: Access;
  readonly secrets: SecretSource;
  readonly signal: AbortSignal;
  readonly masks?: (secrets: readonly string[]) => void;
}): Promise<McpSession> {
  const { target, options, access, signal, masks } = input;
  if (target.mcp === null) throw new ProbeFault("connect", `${target.server} has no MCP path`);
  const { mcp, secrets } = await resolveMcp(target.mcp, input.secrets);
  masks?.(secrets);
  const open = options.openSession ?? openWire;
  const remembered = options.memory?.eras.get(target.server);
  const session = await open({
    mcp,
    http: access.authenticated,
    timeoutMs: target.timeoutMs,
    signal,
    ...(remembered === undefined ? {} : { remembered }),
    ...(options.span === undefined ? {} : { traceparent: options.span.traceparent }),
  });
  const { era, transport, protocolVersion } = session;
  if (protocolVersion !== null) options.memory?.eras.set(target.server, { era, transport, protocolVersion });
  return session;
}

/** Gives a lease back, also one that is still on its way; what does not end in time is no longer waited for. */
async function giveBack(leasing: Promise<Lease>, ok: boolean): Promise<void> {
  await within(
    leasing.then((lease) => lease.release(ok)).catch(() => undefined),
    CLEANUP_MS,
  );
}

/** What work gives that never rejects, or null when it takes longer. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** The secret values of a stdio server's environment; none where they cannot be read now. */
async function secretValues({ mcp }: CheckTarget, source: SecretSource): Promise<readonly string[]> {
  if (mcp === null) return [];
  const resolved = await resolveMcp(mcp, source).catch(() => null);
  return resolved?.secrets ?? [];
}

function refused(input: {
  readonly target: CheckTarget;
  readonly startedAt: number;
  readonly now: () => number;
  readonly error: unknown;
}): Observation {
  const { target, startedAt, now, error } = input;
  const failure = { outcome: "fail", ...classify(error) } as const;
  const skipped = { outcome: "skipped", failureClass: null, detail: "" } as const;
  const mcp = emptyMcp(target.mcp === null ? skipped : failure);
  const rest = emptyRest(target.rest === null ? skipped : failure);
  const readings = { mcp, rest, dependencies: [], replicas: [] };
  return {
    result: {
      server: target.server,
      status: statusOf(readings),
      finding: null,
      checkedAt: new Date(startedAt).toISOString(),
      durationMs: elapsed(now, startedAt),
      ...readings,
      credentialExpiresAt: null,
      attempts: [],
    },
    mcpMs: null,
    restMs: null,
    missingTools: [],
  };
}

/** The phases of the MCP path one after the other, as a trace shows them. */
function tracePhases(span: CheckSpan | undefined, { phases }: McpPath["reading"], started: number): void {
  if (span === undefined || phases === null) return;
  let at = started;
  for (const name of ["dns", "connect", "tls"] as const) {
    const ms = phases[`${name}Ms`];
    if (ms === null) continue;
    span.phase(name, at, at + ms);
    at += ms;
  }
  const { openMs, listMs, callMs } = phases;
  if (openMs === null) return;
  span.phase("open", started, started + openMs);
  if (listMs === null) return;
  span.phase("list", started + openMs, started + openMs + listMs);
  if (callMs !== null) span.phase("call", started + openMs + listMs, started + openMs + listMs + callMs);
}

function accessOptions(
  { pool, tokens }: CheckOptions,
  base: Pick<AccessOptions, "reach" | "secrets" | "now">,
): AccessOptions {
  return { ...base, ...(pool === undefined ? {} : { pool }), ...(tokens === undefined ? {} : { tokens }) };
}

function reachOf(target: CheckTarget, options: CheckOptions): Reach {
  if (target.allowPrivate) return "private";
  return options.allowLoopback === true ? "loopback" : "public";
}

function elapsed(now: () => number, since: number): number {
  return Math.max(0, Math.round(now() - since));
}
