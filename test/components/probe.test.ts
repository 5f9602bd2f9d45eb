import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { expect, test } from "vitest";
import { ClusterProbe } from "../../components/cluster-probe.ts";
import { SyntheticProbe } from "../../components/synthetic-probe.ts";
import { ACCOUNT, childrenOf, only, record } from "../support/pulumi-mocks.ts";
import { probe } from "../support/sample-plan.ts";

const ROLE = "aws:iam/role:Role";
const TABLE = "aws:dynamodb/table:Table";
const POLICY = "aws:iam/rolePolicy:RolePolicy";

const inAws = () =>
  record(() => {
    const logGroup = new LogGroup("group", { name: probe.logGroup });
    return new SyntheticProbe("probe", {
      plan: probe.lambda,
      bundle: "/bundle/lambda",
      logGroup,
      accountId: ACCOUNT,
      region: "eu-west-1",
    });
  });

const inCluster = (environment: string) =>
  record(
    () =>
      new ClusterProbe("probe", {
        environment: "test",
        plan: { ...probe.cronJob, roster: { environment, targets: [] } },
        namespace: "rollcall",
      }),
  );

test("the probe in AWS is a function, its table, its schedule and two roles, and nothing else", async () => {
  const resources = await inAws();
  expect(childrenOf(resources, "probe")).toEqual([
    "aws:dynamodb/table:Table probe-state",
    "aws:iam/role:Role probe-role",
    "aws:iam/role:Role probe-schedule-role",
    "aws:iam/rolePolicy:RolePolicy probe-invoke",
    "aws:iam/rolePolicy:RolePolicy probe-keep-state",
    "aws:iam/rolePolicy:RolePolicy probe-logs",
    "aws:lambda/function:Function probe-function",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig probe-invoke-config",
    "aws:scheduler/schedule:Schedule probe-schedule",
  ]);
  expect(resources).toHaveLength(11);
});

test("the function may write to the streams of its own log group, get and put items of its table, and nothing else", async () => {
  const resources = await inAws();
  const ofTheFunction = resources.filter(({ inputs }) => inputs.role === "probe-role-id");
  expect(ofTheFunction.map(({ name }) => name).sort()).toEqual(["probe-keep-state", "probe-logs"]);
  expect(JSON.parse(only(resources, POLICY, "probe-keep-state").inputs.policy)).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["dynamodb:GetItem", "dynamodb:PutItem"],
        Resource: "arn:test:probe-state",
      },
    ],
  });
  const { role, policy } = only(resources, POLICY, "probe-logs").inputs;
  expect(role).toBe("probe-role-id");
  expect(JSON.parse(policy)).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: "arn:test:group:*",
      },
    ],
  });
  expect(JSON.parse(only(resources, ROLE, "probe-role").inputs.assumeRolePolicy)).toEqual({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
    ],
  });
});

test("[STAT-02] the function's breakers are kept in a table of its own, whose items end after a week", async () => {
  const resources = await inAws();
  expect(only(resources, TABLE).inputs).toEqual({
    name: "rollcall-test-probe-state",
    billingMode: "PAY_PER_REQUEST",
    hashKey: "key",
    attributes: [{ name: "key", type: "S" }],
    ttl: { attributeName: "expires", enabled: true },
    serverSideEncryption: { enabled: true },
    pointInTimeRecovery: { enabled: false },
    deletionProtectionEnabled: false,
  });
  expect(only(resources, TABLE)).toMatchObject({ protect: false, retainOnDelete: false });
  expect(only(resources, "aws:lambda/function:Function").inputs.environment).toEqual({
    variables: {
      NODE_OPTIONS: "--max-semi-space-size=2",
      ROLLCALL_BREAKERS: "dynamodb:rollcall-test-probe-state",
    },
  });
});

test("the schedule may invoke that function, for this account only", async () => {
  const resources = await inAws();
  const { role, policy } = only(resources, POLICY, "probe-invoke").inputs;
  expect(role).toBe("probe-schedule-role-id");
  expect(JSON.parse(policy)).toEqual({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "lambda:InvokeFunction", Resource: "arn:test:probe-function" }],
  });
  expect(JSON.parse(only(resources, ROLE, "probe-schedule-role").inputs.assumeRolePolicy)).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "scheduler.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ],
  });
});

test("the function is the bundle with its roster, writes plain lines, and never runs twice at once", async () => {
  const { code, ...inputs } = only(await inAws(), "aws:lambda/function:Function").inputs;
  expect(inputs).toEqual({
    name: "rollcall-test-probe",
    description: "Checks every MCP server of its roster and writes what it measured",
    role: "arn:test:probe-role",
    runtime: "nodejs24.x",
    architectures: ["arm64"],
    handler: "index.handler",
    timeout: 55,
    memorySize: 256,
    environment: {
      variables: {
        NODE_OPTIONS: "--max-semi-space-size=2",
        ROLLCALL_BREAKERS: "dynamodb:rollcall-test-probe-state",
      },
    },
    reservedConcurrentExecutions: 1,
    loggingConfig: { logFormat: "Text", logGroup: "/rollcall/test/probe" },
  });
  const { "index.mjs": file, "roster.json": roster, ...more } = await code.assets;
  expect(more).toEqual({});
  expect(await file.path).toBe("/bundle/lambda/index.mjs");
  expect(JSON.parse(await roster.text)).toEqual({ environment: "test", targets: [] });
});

test("a run that could not start in its minute is dropped, by the schedule and by Lambda", async () => {
  const resources = await inAws();
  const stale = { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 };
  expect(only(resources, "aws:scheduler/schedule:Schedule").inputs).toEqual({
    name: "rollcall-test-probe",
    scheduleExpression: "rate(1 minute)",
    flexibleTimeWindow: { mode: "OFF" },
    target: {
      arn: "arn:test:probe-function",
      roleArn: "arn:test:probe-schedule-role",
      retryPolicy: stale,
    },
  });
  expect(only(resources, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig").inputs).toEqual({
    functionName: "rollcall-test-probe",
    ...stale,
  });
});

test("function and schedule wait for their rights, or the first runs would be lost", async () => {
  const resources = await inAws();
  const urn = (name: string) => only(resources, POLICY, name).urn;
  for (const right of ["probe-logs", "probe-keep-state"])
    expect(only(resources, "aws:lambda/function:Function").dependencies).toContain(urn(right));
  expect(only(resources, "aws:scheduler/schedule:Schedule").dependencies).toContain(urn("probe-invoke"));
});

test("the probe in the cluster is a job with its roster and an account without rights", async () => {
  const resources = await inCluster("test");
  expect(childrenOf(resources, "probe")).toEqual([
    "kubernetes:batch/v1:CronJob probe-cronjob",
    "kubernetes:core/v1:ConfigMap probe-roster",
    "kubernetes:core/v1:ServiceAccount probe-account",
  ]);
  expect(resources).toHaveLength(4);
});

test("the job ends before the next one, is never repeated, and keeps a short history", async () => {
  const { jobTemplate, ...spec } = only(await inCluster("test"), "kubernetes:batch/v1:CronJob").inputs.spec;
  expect(spec).toEqual({
    schedule: "* * * * *",
    concurrencyPolicy: "Forbid",
    startingDeadlineSeconds: 30,
    successfulJobsHistoryLimit: 1,
    failedJobsHistoryLimit: 3,
  });
  expect(jobTemplate.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 55 });
  expect(jobTemplate.spec.template.spec.restartPolicy).toBe("Never");
});

test("the job's pod satisfies Pod Security restricted and reads the roster from its map", async () => {
  const resources = await inCluster("test");
  const map = only(resources, "kubernetes:core/v1:ConfigMap").inputs;
  const pod = only(resources, "kubernetes:batch/v1:CronJob").inputs.spec.jobTemplate.spec.template.spec;
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 10_001,
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect(pod.containers[0].securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect(JSON.parse(map.data["roster.json"])).toEqual({ environment: "test", targets: [] });
  expect(pod.volumes).toContainEqual({ name: "roster", configMap: { name: map.metadata.name } });
  expect(pod.containers[0].volumeMounts).toContainEqual({
    name: "roster",
    mountPath: "/etc/rollcall",
    readOnly: true,
  });
  expect(pod.containers[0].env).toContainEqual({
    name: "ROLLCALL_ROSTER",
    value: "/etc/rollcall/roster.json",
  });
});

test("another roster is another map, the same one keeps its name", async () => {
  const nameOf = async (environment: string) =>
    only(await inCluster(environment), "kubernetes:core/v1:ConfigMap").inputs.metadata.name;
  expect(await nameOf("test")).toMatch(/^rollcall-test-probe-[0-9a-f]{8}$/);
  expect(await nameOf("test")).toBe(await nameOf("test"));
  expect(await nameOf("test")).not.toBe(await nameOf("other"));
});
