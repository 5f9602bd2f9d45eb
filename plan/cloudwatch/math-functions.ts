import { each, type MathType, type MathValue, perSeries } from "./math-values.ts";

/** The points that an expression is evaluated over, oldest first and one period apart or sliding. */
export interface Frame {
  readonly length: number;
  /** Seconds. */
  readonly period: number;
  /** The timestamp of a point: the start of its period, in milliseconds since the epoch. */
  readonly timeOf: (index: number) => number;
}

export interface MathFunction {
  readonly arity: readonly [number, number];
  /** The type it has of arguments of these types; undefined where it takes none such. */
  readonly type: (args: readonly MathType[]) => MathType | undefined;
  /** Whether a point of it depends on other points, and so on how many CloudWatch looks at. */
  readonly ranged: (args: readonly MathType[]) => boolean;
  readonly apply: (args: readonly MathValue[], frame: Frame) => MathValue;
}

const { NaN: MISSING } = Number;
const always = () => true;
const never = () => false;
const ofSeries = {
  arity: [1, 1],
  type: ([of]: readonly MathType[]) => (of === "series" || of === "list" ? of : undefined),
} as const;

/** The functions of metric math that are evaluated; METRICS and PERIOD need more than their arguments. */
export const MATH_FUNCTIONS: ReadonlyMap<string, MathFunction> = new Map([
  ["ABS", pointwise(Math.abs)],
  ["CEIL", pointwise(Math.ceil)],
  ["FLOOR", pointwise(Math.floor)],
  ["LOG", pointwise(Math.log)],
  ["LOG10", pointwise(Math.log10)],
  ["SUM", reduction((points) => total(points))],
  // a series that has no point where another has one counts as 0
  ["AVG", reduction((points, of) => total(points) / of)],
  ["MIN", reduction((points) => points.reduce((least, one) => Math.min(least, one)))],
  ["MAX", reduction((points) => points.reduce((most, one) => Math.max(most, one)))],
  ["STDDEV", reduction(deviation)],
  ["DATAPOINT_COUNT", reduction((points) => points.length, 0)],
  ["DIFF", running(({ value, before }) => value - before)],
  ["DIFF_TIME", running(({ seconds }) => seconds)],
  ["RATE", running(({ value, before, seconds }) => (value - before) / seconds)],
  ["RUNNING_SUM", { ...ofSeries, ranged: always, apply: ([of = 0]) => perSeries(of, runningSum) }],
  [
    "FILL",
    {
      arity: [2, 2],
      type: ([of, filler]) =>
        (of === "series" || of === "list") && filler !== "list" && filler !== "text" ? of : undefined,
      ranged: ([, filler]) => filler === "word",
      apply: ([of = 0, filler = 0]) => perSeries(of, (series) => fill(series, filler)),
    },
  ],
  [
    "IF",
    {
      arity: [2, 3],
      type: (args) =>
        args.every((one) => one === "scalar" || one === "series") && args.includes("series")
          ? "series"
          : undefined,
      ranged: never,
      apply: ([condition = 0, yes = 0, no = MISSING], { length }) => choose({ condition, yes, no, length }),
    },
  ],
  ["FIRST", pick((list) => list[0])],
  ["LAST", pick((list) => list.at(-1))],
  ["METRIC_COUNT", { ...ofList("scalar"), apply: ([list = []]) => (list as Float64Array[]).length }],
  [
    "TIME_SERIES",
    {
      arity: [1, 1],
      type: ([of]) => (of === "scalar" ? "series" : undefined),
      ranged: never,
      apply: ([value = MISSING], { length }) => new Float64Array(length).fill(Number(value)),
    },
  ],
  ["MINUTE", calendar((at) => at.getUTCMinutes())],
  ["HOUR", calendar((at) => at.getUTCHours())],
  // Monday is 1, Sunday 7
  ["DAY", calendar((at) => ((at.getUTCDay() + 6) % 7) + 1)],
  ["DATE", calendar((at) => at.getUTCDate())],
  ["MONTH", calendar((at) => at.getUTCMonth() + 1)],
  ["YEAR", calendar((at) => at.getUTCFullYear())],
  ["EPOCH", calendar((at) => at.getTime() / 1_000)],
]);

function ofList(type: MathType) {
  return {
    arity: [1, 1],
    type: ([of]: readonly MathType[]) => (of === "list" ? type : undefined),
    ranged: never,
  } as const;
}

function pointwise(change: (point: number) => number): MathFunction {
  return {
    arity: [1, 1],
    type: ([of]) => (of === "word" || of === "text" ? undefined : of),
    ranged: never,
    apply: ([of = MISSING]) => each(of, change),
  };
}

/** Of one time series a number, from all its points in the evaluation range; of a list a point a moment. */
function reduction(
  reduce: (points: readonly number[], of: number) => number,
  ofNone: number = MISSING,
): MathFunction {
  const reduced = (points: readonly number[], of: number) =>
    points.length === 0 ? ofNone : reduce(points, of);
  return {
    arity: [1, 1],
    type: ([of]) => (of === "series" ? "scalar" : of === "list" ? "series" : undefined),
    ranged: ([of]) => of === "series",
    apply: ([of = []], { length }) => {
      if (of instanceof Float64Array) {
        const points = Array.from(of).filter(isPoint);
        return reduced(points, points.length);
      }
      const list = of as readonly Float64Array[];
      return Float64Array.from({ length }, (_, index) => {
        const points = list.map((series) => series[index] ?? MISSING).filter(isPoint);
        return reduced(points, list.length);
      });
    },
  };
}

/** Of each point and the one before it, over gaps; the first of the evaluation range has none. */
function running(
  step: (pair: { readonly value: number; readonly before: number; readonly seconds: number }) => number,
): MathFunction {
  return {
    ...ofSeries,
    ranged: always,
    apply: ([of = 0], { timeOf }) =>
      perSeries(of, (series) => {
        let last = -1;
        return series.map((value, index) => {
          if (!isPoint(value)) return MISSING;
          const seconds = (timeOf(index) - timeOf(last)) / 1_000;
          const found = last < 0 ? MISSING : step({ value, before: series[last] ?? MISSING, seconds });
          last = index;
          return found;
        });
      }),
  };
}

function pick(choice: (list: readonly Float64Array[]) => Float64Array | undefined): MathFunction {
  return {
    ...ofList("series"),
    apply: ([list = []], { length }) =>
      choice(list as readonly Float64Array[]) ?? new Float64Array(length).fill(MISSING),
  };
}

/** Has a point at every moment, whether or not its argument has. */
function calendar(read: (at: Date) => number): MathFunction {
  return {
    arity: [1, 1],
    type: ([of]) => (of === "series" ? "series" : undefined),
    ranged: never,
    apply: (_, { length, timeOf }) =>
      Float64Array.from({ length }, (_, index) => read(new Date(timeOf(index)))),
  };
}

/** REPEAT and LINEAR leave a gap that has no point before it (LINEAR: or none after it). */
function fill(series: Float64Array, filler: MathValue): Float64Array {
  if (filler === "REPEAT") return repeat(series);
  if (filler === "LINEAR") return interpolate(series);
  const fillerAt = (index: number) =>
    filler instanceof Float64Array ? (filler[index] ?? MISSING) : Number(filler);
  return series.map((point, index) => (isPoint(point) ? point : fillerAt(index)));
}

function repeat(series: Float64Array): Float64Array {
  let last = MISSING;
  return series.map((point) => {
    if (isPoint(point)) last = point;
    return last;
  });
}

function interpolate(series: Float64Array): Float64Array {
  const filled = series.slice();
  let last = -1;
  for (let index = 0; index < series.length; index += 1) {
    const value = series[index] ?? MISSING;
    if (!isPoint(value)) continue;
    const before = series[last] ?? MISSING;
    for (let gap = last + 1; last >= 0 && gap < index; gap += 1)
      filled[gap] = before + ((value - before) * (gap - last)) / (index - last);
    last = index;
  }
  return filled;
}

function runningSum(series: Float64Array): Float64Array {
  let sum = 0;
  return series.map((point) => {
    if (!isPoint(point)) return MISSING;
    sum += point;
    return sum;
  });
}

/** Where the condition is a time series, a missing point of `yes` is 0; a missing one of `no` stays missing. */
function choose(input: {
  readonly condition: MathValue;
  readonly yes: MathValue;
  readonly no: MathValue;
  readonly length: number;
}): Float64Array {
  const { condition, yes, no, length } = input;
  const at = (value: MathValue, index: number) =>
    value instanceof Float64Array ? (value[index] ?? MISSING) : Number(value);
  const absent = condition instanceof Float64Array ? 0 : MISSING;
  return Float64Array.from({ length }, (_, index) => {
    const holds = at(condition, index);
    if (!isPoint(holds)) return MISSING;
    if (holds === 0) return at(no, index);
    const chosen = at(yes, index);
    return isPoint(chosen) ? chosen : absent;
  });
}

/** Of all the points, as they are the whole of what is described. */
function deviation(points: readonly number[]): number {
  const mean = total(points) / points.length;
  return Math.sqrt(total(points.map((point) => (point - mean) ** 2)) / points.length);
}

function total(points: readonly number[]): number {
  return points.reduce((sum, point) => sum + point, 0);
}

function isPoint(value: number): boolean {
  return !Number.isNaN(value);
}
