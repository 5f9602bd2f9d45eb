import type { Environment, Server } from "../catalog/types.ts";
import { type AlarmSpec, alarmSpecs } from "./alarm-specs.ts";
import { alarmName } from "./names.ts";
import { serverMetric } from "./server-metric.ts";
import { describeAlarm } from "./texts.ts";
import type { MetricSource, PlannedAlarm } from "./types.ts";

/** Every metric alarm of one server, in CloudWatch's own shape. */
export function planAlarms(environment: Environment, server: Server): PlannedAlarm[] {
  return alarmSpecs(environment, server).map((spec) => toAlarm(environment, server, spec));
}

function toAlarm(environment: Environment, server: Server, spec: AlarmSpec): PlannedAlarm {
  const family = environment.families[spec.family];
  const { family: name, guards, detail } = spec;
  return {
    server: server.name,
    family: name,
    severity: spec.severity ?? family.severity,
    runbook: family.runbook,
    guards,
    definition: {
      AlarmName: alarmName(environment.name, server.name, spec.suffix),
      AlarmDescription: describeAlarm({ family, environment: environment.name, server: server.name, detail }),
      ActionsEnabled: false,
      ...metricOf(environment, server, spec),
      EvaluationPeriods: spec.n,
      DatapointsToAlarm: spec.m,
      Threshold: spec.threshold,
      ComparisonOperator: spec.comparison,
      TreatMissingData: spec.missing,
      ...(spec.warmUpMinutes === undefined
        ? {}
        : {
            WarmUpConfiguration: {
              WarmUpPeriodDurationInMinutes: spec.warmUpMinutes,
              OnlyStartEvaluatingAfterWarmUpPeriodEnds: true,
            },
          }),
    },
  };
}

function metricOf(environment: Environment, server: Server, spec: AlarmSpec): MetricSource {
  const metric = serverMetric({ environment: environment.name, server: server.name, metric: spec.metric });
  if (spec.fillZero === true) {
    return {
      Metrics: [
        { Id: "filled", Expression: "FILL(raw, 0)", ReturnData: true },
        {
          Id: "raw",
          MetricStat: { Metric: metric, Period: spec.period, Stat: spec.statistic },
          ReturnData: false,
        },
      ],
    };
  }
  return isPercentile(spec.statistic)
    ? { ...metric, Period: spec.period, ExtendedStatistic: spec.statistic }
    : { ...metric, Period: spec.period, Statistic: spec.statistic };
}

function isPercentile(statistic: AlarmSpec["statistic"]): statistic is `p${number}` {
  return /^p\d/.test(statistic);
}
