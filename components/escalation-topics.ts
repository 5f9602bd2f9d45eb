import { Permission } from "@pulumi/aws/lambda/permission.js";
import { Topic } from "@pulumi/aws/sns/topic.js";
import { TopicPolicy } from "@pulumi/aws/sns/topicPolicy.js";
import { TopicSubscription } from "@pulumi/aws/sns/topicSubscription.js";
import * as pulumi from "@pulumi/pulumi";
import { alarmsPublish } from "./policies.ts";
import { shortHash } from "./short-hash.ts";

export interface AlarmTopicArgs {
  /** Name of the topic. */
  readonly topicName: string;
  /** The AWS account whose alarms may publish. */
  readonly accountId: pulumi.Input<string>;
  /** ARN of the key that its messages are encrypted with; CloudWatch has to be let use it. */
  readonly keyArn: pulumi.Input<string>;
}

/**
 * A topic that alarms of this account may publish to. It is not encrypted with `alias/aws/sns`: CloudWatch cannot use
 * that key, and its alarms would fail in silence.
 */
export class AlarmTopic extends pulumi.ComponentResource {
  /** ARN of the topic; using it makes a resource wait until alarms may publish there. */
  readonly arn: pulumi.Output<string>;
  /** What {@link subscribe} needs: the topic itself. */
  readonly topic: Topic;

  constructor(name: string, args: AlarmTopicArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:AlarmTopic", name, {}, opts);
    const { topicName, accountId, keyArn } = args;
    this.topic = new Topic(`${name}-topic`, { name: topicName, kmsMasterKeyId: keyArn }, { parent: this });
    const policy = alarmsPublish({ topicArn: this.topic.arn, accountId });
    const allowed = new TopicPolicy(
      `${name}-policy`,
      { arn: this.topic.arn, policy },
      { parent: this, deletedWith: this.topic },
    );
    this.arn = allowed.arn;
    this.registerOutputs({ arn: this.arn });
  }
}

/** Who listens to a topic, and where goes what does not reach them. */
export interface SubscriptionArgs {
  readonly to: AlarmTopic;
  readonly deadLettersArn: pulumi.Input<string>;
}

/**
 * Subscribes an address that SNS reaches by itself. It is named by what it reaches: a name by position would replace
 * the ones after it, and everybody replaced has to confirm again. SNS cannot delete a subscription that nobody has
 * confirmed; with its topic it goes.
 */
export function subscribe(
  parent: pulumi.Resource,
  name: string,
  args: SubscriptionArgs & { readonly channel: string; readonly endpoint: string },
): TopicSubscription {
  const { to, channel, endpoint } = args;
  return new TopicSubscription(
    `${name}-${channel}-${shortHash(endpoint)}`,
    { topic: to.arn, protocol: channel, endpoint, redrivePolicy: redrive(args) },
    { parent, deletedWith: to.topic },
  );
}

/** Subscribes a function, which the topic may then call. */
export function subscribeFunction(
  parent: pulumi.Resource,
  name: string,
  args: SubscriptionArgs & {
    readonly functionArn: pulumi.Input<string>;
    readonly accountId: pulumi.Input<string>;
  },
): TopicSubscription {
  const { to, functionArn, accountId } = args;
  const allowed = new Permission(
    `${name}-may-call`,
    {
      action: "lambda:InvokeFunction",
      function: functionArn,
      principal: "sns.amazonaws.com",
      sourceArn: to.topic.arn,
      sourceAccount: accountId,
    },
    { parent },
  );
  return new TopicSubscription(
    `${name}-calls`,
    { topic: to.arn, protocol: "lambda", endpoint: functionArn, redrivePolicy: redrive(args) },
    { parent, deletedWith: to.topic, dependsOn: [allowed] },
  );
}

function redrive({ deadLettersArn }: SubscriptionArgs): pulumi.Output<string> {
  return pulumi.jsonStringify({ deadLetterTargetArn: deadLettersArn });
}
