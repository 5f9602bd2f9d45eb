import type { MetricId } from "./cloudwatch/types.ts";
import { owned } from "./names.ts";
import type { MetricSource } from "./types.ts";

/** Metrics that one alarm reads at most (PutMetricAlarm, service model). */
const MAX_METRICS = 10;
/** How often SQS says how deep a queue is, in seconds. */
const DEPTH_SECONDS = 60;

/** A metric by its namespace, its name and its dimensions. */
export function metricOf(
  namespace: string,
  metric: string,
  dimensions: Readonly<Record<string, string>>,
): MetricId {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return { Namespace: namespace, MetricName: metric, Dimensions };
}

/** A metric of a function that an environment owns. */
export const lambdaMetric =
  (environment: string, what: string) =>
  (metric: string): MetricId =>
    metricOf("AWS/Lambda", metric, { FunctionName: owned(environment, what) });

/** The least of several counts over a period in seconds; one that nothing is published of counts as zero. */
export function leastOf(metrics: readonly MetricId[], period: number): MetricSource {
  return overAll("MIN", metrics, period);
}

/**
 * The sum of counts over a period in seconds. AWS publishes most of them only when there is something to count, so what
 * is missing is filled with zero: over missing points CloudWatch would look at older ones, and clear hours later.
 */
export function sumOf(metrics: readonly MetricId[], period: number): MetricSource {
  return overAll("SUM", metrics, period);
}

function overAll(of: "SUM" | "MIN", metrics: readonly MetricId[], period: number): MetricSource {
  return {
    Metrics: [
      { Id: of.toLowerCase(), Expression: `${of}(FILL(METRICS(), 0))`, ReturnData: true },
      ...metrics.map((metric, index) => ({
        Id: `m${index + 1}`,
        MetricStat: { Metric: metric, Period: period, Stat: "Sum" },
        ReturnData: false,
      })),
    ],
  };
}

/** How many messages lie in a queue. */
export function depthOf(queue: string): MetricSource {
  const metric = metricOf("AWS/SQS", "ApproximateNumberOfMessagesVisible", { QueueName: queue });
  return { ...metric, Period: DEPTH_SECONDS, Statistic: "Maximum" };
}

/** In parts of about one size, each of which one alarm can read. */
export function inAlarms(metrics: readonly MetricId[]): MetricId[][] {
  if (metrics.length === 0) return [];
  const count = Math.ceil(metrics.length / MAX_METRICS);
  const size = Math.ceil(metrics.length / count);
  return Array.from({ length: count }, (_, index) => metrics.slice(index * size, (index + 1) * size));
}
