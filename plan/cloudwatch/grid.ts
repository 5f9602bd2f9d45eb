import type { TimeRange } from "./types.ts";

/**
 * CloudWatch looks at more points than EvaluationPeriods, so that late data does not change a state. How many
 * more is not documented in general; the documented examples show two.
 */
export const EXTRA_POINTS = 2;

const MULTI_DAY_SECONDS = 86_400;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const HIGH_RESOLUTION_MS = 10_000;

/** The period and the number of points of an alarm: all that says when it looks and how far back. */
export interface Cadence {
  /** Seconds. */
  readonly period: number;
  readonly evaluationPeriods: number;
}

/** Marks at equal steps: mark `i` is the moment `start + i * step`, in milliseconds since the epoch. */
export interface Grid {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/**
 * The marks of one stretch of time and which of them are evaluations: marks `first`, `first + every`, ... The
 * points of an evaluation are the marks `stride` apart that end at it; all of them lie on the grid.
 */
export interface Schedule {
  readonly grid: Grid;
  readonly first: number;
  readonly every: number;
  readonly stride: number;
}

/** Milliseconds between two evaluations: 10 s below a minute's period, a minute, an hour beyond a day. */
export function evaluationStep({ period, evaluationPeriods }: Cadence): number {
  if (period < 60) return HIGH_RESOLUTION_MS;
  return period * evaluationPeriods > MULTI_DAY_SECONDS ? HOUR_MS : MINUTE_MS;
}

/** Every evaluation T with `from < T <= to`, with the points that the earliest of them looks back to. */
export function scheduleOf(cadence: Cadence, { from, to }: TimeRange): Schedule {
  const every = evaluationStep(cadence);
  const periodMs = cadence.period * 1_000;
  const first = (Math.floor(from / every) + 1) * every;
  const last = Math.floor(to / every) * every;
  const step = commonDivisor(every, periodMs);
  const reach = (cadence.evaluationPeriods + EXTRA_POINTS - 1) * periodMs;
  return {
    grid: { start: first - reach, step, count: last < first ? 0 : (last - first + reach) / step + 1 },
    first: reach / step,
    every: every / step,
    stride: periodMs / step,
  };
}

/** The newest `points` points of the one evaluation at `mark`. */
export function scheduleAt(cadence: Cadence, mark: number, points: number): Schedule {
  const step = cadence.period * 1_000;
  const first = points - 1;
  return { grid: { start: mark - first * step, step, count: points }, first, every: 1, stride: 1 };
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
