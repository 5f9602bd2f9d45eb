import { createHash } from "node:crypto";
import { Topic } from "@pulumi/aws/sns/topic.js";
import { TopicPolicy } from "@pulumi/aws/sns/topicPolicy.js";
import { TopicSubscription } from "@pulumi/aws/sns/topicSubscription.js";
import * as pulumi from "@pulumi/pulumi";
import type { EscalationPlan, LevelPlan, Subscription } from "../plan/types.ts";
import { alarmsPublish } from "./policies.ts";

export interface EscalationArgs {
  /** The ladder: its levels, each with a topic and those who listen to it. */
  readonly plan: EscalationPlan;
  /** The AWS account whose alarms may publish. */
  readonly accountId: pulumi.Input<string>;
}

/**
 * One escalation: a topic a level, which alarms of this account may publish to. It subscribes those that SNS
 * reaches by itself; Slack and PagerDuty are connected to the topic by hand. The topics are not encrypted with
 * `alias/aws/sns`: CloudWatch cannot use that key, and its alarms would fail in silence.
 */
export class Escalation extends pulumi.ComponentResource {
  /** ARN of each topic by its name; using it makes a resource wait until alarms may publish there. */
  readonly topicArns: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: EscalationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:Escalation", name, {}, opts);
    this.topicArns = Object.fromEntries(
      args.plan.levels.map((level) => [level.topic, this.#level(`${name}-${level.level}`, level, args)]),
    );
    this.registerOutputs({ topicArns: this.topicArns });
  }

  #level(name: string, level: LevelPlan, { accountId }: EscalationArgs): pulumi.Output<string> {
    const topic = new Topic(name, { name: level.topic }, { parent: this });
    const policy = new TopicPolicy(
      `${name}-policy`,
      { arn: topic.arn, policy: alarmsPublish({ topicArn: topic.arn, accountId }) },
      { parent: this },
    );
    for (const [suffix, { channel, endpoint }] of subscriptions(level)) {
      new TopicSubscription(
        `${name}-${suffix}`,
        { topic: topic.arn, protocol: channel, endpoint },
        { parent: this },
      );
    }
    return policy.arn;
  }
}

/**
 * The subscriptions that SNS delivers, each once and named by what it reaches: a name by position would
 * replace the ones after it, and everybody replaced has to confirm again.
 */
function subscriptions(level: LevelPlan): Map<string, Subscription> {
  return new Map(
    level.subscriptions
      .filter(({ sns }) => sns)
      .map((subscription) => [`${subscription.channel}-${shortHash(subscription.endpoint)}`, subscription]),
  );
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
