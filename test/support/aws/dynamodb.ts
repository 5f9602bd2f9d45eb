import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ListTagsOfResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  type UpdateTableCommandInput,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { asArray, asRecord, type JsonRecord } from "../json.ts";
import { type Existing, type Things, tagList, tagsIn, tagsOf } from "./things.ts";
import { text, words } from "./words.ts";

/** Tables with their time to live and point-in-time recovery. */
export const DYNAMODB: Things = {
  "aws:dynamodb/table:Table": {
    computed: ["arn", "streamArn", "streamLabel"],
    create: async ({ aws, inputs }) => {
      await aws.dynamodb.send(new CreateTableCommand(table(inputs)));
      const id = text(inputs.name);
      await keep({ aws, id, inputs });
      return id;
    },
    update: async (args) => {
      const { billingMode, deletionProtectionEnabled } = args.inputs;
      const plain = { tableName: args.id, billingMode, deletionProtectionEnabled };
      const changed = { ...words<UpdateTableCommandInput>(plain), ...encryption(args.inputs) };
      await args.aws.dynamodb.send(new UpdateTableCommand(changed));
      await keep(args);
    },
    read: async ({ aws, id }) => {
      const { Table } = await aws.dynamodb.send(new DescribeTableCommand({ TableName: id }));
      return {
        inputs: {
          billingMode: Table?.BillingModeSummary?.BillingMode,
          deletionProtectionEnabled: Table?.DeletionProtectionEnabled,
          ...(await kept({ aws, id })),
        },
        outputs: {
          arn: Table?.TableArn,
          streamArn: Table?.LatestStreamArn ?? "",
          streamLabel: Table?.LatestStreamLabel ?? "",
        },
      };
    },
    delete: async ({ aws, id }) => {
      await aws.dynamodb.send(new DeleteTableCommand({ TableName: id }));
    },
    tags: {
      list: async ({ aws, arn }) =>
        tagsIn((await aws.dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: arn }))).Tags),
      change: async ({ aws, arn, added, removed }) => {
        const ResourceArn = arn;
        if (removed.length > 0)
          await aws.dynamodb.send(new UntagResourceCommand({ ResourceArn, TagKeys: [...removed] }));
        await aws.dynamodb.send(new TagResourceCommand({ ResourceArn, Tags: tagList(added) }));
      },
    },
  },
};

function table(inputs: JsonRecord): CreateTableCommandInput {
  const { name, billingMode, deletionProtectionEnabled, tableClass, readCapacity, writeCapacity } = inputs;
  const { streamEnabled, streamViewType, globalSecondaryIndexes } = inputs;
  const plain = {
    tableName: name,
    billingMode: billingMode ?? "PROVISIONED",
    deletionProtectionEnabled,
    tableClass,
    attributeDefinitions: asArray(inputs.attributes).map((attribute) => {
      const { name: attributeName, type: attributeType } = asRecord(attribute);
      return { attributeName, attributeType };
    }),
    keySchema: keys(inputs),
    ...(readCapacity === undefined
      ? {}
      : { provisionedThroughput: { readCapacityUnits: readCapacity, writeCapacityUnits: writeCapacity } }),
    ...(streamEnabled === true ? { streamSpecification: { streamEnabled, streamViewType } } : {}),
    ...(globalSecondaryIndexes === undefined
      ? {}
      : {
          globalSecondaryIndexes: asArray(globalSecondaryIndexes).map((index) => secondary(asRecord(index))),
        }),
  };
  return { ...words<CreateTableCommandInput>(plain), ...encryption(inputs), Tags: tagList(tagsOf(inputs)) };
}

function keys({ hashKey, rangeKey }: JsonRecord): readonly JsonRecord[] {
  const range = rangeKey === undefined ? [] : [{ attributeName: rangeKey, keyType: "RANGE" }];
  return [{ attributeName: hashKey, keyType: "HASH" }, ...range];
}

function secondary(index: JsonRecord): JsonRecord {
  const { name: indexName, projectionType, nonKeyAttributes } = index;
  return { indexName, keySchema: keys(index), projection: { projectionType, nonKeyAttributes } };
}

function encryption({ serverSideEncryption }: JsonRecord) {
  const { enabled, kmsKeyArn } = asRecord(serverSideEncryption);
  if (enabled === undefined) return {};
  const key = typeof kmsKeyArn === "string" ? { SSEType: "KMS" as const, KMSMasterKeyId: kmsKeyArn } : {};
  return { SSESpecification: { Enabled: enabled === true, ...key } };
}

/** Sends only what differs: DynamoDB refuses a time to live that stands already. */
async function keep({ aws, id, inputs }: Existing): Promise<void> {
  const now = await kept({ aws, id });
  const { attributeName = now.ttl.attributeName, enabled = false } = asRecord(inputs.ttl);
  if (enabled !== now.ttl.enabled) {
    const TimeToLiveSpecification = { AttributeName: text(attributeName), Enabled: enabled === true };
    await aws.dynamodb.send(new UpdateTimeToLiveCommand({ TableName: id, TimeToLiveSpecification }));
  }
  const recover = asRecord(inputs.pointInTimeRecovery).enabled === true;
  if (recover !== now.pointInTimeRecovery.enabled) {
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: recover };
    await aws.dynamodb.send(
      new UpdateContinuousBackupsCommand({ TableName: id, PointInTimeRecoverySpecification }),
    );
  }
}

async function kept({ aws, id }: Omit<Existing, "inputs">) {
  const asked = { TableName: id };
  const { TimeToLiveDescription } = await aws.dynamodb.send(new DescribeTimeToLiveCommand(asked));
  const { ContinuousBackupsDescription } = await aws.dynamodb.send(
    new DescribeContinuousBackupsCommand(asked),
  );
  const recovery = ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
  return {
    ttl: {
      enabled: ["ENABLED", "ENABLING"].includes(TimeToLiveDescription?.TimeToLiveStatus ?? ""),
      attributeName: TimeToLiveDescription?.AttributeName,
    },
    pointInTimeRecovery: { enabled: recovery === "ENABLED" },
  };
}
