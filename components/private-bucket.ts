import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketObjectLockConfiguration } from "@pulumi/aws/s3/bucketObjectLockConfiguration.js";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import type { input } from "@pulumi/aws/types/index.js";
import type * as pulumi from "@pulumi/pulumi";

const ABANDONED_UPLOAD_DAYS = 7;

export interface PrivateBucketArgs {
  readonly bucketName: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  /** The region that it lies in; that of the provider when left out. */
  readonly region?: string;
  /** Days after which objects go, by the beginning of their keys. */
  readonly expiry: readonly { readonly prefix: string; readonly days: number }[];
  /** Every version is kept, and locked for these days. */
  readonly lock?: { readonly mode: "GOVERNANCE" | "COMPLIANCE"; readonly days: number };
  /** Whether a bucket that is destroyed is emptied before, which ends governance locks. */
  readonly forceDestroy: boolean;
}

/** A bucket with the settings that a policy may rely on once they are there. */
export interface PrivateBucket {
  readonly bucket: Bucket;
  readonly versioning: readonly BucketVersioning[];
  readonly settings: readonly pulumi.Resource[];
}

/** A bucket of one account, encrypted by one key and expiring, as children of whatever `options` name. It has no policy yet. */
export function privateBucket(
  name: string,
  args: PrivateBucketArgs,
  options: pulumi.CustomResourceOptions,
): PrivateBucket {
  const { lock, expiry, keyArn, forceDestroy } = args;
  const region = args.region === undefined ? {} : { region: args.region };
  const made = new Bucket(
    `${name}-bucket`,
    {
      ...region,
      bucket: args.bucketName,
      ...(lock === undefined ? {} : { objectLockEnabled: true }),
      ...(forceDestroy ? { forceDestroy } : {}),
    },
    options,
  );
  const bucket = { ...region, bucket: made.id };
  const versioning =
    lock === undefined
      ? []
      : [
          new BucketVersioning(
            `${name}-versioning`,
            { ...bucket, versioningConfiguration: { status: "Enabled" } },
            options,
          ),
        ];
  const versioned = { ...options, dependsOn: versioning };
  const encryption = new BucketServerSideEncryptionConfiguration(
    `${name}-encryption`,
    { ...bucket, rules: [encryptedBy(keyArn)] },
    options,
  );
  const access = new BucketPublicAccessBlock(
    `${name}-access`,
    {
      ...bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    options,
  );
  const ownership = new BucketOwnershipControls(
    `${name}-ownership`,
    { ...bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
    options,
  );
  const locks =
    lock === undefined
      ? []
      : [
          new BucketObjectLockConfiguration(
            `${name}-lock`,
            { ...bucket, rule: { defaultRetention: { mode: lock.mode, days: lock.days } } },
            versioned,
          ),
        ];
  const lifecycle = new BucketLifecycleConfiguration(
    `${name}-lifecycle`,
    { ...bucket, rules: lifecycleRules(expiry, lock !== undefined) },
    versioned,
  );
  return {
    bucket: made,
    versioning,
    settings: [...versioning, encryption, access, ownership, ...locks, lifecycle],
  };
}

function encryptedBy(keyArn: pulumi.Input<string>): input.s3.BucketServerSideEncryptionConfigurationRule {
  return {
    applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: keyArn },
    // one key a bucket and some hours instead of one call of KMS an object
    bucketKeyEnabled: true,
    blockedEncryptionTypes: ["SSE-C"],
  };
}

/**
 * Objects go after their days, and what is left of them when they were replaced or deleted after the same time again.
 * No number of newer versions is set: S3 keeps that many for ever, and each key here is written once.
 */
function lifecycleRules(
  expiry: PrivateBucketArgs["expiry"],
  versioned: boolean,
): input.s3.BucketLifecycleConfigurationRule[] {
  const filter = (prefix: string) => (prefix === "" ? {} : { prefix });
  return [
    ...expiry.map(({ prefix, days }) => ({
      id: prefix === "" ? "retention" : prefix.replaceAll("/", ""),
      status: "Enabled",
      filter: filter(prefix),
      expiration: { days },
      ...(versioned ? { noncurrentVersionExpiration: { noncurrentDays: days } } : {}),
    })),
    {
      id: "remains",
      status: "Enabled",
      filter: {},
      ...(versioned ? { expiration: { expiredObjectDeleteMarker: true } } : {}),
      abortIncompleteMultipartUpload: { daysAfterInitiation: ABANDONED_UPLOAD_DAYS },
    },
  ];
}
