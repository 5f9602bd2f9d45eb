import type { FollowedApp } from "../../plan/logs.ts";
import type { Counts } from "./counts.ts";
import type { Forward } from "./forward.ts";
import type { Pause } from "./pause.ts";
import { nanoseconds } from "./position.ts";
import type { Tracker } from "./tracker.ts";

export interface HeartbeatOptions {
  readonly apps: readonly FollowedApp[];
  readonly tracker: Pick<Tracker, "current">;
  readonly forward: Pick<Forward, "write">;
  readonly counts: Readonly<Counts>;
  readonly now: () => number;
  readonly pause: Pause;
  readonly signal: AbortSignal;
}

/** Milliseconds between two lines: several in each period of the alarm that misses them (plan/self-specs.ts). */
export const HEARTBEAT_MS = 60_000;
/** No pod can have this name, so no server's lines come to it. */
const STREAM = "-/heartbeat";

/**
 * Writes a line of its own to every log group of servers as long as their lines can be read: servers may be silent for
 * days, so only this tells a quiet log group from one that nothing reaches any more.
 */
export async function beat(options: HeartbeatOptions): Promise<void> {
  const { apps, tracker, forward, counts, now, pause, signal } = options;
  const tags = new Set(apps.filter(({ metrics }) => !metrics).map(({ tag }) => tag));
  for (let errors = 0; ; errors = counts.streamErrors) {
    await pause(HEARTBEAT_MS, signal);
    if (signal.aborted) return;
    const deaf = counts.streams === 0 && counts.streamErrors > errors;
    if (!tracker.current || deaf) continue;
    const log = JSON.stringify({ heartbeat: "log shipping", streams: counts.streams, lines: counts.lines });
    const at = nanoseconds(now());
    for (const tag of tags) await forward.write({ tag, stream: STREAM, log, at }, signal);
  }
}
