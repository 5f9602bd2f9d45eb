import type * as pulumi from "@pulumi/pulumi";

/**
 * What PutMetricAlarm would be called with, read back from the inputs of an `aws.cloudwatch.MetricAlarm`. An
 * input that has no place in the call stays in the answer under its own name, so that a comparison shows it.
 */
export function metricAlarmCall(inputs: pulumi.Inputs): Record<string, unknown> {
  const { dimensions, metricQueries, warmUpConfiguration, tags: _tags, ...plain } = inputs;
  return {
    ...renamed(plain),
    ...(dimensions === undefined ? {} : { Dimensions: pairs(dimensions) }),
    ...(metricQueries === undefined ? {} : { Metrics: metricQueries.map(query) }),
    ...(warmUpConfiguration === undefined ? {} : { WarmUpConfiguration: renamed(warmUpConfiguration) }),
  };
}

/** The same for PutCompositeAlarm and an `aws.cloudwatch.CompositeAlarm`, without its actions. */
export function compositeAlarmCall(inputs: pulumi.Inputs): Record<string, unknown> {
  const { alarmActions: _alarm, okActions: _ok, tags: _tags, actionsSuppressor, ...plain } = inputs;
  if (actionsSuppressor === undefined) return renamed(plain);
  const { alarm, waitPeriod, extensionPeriod } = actionsSuppressor;
  return {
    ...renamed(plain),
    ActionsSuppressor: alarm,
    ActionsSuppressorWaitPeriod: waitPeriod,
    ActionsSuppressorExtensionPeriod: extensionPeriod,
  };
}

function query({ metric, ...plain }: pulumi.Inputs): Record<string, unknown> {
  if (metric === undefined) return renamed(plain);
  const { period, stat, dimensions, ...which } = metric;
  return {
    ...renamed(plain),
    MetricStat: {
      Metric: { ...renamed(which), Dimensions: pairs(dimensions) },
      Period: period,
      Stat: stat,
    },
  };
}

/** The provider writes the API's names with a small first letter; only `name` is `AlarmName` there. */
function renamed(inputs: pulumi.Inputs): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).map(([key, value]) => [
      key === "name" ? "AlarmName" : `${key.charAt(0).toUpperCase()}${key.slice(1)}`,
      value,
    ]),
  );
}

function pairs(dimensions: Record<string, string>): { Name: string; Value: string }[] {
  return Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
}
