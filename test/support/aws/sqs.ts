import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ListQueueTagsCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import { type Things, tagsOf } from "./things.ts";
import { attributesOf, document, inputsOf, text, without } from "./words.ts";

const QUEUE = {
  contentBasedDeduplication: "ContentBasedDeduplication",
  delaySeconds: "DelaySeconds",
  fifoQueue: "FifoQueue",
  kmsDataKeyReusePeriodSeconds: "KmsDataKeyReusePeriodSeconds",
  kmsMasterKeyId: "KmsMasterKeyId",
  maxMessageSize: "MaximumMessageSize",
  messageRetentionSeconds: "MessageRetentionPeriod",
  policy: "Policy",
  receiveWaitTimeSeconds: "ReceiveMessageWaitTimeSeconds",
  redriveAllowPolicy: "RedriveAllowPolicy",
  redrivePolicy: "RedrivePolicy",
  sqsManagedSseEnabled: "SqsManagedSseEnabled",
  visibilityTimeoutSeconds: "VisibilityTimeout",
};

/** Queues and their policies. */
export const SQS: Things = {
  "aws:sqs/queue:Queue": {
    computed: ["arn", "url"],
    create: async ({ aws, inputs }) => {
      const Attributes = attributesOf(inputs, QUEUE);
      const made = { QueueName: text(inputs.name), Attributes, tags: tagsOf(inputs) };
      return text((await aws.sqs.send(new CreateQueueCommand(made))).QueueUrl);
    },
    update: async ({ aws, id, inputs }) => {
      const Attributes = attributesOf(without(inputs, "fifoQueue"), QUEUE);
      await aws.sqs.send(new SetQueueAttributesCommand({ QueueUrl: id, Attributes }));
    },
    read: async ({ aws, id }) => {
      const asked = new GetQueueAttributesCommand({ QueueUrl: id, AttributeNames: ["All"] });
      const { Attributes = {} } = await aws.sqs.send(asked);
      return { inputs: inputsOf(Attributes, QUEUE), outputs: { arn: Attributes.QueueArn, url: id } };
    },
    delete: async ({ aws, id }) => {
      await aws.sqs.send(new DeleteQueueCommand({ QueueUrl: id }));
    },
    tags: {
      list: async ({ aws, id }) =>
        (await aws.sqs.send(new ListQueueTagsCommand({ QueueUrl: id }))).Tags ?? {},
      change: async ({ aws, id, added, removed }) => {
        if (removed.length > 0)
          await aws.sqs.send(new UntagQueueCommand({ QueueUrl: id, TagKeys: [...removed] }));
        await aws.sqs.send(new TagQueueCommand({ QueueUrl: id, Tags: { ...added } }));
      },
    },
  },
  "aws:sqs/queuePolicy:QueuePolicy": {
    computed: [],
    create: async ({ aws, inputs }) => {
      const QueueUrl = text(inputs.queueUrl);
      const Attributes = { Policy: document(inputs.policy) };
      await aws.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
      return QueueUrl;
    },
    read: async ({ aws, id }) => {
      const asked = new GetQueueAttributesCommand({ QueueUrl: id, AttributeNames: ["Policy"] });
      const { Attributes = {} } = await aws.sqs.send(asked);
      const policy = Attributes.Policy ?? "";
      return policy === "" ? undefined : { inputs: { policy }, outputs: {} };
    },
    delete: async ({ aws, id }) => {
      await aws.sqs.send(new SetQueueAttributesCommand({ QueueUrl: id, Attributes: { Policy: "" } }));
    },
  },
};
