/** Cells of one level that make one of the next. */
const FAN = 32;
const HIGH_RESOLUTION_CELL_MS = 10_000;
const CELL_MS = 60_000;

/** For each window its first sample and the first sample after it, both ascending from window to window. */
export interface Windows {
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Milliseconds since the epoch at which the first window begins, the step to the next, and their length. */
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

/**
 * The sum of each window. Whole numbers are subtracted from running sums, which is exact. Of others a running
 * sum would lose digits to everything that came before, so each window is added up anew, from cells of absolute
 * time: the same samples come to the same sum, whatever lies around them.
 */
export function windowSums(times: Float64Array, values: Float64Array, windows: Windows): Float64Array {
  const { low, high } = windows;
  const from = low[0] ?? 0;
  const to = high.at(-1) ?? from;
  const running = exactRunningSums(values, from, to);
  if (running === undefined) return cellSums({ times, values, windows, from, to });
  const sums = new Float64Array(low.length);
  for (let mark = 0; mark < sums.length; mark += 1)
    sums[mark] = (running[(high[mark] ?? 0) - from] ?? 0) - (running[(low[mark] ?? 0) - from] ?? 0);
  return sums;
}

/** Sums of `values` from `from` up to each index, or undefined where one of them would be rounded. */
function exactRunningSums(values: Float64Array, from: number, to: number): Float64Array | undefined {
  const sums = new Float64Array(to - from + 1);
  let total = 0;
  let size = 0;
  for (let index = from; index < to; index += 1) {
    const value = values[index] ?? 0;
    size += Math.abs(value);
    if (!(Number.isInteger(value) && size <= Number.MAX_SAFE_INTEGER)) return undefined;
    total += value;
    sums[index - from + 1] = total;
  }
  return sums;
}

function cellSums(input: {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly windows: Windows;
  readonly from: number;
  readonly to: number;
}): Float64Array {
  const { times, values, windows, from, to } = input;
  const { low, start, step, length } = windows;
  const cell = [start, step, length].every((one) => one % CELL_MS === 0) ? CELL_MS : HIGH_RESOLUTION_CELL_MS;
  const base = start / cell;
  const cells = ((low.length - 1) * step + length) / cell;
  const finest = new Float64Array(cells);
  const levels = [finest];
  for (let index = from; index < to; index += 1) {
    const at = Math.floor((times[index] ?? 0) / cell) - base;
    finest[at] = (finest[at] ?? 0) + (values[index] ?? 0);
  }
  const bases = [base];
  for (let width = length / cell; width >= FAN; width /= FAN) addLevel(levels, bases);
  const sums = new Float64Array(low.length);
  for (let mark = 0; mark < sums.length; mark += 1) {
    const first = base + (mark * step) / cell;
    sums[mark] = rangeSum(levels, bases, { first, end: first + length / cell });
  }
  return sums;
}

/** Adds up the last level by FAN; its first and last cell may be of fewer, and no window takes those whole. */
function addLevel(levels: Float64Array[], bases: number[]): void {
  const below = levels.at(-1) ?? new Float64Array(0);
  const base = bases.at(-1) ?? 0;
  const next = Math.floor(base / FAN);
  const sums = new Float64Array(Math.floor((base + below.length) / FAN) - next + 1);
  for (let index = 0; index < below.length; index += 1) {
    const at = Math.floor((base + index) / FAN) - next;
    sums[at] = (sums[at] ?? 0) + (below[index] ?? 0);
  }
  levels.push(sums);
  bases.push(next);
}

/** The sum of the cells `first <= cell < end`, as many as can be from the coarse levels. */
function rangeSum(
  levels: readonly Float64Array[],
  bases: readonly number[],
  range: { readonly first: number; readonly end: number },
): number {
  let { first, end } = range;
  let sum = 0;
  const top = levels.length - 1;
  for (let level = 0; level < top; level += 1) {
    const upFirst = Math.ceil(first / FAN);
    const upEnd = Math.max(Math.floor(end / FAN), upFirst);
    const base = bases[level] ?? 0;
    sum += cellSum(levels[level], first - base, Math.min(upFirst * FAN, end) - base);
    if (upFirst * FAN >= end) return sum;
    sum += cellSum(levels[level], upEnd * FAN - base, end - base);
    first = upFirst;
    end = upEnd;
  }
  const base = bases[top] ?? 0;
  return sum + cellSum(levels[top], first - base, end - base);
}

function cellSum(cells: Float64Array | undefined, first: number, end: number): number {
  let sum = 0;
  if (cells !== undefined) for (let at = first; at < end; at += 1) sum += cells[at] ?? 0;
  return sum;
}
