import { type Columns, createColumns } from "./columns.ts";
import { EXTRA_POINTS, evaluationStep, type Schedule, scheduleAt, scheduleOf } from "./grid.ts";
import { reasonFor } from "./reason.ts";
import { slidingStatistic } from "./statistics.ts";
import type {
  AlarmState,
  MetricAlarmDefinition,
  MetricId,
  Series,
  SeriesOf,
  TimeRange,
  Transition,
} from "./types.ts";
import { type Evaluations, evaluationsOf, periodOf, type Watch, watchOf } from "./watch.ts";

export { createColumns } from "./columns.ts";
export { metricsOf, periodOf } from "./watch.ts";

/** How many samples there are over all evaluation periods that end at a mark, NaN for none. */
type SamplesAt = (mark: number) => number;

/**
 * Every change of state of one metric alarm over a stretch of time, evaluated at each mark T with `from < T <= to` as
 * CloudWatch documents it. `created` (milliseconds since the epoch, default `range.from`) is where its warm-up
 * begins. Alarms over the same metrics share their work through `columns`.
 *
 * @throws TypeError, RangeError or MathError for a definition that CloudWatch would not take.
 */
export function metricTransitions(input: {
  readonly definition: MetricAlarmDefinition;
  readonly seriesOf: SeriesOf;
  readonly range: TimeRange;
  /** @default INSUFFICIENT_DATA */
  readonly initial?: AlarmState;
  readonly created?: number;
  readonly columns?: Columns;
}): { transitions: Transition[]; final: AlarmState } {
  const { definition, seriesOf, range, initial = "INSUFFICIENT_DATA", created = range.from } = input;
  const watch = watchOf(definition);
  const schedule = scheduleOf(watch.cadence, range);
  const { grid } = schedule;
  const { period } = watch.cadence;
  const columns = input.columns ?? createColumns(seriesOf);
  const evaluations = evaluationsOf(
    watch,
    schedule,
    watch.sources.map(({ metric, statistic }) => columns({ metric, period, statistic, grid })),
  );
  const samplesAt = samplesOver(watch, (metric, reach) =>
    columns({ metric, period: reach, statistic: "SampleCount", grid }),
  );
  const transitions: Transition[] = [];
  let state = initial;
  const first = warmUpEnd({ definition, watch, schedule, evaluations, created });
  for (let mark = first; mark < grid.count; mark += schedule.every) {
    if (isUnderSampled(watch, samplesAt, mark)) continue;
    const to = evaluations.stateAt(mark, state);
    if (to === state) continue;
    const at = grid.start + mark * grid.step;
    transitions.push({
      at,
      alarm: watch.alarm,
      from: state,
      to,
      reason: whyAt(watch, evaluations, { mark, at, to }),
    });
    state = to;
  }
  return { transitions, final: state };
}

/**
 * The state of a metric alarm at a moment, by the same rules as {@link metricTransitions}. Reads no more samples than
 * it needs: older ones only where one of the newest points is missing. A warm-up is the caller's business.
 *
 * @throws TypeError, RangeError or MathError for a definition that CloudWatch would not take.
 */
export function evaluateAlarm(input: {
  readonly definition: MetricAlarmDefinition;
  readonly at: number;
  readonly previous: AlarmState;
  readonly seriesOf: (metric: MetricId, range: TimeRange) => Series | undefined;
}): { state: AlarmState; reason: string } {
  const { definition, previous, seriesOf } = input;
  const watch = watchOf(definition);
  const at = evaluationMark(definition, input.at);
  const { evaluationPeriods: n, period } = watch.cadence;
  const columnOver = (metric: MetricId, over: Schedule, seconds: number, statistic: string) => {
    const { grid } = over;
    const series = seriesOf(metric, { from: grid.start - seconds * 1_000, to: at });
    return slidingStatistic({ series, grid, period: seconds, statistic });
  };
  const over = (points: number) => {
    const schedule = scheduleAt(watch.cadence, at, points);
    const columns = watch.sources.map(({ metric, statistic }) =>
      columnOver(metric, schedule, period, statistic),
    );
    return { mark: schedule.first, evaluations: evaluationsOf(watch, schedule, columns) };
  };
  const samplesAt = samplesOver(watch, (metric, reach) =>
    columnOver(metric, scheduleAt(watch.cadence, at, 1), reach, "SampleCount"),
  );
  if (isUnderSampled(watch, samplesAt, 0))
    return {
      state: previous,
      reason: `State kept: ${samplesAt?.(0)} samples are too few for ${definition.ExtendedStatistic} (${watch.enoughSamples} needed).`,
    };
  const newest = watch.math?.ranged === true ? undefined : over(n);
  const { mark, evaluations } =
    newest === undefined || newest.evaluations.lacks(newest.mark) ? over(n + EXTRA_POINTS) : newest;
  const to = evaluations.stateAt(mark, previous);
  return { state: to, reason: whyAt(watch, evaluations, { mark, at, to }, mark + 1) };
}

/** The moment up to which data counts: every 10 s below a minute's period, each minute, hourly beyond a day. */
export function evaluationMark(definition: MetricAlarmDefinition, at: number): number {
  const step = evaluationStep({
    period: periodOf(definition),
    evaluationPeriods: definition.EvaluationPeriods,
  });
  return Math.floor(at / step) * step;
}

function whyAt(
  watch: Watch,
  evaluations: Evaluations,
  { mark, at, to }: { readonly mark: number; readonly at: number; readonly to: AlarmState },
  count = watch.rule.evaluationPeriods + EXTRA_POINTS,
): string {
  const { rule, cadence } = watch;
  const points = evaluations.pointsAt(mark, count);
  return reasonFor({ rule, state: to, points, mark: at, period: cadence.period });
}

function samplesOver(
  watch: Watch,
  countsOver: (metric: MetricId, seconds: number) => Float64Array,
): SamplesAt | undefined {
  const [source] = watch.sources;
  if (watch.enoughSamples === undefined || source === undefined) return undefined;
  const counts = countsOver(source.metric, watch.cadence.period * watch.cadence.evaluationPeriods);
  return (mark) => counts[mark] ?? Number.NaN;
}

/** No sample at all is missing data, and not too little of it. */
function isUnderSampled(watch: Watch, samplesAt: SamplesAt | undefined, mark: number): boolean {
  return samplesAt !== undefined && samplesAt(mark) < (watch.enoughSamples ?? 0);
}

/**
 * The first evaluation after the warm-up. Unless it is to be waited out, it ends early once data fills the
 * evaluation periods: the newest point is there, and the first one is as old as all of them together.
 * Source: CloudWatch user guide, "Alarm warm-up periods".
 */
function warmUpEnd(input: {
  readonly definition: MetricAlarmDefinition;
  readonly watch: Watch;
  readonly schedule: Schedule;
  readonly evaluations: Evaluations;
  readonly created: number;
}): number {
  const { definition, watch, schedule, evaluations, created } = input;
  const { grid, first, every } = schedule;
  const { WarmUpConfiguration: warmUp } = definition;
  if (warmUp === undefined) return first;
  const end = created + warmUp.WarmUpPeriodDurationInMinutes * 60_000;
  const { evaluationPeriods: n, period } = watch.cadence;
  const count = n + EXTRA_POINTS;
  let since = Infinity;
  for (let mark = first; mark < grid.count; mark += every) {
    const at = grid.start + mark * grid.step;
    if (at >= end) return mark;
    if (warmUp.OnlyStartEvaluatingAfterWarmUpPeriodEnds === true) continue;
    const points = evaluations.pointsAt(mark, count);
    const oldest = points.findIndex((point) => !Number.isNaN(point));
    if (oldest === -1) continue;
    since = Math.min(since, at - (count - 1 - oldest) * period * 1_000 - every * grid.step);
    const isThere = !Number.isNaN(points.at(-1) ?? Number.NaN);
    if (isThere && at - since >= n * period * 1_000) return mark;
  }
  return grid.count;
}
