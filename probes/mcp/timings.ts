import type { StreamTimings } from "../session.ts";

/** Notes when the events of one answer come. */
export interface StreamClock {
  event(): void;
  timings(truncated: boolean): StreamTimings;
}

/** Starts when it is made, which is when the request is sent; `now` gives milliseconds. */
export function startClock(now: () => number): StreamClock {
  const started = now();
  let events = 0;
  let first: number | null = null;
  let last: number | null = null;
  let longestGap: number | null = null;
  return {
    event() {
      const at = now() - started;
      events += 1;
      first ??= at;
      longestGap = Math.max(longestGap ?? 0, at - (last ?? 0));
      last = at;
    },
    timings: (truncated) => ({
      events,
      firstEventMs: first,
      longestGapMs: longestGap,
      lastEventMs: last,
      truncated,
    }),
  };
}
