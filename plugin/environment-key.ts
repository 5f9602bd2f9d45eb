import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { EnvironmentKey as Key } from "../components/environment-key.ts";
import { ACCOUNT, accountNumber, awsName, awsRegion } from "./aws-rules.ts";
import { checked } from "./checked.ts";
import { token } from "./names.ts";

export interface EnvironmentKeyArgs {
  /** Name of the key, which its alias carries. */
  readonly keyName: string;
  /** Region that the key lies in: that of the AWS provider. */
  readonly region: string;
  /** The AWS account. That of the AWS provider when left out. */
  readonly accountId?: pulumi.Input<string>;
  /** Whether the key is kept when the stack is destroyed: what it encrypts is worth nothing without it. True when left out. */
  readonly protect?: boolean;
}

const schema = z.strictObject({
  keyName: awsName,
  region: awsRegion,
  accountId: accountNumber.optional(),
  protect: z.boolean().default(true),
});

/**
 * A KMS key that rotates, and that CloudWatch, SNS, the Scheduler and the log groups below /rollcall/ may use: with AWS's
 * own keys an alarm would fail to publish in silence.
 */
export class EnvironmentKey extends pulumi.ComponentResource {
  /** ARN of the key. */
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: EnvironmentKeyArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("EnvironmentKey"), name, {}, opts);
    const { keyName, region, protect } = checked({
      component: this,
      schema,
      args,
      later: { accountId: ACCOUNT },
    });
    const { accountId = getCallerIdentityOutput({}, { parent: this }).accountId } = args;
    const { arn } = new Key(name, { name: keyName, region, protect, accountId }, { parent: this });
    this.arn = arn;
    this.registerOutputs({ arn });
  }
}
