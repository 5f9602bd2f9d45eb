import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { describe, expect, test } from "vitest";
import { BackupJobs } from "../../components/backup-jobs.ts";
import { ClusterBackup } from "../../components/cluster-backup.ts";
import type { BackupPlan, ClusterBackupPlan } from "../../plan/backup-types.ts";
import { ACCOUNT, only, type Recorded, record } from "../support/pulumi-mocks.ts";
import { backup } from "../support/sample-plan.ts";

// Rights are compared word for word: what is not here, nobody may.

const KEY = "arn:aws:kms:eu-west-1:123456789012:key/own";
const QUEUE = "arn:test:jobs-failures";
const BUCKET = "arn:aws:s3:::vault";
const SCRATCH = "arn:test:jobs-scratch-bucket";
const common = {
  scheduleGroup: "rollcall-test-schedules",
  keyArn: KEY,
  accountId: ACCOUNT,
  region: "eu-west-1",
  bucket: "vault",
  bucketArn: BUCKET,
};

const jobs = (change: Partial<BackupPlan> = {}) =>
  record(
    () =>
      new BackupJobs("jobs", {
        ...common,
        plan: { ...backup, ...change },
        bundles: { backup: "/bundle/backup", restoreDrill: "/bundle/drill" },
        catalog: { "stacks/shared.yaml": "contacts: {}\n" },
        logGroup: new LogGroup("log", { name: backup.logGroup }),
      }),
  );

const statements = (resources: readonly Recorded[], name: string): readonly unknown[] =>
  (
    JSON.parse(only(resources, "aws:iam/rolePolicy:RolePolicy", name).inputs.policy) as {
      Statement: unknown[];
    }
  ).Statement;

const allow = (Sid: string, Action: unknown, Resource: unknown, Condition?: object) => ({
  Sid,
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});
const via = (service: string) => ({
  StringEquals: { "kms:ViaService": `${service}.eu-west-1.amazonaws.com` },
});
const metrics = allow("PublishMetrics", "cloudwatch:PutMetricData", "*", {
  StringEquals: { "cloudwatch:namespace": "Rollcall/Backups" },
});
const failures = [
  allow("ReportFailure", "sqs:SendMessage", QUEUE),
  allow("EncryptFailure", ["kms:Decrypt", "kms:GenerateDataKey"], KEY, via("sqs")),
];

describe("the daily backup", () => {
  test("[SKILL-08] runs at the catalog's hour in its zone, and what fails for good lies in a queue", async () => {
    const resources = await jobs();
    const schedule = only(resources, "aws:scheduler/schedule:Schedule", "jobs-daily-schedule").inputs;
    expect(schedule).toMatchObject({
      name: "rollcall-test-backup",
      scheduleExpression: "cron(0 2 * * ? *)",
      scheduleExpressionTimezone: "UTC",
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 3_600 },
        deadLetterConfig: { arn: QUEUE },
      },
    });
    expect(only(resources, "aws:sqs/queue:Queue").inputs).toEqual({
      name: "rollcall-test-backup-failures",
      kmsMasterKeyId: KEY,
      messageRetentionSeconds: 1_209_600,
    });
    const retries = resources.filter(({ type }) => type.endsWith(":FunctionEventInvokeConfig"));
    expect(retries.map(({ inputs }) => [inputs.maximumRetryAttempts, inputs.destinationConfig])).toEqual([
      [2, { onFailure: { destination: QUEUE } }],
      [2, { onFailure: { destination: QUEUE } }],
    ]);
  });

  test("may add objects below its beginning and read what it saves; of backups it reads the cluster's manifests alone", async () => {
    expect(statements(await jobs(), "jobs-daily-rights")).toEqual([
      allow("AddBackups", "s3:PutObject", `${BUCKET}/test/*`),
      allow("FindBackups", "s3:ListBucket", BUCKET, {
        StringEquals: { "s3:prefix": ["test/", "test-cluster/"] },
      }),
      allow("ReadClusterManifests", "s3:GetObject", `${BUCKET}/test-cluster/*/manifest.json`),
      allow("DecryptClusterManifests", "kms:Decrypt", KEY, via("s3")),
      allow("FindRecords", "s3:ListBucket", SCRATCH, { StringEquals: { "s3:prefix": ["verified/"] } }),
      allow("EncryptBackups", "kms:GenerateDataKey", KEY, via("s3")),
      allow(
        "ReadIncidents",
        "dynamodb:Scan",
        `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/rollcall-test-incidents`,
      ),
      allow("DecryptIncidents", "kms:Decrypt", KEY, via("dynamodb")),
      allow("ReadHistory", "cloudwatch:GetMetricData", "*"),
      metrics,
      allow("FindState", "s3:ListBucket", "arn:aws:s3:::pulumi-state", {
        StringEquals: { "s3:prefix": ["team/.pulumi/stacks/rollcall/test."] },
      }),
      allow("ReadState", "s3:GetObject", "arn:aws:s3:::pulumi-state/team/.pulumi/stacks/rollcall/test.*"),
      ...failures,
    ]);
  });

  test("reads no backup at all where the cluster has none", async () => {
    const rights = statements(
      await jobs({ job: { ...backup.job, clusterPrefix: null } }),
      "jobs-daily-rights",
    );
    expect(JSON.stringify(rights)).not.toContain("Cluster");
    expect(rights).toContainEqual(
      allow("FindBackups", "s3:ListBucket", BUCKET, { StringEquals: { "s3:prefix": ["test/"] } }),
    );
  });

  test("has no right on any state where the catalog names none", async () => {
    const rights = statements(await jobs({ job: { ...backup.job, state: null } }), "jobs-daily-rights");
    expect(JSON.stringify(rights)).not.toContain("State");
  });

  test("its schedule may start it and report that it could not", async () => {
    expect(statements(await jobs(), "jobs-daily-start")).toEqual([
      allow("Start", "lambda:InvokeFunction", "arn:test:jobs-daily-function"),
      ...failures,
    ]);
  });
});

describe("the restore drill", () => {
  test("runs once a week after the backup", async () => {
    const { inputs } = only(await jobs(), "aws:scheduler/schedule:Schedule", "jobs-drill-schedule");
    expect(inputs.scheduleExpression).toBe("cron(0 3 ? * SUN *)");
    expect(inputs.name).toBe("rollcall-test-restore-drill");
  });

  test("may read backups and write into the scratch bucket; it deletes nothing anywhere", async () => {
    expect(statements(await jobs(), "jobs-drill-rights")).toEqual([
      allow("FindBackups", ["s3:ListBucket", "s3:ListBucketVersions"], BUCKET, {
        StringLike: { "s3:prefix": ["test/*", "test-cluster/*"] },
      }),
      allow("ReadBackups", "s3:GetObjectVersion", [`${BUCKET}/test/*`, `${BUCKET}/test-cluster/*`]),
      allow("Restore", ["s3:GetObject", "s3:PutObject"], `${SCRATCH}/restored/*`),
      allow("Record", "s3:PutObject", `${SCRATCH}/verified/*`),
      allow("FindRecords", "s3:ListBucket", SCRATCH, { StringEquals: { "s3:prefix": ["verified/"] } }),
      allow("UseBackups", ["kms:Decrypt", "kms:GenerateDataKey"], KEY, via("s3")),
      metrics,
      ...failures,
    ]);
  });

  test("restores into a bucket that is private, encrypted, unlocked, and empties itself within a day", async () => {
    const resources = await jobs();
    expect(only(resources, "aws:s3/bucket:Bucket").inputs).toEqual({
      bucket: "rollcall-test-scratch-123456789012",
      forceDestroy: true,
    });
    expect(resources.filter(({ type }) => /ObjectLock|Versioning/.test(type))).toEqual([]);
    const lifecycle = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
    expect(only(resources, lifecycle).inputs.rules).toEqual([
      { id: "restored", status: "Enabled", filter: { prefix: "restored/" }, expiration: { days: 1 } },
      { id: "verified", status: "Enabled", filter: { prefix: "verified/" }, expiration: { days: 400 } },
      {
        id: "remains",
        status: "Enabled",
        filter: {},
        abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
      },
    ]);
    const { policy } = only(resources, "aws:s3/bucketPolicy:BucketPolicy").inputs;
    const sids = (JSON.parse(policy) as { Statement: { Sid: string }[] }).Statement.map(({ Sid }) => Sid);
    expect(sids).toEqual(["OnlyTls", "OnlyNewTls", "OnlyKms", "OnlyThisKey"]);
  });
});

test("nobody of the backup may end a governance lock, delete, or do anything with a wildcard", async () => {
  const resources = await jobs();
  const actions = resources
    .filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy")
    .flatMap(
      ({ inputs }) => (JSON.parse(inputs.policy) as { Statement: { Action: string | string[] }[] }).Statement,
    )
    .flatMap(({ Action }) => Action);
  expect(actions.length).toBeGreaterThan(20);
  expect(actions.filter((action) => /Bypass|Delete|\*/.test(action))).toEqual([]);
});

describe("the backup of a cluster", () => {
  const plan: ClusterBackupPlan = {
    name: "rollcall-test-backup",
    namespace: "rollcall",
    image: `registry.example.com/probe@sha256:${"b".repeat(64)}`,
    schedule: "0 2 * * *",
    timeZone: "UTC",
    issuer: "oidc.example.com/id/TEST",
    network: { ingress: [], egress: [] },
    job: {
      environment: "test",
      prefix: "test-cluster/",
      catalog: "0123456",
      namespaces: ["mcp", "rollcall"],
    },
  };
  const made = () =>
    record(
      () =>
        new ClusterBackup("cluster", {
          ...common,
          environment: "test",
          plan,
          namespace: "rollcall",
          namespaces: { mcp: "mcp", rollcall: "rollcall" },
        }),
    );

  test("reads ConfigMaps of the named namespaces, and nothing else of the cluster", async () => {
    const resources = await made();
    const roles = resources.filter(({ type }) => type === "kubernetes:rbac.authorization.k8s.io/v1:Role");
    expect(roles.map(({ inputs }) => [inputs.metadata.namespace, inputs.rules])).toEqual([
      ["mcp", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] }]],
      ["rollcall", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] }]],
    ]);
    expect(resources.filter(({ type }) => type.includes("ClusterRoleBinding"))).toEqual([]);
    const bindings = resources.filter(({ type }) => type.endsWith(":RoleBinding"));
    expect(bindings.map(({ inputs }) => inputs.subjects)).toEqual([
      [{ kind: "ServiceAccount", name: plan.name, namespace: "rollcall" }],
      [{ kind: "ServiceAccount", name: plan.name, namespace: "rollcall" }],
    ]);
  });

  test("may add objects below its own beginning, as one service account", async () => {
    const resources = await made();
    expect(statements(resources, "cluster-role-rights")).toEqual([
      allow("AddBackups", "s3:PutObject", `${BUCKET}/test-cluster/*`),
      allow("EncryptBackups", "kms:GenerateDataKey", KEY, via("s3")),
    ]);
    const { metadata } = only(resources, "kubernetes:core/v1:ServiceAccount").inputs;
    expect(metadata.annotations).toEqual({ "eks.amazonaws.com/role-arn": "arn:test:cluster-role-role" });
  });

  test("runs once a day in a restricted pod, with its job in a map that is named by its content", async () => {
    const resources = await made();
    const { spec } = only(resources, "kubernetes:batch/v1:CronJob").inputs;
    expect([spec.schedule, spec.timeZone, spec.concurrencyPolicy]).toEqual(["0 2 * * *", "UTC", "Forbid"]);
    const pod = spec.jobTemplate.spec.template.spec;
    expect(pod.securityContext.runAsNonRoot).toBe(true);
    expect(pod.containers[0].args).toEqual(["backup-cluster.mjs", "/etc/rollcall/job.json"]);
    const { metadata, data } = only(resources, "kubernetes:core/v1:ConfigMap").inputs;
    expect(JSON.parse(data["job.json"])).toEqual(plan.job);
    expect(metadata.name).toMatch(/^rollcall-test-backup-[0-9a-f]{8}$/);
  });
});
