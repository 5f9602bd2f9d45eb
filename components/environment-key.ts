import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import * as pulumi from "@pulumi/pulumi";
import { document, partitionOf, type Statement } from "./policy-document.ts";

export interface EnvironmentKeyArgs {
  /** Name of the key, which its alias carries. */
  readonly name: string;
  /** The AWS account whose administrators and services use it. */
  readonly accountId: pulumi.Input<string>;
  /** The region that it lies in. */
  readonly region: string;
  /** Kept when the stack is destroyed: what it encrypts outlives the stack, and is worth nothing without it. */
  readonly protect: boolean;
}

/** Days in which the deletion of a key can be taken back (ScheduleKeyDeletion: 7 to 30). */
const DELETION_DAYS = 30;

/**
 * The one key of an environment: topics, queues, log groups, tables and backups are encrypted with it. AWS's own keys
 * would not do: CloudWatch cannot use `alias/aws/sns`, and its alarms would fail in silence.
 */
export class EnvironmentKey extends pulumi.ComponentResource {
  /** ARN of the key; using it makes a resource wait until the services may use the key. */
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: EnvironmentKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:EnvironmentKey", name, {}, opts);
    const keep = { parent: this, protect: args.protect, retainOnDelete: args.protect };
    const key = new Key(
      `${name}-key`,
      {
        description: `Everything that ${args.name} stores`,
        enableKeyRotation: true,
        deletionWindowInDays: DELETION_DAYS,
        policy: keyPolicy(args),
      },
      keep,
    );
    new Alias(`${name}-alias`, { name: `alias/${args.name}`, targetKeyId: key.keyId }, keep);
    this.arn = key.arn;
    this.registerOutputs({ arn: this.arn });
  }
}

/**
 * Who may use the key: the account, by its own IAM policies, and the services that write in nobody's name. No
 * aws:SourceArn is asked of CloudWatch and SNS, which send none that would match (facts of encrypted topics).
 */
export function keyPolicy({ accountId, region }: Omit<EnvironmentKeyArgs, "name" | "protect">) {
  const partition = partitionOf(region);
  return document(
    {
      Sid: "Account",
      Effect: "Allow",
      Principal: { AWS: pulumi.interpolate`arn:${partition}:iam::${accountId}:root` },
      Action: "kms:*",
      Resource: "*",
    },
    publisher("AlarmsPublish", "cloudwatch.amazonaws.com", accountId),
    publisher("TopicsDeliver", "sns.amazonaws.com", accountId),
    publisher("SchedulerDeadLetters", "scheduler.amazonaws.com", accountId),
    {
      Sid: "LogGroups",
      Effect: "Allow",
      Principal: { Service: `logs.${region}.amazonaws.com` },
      Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
      Resource: "*",
      Condition: {
        ArnLike: {
          "kms:EncryptionContext:aws:logs:arn": pulumi.interpolate`arn:${partition}:logs:${region}:${accountId}:log-group:/rollcall/*`,
        },
      },
    },
  );
}

function publisher(sid: string, service: string, accountId: pulumi.Input<string>): Statement {
  return {
    Sid: sid,
    Effect: "Allow",
    Principal: { Service: service },
    Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
    Resource: "*",
    Condition: { StringEquals: { "aws:SourceAccount": accountId } },
  };
}
