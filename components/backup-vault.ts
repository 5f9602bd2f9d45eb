import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import * as pulumi from "@pulumi/pulumi";
import type { BackupPlan } from "../plan/backup-types.ts";
import { backupBucket } from "./backup-policies.ts";
import { backupReplica } from "./backup-replica.ts";
import { privateBucket } from "./private-bucket.ts";

export interface BackupVaultArgs {
  /** Name of the bucket, without the account's number, which it ends with: all accounts share the names of buckets. */
  readonly bucketName: string;
  /** Days after which an object goes. */
  readonly retentionDays: number;
  /** Days in which a version cannot be deleted; no more than those of the lifecycle, which could not delete it either. */
  readonly lockDays: number;
  /** Whether nobody at all, the root user included, can end a lock early. @default false */
  readonly compliance?: boolean;
  /** Kept with all its settings when the stack is destroyed; one that is not is emptied then, locks and all. */
  readonly protect: boolean;
  /** ARN of the key that objects are encrypted with. */
  readonly keyArn: pulumi.Input<string>;
  readonly accountId: pulumi.Input<string>;
  /** The region that the bucket lies in. */
  readonly region: string;
  /** ARNs of roles that may change its settings and delete from it. @default nobody */
  readonly administrators?: readonly string[];
  /** A region for a second copy of each object. @default there is none */
  readonly replicaRegion?: string;
  /** Name of the bucket of the copies, without the account's number, or whole where it exists and `replicaKeyArn` says by what. */
  readonly replicaBucketName?: string;
  /** ARN of the key of a bucket that exists there. @default bucket and key are made */
  readonly replicaKeyArn?: pulumi.Input<string>;
}

/**
 * A bucket for backups: private, versioned, locked, expiring, encrypted by one key, and copied to another region where
 * that is asked for. It takes new keys only: who writes sends `If-None-Match: *`. Nobody but its lifecycle deletes from
 * it, and nobody loosens its settings (docs/backups.md says how an administrator does).
 */
export class BackupVault extends pulumi.ComponentResource {
  /** Name of the bucket; using it makes a resource wait until it is locked and closed. */
  readonly bucket: pulumi.Output<string>;
  readonly bucketArn: pulumi.Output<string>;

  constructor(name: string, args: BackupVaultArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:BackupVault", name, {}, opts);
    const { retentionDays, lockDays, protect, keyArn, accountId, administrators = [] } = args;
    if (lockDays > retentionDays) {
      const rule = `a lock of ${lockDays} days outlasts the ${retentionDays} days of the lifecycle`;
      throw new pulumi.ResourceError(rule, this, true);
    }
    // a kept bucket keeps its settings too
    const keep = { parent: this, protect, retainOnDelete: protect };
    const like = {
      expiry: [{ prefix: "", days: retentionDays }],
      lock: { mode: args.compliance === true ? "COMPLIANCE" : "GOVERNANCE", days: lockDays },
      forceDestroy: !protect,
    } as const;
    const bucketName = pulumi.interpolate`${args.bucketName}-${accountId}`;
    const made = privateBucket(name, { ...like, bucketName, keyArn }, keep);
    const replicas =
      args.replicaRegion === undefined
        ? []
        : [backupReplica(`${name}-copy`, { ...replicaOf(args), from: made, administrators, like }, keep)];
    const { bucket } = made;
    const policy = new BucketPolicy(
      `${name}-policy`,
      { bucket: bucket.id, policy: backupBucket({ bucketArn: bucket.arn, keyArn, administrators }) },
      // last: it lets nobody change the settings, and S3 refuses two changes of a bucket's access at a time
      { ...keep, dependsOn: [...made.settings, ...replicas] },
    );

    this.bucket = pulumi.all([bucket.bucket, policy.id]).apply(([bucketOf]) => bucketOf);
    this.bucketArn = pulumi.all([bucket.arn, policy.id]).apply(([arn]) => arn);
    this.registerOutputs({ bucket: this.bucket, bucketArn: this.bucketArn });
  }
}

/** What a plan decides of a vault, in the words of its arguments. */
export function vaultArgs(plan: BackupPlan): Omit<BackupVaultArgs, "keyArn" | "accountId" | "region"> {
  const { bucket, retentionDays, lockDays, lockMode, protect, administrators, replica } = plan;
  return {
    bucketName: bucket,
    retentionDays,
    lockDays,
    compliance: lockMode === "COMPLIANCE",
    protect,
    administrators,
    ...(replica === null
      ? {}
      : {
          replicaRegion: replica.region,
          replicaBucketName: replica.existing?.bucket ?? replica.bucket,
          ...(replica.existing === null ? {} : { replicaKeyArn: replica.existing.keyArn }),
        }),
  };
}

function replicaOf(args: BackupVaultArgs) {
  const { replicaRegion = "", replicaBucketName = `${args.bucketName}-copy`, replicaKeyArn } = args;
  return {
    fromKeyArn: args.keyArn,
    fromRegion: args.region,
    region: replicaRegion,
    accountId: args.accountId,
    bucketName:
      replicaKeyArn === undefined
        ? pulumi.interpolate`${replicaBucketName}-${args.accountId}`
        : replicaBucketName,
    keyArn: replicaKeyArn,
  };
}
