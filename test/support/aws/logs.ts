import {
  AssociateKmsKeyCommand,
  CreateLogGroupCommand,
  type CreateLogGroupCommandInput,
  DeleteLogGroupCommand,
  DeleteMetricFilterCommand,
  DeleteRetentionPolicyCommand,
  DeleteSubscriptionFilterCommand,
  DescribeLogGroupsCommand,
  DescribeMetricFiltersCommand,
  DescribeSubscriptionFiltersCommand,
  ListTagsForResourceCommand,
  PutMetricFilterCommand,
  type PutMetricFilterCommandInput,
  PutRetentionPolicyCommand,
  PutSubscriptionFilterCommand,
  type PutSubscriptionFilterCommandInput,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { asNumber, asRecord, type JsonRecord } from "../json.ts";
import { type Existing, type Things, tagsOf, type Wanted } from "./things.ts";
import { text } from "./words.ts";

/** Log groups and their filters. */
export const LOGS: Things = {
  "aws:cloudwatch/logGroup:LogGroup": {
    computed: ["arn"],
    create: async ({ aws, inputs }) => {
      const { name, kmsKeyId, logGroupClass } = inputs;
      const made = { logGroupName: name, kmsKeyId, logGroupClass, tags: tagsOf(inputs) };
      await aws.logs.send(new CreateLogGroupCommand(asInput<CreateLogGroupCommandInput>(made)));
      await retain({ aws, inputs });
      return text(name);
    },
    update: async ({ aws, id, inputs }) => {
      const found = await groupOf({ aws, id });
      if (typeof inputs.kmsKeyId === "string" && found?.kmsKeyId !== inputs.kmsKeyId)
        await aws.logs.send(new AssociateKmsKeyCommand({ logGroupName: id, kmsKeyId: inputs.kmsKeyId }));
      await retain({ aws, inputs });
    },
    read: async (args) => {
      const group = await groupOf(args);
      if (group === undefined) return undefined;
      const { kmsKeyId, logGroupClass, retentionInDays = 0, arn } = group;
      return { inputs: { kmsKeyId, logGroupClass, retentionInDays }, outputs: { arn: plainArn(arn) } };
    },
    delete: async ({ aws, id, inputs }) => {
      if (inputs.skipDestroy === true) return;
      await aws.logs.send(new DeleteLogGroupCommand({ logGroupName: id }));
    },
    tags: {
      list: async ({ aws, arn }) =>
        (await aws.logs.send(new ListTagsForResourceCommand({ resourceArn: arn }))).tags ?? {},
      change: async ({ aws, arn, added, removed }) => {
        const resourceArn = arn;
        if (removed.length > 0)
          await aws.logs.send(new UntagResourceCommand({ resourceArn, tagKeys: [...removed] }));
        await aws.logs.send(new TagResourceCommand({ resourceArn, tags: { ...added } }));
      },
    },
  },
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": {
    computed: [],
    create: async ({ aws, inputs }) => {
      const { name, logGroupName, pattern } = inputs;
      const filter = {
        filterName: name,
        logGroupName,
        filterPattern: pattern,
        metricTransformations: [transformation(asRecord(inputs.metricTransformation))],
      };
      await aws.logs.send(new PutMetricFilterCommand(asInput<PutMetricFilterCommandInput>(filter)));
      return text(name);
    },
    read: async ({ aws, id, inputs }) => {
      const asked = { logGroupName: text(inputs.logGroupName), filterNamePrefix: id };
      const { metricFilters = [] } = await aws.logs.send(new DescribeMetricFiltersCommand(asked));
      const filter = metricFilters.find(({ filterName }) => filterName === id);
      if (filter === undefined) return undefined;
      const [{ metricName, metricNamespace, metricValue, unit } = {}] = filter.metricTransformations ?? [];
      const metricTransformation = { name: metricName, namespace: metricNamespace, value: metricValue, unit };
      return { inputs: { pattern: filter.filterPattern, metricTransformation }, outputs: {} };
    },
    delete: async ({ aws, id, inputs }) => {
      const logGroupName = text(inputs.logGroupName);
      await aws.logs.send(new DeleteMetricFilterCommand({ logGroupName, filterName: id }));
    },
  },
  "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": {
    computed: [],
    create: async ({ aws, inputs }) => {
      const { name, logGroup, filterPattern, destinationArn, roleArn, distribution } = inputs;
      const filter = {
        filterName: name,
        logGroupName: logGroup,
        filterPattern,
        destinationArn,
        roleArn,
        distribution,
      };
      await aws.logs.send(
        new PutSubscriptionFilterCommand(asInput<PutSubscriptionFilterCommandInput>(filter)),
      );
      return `${text(logGroup)}|${text(name)}`;
    },
    read: async ({ aws, inputs }) => {
      const asked = { logGroupName: text(inputs.logGroup), filterNamePrefix: text(inputs.name) };
      const { subscriptionFilters = [] } = await aws.logs.send(new DescribeSubscriptionFiltersCommand(asked));
      const filter = subscriptionFilters.find(({ filterName }) => filterName === inputs.name);
      return filter && { inputs: { ...filter }, outputs: {} };
    },
    delete: async ({ aws, inputs }) => {
      const filter = { logGroupName: text(inputs.logGroup), filterName: text(inputs.name) };
      await aws.logs.send(new DeleteSubscriptionFilterCommand(filter));
    },
  },
};

async function retain({ aws, inputs }: Wanted): Promise<void> {
  const logGroupName = text(inputs.name);
  const retentionInDays = asNumber(inputs.retentionInDays) ?? 0;
  await (retentionInDays === 0
    ? aws.logs.send(new DeleteRetentionPolicyCommand({ logGroupName }))
    : aws.logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays })));
}

async function groupOf({ aws, id }: Omit<Existing, "inputs">) {
  const { logGroups = [] } = await aws.logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: id }));
  return logGroups.find(({ logGroupName }) => logGroupName === id);
}

function transformation({ name, namespace, value, defaultValue, dimensions, unit }: JsonRecord) {
  return {
    metricName: name,
    metricNamespace: namespace,
    metricValue: value,
    defaultValue: defaultValue === undefined ? undefined : Number(defaultValue),
    dimensions,
    unit,
  };
}

/** The provider's `arn` is without the `:*` that stands for the streams. */
function plainArn(arn = ""): string {
  return arn.replace(/:\*$/, "");
}

/** This API's words begin with small letters as the inputs do; the emulator judges the rest. */
function asInput<T>(value: unknown): T {
  return value as T;
}
