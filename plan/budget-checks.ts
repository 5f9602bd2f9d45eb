import { firstNotBefore } from "./cloudwatch/series.ts";
import type { Series, TimeRange } from "./cloudwatch/types.ts";

/** Checks as counts, oldest first: one entry a check, or one for each step of a source that keeps sums. */
export interface Checks {
  /** The moment of a check, or the beginning of a step; milliseconds since the epoch. */
  readonly times: Float64Array;
  /** Milliseconds that an entry is about: 0 for a single check. */
  readonly lengths: Float64Array;
  readonly good: Float64Array;
  readonly total: Float64Array;
}

/** One entry of {@link Checks}, for sources that give them row by row. */
export interface Step {
  readonly at: number;
  readonly lengthMs: number;
  readonly good: number;
  readonly total: number;
}

export interface Count {
  readonly good: number;
  readonly total: number;
}

/** Each sample as one check, good where `isGood` says so; of a 0/1 metric every 1 is good. */
export function checksOf(
  { times, values }: Series,
  isGood: (value: number) => boolean = (value) => value > 0,
): Checks {
  return {
    times,
    lengths: new Float64Array(times.length),
    good: values.map((value) => (isGood(value) ? 1 : 0)),
    total: new Float64Array(times.length).fill(1),
  };
}

/** Rows as columns, sorted by their moments; rows without checks are left out. */
export function checksFrom(steps: readonly Step[]): Checks {
  const kept = steps.filter(({ total }) => total > 0).sort((a, b) => a.at - b.at);
  const column = (pick: (step: Step) => number): Float64Array => Float64Array.from(kept, pick);
  return {
    times: column(({ at }) => at),
    lengths: column(({ lengthMs }) => lengthMs),
    good: column(({ good }) => good),
    total: column(({ total }) => total),
  };
}

/**
 * Good and all checks of the entries that begin within a range. An entry that touches an excluded stretch is
 * left out whole: what a sum holds of it cannot be told apart.
 */
export function countChecks(
  { times, lengths, good, total }: Checks,
  { from, to }: TimeRange,
  excluded: readonly TimeRange[] = [],
): Count {
  const near = excluded.filter((stretch) => stretch.to > from && stretch.from < to);
  const sum = { good: 0, total: 0 };
  for (let index = firstNotBefore(times, from); index < times.length; index += 1) {
    const at = times[index] ?? to;
    if (at >= to) break;
    const end = at + (lengths[index] ?? 0);
    if (near.some((stretch) => touches(stretch, at, end))) continue;
    sum.good += good[index] ?? 0;
    sum.total += total[index] ?? 0;
  }
  return sum;
}

/** Milliseconds of a range that lie in excluded stretches, which may overlap each other. */
export function excludedMs(range: TimeRange, excluded: readonly TimeRange[]): number {
  let until = range.from;
  let sum = 0;
  for (const { from, to } of [...excluded].sort((a, b) => a.from - b.from)) {
    const [start, end] = [Math.max(from, until), Math.min(to, range.to)];
    if (end <= start) continue;
    sum += end - start;
    until = end;
  }
  return sum;
}

function touches(stretch: TimeRange, at: number, end: number): boolean {
  return at < stretch.to && (end > stretch.from || at >= stretch.from);
}
