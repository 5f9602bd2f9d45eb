import {
  type BucketLoggingStatus,
  DeleteBucketEncryptionCommand,
  DeleteBucketLifecycleCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketPolicyCommand,
  DeleteBucketReplicationCommand,
  DeletePublicAccessBlockCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLoggingCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketReplicationCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  type LifecycleRule,
  type ObjectLockRule,
  type OwnershipControlsRule,
  type PublicAccessBlockConfiguration,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketLoggingCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
  type ReplicationRule,
  type ServerSideEncryptionRule,
  type VersioningConfiguration,
} from "@aws-sdk/client-s3";
import { asArray, asRecord, asString, type JsonRecord } from "../json.ts";
import type { Clients } from "./clients.ts";
import type { Thing, Things } from "./things.ts";
import { document, inputWords, text, without, words } from "./words.ts";

const ID = { id: "ID" };
const ENCRYPTION = { kmsMasterKeyId: "KMSMasterKeyID", sseAlgorithm: "SSEAlgorithm" };
const REPLICATION = { ...ID, replicaKmsKeyId: "ReplicaKmsKeyID" };

type S3 = Clients["s3"];

/** What is set on a bucket: each a resource of its own, whose id is the bucket's name. */
export const BUCKET_SETTINGS: Things = {
  "aws:s3/bucketVersioning:BucketVersioning": setting({
    put: (s3, Bucket, { versioningConfiguration }) => {
      const VersioningConfiguration = words<VersioningConfiguration>(versioningConfiguration);
      return s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    },
    get: async (s3, Bucket) => {
      const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
      return Status && { versioningConfiguration: { status: Status } };
    },
    remove: suspend,
  }),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": setting({
    put: (s3, Bucket, { rules }) => {
      const ServerSideEncryptionConfiguration = { Rules: asArray(rules).map(encryptionRule) };
      return s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
    },
    get: async (s3, Bucket) => {
      const found = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
      const rules = found.ServerSideEncryptionConfiguration?.Rules ?? [];
      return {
        rules: rules.map(({ BlockedEncryptionTypes, ...rule }) => ({
          ...inputWords(rule, ENCRYPTION),
          blockedEncryptionTypes: BlockedEncryptionTypes?.EncryptionType,
        })),
      };
    },
    remove: (s3, Bucket) => s3.send(new DeleteBucketEncryptionCommand({ Bucket })),
  }),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": setting({
    put: (s3, Bucket, inputs) => {
      const PublicAccessBlockConfiguration = words<PublicAccessBlockConfiguration>(
        without(inputs, "bucket", "skipDestroy"),
      );
      return s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
    },
    get: async (s3, Bucket) =>
      inputWords((await s3.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration),
    remove: (s3, Bucket) => s3.send(new DeletePublicAccessBlockCommand({ Bucket })),
  }),
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": setting({
    put: (s3, Bucket, { rule }) => {
      const OwnershipControls = { Rules: [words<OwnershipControlsRule>(rule)] };
      return s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
    },
    get: async (s3, Bucket) => {
      const { OwnershipControls } = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
      return { rule: inputWords(OwnershipControls?.Rules?.[0]) };
    },
    remove: (s3, Bucket) => s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket })),
  }),
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": setting({
    put: (s3, Bucket, { rule }) => lock(s3, Bucket, { Rule: words<ObjectLockRule>(rule) }),
    get: async (s3, Bucket) => {
      const found = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
      const rule = found.ObjectLockConfiguration?.Rule;
      return rule && { rule: inputWords(rule) };
    },
    // a bucket that was made for locks keeps them; only the rule of new objects goes
    remove: (s3, Bucket) => lock(s3, Bucket, {}),
  }),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": setting({
    put: (s3, Bucket, { rules }) => {
      const LifecycleConfiguration = { Rules: words<LifecycleRule[]>(rules, ID) };
      return s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
    },
    get: async (s3, Bucket) => {
      const { Rules = [] } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
      return { rules: Rules.map((rule) => inputWords(rule, ID)) };
    },
    remove: (s3, Bucket) => s3.send(new DeleteBucketLifecycleCommand({ Bucket })),
  }),
  "aws:s3/bucketPolicy:BucketPolicy": setting({
    put: (s3, Bucket, { policy }) =>
      s3.send(new PutBucketPolicyCommand({ Bucket, Policy: document(policy) })),
    get: async (s3, Bucket) => ({ policy: (await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy }),
    remove: (s3, Bucket) => s3.send(new DeleteBucketPolicyCommand({ Bucket })),
  }),
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": setting({
    put: (s3, Bucket, { role, rules }) => {
      const Rules = words<ReplicationRule[]>(rules, REPLICATION);
      const ReplicationConfiguration = { Role: text(role), Rules };
      return s3.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration }));
    },
    get: async (s3, Bucket) => {
      const { ReplicationConfiguration } = await s3.send(new GetBucketReplicationCommand({ Bucket }));
      return inputWords(ReplicationConfiguration, REPLICATION);
    },
    remove: (s3, Bucket) => s3.send(new DeleteBucketReplicationCommand({ Bucket })),
  }),
  "aws:s3/bucketLogging:BucketLogging": setting({
    put: (s3, Bucket, inputs) => {
      const status = { loggingEnabled: without(inputs, "bucket") };
      const BucketLoggingStatus = words<BucketLoggingStatus>(status);
      return s3.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus }));
    },
    get: async (s3, Bucket) => {
      const { LoggingEnabled } = await s3.send(new GetBucketLoggingCommand({ Bucket }));
      return LoggingEnabled && inputWords(LoggingEnabled);
    },
    remove: (s3, Bucket) => s3.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: {} })),
  }),
};

function setting({
  put,
  get,
  remove,
}: {
  readonly put: (s3: S3, bucket: string, inputs: JsonRecord) => Promise<unknown>;
  /** The inputs as they stand, or nothing when it is not set. */
  readonly get: (s3: S3, bucket: string) => Promise<JsonRecord | "" | undefined>;
  readonly remove: (s3: S3, bucket: string) => Promise<unknown>;
}): Thing {
  return {
    computed: [],
    create: async ({ aws, inputs }) => {
      await put(aws.s3, text(inputs.bucket), inputs);
      return text(inputs.bucket);
    },
    read: async ({ aws, id }) => {
      const inputs = await get(aws.s3, id);
      return inputs === undefined || inputs === "" ? undefined : { inputs, outputs: {} };
    },
    delete: async ({ aws, id }) => {
      await remove(aws.s3, id);
    },
  };
}

function encryptionRule(rule: unknown): ServerSideEncryptionRule {
  const { blockedEncryptionTypes, ...rest } = asRecord(rule);
  const blocked = asArray(blockedEncryptionTypes).map(asString);
  return words<ServerSideEncryptionRule>(
    {
      ...rest,
      ...(blocked.length === 0 ? {} : { blockedEncryptionTypes: { encryptionType: blocked } }),
    },
    ENCRYPTION,
  );
}

function lock(s3: S3, Bucket: string, rule: { readonly Rule?: ObjectLockRule }): Promise<unknown> {
  const ObjectLockConfiguration = { ObjectLockEnabled: "Enabled" as const, ...rule };
  return s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
}

/** A bucket with locks stays versioned: S3 says so, and the vendor's provider takes that for an answer. */
async function suspend(s3: S3, Bucket: string): Promise<void> {
  try {
    const VersioningConfiguration = { Status: "Suspended" as const };
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  } catch (error) {
    if (!(error instanceof Error && error.name === "InvalidBucketState")) throw error;
  }
}
