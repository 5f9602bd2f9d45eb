import * as pulumi from "@pulumi/pulumi";
import type { BackupJob } from "../plan/backup-types.ts";
import { BACKUP_NAMESPACE } from "../plan/backups.ts";
import { document, partitionOf, type Statement, suffixOf } from "./policy-document.ts";

/** A bucket that a policy is for, and the key that it encrypts with. */
export interface SealedBucket {
  readonly bucketArn: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
}

/** What every program of the backup is given to say where things lie. */
export interface BackupRights {
  readonly job: BackupJob;
  readonly bucketArn: pulumi.Input<string>;
  readonly scratchArn: pulumi.Input<string>;
  readonly queueArn: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  readonly region: string;
  readonly accountId: pulumi.Input<string>;
}

/** Name of the object that says what a backup is made of (cloud/backup/manifest.ts). */
const MANIFEST = "manifest.json";
/** Settings by which a bucket keeps what is in it. Replication is one: a copy elsewhere is a way out. */
const SETTINGS = [
  "s3:DeleteBucket",
  "s3:PutBucketObjectLockConfiguration",
  "s3:PutBucketOwnershipControls",
  "s3:PutBucketPublicAccessBlock",
  "s3:PutBucketVersioning",
  "s3:PutEncryptionConfiguration",
  "s3:PutLifecycleConfiguration",
  "s3:PutReplicationConfiguration",
];
/** Only the lifecycle deletes, which no policy binds; and nobody sets a lock of his own, shorter or for ever. */
const DELETIONS = [
  "s3:DeleteObject",
  "s3:DeleteObjectVersion",
  "s3:PutObjectLegalHold",
  "s3:PutObjectRetention",
];

/** Nobody reaches the bucket without TLS of 1.2 or later, or writes what another key or none encrypts. */
export function sealedBucket(args: SealedBucket): pulumi.Output<string> {
  return document(...sealed(args));
}

/**
 * {@link sealedBucket}, and nobody ends a lock early, writes over an object, deletes, or changes a setting by which
 * backups are kept. The administrators alone may do the last two. Whoever may write the bucket's policy (never denied here, or only the root
 * user could) opens it again, in one reviewed change.
 */
export function backupBucket(
  args: SealedBucket & { readonly administrators: readonly string[] },
): pulumi.Output<string> {
  const { bucketArn, administrators } = args;
  const objects = pulumi.interpolate`${bucketArn}/*`;
  const others =
    administrators.length === 0
      ? {}
      : { Condition: { ArnNotEquals: { "aws:PrincipalArn": administrators } } };
  return document(
    ...sealed(args),
    deny("NobodyEndsALock", "s3:BypassGovernanceRetention", objects),
    {
      // the parts of an upload know no condition; the call that completes it does. Copies of S3 are ReplicateObject
      ...deny("OnlyNewKeys", "s3:PutObject", objects),
      Condition: { Null: { "s3:if-none-match": "true" }, Bool: { "s3:ObjectCreationOperation": "true" } },
    },
    { ...deny("OnlyTheLifecycleDeletes", DELETIONS, objects), ...others },
    { ...deny("SettingsStay", SETTINGS, bucketArn), ...others },
  );
}

/**
 * The daily backup: adds objects below its own beginning, and reads only what it saves. Of the backups it reads nothing
 * but the cluster's manifests, which say when the last of them was written and what it lacks.
 */
export function takeBackups(args: BackupRights): pulumi.Output<string> {
  const { job, bucketArn, scratchArn, keyArn, region, accountId } = args;
  const partition = partitionOf(region);
  const table = pulumi.interpolate`arn:${partition}:dynamodb:${region}:${accountId}:table/${job.incidentsTable}`;
  return document(
    allow("AddBackups", "s3:PutObject", pulumi.interpolate`${bucketArn}/${job.prefix}*`),
    list("FindBackups", "s3:ListBucket", { arn: bucketArn, prefixes: prefixesOf(job) }),
    ...readClusterManifests(args),
    list("FindRecords", "s3:ListBucket", { arn: scratchArn, prefixes: [job.records] }),
    useKey("EncryptBackups", "kms:GenerateDataKey", { keyArn, region, service: "s3" }),
    allow("ReadIncidents", "dynamodb:Scan", table),
    useKey("DecryptIncidents", "kms:Decrypt", { keyArn, region, service: "dynamodb" }),
    // neither of the two knows resources
    allow("ReadHistory", "cloudwatch:GetMetricData", "*"),
    publishMetrics(),
    ...readState(args, partition),
    ...reportFailure(args),
  );
}

/** The restore drill: reads backups version by version, and writes into the scratch bucket. It deletes nowhere. */
export function drillBackups(args: BackupRights): pulumi.Output<string> {
  const { job, bucketArn, scratchArn, keyArn, region } = args;
  const prefixes = prefixesOf(job);
  return document(
    list("FindBackups", ["s3:ListBucket", "s3:ListBucketVersions"], {
      arn: bucketArn,
      prefixes,
      below: true,
    }),
    allow(
      "ReadBackups",
      "s3:GetObjectVersion",
      prefixes.map((prefix) => pulumi.interpolate`${bucketArn}/${prefix}*`),
    ),
    allow("Restore", ["s3:GetObject", "s3:PutObject"], pulumi.interpolate`${scratchArn}/${job.restored}*`),
    allow("Record", "s3:PutObject", pulumi.interpolate`${scratchArn}/${job.records}*`),
    list("FindRecords", "s3:ListBucket", { arn: scratchArn, prefixes: [job.records] }),
    useKey("UseBackups", ["kms:Decrypt", "kms:GenerateDataKey"], { keyArn, region, service: "s3" }),
    publishMetrics(),
    ...reportFailure(args),
  );
}

/** The job in the cluster: adds objects below its own beginning, and nothing else. */
export function takeClusterBackups(
  args: Pick<BackupRights, "bucketArn" | "keyArn" | "region"> & { readonly prefix: string },
): pulumi.Output<string> {
  const { bucketArn, keyArn, region, prefix } = args;
  return document(
    allow("AddBackups", "s3:PutObject", pulumi.interpolate`${bucketArn}/${prefix}*`),
    useKey("EncryptBackups", "kms:GenerateDataKey", { keyArn, region, service: "s3" }),
  );
}

/** Starts a function, and puts what could not be started into its queue. */
export function startFunction(
  args: Pick<BackupRights, "queueArn" | "keyArn" | "region"> & { readonly functionArn: pulumi.Input<string> },
): pulumi.Output<string> {
  return document(allow("Start", "lambda:InvokeFunction", args.functionArn), ...reportFailure(args));
}

/** S3's own role: copies new versions with their locks into the other bucket, and never a deletion. */
export function replicateBackups(args: {
  readonly from: SealedBucket & { readonly region: string };
  readonly to: SealedBucket & { readonly region: string };
}): pulumi.Output<string> {
  const { from, to } = args;
  const copied = [
    "s3:GetObjectLegalHold",
    "s3:GetObjectRetention",
    "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionForReplication",
    "s3:GetObjectVersionTagging",
  ];
  return document(
    allow("ReadSettings", ["s3:GetReplicationConfiguration", "s3:ListBucket"], from.bucketArn),
    allow("ReadVersions", copied, pulumi.interpolate`${from.bucketArn}/*`),
    allow("WriteCopies", ["s3:ReplicateObject", "s3:ReplicateTags"], pulumi.interpolate`${to.bucketArn}/*`),
    useKey("Decrypt", "kms:Decrypt", { ...from, service: "s3" }),
    useKey("Encrypt", ["kms:Encrypt", "kms:GenerateDataKey"], { ...to, service: "s3" }),
  );
}

function sealed({ bucketArn, keyArn }: SealedBucket): Statement[] {
  const objects = pulumi.interpolate`${bucketArn}/*`;
  const all = [bucketArn, objects];
  const [scheme, key] = ["s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"];
  return [
    { ...deny("OnlyTls", "s3:*", all), Condition: { Bool: { "aws:SecureTransport": "false" } } },
    { ...deny("OnlyNewTls", "s3:*", all), Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } } },
    // who says nothing gets the bucket's own encryption, which is right
    {
      ...deny("OnlyKms", "s3:PutObject", objects),
      Condition: { StringNotEquals: { [scheme]: "aws:kms" }, Null: { [scheme]: "false" } },
    },
    {
      ...deny("OnlyThisKey", "s3:PutObject", objects),
      Condition: { StringNotEquals: { [key]: keyArn }, Null: { [key]: "false" } },
    },
  ];
}

const prefixesOf = ({ prefix, clusterPrefix }: BackupJob): string[] =>
  clusterPrefix === null ? [prefix] : [prefix, clusterPrefix];

function readClusterManifests({ job, bucketArn, keyArn, region }: BackupRights): Statement[] {
  if (job.clusterPrefix === null) return [];
  const manifests = pulumi.interpolate`${bucketArn}/${job.clusterPrefix}*/${MANIFEST}`;
  return [
    allow("ReadClusterManifests", "s3:GetObject", manifests),
    useKey("DecryptClusterManifests", "kms:Decrypt", { keyArn, region, service: "s3" }),
  ];
}

function readState({ job: { state } }: BackupRights, partition: string): Statement[] {
  if (state === null) return [];
  const { bucket, prefix, keyArn } = state;
  const arn = `arn:${partition}:s3:::${bucket}`;
  return [
    list("FindState", "s3:ListBucket", { arn, prefixes: [prefix] }),
    allow("ReadState", "s3:GetObject", `${arn}/${prefix}*`),
    ...(keyArn === null ? [] : [allow("DecryptState", "kms:Decrypt", keyArn)]),
  ];
}

function reportFailure({
  queueArn,
  keyArn,
  region,
}: Pick<BackupRights, "queueArn" | "keyArn" | "region">): Statement[] {
  const actions = ["kms:Decrypt", "kms:GenerateDataKey"];
  return [
    allow("ReportFailure", "sqs:SendMessage", queueArn),
    useKey("EncryptFailure", actions, { keyArn, region, service: "sqs" }),
  ];
}

function publishMetrics(): Statement {
  return {
    ...allow("PublishMetrics", "cloudwatch:PutMetricData", "*"),
    Condition: { StringEquals: { "cloudwatch:namespace": BACKUP_NAMESPACE } },
  };
}

/** Lists keys below these beginnings only; of exactly these unless it goes on below. */
function list(
  sid: string,
  actions: string | readonly string[],
  {
    arn,
    prefixes,
    below = false,
  }: {
    readonly arn: pulumi.Input<string>;
    readonly prefixes: readonly string[];
    readonly below?: boolean;
  },
): Statement {
  const condition = below
    ? { StringLike: { "s3:prefix": prefixes.map((prefix) => `${prefix}*`) } }
    : { StringEquals: { "s3:prefix": prefixes } };
  return { ...allow(sid, actions, arn), Condition: condition };
}

function useKey(
  sid: string,
  actions: string | readonly string[],
  {
    keyArn,
    region,
    service,
  }: {
    readonly keyArn: pulumi.Input<string>;
    readonly region: string;
    readonly service: string;
  },
): Statement {
  const via = `${service}.${region}.${suffixOf(region)}`;
  return { ...allow(sid, actions, keyArn), Condition: { StringEquals: { "kms:ViaService": via } } };
}

function allow(
  sid: string,
  actions: string | readonly string[],
  resource: pulumi.Input<string> | readonly pulumi.Input<string>[],
): Statement {
  return { Sid: sid, Effect: "Allow", Action: actions, Resource: resource };
}

function deny(
  sid: string,
  actions: string | readonly string[],
  resource: pulumi.Input<string> | readonly pulumi.Input<string>[],
): Statement {
  return { Sid: sid, Effect: "Deny", Principal: "*", Action: actions, Resource: resource };
}
