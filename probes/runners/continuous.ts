import { setTimeout as sleep } from "node:timers/promises";
import type { Roster, RosterTarget } from "../../catalog/target.ts";
import { measuresOf } from "../measure.ts";
import type { Observation } from "../result.ts";
import type { Sink } from "../sinks/sink.ts";
import type { Tracing } from "../trace/trace.ts";
import { jitter, pool } from "./pace.ts";
import type { Prober } from "./prober.ts";

const CONCURRENCY = 100;
/** Rounds that may be missed before a server counts as no longer watched. */
const ROUNDS = 3;

/** Checks each server of a roster on its own interval, for as long as the process lives. */
export interface Continuous {
  /** Servers that were not checked yet, or whose last check is older than three of their intervals. */
  unready(): string[];
  /** Milliseconds after which what is known of a server is stale. */
  freshMs(server: string): number;
  /** Ends the rounds; resolves when no check is under way. */
  stop(): Promise<void>;
}

export interface ContinuousInput {
  readonly roster: Roster;
  readonly prober: Pick<Prober, "probe" | "save">;
  readonly sink: Pick<Sink, "publish">;
  readonly tracing?: Tracing | null;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** @default a timer */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Starts the rounds of every server. */
export function startContinuous(input: ContinuousInput): Continuous {
  const { roster, prober, sink, tracing, now = Date.now, wait = waitFor } = input;
  const { targets, concurrency = CONCURRENCY, jitterMs = 0, environment } = roster;
  const places = pool(concurrency);
  const stopping = new AbortController();
  const { signal } = stopping;
  const checkedAt = new Map<string, number>();
  const byName = new Map(targets.map((target) => [target.server, target]));

  const once = async (target: RosterTarget): Promise<Observation> => {
    const run = tracing?.startRun({ "rollcall.environment": environment, "rollcall.servers": 1 });
    try {
      return await prober.probe(target, { signal, ...(run === undefined ? {} : { tracer: run }) });
    } finally {
      run?.end({});
    }
  };
  const round = async (target: RosterTarget): Promise<void> => {
    const observation = await places(() => once(target));
    if (signal.aborted) return;
    checkedAt.set(target.server, now());
    sink.publish(observation, measuresOf(observation, target.objectiveRules));
    await prober.save();
  };
  /** At fixed moments, so that a slow answer does not shift the next one; a missed moment is left out. */
  const watch = async (target: RosterTarget): Promise<void> => {
    const every = intervalOf(target);
    const origin = now() + jitter({ server: target.server, jitterMs });
    let next = origin;
    while (!signal.aborted) {
      await wait(Math.max(0, next - now()), signal);
      await round(target);
      next = origin + (Math.floor((now() - origin) / every) + 1) * every;
    }
  };
  // only the end of the process breaks a wait
  const watches = targets.map((target) => watch(target).catch(() => undefined));
  const freshMs = (server: string): number => {
    const target = byName.get(server);
    return target === undefined ? 0 : ROUNDS * target.everyMs;
  };
  return {
    freshMs,
    unready: () =>
      targets
        .map(({ server }) => server)
        .filter((server) => now() - (checkedAt.get(server) ?? Number.NEGATIVE_INFINITY) > freshMs(server)),
    async stop() {
      stopping.abort();
      await Promise.all(watches);
    },
  };
}

/** The samples of an interval are its even parts. */
function intervalOf({ everyMs, samples }: RosterTarget): number {
  return everyMs / samples;
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal });
}
