import type { MetricId, Series } from "./types.ts";

/**
 * Samples as columns, oldest first; of equal moments in the order given. Values that are no finite number are
 * left out, as CloudWatch takes none.
 */
export function seriesFrom(points: readonly { readonly at: number; readonly value: number }[]): Series {
  const kept = points.filter(({ at, value }) => Number.isFinite(at) && Number.isFinite(value));
  const inOrder = kept.every(({ at }, index) => index === 0 || (kept[index - 1]?.at ?? at) <= at);
  const sorted = inOrder ? kept : [...kept].sort((a, b) => a.at - b.at);
  const times = new Float64Array(sorted.length);
  const values = new Float64Array(sorted.length);
  for (const [index, { at, value }] of sorted.entries()) {
    times[index] = at;
    values[index] = value;
  }
  return { times, values };
}

/** One text a metric, the same whatever the order of its dimensions. */
export function metricKey({ Namespace, MetricName, Dimensions }: MetricId): string {
  const dimensions = Dimensions.map(({ Name, Value }) => [Name, Value])
    .map((pair) => JSON.stringify(pair))
    .sort();
  return JSON.stringify([Namespace, MetricName, ...dimensions]);
}

/** The index of the first of the ascending `times` that is not before `moment`. */
export function firstNotBefore(times: Float64Array, moment: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
