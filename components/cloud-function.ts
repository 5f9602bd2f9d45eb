import { join } from "node:path";
import type { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Function as LambdaFunction } from "@pulumi/aws/lambda/function.js";
import { FunctionEventInvokeConfig } from "@pulumi/aws/lambda/functionEventInvokeConfig.js";
import * as pulumi from "@pulumi/pulumi";
import { lambdaTrust, writeLogs } from "./policies.ts";

export interface CloudFunctionArgs {
  /** Name of the function. */
  readonly functionName: string;
  readonly description: string;
  /** Folder of its bundle, which holds `index.mjs`. */
  readonly bundle: string;
  /** Files beside the bundle by name, such as what the plan decided for it. */
  readonly files?: Readonly<Record<string, string>>;
  /** Its environment; never a secret, only where one lies. */
  readonly variables?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Where its lines go. */
  readonly logGroup: LogGroup;
  /** What it may do beyond its log, as a policy document. */
  readonly policy: pulumi.Input<string>;
  /** ARN of the key that its variables are encrypted with. */
  readonly keyArn: pulumi.Input<string>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** Runs at the same time; left out, the account's own limit counts. */
  readonly concurrency?: number;
  /** Where an invocation goes that failed for good, and how often one is repeated before. */
  readonly onFailure?: { readonly queueArn: pulumi.Input<string>; readonly retries: 0 | 1 | 2 };
}

/** A small program of the environment as a Lambda function with a role of its own, which may do what it is given and write its log. */
export class CloudFunction extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly functionName: pulumi.Output<string>;
  readonly roleArn: pulumi.Output<string>;

  constructor(name: string, args: CloudFunctionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:CloudFunction", name, {}, opts);
    const { logGroup, onFailure } = args;
    const role = new Role(`${name}-role`, { assumeRolePolicy: lambdaTrust() }, { parent: this });
    const logs = new RolePolicy(
      `${name}-logs`,
      { role: role.id, policy: writeLogs(logGroup.arn) },
      { parent: this },
    );
    const rights = new RolePolicy(`${name}-rights`, { role: role.id, policy: args.policy }, { parent: this });
    const made = new LambdaFunction(
      `${name}-function`,
      {
        name: args.functionName,
        description: args.description,
        role: role.arn,
        runtime: "nodejs24.x",
        architectures: ["arm64"],
        handler: "index.handler",
        code: code(args),
        timeout: args.timeoutSeconds,
        memorySize: args.memoryMb,
        kmsKeyArn: args.keyArn,
        ...(args.variables === undefined ? {} : { environment: { variables: { ...args.variables } } }),
        ...(args.concurrency === undefined ? {} : { reservedConcurrentExecutions: args.concurrency }),
        // unlike the probe's lines these hold no metrics, which Lambda's own JSON would wrap
        loggingConfig: { logFormat: "JSON", logGroup: logGroup.name },
      },
      { parent: this, dependsOn: [logs, rights] },
    );
    if (onFailure !== undefined) {
      new FunctionEventInvokeConfig(
        `${name}-invoke-config`,
        {
          functionName: made.name,
          maximumRetryAttempts: onFailure.retries,
          destinationConfig: { onFailure: { destination: onFailure.queueArn } },
        },
        { parent: this },
      );
    }
    this.arn = made.arn;
    this.functionName = made.name;
    this.roleArn = role.arn;
    this.registerOutputs({ arn: this.arn, functionName: this.functionName });
  }
}

function code({ bundle, files = {} }: CloudFunctionArgs): pulumi.asset.AssetArchive {
  return new pulumi.asset.AssetArchive({
    "index.mjs": new pulumi.asset.FileAsset(join(bundle, "index.mjs")),
    ...Object.fromEntries(
      Object.entries(files).map(([file, text]) => [file, new pulumi.asset.StringAsset(text)]),
    ),
  });
}
