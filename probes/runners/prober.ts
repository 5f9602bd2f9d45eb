import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../catalog/errors.ts";
import type { McpTarget, Roster, RosterTarget } from "../../catalog/target.ts";
import { isReachable } from "../address.ts";
import { createTokenCache } from "../auth/token-cache.ts";
import {
  createBreakers,
  NOTHING_WITHHELD,
  type Pass,
  type PathBreaker,
  type Withheld,
} from "../breaker/breaker.ts";
import { type BreakerSnapshot, type BreakerStore, memoryBreakerStore } from "../breaker/state.ts";
import { type CheckOptions, check, createMemory } from "../check.ts";
import { type Confirmation, confirmed } from "../confirm.ts";
import { type Control, createControl, judged } from "../control.ts";
import { createHttpClient } from "../http/client.ts";
import { createHttpPool } from "../http/pool.ts";
import type { Observation } from "../result.ts";
import type { CheckSpan, ProbeTracer } from "../trace/trace.ts";
import { withoutVerdict } from "./cut-off.ts";

/** How long a check may take beyond its own timeout, to end what it began. */
const CLEANUP_MS = 2_000;
const BROKEN_OFF = "no verdict: the check was broken off";

export interface ProbeOptions {
  /** Ends the check early; what comes of it then is no verdict. */
  readonly signal?: AbortSignal;
  /** Milliseconds since the epoch after which no repetition is begun. @default never */
  readonly deadline?: number;
  /** @default nothing is traced */
  readonly tracer?: ProbeTracer;
  /**
   * Asks every path and leaves the breakers as they are: whoever asks out of turn opens none and closes none.
   * @default false
   */
  readonly outOfTurn?: boolean;
}

/** Checks servers so that the result counts, and keeps what their checks share. */
export interface Prober {
  /** A check with its repetition, judged by our own network, and counted by the breakers. Never throws. */
  probe(target: RosterTarget, options?: ProbeOptions): Promise<Observation>;
  breakers(): readonly BreakerSnapshot[];
  /** Keeps the state of the breakers. Never throws. */
  save(): Promise<void>;
  /** Ends every connection. */
  close(): void;
}

export interface ProberInput {
  readonly roster: Roster;
  /** @default breakers live as long as the prober */
  readonly store?: BreakerStore;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** @default a timer */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** One attempt. @default the check */
  readonly ask?: (target: RosterTarget, options: CheckOptions) => Promise<Observation>;
}

/**
 * A prober for the servers of a roster: connections, tokens, what servers were found to speak and the
 * breakers outlive its checks. Throws a RollcallError when a control address is none.
 */
export async function createProber({
  roster,
  store = memoryBreakerStore(),
  now = Date.now,
  wait = (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
  ask = check,
}: ProberInput): Promise<Prober> {
  const pool = createHttpPool();
  const kept = { now, pool, tokens: createTokenCache(), memory: createMemory() };
  // reviewed addresses of our own choice, which may be in our own network
  const http = createHttpClient({ reach: "private", pool, now });
  const control = createControl({ addresses: roster.control ?? [], http, now });
  const settings = new Map(roster.targets.map(({ server, breaker }) => [server, breaker ?? null]));
  const breakers = createBreakers({
    settingsOf: (server) => settings.get(server) ?? null,
    initial: await store.load(),
    now,
  });
  const counting = { control, breakers, now, wait };
  return {
    probe: (target, options = {}) =>
      counted(target, {
        ...counting,
        signal: options.signal,
        deadline: options.deadline,
        outOfTurn: options.outOfTurn ?? false,
        once: async (withheld) => {
          const span = startSpan(target, { ...options, now });
          const observation = await ask(target, {
            ...kept,
            withheld,
            ...(span === null ? {} : { span }),
            ...(options.signal === undefined ? {} : { signal: options.signal }),
          });
          span?.end(observation.result);
          return observation;
        },
      }),
    breakers: () => breakers.snapshots(),
    save: () => store.save(breakers.snapshots()),
    close: () => {
      http.close();
      pool.close();
    },
  };
}

/** A span that ends with the run when the check does not: what is open then would never be handed over. */
function startSpan(
  target: RosterTarget,
  { tracer, signal, now }: ProbeOptions & { readonly now: () => number },
): CheckSpan | null {
  if (tracer === undefined) return null;
  const startedAt = now();
  const span = tracer.startCheck(target.server);
  const end = (): void => span.end(withoutVerdict(target, { startedAt, now: now(), why: BROKEN_OFF }).result);
  signal?.addEventListener("abort", end, { once: true });
  return {
    ...span,
    end(result) {
      signal?.removeEventListener("abort", end);
      span.end(result);
    },
  };
}

/** A pass that no breaker counts. */
const NOBODYS: Pass = { withheld: NOTHING_WITHHELD, leave: () => Promise.resolve() };

interface Counting {
  readonly once: (withheld: Withheld) => Promise<Observation>;
  readonly control: Control;
  readonly breakers: PathBreaker;
  readonly now: () => number;
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal | undefined;
  readonly deadline: number | undefined;
  readonly outOfTurn: boolean;
}

async function counted(target: RosterTarget, counting: Counting): Promise<Observation> {
  const { once, control, breakers, now, wait, signal, deadline, outOfTurn } = counting;
  const startedAt = now();
  const pass = outOfTurn ? NOBODYS : breakers.enter(target.server);
  const { withheld } = pass;
  const confirmation: Confirmation = {
    confirmMs: target.confirmMs ?? 0,
    wait: (ms) => wait(ms, signal),
    withheld,
    ...(deadline === undefined
      ? {}
      : { deadline: { at: deadline, attemptMs: target.timeoutMs + CLEANUP_MS, now } }),
  };
  const none = (why: string): Observation => withoutVerdict(target, { startedAt, now: now(), why });
  let learnt: Observation | null = null;
  try {
    const seen = await confirmed(() => once(withheld), confirmation);
    // what was broken off says nothing of the server
    if (signal?.aborted === true) return none(BROKEN_OFF);
    learnt = await judged(seen, { control, local: isLocal(target.mcp) });
    return learnt;
  } catch (error) {
    return none(`the check itself failed: ${messageOf(error)}`);
  } finally {
    await pass.leave(learnt?.result ?? null);
  }
}

/** A server on this machine is not behind the network that the control addresses tell of. */
function isLocal(mcp: McpTarget | null): boolean {
  if (mcp === null) return false;
  if (mcp.transport === "stdio") return true;
  const host = URL.parse(mcp.url)?.hostname.replace(/^\[|\]$/g, "") ?? "";
  if (host === "localhost") return true;
  return isReachable(host, "loopback") && !isReachable(host, "public");
}
