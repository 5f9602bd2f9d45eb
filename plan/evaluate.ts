import type { ComparisonOperator, MetricAlarm, Statistic } from "./types.ts";

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

/** One sample of a metric: when (milliseconds since the epoch) and what. */
export interface Sample {
  readonly at: number;
  readonly value: number;
}

/** The samples of an alarm's metric with `from <= at < to`, in any order. */
export type SampleSource = (
  definition: MetricAlarm,
  range: { readonly from: number; readonly to: number },
) => readonly Sample[];

export interface Evaluation {
  readonly state: AlarmState;
  readonly reason: string;
}

/**
 * CloudWatch looks at more points than EvaluationPeriods, so that late data does not change a state. How many
 * more is not documented in general; the documented examples show two.
 */
const EXTRA_POINTS = 2;
const MULTI_DAY_SECONDS = 86_400;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/**
 * The state of a metric alarm at a moment, as CloudWatch documents it: points are whole periods that end at the
 * last evaluation mark, M of the newest N must breach, and missing points are filled only where too few real
 * ones exist. `previous` is kept where the definition says so ("ignore").
 */
export function evaluateAlarm(input: {
  readonly definition: MetricAlarm;
  readonly at: number;
  readonly previous: AlarmState;
  readonly samples: SampleSource;
}): Evaluation {
  const { definition, at, previous, samples } = input;
  const { period, statistic, fill } = metricOf(definition);
  const n = definition.EvaluationPeriods;
  const end = evaluationMark(definition, at);
  const newest = (count: number): (number | undefined)[] => {
    const found = samples(definition, { from: end - count * period * 1_000, to: end });
    return datapoints({ samples: found, end, period, count, statistic }).map((point) => point ?? fill);
  };
  // the extra points matter only where one of the newest is missing; over long windows they are many samples
  const enough = newest(n);
  const points = enough.includes(undefined) ? newest(n + EXTRA_POINTS) : enough;
  return judge({ definition, points, previous });
}

/** The moment up to which data counts: every 10 s below a minute's period, each minute, hourly beyond a day. */
export function evaluationMark(definition: MetricAlarm, at: number): number {
  const { period } = metricOf(definition);
  const step =
    period < 60 ? 10_000 : period * definition.EvaluationPeriods > MULTI_DAY_SECONDS ? HOUR_MS : MINUTE_MS;
  return Math.floor(at / step) * step;
}

/**
 * M-of-N with missing data. `points` are oldest first; undefined is a period without data.
 * Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data".
 */
export function judge(input: {
  readonly definition: MetricAlarm;
  readonly points: readonly (number | undefined)[];
  readonly previous: AlarmState;
}): Evaluation {
  const { definition, points, previous } = input;
  const {
    EvaluationPeriods: n,
    DatapointsToAlarm: m,
    TreatMissingData: treat,
    Threshold,
    ComparisonOperator,
  } = definition;
  const real = points.filter((point) => point !== undefined).slice(-n);
  const breaching = real.filter((value) => breaches(value, ComparisonOperator, Threshold)).length;
  const missing = n - real.length;
  const say = (state: AlarmState, filled: string): Evaluation => ({
    state,
    reason: `${breaching} of the last ${real.length} datapoints ${ComparisonOperator} ${Threshold} (${m} of ${n} needed${filled})`,
  });
  if (missing === 0 || breaching >= m) return say(breaching >= m ? "ALARM" : "OK", "");
  if (treat === "notBreaching") return say("OK", `, ${missing} missing as not breaching`);
  if (treat === "breaching")
    return say(breaching + missing >= m ? "ALARM" : "OK", `, ${missing} missing as breaching`);
  if (real.length === 0) {
    return treat === "ignore"
      ? say(previous, ", no data, state kept")
      : say("INSUFFICIENT_DATA", ", no data");
  }
  if (isPremature(points, definition)) {
    return treat === "ignore"
      ? say(previous, ", too little data, state kept")
      : say("ALARM", `, ${missing} missing after the last breach`);
  }
  return say("OK", `, ${missing} missing`);
}

/**
 * A breach at least M points old, and nothing in the whole evaluation range but breaches and gaps: CloudWatch
 * does not wait for more.
 */
function isPremature(points: readonly (number | undefined)[], definition: MetricAlarm): boolean {
  const { EvaluationPeriods: n, DatapointsToAlarm: m, ComparisonOperator, Threshold } = definition;
  const newest = points.slice(-n);
  const first = newest.findIndex((point) => point !== undefined);
  if (first === -1 || newest.length - first < m) return false;
  return points.every((point) => point === undefined || breaches(point, ComparisonOperator, Threshold));
}

function breaches(value: number, operator: ComparisonOperator, threshold: number): boolean {
  switch (operator) {
    case "GreaterThanThreshold":
      return value > threshold;
    case "GreaterThanOrEqualToThreshold":
      return value >= threshold;
    case "LessThanThreshold":
      return value < threshold;
    case "LessThanOrEqualToThreshold":
      return value <= threshold;
  }
}

/** What an alarm looks at, whichever way it is written; the only metric math of a plan is FILL(m, 0). */
function metricOf(definition: MetricAlarm): { period: number; statistic: string; fill: number | undefined } {
  if ("Metrics" in definition) {
    const stat = definition.Metrics.find(({ MetricStat }) => MetricStat !== undefined)?.MetricStat;
    return { period: stat?.Period ?? 60, statistic: stat?.Stat ?? "Sum", fill: 0 };
  }
  const statistic = "Statistic" in definition ? definition.Statistic : definition.ExtendedStatistic;
  return { period: definition.Period, statistic, fill: undefined };
}

/** One value a period, oldest first; undefined where a period has no sample. */
function datapoints(input: {
  readonly samples: readonly Sample[];
  readonly end: number;
  readonly period: number;
  readonly count: number;
  readonly statistic: string;
}): (number | undefined)[] {
  const { samples, end, period, count, statistic } = input;
  const buckets: number[][] = Array.from({ length: count }, () => []);
  for (const { at, value } of samples) {
    const index = count - 1 - Math.floor((end - 1 - at) / (period * 1_000));
    buckets[index]?.push(value);
  }
  return buckets.map((values) => (values.length === 0 ? undefined : aggregate(values, statistic)));
}

function aggregate(values: readonly number[], statistic: string): number {
  const sum = values.reduce((total, value) => total + value, 0);
  if (statistic.startsWith("p")) return percentile(values, Number(statistic.slice(1)));
  switch (statistic as Statistic) {
    case "Sum":
      return sum;
    case "Average":
      return sum / values.length;
    case "SampleCount":
      return values.length;
    case "Minimum":
      return Math.min(...values);
    case "Maximum":
      return Math.max(...values);
  }
}

/** The value below which `p` percent of the values lie, interpolated between the two nearest ranks. */
function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (p / 100) * (sorted.length - 1);
  const low = sorted[Math.floor(rank)] ?? 0;
  const high = sorted[Math.ceil(rank)] ?? low;
  return low + (high - low) * (rank - Math.floor(rank));
}
