import type { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { Schedule } from "@pulumi/aws/scheduler/schedule.js";
import * as pulumi from "@pulumi/pulumi";
import type { BackupFunctionPlan, BackupPlan } from "../plan/backup-types.ts";
import { drillBackups, sealedBucket, startFunction, takeBackups } from "./backup-policies.ts";
import { CloudFunction } from "./cloud-function.ts";
import { deadLetters } from "./dead-letters.ts";
import { schedulerTrust } from "./policies.ts";
import { privateBucket } from "./private-bucket.ts";

/** What could not be started is tried again within the hour; a backup that is later is tomorrow's. */
const START_AGAIN = { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 3_600 };
/** Names of the files and variables that the functions read (cloud/backup/files.ts). */
const FILES = { job: "job.json", catalog: "catalog.json" } as const;
const VARIABLES = { bucket: "ROLLCALL_BACKUP_BUCKET", scratch: "ROLLCALL_SCRATCH_BUCKET" } as const;

/** Folders of the two bundled functions, each with its `index.mjs`. */
export interface BackupBundles {
  readonly backup: string;
  readonly restoreDrill: string;
}

export interface BackupJobsArgs {
  readonly plan: BackupPlan;
  readonly bundles: BackupBundles;
  /** Texts of the catalog by their paths: what is backed up. */
  readonly catalog: Readonly<Record<string, string>>;
  /** The bucket that backups go to. */
  readonly bucket: pulumi.Input<string>;
  readonly bucketArn: pulumi.Input<string>;
  readonly logGroup: LogGroup;
  readonly keyArn: pulumi.Input<string>;
  /** Name of the environment's group of schedules. */
  readonly scheduleGroup: pulumi.Input<string>;
  readonly accountId: pulumi.Input<string>;
  readonly region: string;
}

/**
 * The daily backup and the weekly restore drill: a function each with a schedule, a queue of what failed for good, and
 * the bucket that a drill restores into. Neither function can delete anything, and of the backups the daily one reads
 * the cluster's manifests alone.
 */
export class BackupJobs extends pulumi.ComponentResource {
  /** Names of the two functions. */
  readonly functionNames: readonly pulumi.Output<string>[];

  constructor(name: string, args: BackupJobsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:BackupJobs", name, {}, opts);
    const { plan, keyArn, accountId, region, bucketArn, logGroup } = args;
    const { job } = plan;
    const scratch = this.#scratch(`${name}-scratch`, args);
    const queue = deadLetters(this, `${name}-failures`, { queueName: plan.failures, keyArn });
    const rights = {
      job,
      bucketArn,
      scratchArn: scratch.arn,
      queueArn: queue.arn,
      keyArn,
      region,
      accountId,
    };
    const common = {
      variables: { [VARIABLES.bucket]: args.bucket, [VARIABLES.scratch]: scratch.name },
      logGroup,
      keyArn,
      onFailure: { queueArn: queue.arn, retries: 2 },
    } as const;
    const daily = new CloudFunction(
      `${name}-daily`,
      {
        ...common,
        ...sizeOf(plan.daily),
        description: "Writes the backup of the environment",
        bundle: args.bundles.backup,
        files: { [FILES.job]: JSON.stringify(job), [FILES.catalog]: JSON.stringify(args.catalog) },
        policy: takeBackups(rights),
      },
      { parent: this },
    );
    const drill = new CloudFunction(
      `${name}-drill`,
      {
        ...common,
        ...sizeOf(plan.drill),
        description: "Restores the latest backup into a scratch place and compares it",
        bundle: args.bundles.restoreDrill,
        files: { [FILES.job]: JSON.stringify(job) },
        policy: drillBackups(rights),
      },
      { parent: this },
    );
    const { scheduleGroup } = args;
    const start = { queueArn: queue.arn, keyArn, region, accountId, scheduleGroup };
    this.#schedule(`${name}-daily`, { ...start, plan: plan.daily, functionArn: daily.arn });
    this.#schedule(`${name}-drill`, { ...start, plan: plan.drill, functionArn: drill.arn });
    this.functionNames = [daily.functionName, drill.functionName];
    this.registerOutputs({ functionNames: this.functionNames });
  }

  /** Nothing in it is missed: it goes with the stack, full or not. */
  #scratch(
    name: string,
    { plan, keyArn, accountId }: BackupJobsArgs,
  ): { readonly name: pulumi.Output<string>; readonly arn: pulumi.Output<string> } {
    const { scratch, job } = plan;
    const parent = { parent: this };
    const { bucket, settings } = privateBucket(
      name,
      {
        bucketName: pulumi.interpolate`${scratch.bucket}-${accountId}`,
        keyArn,
        expiry: [
          { prefix: job.restored, days: scratch.restoredDays },
          { prefix: job.records, days: scratch.recordDays },
        ],
        forceDestroy: true,
      },
      parent,
    );
    const policy = new BucketPolicy(
      `${name}-policy`,
      { bucket: bucket.id, policy: sealedBucket({ bucketArn: bucket.arn, keyArn }) },
      { ...parent, dependsOn: [...settings] },
    );
    return {
      name: pulumi.all([bucket.bucket, policy.id]).apply(([bucketOf]) => bucketOf),
      arn: bucket.arn,
    };
  }

  #schedule(
    name: string,
    args: Pick<BackupJobsArgs, "keyArn" | "accountId" | "region" | "scheduleGroup"> & {
      readonly plan: BackupFunctionPlan;
      readonly functionArn: pulumi.Input<string>;
      readonly queueArn: pulumi.Input<string>;
    },
  ): void {
    const { plan, functionArn, queueArn, accountId, scheduleGroup } = args;
    const role = new Role(
      `${name}-schedule-role`,
      { assumeRolePolicy: schedulerTrust(accountId) },
      { parent: this },
    );
    const rights = new RolePolicy(
      `${name}-start`,
      { role: role.id, policy: startFunction(args) },
      { parent: this },
    );
    new Schedule(
      `${name}-schedule`,
      {
        name: plan.name,
        groupName: scheduleGroup,
        scheduleExpression: plan.schedule,
        scheduleExpressionTimezone: plan.zone,
        flexibleTimeWindow: { mode: "OFF" },
        target: {
          arn: functionArn,
          roleArn: role.arn,
          retryPolicy: START_AGAIN,
          deadLetterConfig: { arn: queueArn },
        },
      },
      { parent: this, dependsOn: [rights] },
    );
  }
}

function sizeOf({ name, timeoutSeconds, memoryMb }: BackupFunctionPlan) {
  return { functionName: name, timeoutSeconds, memoryMb };
}
