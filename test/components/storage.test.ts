import { expect, test } from "vitest";
import { BackupVault } from "../../components/backup-vault.ts";
import { Dashboards } from "../../components/dashboards.ts";
import { LogRetention } from "../../components/log-retention.ts";
import { Namespaces } from "../../components/namespaces.ts";
import type { BackupPlan } from "../../plan/types.ts";
import { ACCOUNT, childrenOf, only, record } from "../support/pulumi-mocks.ts";
import { backup } from "../support/sample-plan.ts";

const vault = (plan: BackupPlan) => record(() => new BackupVault("vault", { plan, accountId: ACCOUNT }));

test("a vault is a bucket with its seven settings, and nothing else", async () => {
  const resources = await vault(backup);
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

test("the bucket is private, versioned, encrypted, locked and expiring, and is never emptied", async () => {
  const resources = await vault(backup);
  const inputsOf = (type: string) => {
    const { bucket, ...inputs } = only(resources, `aws:s3/${type}`).inputs;
    return { bucket, inputs };
  };
  expect(inputsOf("bucket:Bucket")).toEqual({
    bucket: "rollcall-test-backups-123456789012",
    inputs: { objectLockEnabled: true },
  });
  expect(inputsOf("bucketVersioning:BucketVersioning").inputs).toEqual({
    versioningConfiguration: { status: "Enabled" },
  });
  const encryption = "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
  expect(inputsOf(encryption).inputs).toEqual({
    rules: [
      { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" }, blockedEncryptionTypes: ["SSE-C"] },
    ],
  });
  expect(inputsOf("bucketPublicAccessBlock:BucketPublicAccessBlock").inputs).toEqual({
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  expect(inputsOf("bucketOwnershipControls:BucketOwnershipControls").inputs).toEqual({
    rule: { objectOwnership: "BucketOwnerEnforced" },
  });
  expect(inputsOf("bucketObjectLockConfiguration:BucketObjectLockConfiguration").inputs).toEqual({
    rule: { defaultRetention: { mode: "GOVERNANCE", days: 30 } },
  });
  expect(inputsOf("bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs).toEqual({
    rules: [
      {
        id: "retention",
        status: "Enabled",
        filter: {},
        expiration: { days: 30 },
        noncurrentVersionExpiration: { noncurrentDays: 30 },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
      },
    ],
  });
});

test("nobody reaches the bucket without TLS", async () => {
  const { policy } = only(await vault(backup), "aws:s3/bucketPolicy:BucketPolicy").inputs;
  expect(JSON.parse(policy)).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "OnlyTls",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: ["arn:test:vault-bucket", "arn:test:vault-bucket/*"],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
});

test("lock and lifecycle wait for versioning, the policy for the access block", async () => {
  const resources = await vault(backup);
  const versioning = only(resources, "aws:s3/bucketVersioning:BucketVersioning").urn;
  const access = only(resources, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").urn;
  for (const type of [
    "bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  ]) {
    expect(only(resources, `aws:s3/${type}`).dependencies).toContain(versioning);
  }
  expect(only(resources, "aws:s3/bucketPolicy:BucketPolicy").dependencies).toContain(access);
});

test("a protected vault is kept with all its settings, an unprotected one goes with its stack", async () => {
  for (const protect of [true, false]) {
    const resources = await vault({ ...backup, protect });
    const kept = resources.filter(({ type }) => type.startsWith("aws:"));
    expect(kept).toHaveLength(8);
    expect(new Set(kept.map((one) => one.protect))).toEqual(new Set([protect]));
    expect(new Set(kept.map((one) => one.retainOnDelete))).toEqual(new Set([protect]));
  }
});

test("a lock that outlasts the lifecycle is refused", async () => {
  await expect(vault({ ...backup, lockDays: 31 })).rejects.toThrow(
    "a lock of 31 days outlasts the 30 days of the lifecycle",
  );
});

test("every log group has the plan's retention", async () => {
  const groups = [
    { name: "/rollcall/test/probe", retentionDays: 14 },
    { name: "/rollcall/test/servers/library", retentionDays: 30 },
  ];
  const resources = await record(() => new LogRetention("logs", { groups }));
  expect(childrenOf(resources, "logs")).toEqual([
    "aws:cloudwatch/logGroup:LogGroup logs/rollcall/test/probe",
    "aws:cloudwatch/logGroup:LogGroup logs/rollcall/test/servers/library",
  ]);
  expect(resources.slice(1).map(({ inputs }) => inputs)).toEqual([
    { name: "/rollcall/test/probe", retentionInDays: 14 },
    { name: "/rollcall/test/servers/library", retentionInDays: 30 },
  ]);
});

test("a dashboard is handed on as it was planned", async () => {
  const body = { widgets: [{ type: "metric" }] };
  const dashboards = [{ name: "rollcall-test-overview", body }];
  const resources = await record(() => new Dashboards("boards", { environment: "test", dashboards }));
  expect(childrenOf(resources, "boards")).toEqual(["aws:cloudwatch/dashboard:Dashboard boards-overview"]);
  const { dashboardName, dashboardBody } = only(resources, "aws:cloudwatch/dashboard:Dashboard").inputs;
  expect(dashboardName).toBe("rollcall-test-overview");
  expect(JSON.parse(dashboardBody)).toEqual(body);
});

test("a namespace enforces Pod Security restricted", async () => {
  const resources = await record(() => new Namespaces("spaces", { namespaces: ["shelf"] }));
  expect(childrenOf(resources, "spaces")).toEqual(["kubernetes:core/v1:Namespace spaces-shelf"]);
  expect(only(resources, "kubernetes:core/v1:Namespace").inputs.metadata).toEqual({
    name: "shelf",
    labels: {
      "app.kubernetes.io/part-of": "rollcall",
      "pod-security.kubernetes.io/enforce": "restricted",
      "pod-security.kubernetes.io/audit": "restricted",
      "pod-security.kubernetes.io/warn": "restricted",
    },
  });
});
