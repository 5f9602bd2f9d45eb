import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Key } from "@pulumi/aws/kms/key.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { BucketReplicationConfig } from "@pulumi/aws/s3/bucketReplicationConfig.js";
import * as pulumi from "@pulumi/pulumi";
import { COPY_RULE } from "../plan/backups.ts";
import { backupBucket, replicateBackups, type SealedBucket } from "./backup-policies.ts";
import { document, partitionOf, trust } from "./policy-document.ts";
import { type PrivateBucket, type PrivateBucketArgs, privateBucket } from "./private-bucket.ts";

/** Days in which the deletion of a key can be taken back (ScheduleKeyDeletion: 7 to 30). */
const DELETION_DAYS = 30;

export interface BackupReplicaArgs {
  readonly from: PrivateBucket;
  readonly fromKeyArn: pulumi.Input<string>;
  readonly fromRegion: string;
  /** The region that copies go to. */
  readonly region: string;
  readonly accountId: pulumi.Input<string>;
  /** Name of the bucket: of one that exists when `keyArn` is given, else of one that is made. */
  readonly bucketName: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string> | undefined;
  readonly administrators: readonly string[];
  readonly like: Pick<PrivateBucketArgs, "expiry" | "forceDestroy"> &
    Required<Pick<PrivateBucketArgs, "lock">>;
}

/** A second copy of every backup, with its lock, in another region; as children of whatever `options` name. */
export function backupReplica(
  name: string,
  args: BackupReplicaArgs,
  options: pulumi.CustomResourceOptions,
): BucketReplicationConfig {
  const { from, fromKeyArn, fromRegion, region } = args;
  const { to, ready } = destination(name, args, options);
  const role = new Role(
    `${name}-role`,
    { assumeRolePolicy: trust({ Service: "s3.amazonaws.com" }) },
    options,
  );
  const policy = replicateBackups({
    from: { bucketArn: from.bucket.arn, keyArn: fromKeyArn, region: fromRegion },
    to: { ...to, region },
  });
  const rights = new RolePolicy(`${name}-rights`, { role: role.id, policy }, options);
  return new BucketReplicationConfig(
    `${name}-replication`,
    {
      bucket: from.bucket.id,
      role: role.arn,
      rules: [
        {
          id: COPY_RULE,
          status: "Enabled",
          priority: 0,
          filter: {},
          // a deletion here must not reach the copy
          deleteMarkerReplication: { status: "Disabled" },
          sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
          destination: {
            bucket: to.bucketArn,
            encryptionConfiguration: { replicaKmsKeyId: to.keyArn },
            // what could not be copied is counted; no promise of a time, which costs by the byte
            metrics: { status: "Enabled" },
          },
        },
      ],
    },
    { ...options, dependsOn: [...from.settings, ...ready, rights] },
  );
}

/** The other bucket and its key: those that exist, or two that are made in the other region. */
function destination(
  name: string,
  args: BackupReplicaArgs,
  options: pulumi.CustomResourceOptions,
): { readonly to: SealedBucket; readonly ready: readonly pulumi.Resource[] } {
  const { region, accountId, bucketName, administrators, like } = args;
  const partition = partitionOf(region);
  if (args.keyArn !== undefined) {
    const bucketArn = pulumi.interpolate`arn:${partition}:s3:::${bucketName}`;
    return { to: { bucketArn, keyArn: args.keyArn }, ready: [] };
  }
  const key = new Key(
    `${name}-key`,
    {
      region,
      description: "Copies of backups",
      enableKeyRotation: true,
      deletionWindowInDays: DELETION_DAYS,
      policy: document({
        Sid: "Account",
        Effect: "Allow",
        Principal: { AWS: pulumi.interpolate`arn:${partition}:iam::${accountId}:root` },
        Action: "kms:*",
        Resource: "*",
      }),
    },
    options,
  );
  const made = privateBucket(name, { ...like, region, bucketName, keyArn: key.arn }, options);
  const to = { bucketArn: made.bucket.arn, keyArn: key.arn };
  const policy = new BucketPolicy(
    `${name}-policy`,
    { region, bucket: made.bucket.id, policy: backupBucket({ ...to, administrators }) },
    { ...options, dependsOn: [...made.settings] },
  );
  return { to, ready: [...made.settings, policy] };
}
