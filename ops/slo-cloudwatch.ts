import { type Checks, checksFrom, type Step } from "../plan/budget-checks.ts";
import type { Series, TimeRange } from "../plan/cloudwatch/types.ts";
import { serverMetric } from "../plan/server-metric.ts";
import { keptPeriod, type MetricReader, type StatQuery } from "./series-cloudwatch.ts";
import type { CheckQuery } from "./slo-report.ts";

/** Sums over 5 minutes say as much of a budget as those over one, and are kept for 63 days instead of 15. */
const COARSE_SECONDS = 300;
const FINE_SECONDS = 60;

/**
 * The checks of promises by GetMetricData: sums of 5 minutes (of an hour where a window is longer than they
 * are kept), and single minutes for the last `fineMs`, which burn rates are read from. Of a 0/1 metric Sum
 * and SampleCount are exact counts; of a latency TC (trimmed count) counts the checks within and beyond the
 * limit.
 */
export async function readCloudChecks(
  reader: MetricReader,
  input: {
    readonly environment: string;
    readonly queries: readonly CheckQuery[];
    /** Milliseconds since the epoch: the end of every window. */
    readonly now: number;
    readonly fineMs: number;
    /** Milliseconds since the epoch: what the age of points counts from. */
    readonly today: number;
  },
): Promise<Checks[]> {
  const { environment, queries, now, fineMs, today } = input;
  const from = now - Math.max(...queries.map(({ windowMs }) => windowMs));
  const coarse = keptPeriod(today - from, COARSE_SECONDS);
  const fine = Math.min(coarse, keptPeriod(today - (now - fineMs), FINE_SECONDS));
  const split = Math.max(roundUp(from, coarse), Math.floor((now - fineMs) / coarse / 1_000) * coarse * 1_000);
  const parts = [
    { range: { from: roundUp(from, coarse), to: split }, periodSeconds: coarse },
    { range: { from: split, to: now }, periodSeconds: fine },
  ].filter(({ range }) => range.from < range.to);
  const stats = queries.flatMap((query) => statsOf(environment, query));
  const steps = queries.map((): Step[] => []);
  for (const part of parts) {
    const answers = await reader.read({ queries: stats, ...part });
    for (const [index, query] of queries.entries())
      steps[index]?.push(...stepsOf(query, answers[2 * index], answers[2 * index + 1], part));
  }
  return steps.map(checksFrom);
}

/** Two statistics a promise: good and all checks, or checks within and beyond a limit. */
function statsOf(environment: string, { server, metric, belowMs }: CheckQuery): readonly StatQuery[] {
  const id = serverMetric({ environment, server, metric });
  // of a range the lower bound is left out and the upper one belongs to it
  const stats = belowMs === null ? ["Sum", "SampleCount"] : [`TC(:${belowMs})`, `TC(${belowMs}:)`];
  return stats.map((stat) => ({ metric: id, stat }));
}

function stepsOf(
  { belowMs }: CheckQuery,
  first: Series | undefined,
  second: Series | undefined,
  { range, periodSeconds }: { readonly range: TimeRange; readonly periodSeconds: number },
): Step[] {
  const [goods, others] = [byMoment(first), byMoment(second)];
  const moments = new Set([...goods.keys(), ...others.keys()]);
  return (
    [...moments]
      // a period that began earlier is of the other part
      .filter((at) => at >= range.from && at < range.to)
      .map((at) => {
        const [one, other] = [Math.round(goods.get(at) ?? 0), Math.round(others.get(at) ?? 0)];
        const total = belowMs === null ? other : one + other;
        return { at, lengthMs: periodSeconds * 1_000, good: Math.min(Math.max(one, 0), total), total };
      })
  );
}

function byMoment(series: Series | undefined): ReadonlyMap<number, number> {
  return new Map(Array.from(series?.times ?? [], (at, index) => [at, series?.values[index] ?? 0]));
}

function roundUp(moment: number, seconds: number): number {
  return Math.ceil(moment / seconds / 1_000) * seconds * 1_000;
}
