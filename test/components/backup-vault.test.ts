import { describe, expect, test } from "vitest";
import { BackupVault, type BackupVaultArgs, vaultArgs } from "../../components/backup-vault.ts";
import { ACCOUNT, childrenOf, only, type Recorded, record } from "../support/pulumi-mocks.ts";
import { backup } from "../support/sample-plan.ts";

// Says what the program hands to the engine, word for word where it is a right; S3's own part is in cloud/backup.test.ts.

const KEY = "arn:aws:kms:eu-west-1:123456789012:key/own";
const BUCKET = "arn:test:vault-bucket";

const vault = (change: Partial<BackupVaultArgs> = {}) =>
  record(
    () =>
      new BackupVault("vault", {
        ...vaultArgs(backup),
        keyArn: KEY,
        accountId: ACCOUNT,
        region: "eu-west-1",
        ...change,
      }),
  );

const inputsOf = (resources: readonly Recorded[], type: string, name?: string) => {
  const { bucket: _, ...inputs } = only(resources, `aws:s3/${type}`, name).inputs;
  return inputs;
};

const statementsOf = (policy: string): readonly Record<string, unknown>[] =>
  (JSON.parse(policy) as { Statement: Record<string, unknown>[] }).Statement;

test("a vault is a bucket with its seven settings, and nothing else", async () => {
  const resources = await vault();
  expect(childrenOf(resources, "vault")).toEqual([
    "aws:s3/bucket:Bucket vault-bucket",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration vault-lifecycle",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration vault-lock",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls vault-ownership",
    "aws:s3/bucketPolicy:BucketPolicy vault-policy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock vault-access",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration vault-encryption",
    "aws:s3/bucketVersioning:BucketVersioning vault-versioning",
  ]);
  expect(resources).toHaveLength(9);
});

test("[CARD-08] the bucket is private, versioned, locked, expiring, encrypted by the environment's key, and never emptied", async () => {
  const resources = await vault();
  expect(only(resources, "aws:s3/bucket:Bucket").inputs).toEqual({
    bucket: "rollcall-test-backups-123456789012",
    objectLockEnabled: true,
  });
  expect(inputsOf(resources, "bucketVersioning:BucketVersioning")).toEqual({
    versioningConfiguration: { status: "Enabled" },
  });
  const encryption = "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
  expect(inputsOf(resources, encryption)).toEqual({
    rules: [
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: KEY },
        bucketKeyEnabled: true,
        blockedEncryptionTypes: ["SSE-C"],
      },
    ],
  });
  expect(inputsOf(resources, "bucketPublicAccessBlock:BucketPublicAccessBlock")).toEqual({
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  expect(inputsOf(resources, "bucketOwnershipControls:BucketOwnershipControls")).toEqual({
    rule: { objectOwnership: "BucketOwnerEnforced" },
  });
  expect(inputsOf(resources, "bucketObjectLockConfiguration:BucketObjectLockConfiguration")).toEqual({
    rule: { defaultRetention: { mode: "GOVERNANCE", days: 30 } },
  });
  expect(inputsOf(resources, "bucketLifecycleConfiguration:BucketLifecycleConfiguration")).toEqual({
    rules: [
      {
        id: "retention",
        status: "Enabled",
        filter: {},
        expiration: { days: 30 },
        noncurrentVersionExpiration: { noncurrentDays: 30 },
      },
      {
        id: "remains",
        status: "Enabled",
        filter: {},
        expiration: { expiredObjectDeleteMarker: true },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
      },
    ],
  });
});

test("[CARD-08] the bucket's policy closes every way by which a backup is lost, read or written otherwise", async () => {
  const { policy } = only(await vault(), "aws:s3/bucketPolicy:BucketPolicy").inputs;
  const [objects, all] = [`${BUCKET}/*`, [BUCKET, `${BUCKET}/*`]];
  const deny = { Effect: "Deny", Principal: "*" };
  const [scheme, key] = ["s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"];
  expect(JSON.parse(policy)).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        ...deny,
        Sid: "OnlyTls",
        Action: "s3:*",
        Resource: all,
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
      {
        ...deny,
        Sid: "OnlyNewTls",
        Action: "s3:*",
        Resource: all,
        Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } },
      },
      {
        ...deny,
        Sid: "OnlyKms",
        Action: "s3:PutObject",
        Resource: objects,
        Condition: { StringNotEquals: { [scheme]: "aws:kms" }, Null: { [scheme]: "false" } },
      },
      {
        ...deny,
        Sid: "OnlyThisKey",
        Action: "s3:PutObject",
        Resource: objects,
        Condition: { StringNotEquals: { [key]: KEY }, Null: { [key]: "false" } },
      },
      { ...deny, Sid: "NobodyEndsALock", Action: "s3:BypassGovernanceRetention", Resource: objects },
      {
        ...deny,
        Sid: "OnlyNewKeys",
        Action: "s3:PutObject",
        Resource: objects,
        Condition: { Null: { "s3:if-none-match": "true" }, Bool: { "s3:ObjectCreationOperation": "true" } },
      },
      {
        ...deny,
        Sid: "OnlyTheLifecycleDeletes",
        Action: [
          "s3:DeleteObject",
          "s3:DeleteObjectVersion",
          "s3:PutObjectLegalHold",
          "s3:PutObjectRetention",
        ],
        Resource: objects,
      },
      {
        ...deny,
        Sid: "SettingsStay",
        Action: [
          "s3:DeleteBucket",
          "s3:PutBucketObjectLockConfiguration",
          "s3:PutBucketOwnershipControls",
          "s3:PutBucketPublicAccessBlock",
          "s3:PutBucketVersioning",
          "s3:PutEncryptionConfiguration",
          "s3:PutLifecycleConfiguration",
          "s3:PutReplicationConfiguration",
        ],
        Resource: BUCKET,
      },
    ],
  });
});

test("an administrator may change settings and delete, and still cannot end a lock, write over or come without TLS", async () => {
  const admin = "arn:aws:iam::123456789012:role/deploy";
  const { policy } = only(
    await vault({ administrators: [admin] }),
    "aws:s3/bucketPolicy:BucketPolicy",
  ).inputs;
  const exempt = statementsOf(policy).filter(({ Condition }) =>
    JSON.stringify(Condition ?? null).includes(admin),
  );
  expect(exempt.map(({ Sid, Condition }) => ({ Sid, Condition }))).toEqual([
    {
      Sid: "OnlyTheLifecycleDeletes",
      Condition: { ArnNotEquals: { "aws:PrincipalArn": [admin] } },
    },
    { Sid: "SettingsStay", Condition: { ArnNotEquals: { "aws:PrincipalArn": [admin] } } },
  ]);
});

test("the policy comes last, so that the settings can be made that it lets nobody change", async () => {
  const resources = await vault({ replicaRegion: "eu-central-1" });
  const policy = only(resources, "aws:s3/bucketPolicy:BucketPolicy", "vault-policy");
  const settings = resources.filter(
    ({ type, name }) =>
      /^aws:s3\/bucket\w+:/.test(type) && !name.startsWith("vault-copy") && name !== policy.name,
  );
  expect(settings.length).toBe(6);
  const replication = only(resources, "aws:s3/bucketReplicationConfig:BucketReplicationConfig");
  expect(policy.dependencies).toEqual(
    expect.arrayContaining([...settings, replication].map(({ urn }) => urn)),
  );
  const versioning = only(resources, "aws:s3/bucketVersioning:BucketVersioning", "vault-versioning").urn;
  for (const name of ["vault-lock", "vault-lifecycle"])
    expect(resources.find((one) => one.name === name)?.dependencies).toContain(versioning);
});

test("a protected vault is kept with all its settings, an unprotected one is emptied and goes", async () => {
  for (const protect of [true, false]) {
    const resources = await vault({ protect, replicaRegion: "eu-central-1" });
    const kept = resources.filter(({ type }) => type.startsWith("aws:"));
    expect(new Set(kept.map((one) => one.protect))).toEqual(new Set([protect]));
    expect(new Set(kept.map((one) => one.retainOnDelete))).toEqual(new Set([protect]));
    const buckets = resources.filter(({ type }) => type === "aws:s3/bucket:Bucket");
    expect(buckets.map(({ inputs }) => inputs.forceDestroy)).toEqual(
      protect ? [undefined, undefined] : [true, true],
    );
  }
});

test("a compliance lock is there only when it is asked for by name", async () => {
  const modeOf = async (change: Partial<BackupVaultArgs>) => {
    const resources = await vault(change);
    const inputs = inputsOf(resources, "bucketObjectLockConfiguration:BucketObjectLockConfiguration");
    return (inputs.rule as { defaultRetention: { mode: string } }).defaultRetention.mode;
  };
  expect(await modeOf({})).toBe("GOVERNANCE");
  expect(await modeOf({ compliance: true })).toBe("COMPLIANCE");
  expect(vaultArgs({ ...backup, lockMode: "COMPLIANCE" }).compliance).toBe(true);
});

test("a lock that outlasts the lifecycle is refused", async () => {
  await expect(vault({ lockDays: 31 })).rejects.toThrow(
    "a lock of 31 days outlasts the 30 days of the lifecycle",
  );
});

describe("a second copy", () => {
  test("is a bucket of the other region with a key, a lock and a policy of its own", async () => {
    const resources = await vault({
      replicaRegion: "eu-central-1",
      replicaBucketName: "rollcall-test-copies",
    });
    const copies = resources.filter(({ name }) => name.startsWith("vault-copy"));
    const regional = copies.filter(({ type }) => !/Role|ReplicationConfig/.test(type));
    expect(regional).toHaveLength(9);
    expect(new Set(regional.map(({ inputs }) => inputs.region))).toEqual(new Set(["eu-central-1"]));
    expect(only(resources, "aws:s3/bucket:Bucket", "vault-copy-bucket").inputs).toEqual({
      region: "eu-central-1",
      bucket: "rollcall-test-copies-123456789012",
      objectLockEnabled: true,
    });
    expect(only(resources, "aws:kms/key:Key").inputs).toMatchObject({ enableKeyRotation: true });
    const { policy } = only(resources, "aws:s3/bucketPolicy:BucketPolicy", "vault-copy-policy").inputs;
    expect(statementsOf(policy).map(({ Sid }) => Sid)).toContain("NobodyEndsALock");
    // what S3 copies is ReplicateObject, which nothing here denies
    expect(JSON.stringify(statementsOf(policy))).not.toContain("Replicate");
  });

  test("gets new versions with their locks, and no deletions; the role may do that and nothing else", async () => {
    const resources = await vault({ replicaRegion: "eu-central-1" });
    const replication = only(resources, "aws:s3/bucketReplicationConfig:BucketReplicationConfig");
    expect(replication.inputs.rules).toEqual([
      {
        id: "backups",
        status: "Enabled",
        priority: 0,
        filter: {},
        deleteMarkerReplication: { status: "Disabled" },
        sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
        destination: {
          bucket: "arn:test:vault-copy-bucket",
          encryptionConfiguration: { replicaKmsKeyId: "arn:test:vault-copy-key" },
          metrics: { status: "Enabled" },
        },
      },
    ]);
    const via = (region: string) => ({ StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` } });
    expect(statementsOf(only(resources, "aws:iam/rolePolicy:RolePolicy").inputs.policy)).toEqual([
      {
        Sid: "ReadSettings",
        Effect: "Allow",
        Action: ["s3:GetReplicationConfiguration", "s3:ListBucket"],
        Resource: BUCKET,
      },
      {
        Sid: "ReadVersions",
        Effect: "Allow",
        Action: [
          "s3:GetObjectLegalHold",
          "s3:GetObjectRetention",
          "s3:GetObjectVersionAcl",
          "s3:GetObjectVersionForReplication",
          "s3:GetObjectVersionTagging",
        ],
        Resource: `${BUCKET}/*`,
      },
      {
        Sid: "WriteCopies",
        Effect: "Allow",
        Action: ["s3:ReplicateObject", "s3:ReplicateTags"],
        Resource: "arn:test:vault-copy-bucket/*",
      },
      { Sid: "Decrypt", Effect: "Allow", Action: "kms:Decrypt", Resource: KEY, Condition: via("eu-west-1") },
      {
        Sid: "Encrypt",
        Effect: "Allow",
        Action: ["kms:Encrypt", "kms:GenerateDataKey"],
        Resource: "arn:test:vault-copy-key",
        Condition: via("eu-central-1"),
      },
    ]);
  });

  test("goes to a bucket that exists where one is named, and makes none", async () => {
    const keyArn = "arn:aws:kms:eu-central-1:123456789012:key/theirs";
    const resources = await vault({
      replicaRegion: "eu-central-1",
      replicaBucketName: "their-bucket",
      replicaKeyArn: keyArn,
    });
    expect(resources.filter(({ type }) => type === "aws:s3/bucket:Bucket")).toHaveLength(1);
    expect(resources.filter(({ type }) => type === "aws:kms/key:Key")).toEqual([]);
    const { rules } = only(resources, "aws:s3/bucketReplicationConfig:BucketReplicationConfig").inputs;
    expect((rules as { destination: unknown }[])[0]?.destination).toEqual({
      bucket: "arn:aws:s3:::their-bucket",
      encryptionConfiguration: { replicaKmsKeyId: keyArn },
      metrics: { status: "Enabled" },
    });
  });
});
