import type { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { QueuePolicy } from "@pulumi/aws/sqs/queuePolicy.js";
import * as pulumi from "@pulumi/pulumi";
import type { EscalatorPlan } from "../plan/escalator.ts";
import type { LevelPlan, Subscription } from "../plan/types.ts";
import {
  type EscalationBundles,
  notifierFunction,
  relayFunction,
  starterFunction,
} from "./escalation-functions.ts";
import { EscalationMachine } from "./escalation-machine.ts";
import { topicsSend } from "./escalation-policies.ts";
import { EscalationStore } from "./escalation-store.ts";
import { AlarmTopic, type SubscriptionArgs, subscribe, subscribeFunction } from "./escalation-topics.ts";

export interface EscalationArgs {
  /** The ladders, who listens to each level, and the names of everything. */
  readonly plan: EscalatorPlan;
  /** Folders of the bundled programs. */
  readonly bundles: EscalationBundles;
  /** Where the functions and the machine log. */
  readonly logGroup: LogGroup;
  /** The AWS account whose alarms may publish. */
  readonly accountId: pulumi.Input<string>;
  readonly region: string;
  /** ARN of the environment's key. */
  readonly keyArn: pulumi.Input<string>;
}

/**
 * The escalation of an environment: alarms publish to one topic; from there a function starts a state machine, which
 * tells the topics of the levels one after the other until somebody acknowledges or the alarm is over.
 */
export class Escalation extends pulumi.ComponentResource {
  /** ARN of the topic that alarms publish to; using it makes a resource wait until they may and are heard. */
  readonly intakeArn: pulumi.Output<string>;
  /** ARN of each level's topic by its name; using it makes a resource wait until alarms may publish there. */
  readonly topicArns: Readonly<Record<string, pulumi.Output<string>>>;
  readonly machineArn: pulumi.Output<string>;

  constructor(name: string, args: EscalationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:Escalation", name, {}, opts);
    const { plan, accountId, keyArn } = args;
    const { tableName, queueName } = { tableName: plan.table, queueName: plan.deadLetters };
    const store = new EscalationStore(
      `${name}-store`,
      { tableName, queueName, keyArn, protect: plan.protect },
      { parent: this },
    );
    const topicOf = (suffix: string, topicName: string): AlarmTopic =>
      new AlarmTopic(`${name}-${suffix}`, { topicName, accountId, keyArn }, { parent: this });
    const intake = topicOf("intake", plan.intake);
    const levels = plan.escalations.flatMap(({ escalation, levels: all }) =>
      all.map((level) => ({
        level,
        topic: topicOf(`${escalation}-${level.level}`, level.topic),
        escalation,
      })),
    );
    const topicArns = levels.map(({ topic }) => topic.topic.arn);
    new QueuePolicy(
      `${name}-dead-letters-policy`,
      {
        queueUrl: store.queue.url,
        policy: topicsSend({ queueArn: store.queue.arn, topicArns: [intake.topic.arn, ...topicArns] }),
      },
      { parent: this, deletedWith: store.queue },
    );

    const given = { ...args, store };
    const notifier = notifierFunction(this, name, { ...given, topicArns });
    const machine = new EscalationMachine(
      `${name}-levels`,
      { ...args, notifierArn: notifier.arn, tableArn: store.table.arn },
      { parent: this },
    );
    const starter = starterFunction(this, name, { ...given, startsArn: machine.arn });
    const relay = Object.keys(plan.relay).length === 0 ? null : relayFunction(this, name, given);

    const deadLettersArn = store.queue.arn;
    const begins = subscribeFunction(this, `${name}-intake`, {
      to: intake,
      deadLettersArn,
      functionArn: starter.arn,
      accountId,
    });
    for (const { level, topic, escalation } of levels) {
      const place = `${name}-${escalation}-${level.level}`;
      const to: SubscriptionArgs = { to: topic, deadLettersArn };
      for (const { channel, endpoint } of delivered(level))
        subscribe(this, place, { ...to, channel, endpoint });
      if (relay !== null && plan.relay[level.topic] !== undefined)
        subscribeFunction(this, place, { ...to, functionArn: relay.arn, accountId });
    }

    this.intakeArn = pulumi.all([intake.arn, begins.id]).apply(([arn]) => arn);
    this.topicArns = Object.fromEntries(levels.map(({ level, topic }) => [level.topic, topic.arn]));
    this.machineArn = machine.arn;
    this.registerOutputs({
      intakeArn: this.intakeArn,
      topicArns: this.topicArns,
      machineArn: this.machineArn,
    });
  }
}

/** The subscriptions that SNS delivers, each address once. */
function delivered({ subscriptions }: LevelPlan): readonly Subscription[] {
  const byAddress = subscriptions
    .filter(({ sns }) => sns)
    .map((one) => [`${one.channel} ${one.endpoint}`, one] as const);
  return [...new Map(byAddress).values()];
}
