import { CompositeAlarm } from "@pulumi/aws/cloudwatch/compositeAlarm.js";
import { MetricAlarm, type MetricAlarmArgs } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import * as pulumi from "@pulumi/pulumi";
import { alarmsOf, parseRule } from "../plan/composite-rule.ts";
import { alarmName } from "../plan/names.ts";
import type {
  Dimension,
  MetricAlarm as MetricAlarmDefinition,
  PlannedAlarm,
  PlannedComposite,
  ServerPlan,
} from "../plan/types.ts";

export interface SloAlarmsArgs {
  /** Name of the environment, which every alarm's name starts with. */
  readonly environment: string;
  /** The server whose alarms these are. */
  readonly plan: ServerPlan;
  /** ARN of each topic by its name. */
  readonly topicArns: Readonly<Record<string, pulumi.Input<string>>>;
}

/** The alarms of one server: metric alarms, which only watch, and composites, which tell a topic. */
export class SloAlarms extends pulumi.ComponentResource {
  /** Names of the composites, the alarms that tell somebody. */
  readonly composites: readonly pulumi.Output<string>[];

  constructor(name: string, args: SloAlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:SloAlarms", name, {}, opts);
    const { environment, plan, topicArns } = args;
    const prefix = alarmName(environment, plan.server, "");
    const childName = (alarm: string): string => `${name}-${alarm.slice(prefix.length)}`;

    const alarms = new Map(
      plan.alarms.map((alarm) => {
        const { AlarmName } = alarm.definition;
        const made = new MetricAlarm(childName(AlarmName), metricAlarm(alarm, environment), { parent: this });
        return [AlarmName, made];
      }),
    );
    this.composites = plan.composites.map((composite) => {
      const { definition, topic } = composite;
      const arn = topicArns[topic];
      if (arn === undefined)
        throw new pulumi.ResourceError(`${topic} is a topic of no escalation`, this, true);
      const made = new CompositeAlarm(
        childName(definition.AlarmName),
        {
          alarmName: definition.AlarmName,
          alarmDescription: definition.AlarmDescription,
          alarmRule: definition.AlarmRule,
          actionsEnabled: definition.ActionsEnabled,
          alarmActions: [arn],
          okActions: [arn],
          tags: tags(composite, environment),
        },
        // CloudWatch refuses a rule that names an alarm it does not have, and to delete an alarm that a rule names
        { parent: this, dependsOn: this.#children(definition.AlarmRule, alarms) },
      );
      return made.alarmName;
    });
    this.registerOutputs({ composites: this.composites });
  }

  #children(rule: string, alarms: ReadonlyMap<string, MetricAlarm>): MetricAlarm[] {
    return alarmsOf(parseRule(rule)).map((name) => {
      const alarm = alarms.get(name);
      if (alarm === undefined) throw new pulumi.ResourceError(`${name} is an alarm of no server`, this, true);
      return alarm;
    });
  }
}

/** A planned alarm in the provider's words; nothing is decided here, each field is handed on. */
function metricAlarm(alarm: PlannedAlarm, environment: string): MetricAlarmArgs {
  const { definition } = alarm;
  const warmUp = definition.WarmUpConfiguration;
  return {
    name: definition.AlarmName,
    alarmDescription: definition.AlarmDescription,
    actionsEnabled: definition.ActionsEnabled,
    ...metricSource(definition),
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
    tags: tags(alarm, environment),
  };
}

function metricSource(definition: MetricAlarmDefinition): MetricAlarmArgs {
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
                dimensions: dimensions(MetricStat.Metric.Dimensions),
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
    dimensions: dimensions(definition.Dimensions),
    period: definition.Period,
    ...("Statistic" in definition
      ? { statistic: definition.Statistic }
      : { extendedStatistic: definition.ExtendedStatistic }),
  };
}

function dimensions(list: readonly Dimension[]): Record<string, string> {
  return Object.fromEntries(list.map(({ Name, Value }) => [Name, Value]));
}

function tags(alarm: PlannedAlarm | PlannedComposite, environment: string): Record<string, string> {
  return {
    Environment: environment,
    Server: alarm.server,
    Severity: alarm.severity,
    Runbook: alarm.runbook,
  };
}
