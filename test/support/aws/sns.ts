import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTagsForResourceCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SubscribeCommand,
  type Subscription,
  TagResourceCommand,
  UnsubscribeCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-sns";
import { type Things, tagList, tagsIn, tagsOf } from "./things.ts";
import { attributesOf, document, inputsOf, text } from "./words.ts";

const TOPIC = {
  archivePolicy: "ArchivePolicy",
  contentBasedDeduplication: "ContentBasedDeduplication",
  deliveryPolicy: "DeliveryPolicy",
  displayName: "DisplayName",
  fifoTopic: "FifoTopic",
  kmsMasterKeyId: "KmsMasterKeyId",
  policy: "Policy",
  signatureVersion: "SignatureVersion",
  tracingConfig: "TracingConfig",
};
const SUBSCRIPTION = {
  deliveryPolicy: "DeliveryPolicy",
  filterPolicy: "FilterPolicy",
  filterPolicyScope: "FilterPolicyScope",
  rawMessageDelivery: "RawMessageDelivery",
  redrivePolicy: "RedrivePolicy",
  subscriptionRoleArn: "SubscriptionRoleArn",
};
/** Attributes that go back to nothing when the program leaves them out. */
const CLEARED = { topic: ["DisplayName", "KmsMasterKeyId"], subscription: ["FilterPolicy", "RedrivePolicy"] };

/** Topics, their policies and subscriptions. */
export const SNS: Things = {
  "aws:sns/topic:Topic": {
    computed: ["arn", "owner"],
    create: async ({ aws, inputs }) => {
      const { TopicArn } = await aws.sns.send(
        new CreateTopicCommand({
          Name: text(inputs.name),
          Attributes: attributesOf(inputs, TOPIC),
          Tags: tagList(tagsOf(inputs)),
        }),
      );
      return text(TopicArn);
    },
    update: async ({ aws, id, inputs }) => {
      const { Attributes = {} } = await aws.sns.send(new GetTopicAttributesCommand({ TopicArn: id }));
      const { FifoTopic: _, ...wanted } = attributesOf(inputs, TOPIC);
      for (const change of changes({ from: Attributes, to: wanted, cleared: CLEARED.topic }))
        await aws.sns.send(new SetTopicAttributesCommand({ TopicArn: id, ...change }));
    },
    read: async ({ aws, id }) => {
      const { Attributes = {} } = await aws.sns.send(new GetTopicAttributesCommand({ TopicArn: id }));
      return {
        inputs: inputsOf(Attributes, TOPIC),
        outputs: { arn: Attributes.TopicArn, owner: Attributes.Owner },
      };
    },
    delete: async ({ aws, id }) => {
      await aws.sns.send(new DeleteTopicCommand({ TopicArn: id }));
    },
    tags: {
      list: async ({ aws, arn }) =>
        tagsIn((await aws.sns.send(new ListTagsForResourceCommand({ ResourceArn: arn }))).Tags),
      change: async ({ aws, arn, added, removed }) => {
        const ResourceArn = arn;
        if (removed.length > 0)
          await aws.sns.send(new UntagResourceCommand({ ResourceArn, TagKeys: [...removed] }));
        await aws.sns.send(new TagResourceCommand({ ResourceArn, Tags: tagList(added) }));
      },
    },
  },
  "aws:sns/topicPolicy:TopicPolicy": {
    computed: ["owner"],
    create: async ({ aws, inputs }) => {
      const TopicArn = text(inputs.arn);
      const AttributeValue = document(inputs.policy);
      await aws.sns.send(
        new SetTopicAttributesCommand({ TopicArn, AttributeName: "Policy", AttributeValue }),
      );
      return TopicArn;
    },
    read: async ({ aws, id }) => {
      const { Attributes = {} } = await aws.sns.send(new GetTopicAttributesCommand({ TopicArn: id }));
      return { inputs: { policy: Attributes.Policy }, outputs: { owner: Attributes.Owner } };
    },
    delete: async ({ aws, id }) => {
      const policy = { AttributeName: "Policy", AttributeValue: ownersOnly(id) };
      await aws.sns.send(new SetTopicAttributesCommand({ TopicArn: id, ...policy }));
    },
  },
  "aws:sns/topicSubscription:TopicSubscription": {
    computed: ["arn", "confirmationWasAuthenticated", "ownerId", "pendingConfirmation"],
    create: async ({ aws, inputs }) => {
      const { SubscriptionArn } = await aws.sns.send(
        new SubscribeCommand({
          TopicArn: text(inputs.topic),
          Protocol: text(inputs.protocol),
          Endpoint: text(inputs.endpoint),
          Attributes: attributesOf(inputs, SUBSCRIPTION),
          ReturnSubscriptionArn: true,
        }),
      );
      if (SubscriptionArn !== "pending confirmation") return text(SubscriptionArn);
      // the emulator does not heed ReturnSubscriptionArn, and lists what it should keep to itself
      const listed = await aws.sns.send(
        new ListSubscriptionsByTopicCommand({ TopicArn: text(inputs.topic) }),
      );
      const own = ({ Protocol, Endpoint }: Subscription) =>
        Protocol === inputs.protocol && Endpoint === inputs.endpoint;
      return text(listed.Subscriptions?.find(own)?.SubscriptionArn);
    },
    update: async ({ aws, id, inputs }) => {
      const asked = new GetSubscriptionAttributesCommand({ SubscriptionArn: id });
      const { Attributes = {} } = await aws.sns.send(asked);
      const to = attributesOf(inputs, SUBSCRIPTION);
      for (const change of changes({ from: Attributes, to, cleared: CLEARED.subscription }))
        await aws.sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn: id, ...change }));
    },
    read: async ({ aws, id }) => {
      const asked = new GetSubscriptionAttributesCommand({ SubscriptionArn: id });
      const { Attributes = {} } = await aws.sns.send(asked);
      return {
        inputs: inputsOf(Attributes, SUBSCRIPTION),
        outputs: {
          arn: Attributes.SubscriptionArn,
          confirmationWasAuthenticated: Attributes.ConfirmationWasAuthenticated === "true",
          ownerId: Attributes.Owner,
          pendingConfirmation: Attributes.PendingConfirmation === "true",
        },
      };
    },
    delete: async ({ aws, id }) => {
      await aws.sns.send(new UnsubscribeCommand({ SubscriptionArn: id }));
    },
  },
};

function changes({
  from,
  to,
  cleared,
}: {
  readonly from: Readonly<Record<string, string>>;
  readonly to: Readonly<Record<string, string>>;
  readonly cleared: readonly string[];
}): readonly { readonly AttributeName: string; readonly AttributeValue: string }[] {
  const gone = cleared.filter((name) => to[name] === undefined && (from[name] ?? "") !== "");
  const set = Object.entries(to).filter(([name, value]) => from[name] !== value);
  return [...set, ...gone.map((name) => [name, ""] as const)].map(([AttributeName, AttributeValue]) => ({
    AttributeName,
    AttributeValue,
  }));
}

/** What a topic without a policy has: its own account may do everything. */
function ownersOnly(topicArn: string): string {
  const condition = { StringEquals: { "AWS:SourceOwner": topicArn.split(":")[4] } };
  const statement = {
    Sid: "__default_statement_ID",
    Effect: "Allow",
    Principal: { AWS: "*" },
    Action: ["SNS:GetTopicAttributes", "SNS:Publish", "SNS:Subscribe"],
    Resource: topicArn,
    Condition: condition,
  };
  return JSON.stringify({ Version: "2008-10-17", Id: "__default_policy_ID", Statement: [statement] });
}
