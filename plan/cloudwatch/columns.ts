import type { Grid } from "./grid.ts";
import { metricKey } from "./series.ts";
import { slidingStatistic } from "./statistics.ts";
import type { MetricId, SeriesOf } from "./types.ts";

/** A statistic of a metric at every mark of a grid, NaN where its period has no sample. */
export type Columns = (want: {
  readonly metric: MetricId;
  /** Seconds. */
  readonly period: number;
  readonly statistic: string;
  readonly grid: Grid;
}) => Float64Array;

/** As many as the alarms of one server share; a column of a month of minutes is a third of a megabyte. */
const KEPT = 16;

/**
 * Columns that the alarms over the same metric, period and statistic share; the last few are kept, so that
 * memory does not grow with the number of alarms. None may be written to.
 */
export function createColumns(seriesOf: SeriesOf): Columns {
  const kept = new Map<string, { readonly grid: Grid; readonly values: Float64Array }>();
  return ({ metric, period, statistic, grid }) => {
    const end = grid.start + grid.count * grid.step;
    const key = [metricKey(metric), period, statistic, grid.step, end].join(" ");
    const known = kept.get(key);
    kept.delete(key);
    const column =
      known !== undefined && known.grid.start <= grid.start
        ? known
        : { grid, values: slidingStatistic({ series: seriesOf(metric), grid, period, statistic }) };
    kept.set(key, column);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return column.values.subarray(column.values.length - grid.count);
  };
}
