import { setTimeout as delay } from "node:timers/promises";

/** Waits so many milliseconds, or until the signal. Never throws. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Waits by the clock. */
export const pauseByClock: Pause = async (ms, signal) => {
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
};

/** How long to wait before the next try: twice as long each time, and between half and all of it, so that many do not come at once. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 20));
  return Math.round(whole / 2 + (random() * whole) / 2);
}
