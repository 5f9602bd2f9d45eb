import {
  DeleteAlarmsCommand,
  DeleteDashboardsCommand,
  DescribeAlarmsCommand,
  type Dimension,
  GetDashboardCommand,
  ListTagsForResourceCommand,
  PutCompositeAlarmCommand,
  type PutCompositeAlarmCommandInput,
  PutDashboardCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch";
import { asArray, asRecord, type JsonRecord } from "../json.ts";
import { type Tagging, type Things, tagList, tagsIn, tagsOf } from "./things.ts";
import { inputWords, text, without, words } from "./words.ts";

const ALARM_WORDS = {
  evaluateLowSampleCountPercentiles: "EvaluateLowSampleCountPercentile",
  metricQueries: "Metrics",
  name: "AlarmName",
  okActions: "OKActions",
};

const tags: Tagging = {
  list: async ({ aws, arn }) =>
    tagsIn((await aws.cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN: arn }))).Tags),
  change: async ({ aws, arn, added, removed }) => {
    const ResourceARN = arn;
    if (removed.length > 0)
      await aws.cloudwatch.send(new UntagResourceCommand({ ResourceARN, TagKeys: [...removed] }));
    await aws.cloudwatch.send(new TagResourceCommand({ ResourceARN, Tags: tagList(added) }));
  },
};

/** Alarms, composite alarms and dashboards. The emulator itself refuses composites and deletions out of order. */
export const CLOUDWATCH: Things = {
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    computed: ["arn"],
    create: async ({ aws, inputs }) => {
      await aws.cloudwatch.send(new PutMetricAlarmCommand(metricAlarm(inputs)));
      return text(inputs.name);
    },
    read: async ({ aws, id }) => {
      const asked = { AlarmNames: [id], AlarmTypes: ["MetricAlarm" as const] };
      const [alarm] = (await aws.cloudwatch.send(new DescribeAlarmsCommand(asked))).MetricAlarms ?? [];
      if (alarm === undefined) return undefined;
      const { Dimensions, Metrics, ...rest } = alarm;
      const inputs = { ...inputWords(rest, ALARM_WORDS), dimensions: dimensionMap(Dimensions) };
      return { inputs, outputs: { arn: alarm.AlarmArn } };
    },
    delete: async ({ aws, id }) => {
      await aws.cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: [id] }));
    },
    tags,
  },
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": {
    computed: ["arn"],
    create: async ({ aws, inputs }) => {
      await aws.cloudwatch.send(new PutCompositeAlarmCommand(compositeAlarm(inputs)));
      return text(inputs.alarmName);
    },
    read: async ({ aws, id }) => {
      const asked = { AlarmNames: [id], AlarmTypes: ["CompositeAlarm" as const] };
      const [alarm] = (await aws.cloudwatch.send(new DescribeAlarmsCommand(asked))).CompositeAlarms ?? [];
      if (alarm === undefined) return undefined;
      const { ActionsSuppressor, ...rest } = alarm;
      return {
        inputs: inputWords(rest, { okActions: "OKActions" }),
        outputs: { arn: alarm.AlarmArn },
      };
    },
    delete: async ({ aws, id }) => {
      await aws.cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: [id] }));
    },
    tags,
  },
  "aws:cloudwatch/dashboard:Dashboard": {
    computed: ["dashboardArn"],
    create: async ({ aws, inputs }) => {
      await aws.cloudwatch.send(
        new PutDashboardCommand({
          DashboardName: text(inputs.dashboardName),
          DashboardBody: text(inputs.dashboardBody),
        }),
      );
      return text(inputs.dashboardName);
    },
    read: async ({ aws, id }) => {
      const found = await aws.cloudwatch.send(new GetDashboardCommand({ DashboardName: id }));
      return {
        inputs: { dashboardBody: found.DashboardBody },
        outputs: { dashboardArn: found.DashboardArn },
      };
    },
    delete: async ({ aws, id }) => {
      await aws.cloudwatch.send(new DeleteDashboardsCommand({ DashboardNames: [id] }));
    },
  },
};

function metricAlarm(inputs: JsonRecord): PutMetricAlarmCommandInput {
  const { dimensions, metricQueries } = inputs;
  const plain = without(inputs, "dimensions", "metricQueries", "tags");
  return {
    ...words<PutMetricAlarmCommandInput>(plain, ALARM_WORDS),
    ...(dimensions === undefined ? {} : { Dimensions: dimensionList(dimensions) }),
    ...(metricQueries === undefined ? {} : { Metrics: asArray(metricQueries).map(metricQuery) }),
    Tags: tagList(tagsOf(inputs)),
  };
}

function metricQuery(query: unknown) {
  const { metric, ...rest } = asRecord(query);
  const named = words<{ Id: string }>(rest);
  if (metric === undefined) return named;
  const { period, stat, unit, namespace, metricName, dimensions } = asRecord(metric);
  const Metric = { ...words<object>({ namespace, metricName }), Dimensions: dimensionList(dimensions) };
  return {
    ...named,
    MetricStat: { ...words<{ Period: number; Stat: string }>({ period, stat, unit }), Metric },
  };
}

function compositeAlarm(inputs: JsonRecord): PutCompositeAlarmCommandInput {
  const { alarm, extensionPeriod, waitPeriod } = asRecord(inputs.actionsSuppressor);
  const suppressor = {
    actionsSuppressor: alarm,
    actionsSuppressorExtensionPeriod: extensionPeriod,
    actionsSuppressorWaitPeriod: waitPeriod,
  };
  const plain = { ...without(inputs, "actionsSuppressor", "tags"), ...suppressor };
  return {
    ...words<PutCompositeAlarmCommandInput>(plain, { okActions: "OKActions" }),
    Tags: tagList(tagsOf(inputs)),
  };
}

function dimensionList(dimensions: unknown): { Name: string; Value: string }[] {
  return Object.entries(asRecord(dimensions)).map(([Name, Value]) => ({ Name, Value: String(Value) }));
}

function dimensionMap(dimensions: readonly Dimension[] = []): JsonRecord {
  return Object.fromEntries(dimensions.map(({ Name = "", Value }) => [Name, Value]));
}
