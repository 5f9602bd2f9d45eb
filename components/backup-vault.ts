import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketObjectLockConfiguration } from "@pulumi/aws/s3/bucketObjectLockConfiguration.js";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import * as pulumi from "@pulumi/pulumi";
import type { BackupPlan } from "../plan/types.ts";
import { onlyTls } from "./policies.ts";

const ABANDONED_UPLOAD_DAYS = 7;

export interface BackupVaultArgs {
  /** Name, retention and lock of the bucket. */
  readonly plan: BackupPlan;
  /** The AWS account, which the bucket's name ends with: bucket names are shared by all accounts. */
  readonly accountId: pulumi.Input<string>;
}

/**
 * A bucket for backups: private, versioned, locked and expiring. It is never emptied to be destroyed. Encrypted
 * with S3's own keys (AES256); `aws:kms` would need a key of the environment's own to be worth its name.
 */
export class BackupVault extends pulumi.ComponentResource {
  /** Name of the bucket. */
  readonly bucket: pulumi.Output<string>;

  constructor(name: string, args: BackupVaultArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rollcall:index:BackupVault", name, {}, opts);
    const { plan, accountId } = args;
    if (plan.lockDays > plan.retentionDays) {
      const rule = `a lock of ${plan.lockDays} days outlasts the ${plan.retentionDays} days of the lifecycle`;
      throw new pulumi.ResourceError(rule, this, true);
    }
    // a kept bucket keeps its settings too
    const keep = { parent: this, protect: plan.protect, retainOnDelete: plan.protect };

    const bucket = new Bucket(
      `${name}-bucket`,
      { bucket: pulumi.interpolate`${plan.bucket}-${accountId}`, objectLockEnabled: true },
      keep,
    );
    const versioning = new BucketVersioning(
      `${name}-versioning`,
      { bucket: bucket.id, versioningConfiguration: { status: "Enabled" } },
      keep,
    );
    new BucketServerSideEncryptionConfiguration(
      `${name}-encryption`,
      {
        bucket: bucket.id,
        rules: [
          {
            applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" },
            blockedEncryptionTypes: ["SSE-C"],
          },
        ],
      },
      keep,
    );
    const access = new BucketPublicAccessBlock(
      `${name}-access`,
      {
        bucket: bucket.id,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      keep,
    );
    new BucketOwnershipControls(
      `${name}-ownership`,
      { bucket: bucket.id, rule: { objectOwnership: "BucketOwnerEnforced" } },
      keep,
    );
    new BucketObjectLockConfiguration(
      `${name}-lock`,
      { bucket: bucket.id, rule: { defaultRetention: { mode: plan.lockMode, days: plan.lockDays } } },
      { ...keep, dependsOn: [versioning] },
    );
    new BucketLifecycleConfiguration(
      `${name}-lifecycle`,
      { bucket: bucket.id, rules: [expiry(plan.retentionDays)] },
      { ...keep, dependsOn: [versioning] },
    );
    new BucketPolicy(
      `${name}-policy`,
      { bucket: bucket.id, policy: onlyTls(bucket.arn) },
      // S3 refuses two changes of a bucket's access at the same time
      { ...keep, dependsOn: [access] },
    );

    this.bucket = bucket.bucket;
    this.registerOutputs({ bucket: this.bucket });
  }
}

function expiry(days: number) {
  return {
    id: "retention",
    status: "Enabled",
    filter: {},
    expiration: { days },
    noncurrentVersionExpiration: { noncurrentDays: days },
    abortIncompleteMultipartUpload: { daysAfterInitiation: ABANDONED_UPLOAD_DAYS },
  };
}
