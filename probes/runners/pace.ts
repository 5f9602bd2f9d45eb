import { createHash } from "node:crypto";

/** Runs work, at most so many at once; resolves or rejects as the work does. */
export type Pool = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * A pool that begins work in the order in which it was handed over, so that no server waits for one that came
 * later. Throws a RangeError when `limit` is not a whole number of at least 1.
 */
export function pool(limit: number): Pool {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new RangeError(`a pool of ${limit}: the limit must be a whole number of at least 1`);
  }
  const waiting: (() => void)[] = [];
  let running = 0;
  const enter = async (): Promise<void> => {
    if (running < limit) {
      running += 1;
      return;
    }
    await new Promise<void>((begin) => waiting.push(begin));
  };
  const leave = (): void => {
    const next = waiting.shift();
    // the place is handed on, and nobody who comes in between can take it
    if (next === undefined) running -= 1;
    else next();
  };
  return async (work) => {
    await enter();
    try {
      return await work();
    } finally {
      leave();
    }
  };
}

/**
 * How long after the start of a run a server is checked: whole milliseconds, `0 <= jitter < jitterMs`, spread
 * by a hash of its name so that servers do not begin at the same instant. The same in every run and in every
 * process, so two checks of one server keep the distance of two runs. `seed` tells apart runners that watch
 * the same servers.
 */
export function jitter({
  server,
  jitterMs,
  seed = "",
}: {
  readonly server: string;
  readonly jitterMs: number;
  /** @default "" */
  readonly seed?: string;
}): number {
  const hash = createHash("sha256")
    .update(JSON.stringify([seed, server]))
    .digest();
  return Math.floor((hash.readUInt32BE(0) / 2 ** 32) * Math.max(0, jitterMs));
}
