import { type Cadence, EXTRA_POINTS, type Grid, type Schedule } from "./grid.ts";
import { Judge, type Rule, ruleOf } from "./judge.ts";
import { compileMath, type MathProgram, type MathSource } from "./metric-math.ts";
import { parseStatistic } from "./statistic.ts";
import type { AlarmState, MetricAlarmDefinition, MetricId } from "./types.ts";

/** An alarm made ready: what it reads, when it looks and what it makes of it. */
export interface Watch {
  readonly alarm: string;
  readonly rule: Rule;
  readonly cadence: Cadence;
  readonly sources: readonly MathSource[];
  readonly math: MathProgram | undefined;
  /** Fewer samples than this over the evaluation periods keep the state as it is. */
  readonly enoughSamples: number | undefined;
}

/** The evaluations of one alarm over the marks of a schedule. */
export interface Evaluations {
  readonly stateAt: (mark: number, previous: AlarmState) => AlarmState;
  /** Whether one of the newest EvaluationPeriods points is missing. */
  readonly lacks: (mark: number) => boolean;
  /** The newest `count` points of the evaluation at a mark, oldest first. */
  readonly pointsAt: (mark: number, count: number) => Float64Array;
}

/** @throws TypeError, RangeError or MathError for a definition that CloudWatch would not take. */
export function watchOf(definition: MetricAlarmDefinition): Watch {
  const math = definition.Metrics === undefined ? undefined : compileMath(definition.Metrics);
  const period = periodOf(definition);
  if (!(period > 0 && period % 10 === 0))
    throw new RangeError(`${definition.AlarmName}: a Period of ${period} s is none that CloudWatch takes`);
  return {
    alarm: definition.AlarmName,
    rule: ruleOf(definition),
    cadence: { period, evaluationPeriods: definition.EvaluationPeriods },
    sources: math?.sources ?? [sourceOf(definition)],
    math,
    enoughSamples: enoughSamplesOf(definition),
  };
}

/** The period of an alarm's points in seconds. */
export function periodOf(definition: MetricAlarmDefinition): number {
  const stat = definition.Metrics?.find(({ MetricStat }) => MetricStat !== undefined)?.MetricStat;
  const period = definition.Period ?? stat?.Period;
  if (period === undefined) throw new TypeError(`${definition.AlarmName} has no Period`);
  return period;
}

/** The metrics that an alarm reads. */
export function metricsOf(definition: MetricAlarmDefinition): MetricId[] {
  if (definition.Metrics === undefined) return [sourceOf(definition).metric];
  return definition.Metrics.flatMap(({ MetricStat }) =>
    MetricStat === undefined ? [] : [MetricStat.Metric],
  );
}

/** The evaluations of an alarm, given the statistic of each of its sources at every mark of the grid. */
export function evaluationsOf(
  watch: Watch,
  schedule: Schedule,
  columns: readonly Float64Array[],
): Evaluations {
  return watch.math?.ranged === true
    ? overRanges(watch, watch.math, schedule, columns)
    : overColumn(watch, schedule, columns);
}

/** Each point depends on its own moment: the expression is evaluated once over all marks. */
function overColumn(watch: Watch, schedule: Schedule, columns: readonly Float64Array[]): Evaluations {
  const { rule, math, cadence } = watch;
  const { grid, stride } = schedule;
  const frame = { length: grid.count, period: cadence.period, timeOf: startsOf(grid, cadence.period) };
  const points =
    math?.evaluate(columns, frame) ?? columns[0] ?? new Float64Array(grid.count).fill(Number.NaN);
  const judge = new Judge({ rule, points, stride });
  return {
    stateAt: (mark, previous) => judge.stateAt(mark, previous),
    lacks: (mark) => judge.lacks(mark),
    pointsAt: (mark, count) => strided({ points, mark, stride, count }),
  };
}

/** A point depends on its evaluation range, so that the expression is evaluated anew for each evaluation. */
function overRanges(
  watch: Watch,
  math: MathProgram,
  { grid, stride }: Schedule,
  columns: readonly Float64Array[],
): Evaluations {
  const { rule, cadence } = watch;
  const count = rule.evaluationPeriods + EXTRA_POINTS;
  const step = cadence.period * 1_000;
  const rangeAt = (mark: number) => {
    const start = grid.start + mark * grid.step - (count - 1) * step;
    const frame = {
      length: count,
      period: cadence.period,
      timeOf: startsOf({ start, step, count }, cadence.period),
    };
    return math.evaluate(
      columns.map((points) => strided({ points, mark, stride, count })),
      frame,
    );
  };
  const judgeAt = (mark: number) => new Judge({ rule, points: rangeAt(mark), stride: 1 });
  return {
    stateAt: (mark, previous) => judgeAt(mark).stateAt(count - 1, previous),
    lacks: (mark) => judgeAt(mark).lacks(count - 1),
    pointsAt: (mark, newest) => rangeAt(mark).slice(-newest),
  };
}

function strided(at: {
  readonly points: Float64Array;
  readonly mark: number;
  readonly stride: number;
  readonly count: number;
}): Float64Array {
  const { points, mark, stride, count } = at;
  const found = new Float64Array(count);
  for (let index = 0; index < count; index += 1)
    found[index] = points[mark - (count - 1 - index) * stride] ?? Number.NaN;
  return found;
}

/** CloudWatch dates a datapoint by the start of its period. */
function startsOf({ start, step }: Grid, period: number): (mark: number) => number {
  return (mark) => start + mark * step - period * 1_000;
}

function sourceOf(definition: MetricAlarmDefinition): MathSource {
  const { AlarmName, Namespace, MetricName, Dimensions = [], Statistic, ExtendedStatistic } = definition;
  const statistic = Statistic ?? ExtendedStatistic;
  if (Namespace === undefined || MetricName === undefined || statistic === undefined)
    throw new TypeError(`${AlarmName} has neither Metrics nor a metric with a statistic`);
  return { id: "metric", metric: { Namespace, MetricName, Dimensions }, statistic };
}

/**
 * The samples from which on a percentile is significant: 10 in its smaller tail. p0 and p100 have no such number.
 * Source: CloudWatch user guide, "Percentile-based alarms and low data samples".
 */
function enoughSamplesOf(definition: MetricAlarmDefinition): number | undefined {
  const { EvaluateLowSampleCountPercentile, ExtendedStatistic = "" } = definition;
  const statistic = parseStatistic(ExtendedStatistic);
  if (EvaluateLowSampleCountPercentile !== "ignore" || statistic?.kind !== "percentile") return undefined;
  const { percent } = statistic;
  if (percent <= 0 || percent >= 100) return undefined;
  const enough = 1_000 / (percent >= 50 ? 100 - percent : percent);
  // 100 - 99.9 is a little under 0.1
  return Math.ceil(enough - 1e-6);
}
