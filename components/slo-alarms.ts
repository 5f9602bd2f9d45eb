import { MetricAlarm, type MetricAlarmArgs } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import * as pulumi from "@pulumi/pulumi";
import { ACCOUNT, alarmName } from "../plan/names.ts";
import type { Dimension, MetricAlarm as MetricAlarmDefinition, PlannedAlarm } from "../plan/types.ts";
import { alarmTags } from "./labels.ts";

export interface SloAlarmsArgs {
  /** Name of the environment, which every alarm's name starts with. */
  readonly environment: string;
  /** The server whose alarms these are, or the fleet. */
  readonly server: string;
  readonly alarms: readonly PlannedAlarm[];
  /** The AWS account, which some dimensions of AWS's own metrics hold. */
  readonly accountId: pulumi.Input<string>;
}

/** The metric alarms of one server, or of the fleet: they only watch, composites tell somebody. */
export class SloAlarms extends pulumi.ComponentResource {
  /** Every alarm by the name that rules call it by. */
  readonly alarms: ReadonlyMap<string, MetricAlarm>;

  constructor(name: string, args: SloAlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:SloAlarms", name, {}, opts);
    const { environment, server, alarms, accountId } = args;
    const prefix = alarmName(environment, server, "");
    this.alarms = new Map(
      alarms.map((alarm) => {
        const { AlarmName } = alarm.definition;
        const child = `${name}-${AlarmName.slice(prefix.length)}`;
        return [
          AlarmName,
          new MetricAlarm(child, metricAlarm({ alarm, environment, accountId }), { parent: this }),
        ];
      }),
    );
    this.registerOutputs({});
  }
}

/** A planned alarm in the provider's words; nothing is decided here, each field is handed on. */
function metricAlarm(input: {
  readonly alarm: PlannedAlarm;
  readonly environment: string;
  readonly accountId: pulumi.Input<string>;
}): MetricAlarmArgs {
  const { alarm, environment, accountId } = input;
  const { definition } = alarm;
  const warmUp = definition.WarmUpConfiguration;
  return {
    name: definition.AlarmName,
    alarmDescription: definition.AlarmDescription,
    actionsEnabled: definition.ActionsEnabled,
    ...metricSource(definition, accountId),
    evaluationPeriods: definition.EvaluationPeriods,
    datapointsToAlarm: definition.DatapointsToAlarm,
    threshold: definition.Threshold,
    comparisonOperator: definition.ComparisonOperator,
    treatMissingData: definition.TreatMissingData,
    ...(warmUp === undefined
      ? {}
      : {
          warmUpConfiguration: {
            warmUpPeriodDurationInMinutes: warmUp.WarmUpPeriodDurationInMinutes,
            onlyStartEvaluatingAfterWarmUpPeriodEnds: warmUp.OnlyStartEvaluatingAfterWarmUpPeriodEnds,
          },
        }),
    tags: alarmTags(alarm, environment),
  };
}

function metricSource(definition: MetricAlarmDefinition, accountId: pulumi.Input<string>): MetricAlarmArgs {
  if ("Metrics" in definition) {
    return {
      metricQueries: definition.Metrics.map(({ Id, ReturnData, Expression, MetricStat }) => ({
        id: Id,
        returnData: ReturnData,
        ...(Expression === undefined ? {} : { expression: Expression }),
        ...(MetricStat === undefined
          ? {}
          : {
              metric: {
                namespace: MetricStat.Metric.Namespace,
                metricName: MetricStat.Metric.MetricName,
                dimensions: dimensions(MetricStat.Metric.Dimensions, accountId),
                period: MetricStat.Period,
                stat: MetricStat.Stat,
              },
            }),
      })),
    };
  }
  return {
    namespace: definition.Namespace,
    metricName: definition.MetricName,
    dimensions: dimensions(definition.Dimensions, accountId),
    period: definition.Period,
    ...("Statistic" in definition
      ? { statistic: definition.Statistic }
      : { extendedStatistic: definition.ExtendedStatistic }),
  };
}

function dimensions(
  list: readonly Dimension[],
  accountId: pulumi.Input<string>,
): Record<string, pulumi.Input<string>> {
  return Object.fromEntries(
    list.map(({ Name, Value }) => {
      if (!Value.includes(ACCOUNT)) return [Name, Value];
      return [Name, pulumi.output(accountId).apply((id) => Value.replace(ACCOUNT, id))];
    }),
  );
}
