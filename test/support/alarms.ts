import type { CompositeAlarmDefinition, MetricAlarmDefinition } from "../../plan/cloudwatch/types.ts";

/** A metric alarm within all limits, as DescribeAlarms prints one. */
export const metricAlarm: MetricAlarmDefinition = {
  AlarmName: "api-errors",
  Namespace: "Shop",
  MetricName: "Errors",
  Dimensions: [{ Name: "Service", Value: "api" }],
  Period: 60,
  Statistic: "Sum",
  EvaluationPeriods: 3,
  DatapointsToAlarm: 2,
  Threshold: 5,
  ComparisonOperator: "GreaterThanThreshold",
  TreatMissingData: "notBreaching",
};

/** A metric alarm over metric math within all limits. */
export const mathAlarm: MetricAlarmDefinition = {
  AlarmName: "api-ratio",
  Metrics: [
    { Id: "ratio", Expression: "errors / requests", ReturnData: true },
    query("errors", "Errors"),
    query("requests", "Requests"),
  ],
  EvaluationPeriods: 2,
  Threshold: 0.1,
  ComparisonOperator: "GreaterThanThreshold",
};

export function query(id: string, metric: string): NonNullable<MetricAlarmDefinition["Metrics"]>[number] {
  return {
    Id: id,
    MetricStat: {
      Metric: { Namespace: "Shop", MetricName: metric, Dimensions: [] },
      Period: 60,
      Stat: "Sum",
    },
    ReturnData: false,
  };
}

export function composite(AlarmName: string, AlarmRule: string): CompositeAlarmDefinition {
  return { AlarmName, AlarmRule };
}
