import type { RosterTarget } from "./target.ts";

const MINUTE_MS = 60_000;
/** The part of its minute in which a run must have ended: the Lambda and the CronJob are stopped at 55 s. */
const RUN_MS = 50_000;

/** Whether a server is due in the run that starts at `at`: runs are a minute apart, a server may ask for fewer. */
export function isDue(target: Pick<RosterTarget, "everyMs">, at: number): boolean {
  const minutes = Math.max(1, Math.round(target.everyMs / MINUTE_MS));
  return Math.floor(at / MINUTE_MS) % minutes === 0;
}

/**
 * When the checks of one run begin, in milliseconds after its start: evenly over the time to the next run, drawn
 * together where the last one could not end within the run.
 */
export function sampleOffsets(target: Pick<RosterTarget, "everyMs" | "samples" | "timeoutMs">): number[] {
  const { everyMs, samples, timeoutMs } = target;
  const room = Math.max(0, RUN_MS - timeoutMs);
  const spacing = samples === 1 ? 0 : Math.min(everyMs / samples, room / (samples - 1));
  return Array.from({ length: samples }, (_, index) => Math.floor(index * spacing));
}
