import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import * as pulumi from "@pulumi/pulumi";
import type { LogGroupPlan } from "../plan/types.ts";

export interface LogRetentionArgs {
  /** The log groups to make, each with the days that its lines are kept. */
  readonly groups: readonly LogGroupPlan[];
  /**
   * ARN of the key that their lines are encrypted with; CloudWatch Logs must be allowed to use it.
   * @default a key of CloudWatch Logs' own
   */
  readonly keyArn?: pulumi.Input<string>;
}

/** Every log group of an environment. None is left to be made by a writer, which would keep its lines for ever. */
export class LogRetention extends pulumi.ComponentResource {
  /** The log groups by name. */
  readonly groups: Readonly<Record<string, LogGroup>>;

  constructor(name: string, args: LogRetentionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:LogRetention", name, {}, opts);
    const { groups, keyArn } = args;
    this.groups = Object.fromEntries(
      groups.map((group) => [
        group.name,
        new LogGroup(
          `${name}${group.name}`,
          {
            name: group.name,
            retentionInDays: group.retentionDays,
            ...(keyArn === undefined ? {} : { kmsKeyId: keyArn }),
          },
          // one that is not kept says nothing, and so inherits what its parent says
          { parent: this, ...(group.protect ? { protect: true, retainOnDelete: true } : {}) },
        ),
      ]),
    );
    this.registerOutputs({ groups: this.groups });
  }
}
