/** The states of an alarm. */
export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

export type TreatMissingData = "breaching" | "notBreaching" | "ignore" | "missing";

/** The comparisons with a fixed threshold; those with an anomaly band cannot be told from the series alone. */
export type ComparisonOperator =
  | "GreaterThanThreshold"
  | "GreaterThanOrEqualToThreshold"
  | "LessThanThreshold"
  | "LessThanOrEqualToThreshold";

export interface Dimension {
  readonly Name: string;
  readonly Value: string;
}

/** What a metric is told apart by; the order of its dimensions means nothing. */
export interface MetricId {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly Dimension[];
}

/** One line of metric math: a metric with its statistic, or an expression over other lines. */
export interface MetricQuery {
  readonly Id: string;
  /** @default true; exactly one line of an alarm returns its data */
  readonly ReturnData?: boolean;
  readonly Expression?: string;
  readonly MetricStat?: { readonly Metric: MetricId; readonly Period: number; readonly Stat: string };
}

/**
 * A metric alarm as far as its state depends on it: what PutMetricAlarm takes and DescribeAlarms prints. It has
 * either `Metrics`, or `Namespace`, `MetricName` and `Period` with one of `Statistic` and `ExtendedStatistic`.
 */
export interface MetricAlarmDefinition {
  readonly AlarmName: string;
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: readonly Dimension[];
  /** Seconds. */
  readonly Period?: number;
  readonly Statistic?: string;
  /** A percentile or another statistic with a parameter, such as `p95` or `tm90`. */
  readonly ExtendedStatistic?: string;
  readonly Metrics?: readonly MetricQuery[];
  readonly EvaluationPeriods: number;
  /** @default EvaluationPeriods */
  readonly DatapointsToAlarm?: number;
  readonly Threshold: number;
  readonly ComparisonOperator: ComparisonOperator;
  /** @default missing */
  readonly TreatMissingData?: TreatMissingData;
  /** @default evaluate */
  readonly EvaluateLowSampleCountPercentile?: "evaluate" | "ignore";
  readonly WarmUpConfiguration?: {
    readonly WarmUpPeriodDurationInMinutes: number;
    readonly OnlyStartEvaluatingAfterWarmUpPeriodEnds?: boolean;
  };
}

/** A composite alarm as far as its state and its actions depend on it (PutCompositeAlarm, DescribeAlarms). */
export interface CompositeAlarmDefinition {
  readonly AlarmName: string;
  readonly AlarmRule: string;
  readonly ActionsEnabled?: boolean;
  /** Name or ARN of the alarm that holds this one's actions back while it is in ALARM. */
  readonly ActionsSuppressor?: string;
  /** Seconds that an action waits for the suppressor to go into ALARM. */
  readonly ActionsSuppressorWaitPeriod?: number;
  /** Seconds that actions stay held back after the suppressor has left ALARM. */
  readonly ActionsSuppressorExtensionPeriod?: number;
}

/** What `aws cloudwatch describe-alarms` prints, as far as it is needed. */
export interface AlarmDefinitions {
  readonly MetricAlarms: readonly MetricAlarmDefinition[];
  readonly CompositeAlarms: readonly CompositeAlarmDefinition[];
}

/** The samples of one metric: moments in milliseconds since the epoch, ascending, and the value at each. */
export interface Series {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** The samples of a metric, or undefined where there are none. */
export type SeriesOf = (metric: MetricId) => Series | undefined;

/** A stretch of time, `from <= t < to`, in milliseconds since the epoch. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** An alarm that changed its state. */
export interface Transition {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly alarm: string;
  readonly from: AlarmState;
  readonly to: AlarmState;
  readonly reason: string;
}
