import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { LOG_RETENTION_DAYS } from "../catalog/log-classes.ts";
import { distinctItems } from "../catalog/names.ts";
import { LogRetention as Retention } from "../components/log-retention.ts";
import { keyArn, logGroupName, SOME_KEY } from "./aws-rules.ts";
import { checked } from "./checked.ts";
import { token } from "./names.ts";

export interface LogRetentionArgs {
  /** Names of the log groups to make. */
  readonly names: string[];
  /** Days that their lines are kept: one of the numbers that CloudWatch Logs takes, such as 30, 90 or 365. */
  readonly retentionDays: number;
  /** ARN of the KMS key that lines are encrypted with, which CloudWatch Logs must be allowed to use. A key of its own when left out. */
  readonly keyArn?: pulumi.Input<string>;
}

const schema = z.strictObject({
  names: z.array(logGroupName).min(1).refine(distinctItems, "must name each log group once"),
  retentionDays: z.literal(LOG_RETENTION_DAYS),
  keyArn: keyArn.optional(),
});

/** Log groups of CloudWatch that keep their lines for so many days and no longer. */
export class LogRetention extends pulumi.ComponentResource {
  /** ARN of each log group by its name. */
  readonly logGroupArns: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: LogRetentionArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("LogRetention"), name, {}, opts);
    const { names, retentionDays } = checked({ component: this, schema, args, later: { keyArn: SOME_KEY } });
    const { keyArn } = args;
    const { groups } = new Retention(
      name,
      {
        groups: names.map((group) => ({ name: group, logClass: "servers", retentionDays, protect: false })),
        ...(keyArn === undefined ? {} : { keyArn }),
      },
      { parent: this },
    );
    this.logGroupArns = pulumi.output(
      Object.fromEntries(Object.entries(groups).map(([group, { arn }]) => [group, arn])),
    );
    this.registerOutputs({ logGroupArns: this.logGroupArns });
  }
}
