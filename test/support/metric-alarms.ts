import type { MetricAlarmDefinition } from "../../plan/cloudwatch/types.ts";

export const MINUTE_MS = 60_000;
/** A quiet moment on the hour. */
export const NOON = Date.UTC(2026, 10, 21, 12);

/** An alarm with nothing special: half of one minute. */
export const base: MetricAlarmDefinition = {
  AlarmName: "test",
  Namespace: "Rollcall",
  MetricName: "Unhealthy",
  Dimensions: [],
  Period: 60,
  Statistic: "Average",
  EvaluationPeriods: 1,
  Threshold: 0.5,
  ComparisonOperator: "GreaterThanOrEqualToThreshold",
  TreatMissingData: "missing",
};

/** An alarm over an expression of the metrics `a` and `b`. */
export function mathAlarm(
  expression: string,
  overrides: Partial<MetricAlarmDefinition> & { readonly period?: number } = {},
): MetricAlarmDefinition {
  const { period = 60, ...rest } = overrides;
  const line = (Id: string) => ({
    Id,
    ReturnData: false,
    MetricStat: {
      Metric: { Namespace: "Rollcall", MetricName: Id, Dimensions: [] },
      Period: period,
      Stat: "Sum",
    },
  });
  return {
    AlarmName: "math",
    EvaluationPeriods: 5,
    DatapointsToAlarm: 3,
    Threshold: 1,
    ComparisonOperator: "LessThanThreshold",
    TreatMissingData: "breaching",
    ...rest,
    Metrics: [{ Id: "watched", Expression: expression }, line("a"), line("b")],
  };
}
