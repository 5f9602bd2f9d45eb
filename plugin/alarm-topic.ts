import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { AlarmTopic as Topic } from "../components/escalation-topics.ts";
import { ACCOUNT, accountNumber, awsName, keyArn, SOME_KEY } from "./aws-rules.ts";
import { checked } from "./checked.ts";
import { token } from "./names.ts";

export interface AlarmTopicArgs {
  /** Name of the topic. */
  readonly topicName: string;
  /** ARN of the KMS key that messages are encrypted with, which CloudWatch must be allowed to use. */
  readonly keyArn: pulumi.Input<string>;
  /** The AWS account whose alarms may publish. That of the AWS provider when left out. */
  readonly accountId?: pulumi.Input<string>;
}

const schema = z.strictObject({
  topicName: awsName,
  keyArn,
  accountId: accountNumber.optional(),
});

/** An encrypted SNS topic that the alarms of one account may publish to, and nobody else. */
export class AlarmTopic extends pulumi.ComponentResource {
  /** ARN of the topic. */
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: AlarmTopicArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("AlarmTopic"), name, {}, opts);
    const { topicName } = checked({
      component: this,
      schema,
      args,
      later: { keyArn: SOME_KEY, accountId: ACCOUNT },
    });
    const { accountId = getCallerIdentityOutput({}, { parent: this }).accountId, keyArn } = args;
    const { arn } = new Topic(name, { topicName, keyArn, accountId }, { parent: this });
    this.arn = arn;
    this.registerOutputs({ arn });
  }
}
