import { setTimeout as sleep } from "node:timers/promises";
import { isDue, isInShard, type Shard, sampleOffsets } from "../../catalog/run-schedule.ts";
import type { Roster, RosterTarget } from "../../catalog/target.ts";
import { measuresOf } from "../measure.ts";
import type { Observation, Status } from "../result.ts";
import type { Sink } from "../sinks/sink.ts";
import type { RunTrace, SpanAttributes, Tracing } from "../trace/trace.ts";
import { type CutOff, startCutOff, withoutVerdict } from "./cut-off.ts";
import { jitter, type Pool, pool } from "./pace.ts";
import type { Prober } from "./prober.ts";

/** How many checks run at once unless the roster says otherwise. */
const CONCURRENCY = 100;

/** How many servers of a roster came to which verdict, and how many checks the end of the run cut off. */
export type RosterSummary = {
  readonly environment: string;
  readonly checked: number;
  readonly cutOff: number;
} & Readonly<Record<Status, number>>;

/** What a run of a roster needs from its surroundings. */
export interface RosterRun {
  readonly prober: Pick<Prober, "probe" | "save">;
  readonly sink: Sink;
  /** @default nothing is traced */
  readonly tracing?: Tracing | null;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** @default a timer */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** When the runner itself is ended, in milliseconds since the epoch. @default never */
  readonly deadline?: number | undefined;
  /** Ends the run early, as at a SIGTERM. */
  readonly stop?: AbortSignal | undefined;
  /** @default the whole roster */
  readonly shard?: Shard | undefined;
}

/**
 * Checks the servers of a roster that are due, each as often as it asks for; publishes each result as its
 * check ends, and no server waits for another. Checks that are not over two seconds before the deadline are
 * published as `unknown`. The summary counts the last verdict of each server. Throws when the sink could not
 * be flushed.
 */
export async function runRoster(roster: Roster, run: RosterRun): Promise<RosterSummary> {
  const { prober, sink, tracing, now = Date.now, wait = sleepUntil, deadline, stop, shard } = run;
  const { environment, targets, concurrency = CONCURRENCY, jitterMs = 0 } = roster;
  const startedAt = now();
  const due = targets
    .filter((target) => isDue(target, startedAt))
    .filter(({ server }) => shard === undefined || isInShard(server, shard));
  const cutOff = startCutOff({ deadline, stop, now });
  const trace =
    tracing?.startRun({ "rollcall.environment": environment, "rollcall.servers": due.length }) ?? null;
  const checks: Checks = { prober, cutOff, trace, now, wait, places: pool(concurrency) };
  const counts: Record<Status, number> = { healthy: 0, degraded: 0, unhealthy: 0, unknown: 0 };
  let cut = 0;
  const once = async (target: RosterTarget, offset: number): Promise<Status> => {
    const seen = await observe(target, offset, checks);
    if (seen.cut) cut += 1;
    sink.publish(seen.observation, measuresOf(seen.observation, target.objectiveRules));
    return seen.observation.result.status;
  };
  try {
    await Promise.all(
      due.map(async (target) => {
        const late = jitter({ server: target.server, jitterMs });
        const offsets = sampleOffsets(target, jitterMs);
        const statuses = await Promise.all(offsets.map((offset) => once(target, late + offset)));
        counts[statuses.at(-1) ?? "unknown"] += 1;
      }),
    );
  } finally {
    cutOff.cancel();
    trace?.end(verdictsOf(counts, cut));
    await Promise.all([tracing?.flush(), prober.save(), sink.flush()]);
  }
  return { environment, checked: due.length, ...counts, cutOff: cut };
}

interface Checks {
  readonly prober: Pick<Prober, "probe">;
  readonly cutOff: CutOff;
  readonly trace: RunTrace | null;
  readonly now: () => number;
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly places: Pool;
}

/** One check after its wait, or that the run was over before it. */
async function observe(
  target: RosterTarget,
  offset: number,
  { prober, cutOff, trace, now, wait, places }: Checks,
): Promise<{ readonly observation: Observation; readonly cut: boolean }> {
  let startedAt = now() + offset;
  const { signal, at: deadline } = cutOff;
  const checked = async (): Promise<Observation> => {
    if (offset > 0) await wait(offset, signal);
    return places(() => {
      signal.throwIfAborted();
      startedAt = now();
      return prober.probe(target, { signal, deadline, ...(trace === null ? {} : { tracer: trace }) });
    });
  };
  const why = "no verdict: the run ended before this check did";
  const late = (): { observation: Observation; cut: boolean } => {
    const at = now();
    const began = Math.min(startedAt, at);
    return { observation: withoutVerdict(target, { startedAt: began, now: at, why }), cut: true };
  };
  return Promise.race([
    checked().then(
      (observation) => (signal.aborted ? late() : { observation, cut: false }),
      // nothing but the end of the run breaks a wait or a place
      late,
    ),
    cutOff.reached.then(late),
  ]);
}

function verdictsOf(counts: Readonly<Record<Status, number>>, cut: number): SpanAttributes {
  const pairs = Object.entries(counts).map(([status, count]) => [`rollcall.${status}`, count] as const);
  return { ...Object.fromEntries(pairs), "rollcall.cut_off": cut };
}

function sleepUntil(ms: number, signal?: AbortSignal): Promise<void> {
  return sleep(ms, undefined, signal === undefined ? {} : { signal });
}
