import { createHash } from "node:crypto";
import type { RosterTarget } from "./target.ts";

const MINUTE_MS = 60_000;
/** The part of its minute in which a run must have ended: the Lambda is stopped at 55 s, the CronJob ends itself at 52 s. */
export const RUN_MS = 50_000;

/** A stable part of a roster, for runners that share one: part `shard` of `of`, counted from 1. */
export interface Shard {
  readonly shard: number;
  readonly of: number;
}

/**
 * Whether a server is due in the run that starts at `at`: runs are a minute apart, a server may ask for
 * fewer.
 */
export function isDue(target: Pick<RosterTarget, "everyMs">, at: number): boolean {
  const minutes = Math.max(1, Math.round(target.everyMs / MINUTE_MS));
  return Math.floor(at / MINUTE_MS) % minutes === 0;
}

/** Whether a server belongs to a part: by the hash of its name, so a roster that grows moves nobody. */
export function isInShard(server: string, { shard, of }: Shard): boolean {
  const hash = createHash("sha256").update(server).digest().readUInt32BE(0);
  return hash % of === shard - 1;
}

/**
 * When the checks of one run begin, in milliseconds after its start: evenly over the time to the next run,
 * drawn together where the last one could not end within the run, its repetition and the jitter included.
 */
export function sampleOffsets(
  target: Pick<RosterTarget, "everyMs" | "samples" | "timeoutMs" | "confirmMs">,
  jitterMs = 0,
): number[] {
  const { everyMs, samples, timeoutMs, confirmMs = 0 } = target;
  const longest = confirmMs === 0 ? timeoutMs : 2 * timeoutMs + confirmMs;
  const room = Math.max(0, RUN_MS - longest - jitterMs);
  const spacing = samples === 1 ? 0 : Math.min(everyMs / samples, room / (samples - 1));
  return Array.from({ length: samples }, (_, index) => Math.floor(index * spacing));
}
