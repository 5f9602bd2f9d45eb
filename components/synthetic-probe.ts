import { join } from "node:path";
import type { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { Table, type TableArgs } from "@pulumi/aws/dynamodb/table.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Function as LambdaFunction } from "@pulumi/aws/lambda/function.js";
import { FunctionEventInvokeConfig } from "@pulumi/aws/lambda/functionEventInvokeConfig.js";
import { Schedule } from "@pulumi/aws/scheduler/schedule.js";
import * as pulumi from "@pulumi/pulumi";
import type { ProbePlan } from "../plan/types.ts";
import { deadLetters } from "./dead-letters.ts";
import {
  attachNetwork,
  keepItems,
  lambdaTrust,
  readSecrets,
  schedulerTrust,
  startProbe,
  writeLogs,
} from "./policies.ts";

/** A probe that could not run in its minute is dropped: a late one would say something about another minute. */
const STALE = { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 };

export interface SyntheticProbeArgs {
  /** Name, size, rhythm, secrets and roster of the function, and the name of the table for its state. */
  readonly plan: ProbePlan["lambda"];
  /** Folder of the bundled probe, which holds `index.mjs`. */
  readonly bundle: string;
  /** The log group that the function writes its lines to, and the metrics in them. */
  readonly logGroup: LogGroup;
  /** The AWS account whose schedules may start it, and whose secrets it reads. */
  readonly accountId: pulumi.Input<string>;
  /** The region that it runs in, where secrets lie that are named without one. */
  readonly region: string;
  /** Name of the environment's group of schedules, by which Scheduler counts what it could not start. */
  readonly scheduleGroup: pulumi.Input<string>;
  /** ARN of the environment's key, for its table, its queue and its variables. */
  readonly keyArn: pulumi.Input<string>;
}

/**
 * The probe in AWS: one function that a schedule for each part of its roster starts every minute, and the table that keeps its last results, and
 * its circuit breakers when Lambda ends its process. It may write its log, get and put items of its table, read the secrets that its roster
 * names, and nothing else. Decryption by a customer-managed KMS key is not granted: such a key's own policy has to
 * name the role.
 */
export class SyntheticProbe extends pulumi.ComponentResource {
  /** Name of the function. */
  readonly functionName: pulumi.Output<string>;

  constructor(name: string, args: SyntheticProbeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:SyntheticProbe", name, {}, opts);
    const { plan, bundle, logGroup, accountId, region, keyArn, scheduleGroup } = args;
    const { secrets } = plan;

    const role = new Role(`${name}-role`, { assumeRolePolicy: lambdaTrust() }, { parent: this });
    const logs = new RolePolicy(
      `${name}-logs`,
      { role: role.id, policy: writeLogs(logGroup.arn) },
      { parent: this },
    );
    const table = new Table(`${name}-state`, state(plan.stateTable, keyArn), { parent: this });
    const stateful = new RolePolicy(
      `${name}-keep-state`,
      { role: role.id, policy: keepItems({ tableArn: table.arn, keyArn, region }) },
      { parent: this },
    );
    const rights = [logs, stateful];
    if (plan.vpc !== null) {
      const policy = attachNetwork({ functionName: plan.name, region, accountId });
      rights.push(new RolePolicy(`${name}-network`, { role: role.id, policy }, { parent: this }));
    }
    if (secrets.length > 0) {
      const policy = readSecrets({ secrets, region, accountId });
      rights.push(new RolePolicy(`${name}-read-secrets`, { role: role.id, policy }, { parent: this }));
    }
    const probe = new LambdaFunction(
      `${name}-function`,
      {
        name: plan.name,
        description: "Checks every MCP server of its roster and writes what it measured",
        role: role.arn,
        runtime: "nodejs24.x",
        architectures: ["arm64"],
        handler: "index.handler",
        code: code(plan, bundle),
        timeout: plan.timeoutSeconds,
        memorySize: plan.memoryMb,
        environment: {
          variables: {
            NODE_OPTIONS: plan.nodeOptions,
            ROLLCALL_BREAKERS: pulumi.interpolate`dynamodb:${table.name}`,
            ROLLCALL_RESULTS: pulumi.interpolate`dynamodb:${table.name}`,
          },
        },
        kmsKeyArn: keyArn,
        ...(plan.vpc === null
          ? {}
          : {
              vpcConfig: {
                subnetIds: [...plan.vpc.subnets],
                securityGroupIds: [...plan.vpc.securityGroups],
              },
            }),
        // a run for each part: more at once would check servers twice
        reservedConcurrentExecutions: plan.shards,
        // JSON would wrap each line, and CloudWatch finds metrics only at the root of one
        loggingConfig: { logFormat: "Text", logGroup: logGroup.name },
      },
      { parent: this, dependsOn: rights },
    );
    new FunctionEventInvokeConfig(
      `${name}-invoke-config`,
      { functionName: probe.name, ...STALE },
      { parent: this },
    );

    const queue = deadLetters(this, `${name}-dead-letters`, { queueName: plan.deadLetters, keyArn });
    const schedulerRole = new Role(
      `${name}-schedule-role`,
      { assumeRolePolicy: schedulerTrust(accountId) },
      { parent: this },
    );
    const invoke = new RolePolicy(
      `${name}-invoke`,
      {
        role: schedulerRole.id,
        policy: startProbe({ functionArn: probe.arn, queueArn: queue.arn, keyArn, region }),
      },
      { parent: this },
    );
    for (const { suffix, input } of parts(plan.shards)) {
      new Schedule(
        `${name}-schedule${suffix}`,
        {
          name: `${plan.name}${suffix}`,
          groupName: scheduleGroup,
          scheduleExpression: rate(plan.everyMinutes),
          flexibleTimeWindow: { mode: "OFF" },
          target: {
            arn: probe.arn,
            roleArn: schedulerRole.arn,
            retryPolicy: STALE,
            deadLetterConfig: { arn: queue.arn },
            ...(input === null ? {} : { input: JSON.stringify(input) }),
          },
        },
        { parent: this, dependsOn: [invoke] },
      );
    }

    this.functionName = probe.name;
    this.registerOutputs({ functionName: this.functionName });
  }
}

function code(plan: ProbePlan["lambda"], bundle: string): pulumi.asset.AssetArchive {
  return new pulumi.asset.AssetArchive({
    "index.mjs": new pulumi.asset.FileAsset(join(bundle, "index.mjs")),
    "roster.json": new pulumi.asset.StringAsset(JSON.stringify(plan.roster)),
  });
}

/** What the schedule of each part tells the one function; a roster in one piece is told nothing. */
function parts(shards: number): { suffix: string; input: { shard: number; of: number } | null }[] {
  if (shards === 1) return [{ suffix: "", input: null }];
  return Array.from({ length: shards }, (_, index) => ({
    suffix: `-${index + 1}`,
    input: { shard: index + 1, of: shards },
  }));
}

/**
 * Two items a shard: its breakers, written only when one moves, and its last results, written by every run; all of it
 * is worthless after a week.
 */
function state(name: string, keyArn: pulumi.Input<string>): TableArgs {
  return {
    name,
    billingMode: "PAY_PER_REQUEST",
    hashKey: "key",
    attributes: [{ name: "key", type: "S" }],
    ttl: { attributeName: "expires", enabled: true },
    serverSideEncryption: { enabled: true, kmsKeyArn: keyArn },
    // yesterday's breakers say nothing about today's servers, so there is nothing to go back to, or to protect
    pointInTimeRecovery: { enabled: false },
    deletionProtectionEnabled: false,
  };
}

function rate(minutes: number): string {
  return minutes === 1 ? "rate(1 minute)" : `rate(${minutes} minutes)`;
}
