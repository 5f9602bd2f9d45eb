import { createHash } from "node:crypto";
import { sampleOffsets } from "../../catalog/run-schedule.ts";
import type { Environment, Server } from "../../catalog/types.ts";

const MINUTE_MS = 60_000;

/**
 * When the checks of a server begin, ascending, with `from <= moment < to`: on the marks of its interval, each run's
 * samples spread as the probe spreads them (`jitter` of the runner, with which a test compares them).
 */
export function checkMoments(
  { platform, pace }: Pick<Environment, "platform" | "pace">,
  { name, probe }: Pick<Server, "name" | "probe">,
  { from, to }: { readonly from: number; readonly to: number },
): Float64Array {
  const every =
    platform === "local" ? probe.every : Math.max(1, Math.round(probe.every / MINUTE_MS)) * MINUTE_MS;
  const late = lateness(name, pace.jitter);
  const offsets = platform === "local" ? evenly(probe) : withinRun(probe, pace.jitter);
  const moments: number[] = [];
  for (let run = Math.floor(from / every) * every - every; run < to; run += every) {
    for (const offset of offsets) {
      const at = run + late + offset;
      if (at >= from && at < to) moments.push(at);
    }
  }
  return Float64Array.from(moments);
}

/** A runner that lives on spreads its samples over the whole interval. */
function evenly({ every, samples }: Server["probe"]): number[] {
  return Array.from({ length: samples }, (_, index) => (index * every) / samples);
}

/** A run of the cloud draws them together, so that the last one, repeated, ends within it. */
function withinRun({ every, samples, timeout, confirm }: Server["probe"], jitterMs: number): number[] {
  return sampleOffsets({ everyMs: every, samples, timeoutMs: timeout, confirmMs: confirm }, jitterMs);
}

function lateness(server: string, jitterMs: number): number {
  const hash = createHash("sha256")
    .update(JSON.stringify(["", server]))
    .digest();
  return Math.floor((hash.readUInt32BE(0) / 2 ** 32) * jitterMs);
}
