import type { Grid } from "./grid.ts";
import { firstNotBefore } from "./series.ts";
import { SortedWindow } from "./sorted-window.ts";
import { parseStatistic, type Statistic, statisticProblem } from "./statistic.ts";
import type { Series } from "./types.ts";
import { type Windows, windowSums } from "./window-sums.ts";

/**
 * A statistic over the period that ends at each mark of the grid: `mark - period <= t < mark`. NaN where no
 * sample lies in it. Costs one step a sample and one a mark, whatever the period; a percentile or a trimmed
 * statistic moves the samples of one window besides.
 *
 * @throws RangeError for a name that is no statistic.
 */
export function slidingStatistic(input: {
  readonly series: Series | undefined;
  readonly grid: Grid;
  /** Seconds. */
  readonly period: number;
  readonly statistic: string;
}): Float64Array {
  const { series, grid, period, statistic: name } = input;
  const statistic = parseStatistic(name);
  if (statistic === undefined) throw new RangeError(statisticProblem(name));
  if (series === undefined || grid.count === 0) return new Float64Array(grid.count).fill(Number.NaN);
  const windows = windowsOf(series.times, grid, period * 1_000);
  switch (statistic.kind) {
    case "count":
      return counts(windows);
    case "sum":
      return sums(series, windows);
    case "average":
      return averages(series, windows);
    case "minimum":
      return extremes(series.values, windows, -1);
    case "maximum":
      return extremes(series.values, windows, 1);
    default:
      return ordered(series.values, windows, statistic);
  }
}

function windowsOf(times: Float64Array, { start, step, count }: Grid, length: number): Windows {
  return {
    low: firstsAt(times, { start: start - length, step, count }),
    high: firstsAt(times, { start, step, count }),
    start: start - length,
    step,
    length,
  };
}

/** For each mark the first sample that is not before it. */
function firstsAt(times: Float64Array, { start, step, count }: Grid): Int32Array {
  const firsts = new Int32Array(count);
  let next = firstNotBefore(times, start);
  for (let mark = 0, at = start; mark < count; mark += 1, at += step) {
    while (next < times.length && (times[next] ?? 0) < at) next += 1;
    firsts[mark] = next;
  }
  return firsts;
}

function counts({ low, high }: Windows): Float64Array {
  const found = new Float64Array(low.length);
  for (let mark = 0; mark < low.length; mark += 1) {
    const count = (high[mark] ?? 0) - (low[mark] ?? 0);
    found[mark] = count === 0 ? Number.NaN : count;
  }
  return found;
}

function sums(series: Series, windows: Windows): Float64Array {
  const { low, high } = windows;
  const found = windowSums(series.times, series.values, windows);
  for (let mark = 0; mark < low.length; mark += 1) if (low[mark] === high[mark]) found[mark] = Number.NaN;
  return found;
}

function averages(series: Series, windows: Windows): Float64Array {
  const { low, high } = windows;
  const found = windowSums(series.times, series.values, windows);
  // of an empty window this is 0 / 0, which is NaN
  for (let mark = 0; mark < low.length; mark += 1)
    found[mark] = (found[mark] ?? 0) / ((high[mark] ?? 0) - (low[mark] ?? 0));
  return found;
}

/** The largest of each window with `sign` 1, the smallest with -1: the queue holds what can still become it. */
function extremes(values: Float64Array, { low, high }: Windows, sign: 1 | -1): Float64Array {
  const found = new Float64Array(low.length);
  const queue = new Int32Array(values.length);
  let head = 0;
  let tail = 0;
  let taken = low[0] ?? 0;
  for (let mark = 0; mark < low.length; mark += 1) {
    const first = low[mark] ?? 0;
    const end = high[mark] ?? 0;
    if (taken < first) taken = first;
    for (; taken < end; taken += 1) {
      const value = (values[taken] ?? 0) * sign;
      while (tail > head && (values[queue[tail - 1] ?? 0] ?? 0) * sign <= value) tail -= 1;
      queue[tail] = taken;
      tail += 1;
    }
    while (head < tail && (queue[head] ?? 0) < first) head += 1;
    found[mark] = first === end ? Number.NaN : (values[queue[head] ?? 0] ?? 0);
  }
  return found;
}

/** What needs the samples of a window in order. */
function ordered(values: Float64Array, { low, high }: Windows, statistic: Statistic): Float64Array {
  const found = new Float64Array(low.length);
  let window = new SortedWindow();
  let left = low[0] ?? 0;
  let right = left;
  for (let mark = 0; mark < low.length; mark += 1) {
    const first = low[mark] ?? 0;
    const end = high[mark] ?? 0;
    if (first >= right) {
      if (window.size > 0) window = new SortedWindow();
      left = first;
      right = first;
    }
    for (; left < first; left += 1) window.remove(values[left] ?? 0);
    for (; right < end; right += 1) window.add(values[right] ?? 0);
    found[mark] = window.size === 0 ? Number.NaN : window.statistic(statistic);
  }
  return found;
}
