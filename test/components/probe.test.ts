import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { expect, test } from "vitest";
import { ClusterProbe } from "../../components/cluster-probe.ts";
import { SyntheticProbe } from "../../components/synthetic-probe.ts";
import { ACCOUNT, childrenOf, only, record } from "../support/pulumi-mocks.ts";
import { cronJob, probe } from "../support/sample-plan.ts";

const ROLE = "aws:iam/role:Role";
const TABLE = "aws:dynamodb/table:Table";
const POLICY = "aws:iam/rolePolicy:RolePolicy";

const KEY = "arn:test:key";

const inAws = (shards = 1) =>
  record(() => {
    const logGroup = new LogGroup("group", { name: probe.logGroup });
    return new SyntheticProbe("probe", {
      plan: { ...probe.lambda, shards },
      bundle: "/bundle/lambda",
      logGroup,
      accountId: ACCOUNT,
      region: "eu-west-1",
      keyArn: KEY,
      scheduleGroup: "rollcall-test-schedules",
    });
  });

const useKey = (service: string) => ({
  Effect: "Allow",
  Action: ["kms:Decrypt", "kms:GenerateDataKey"],
  Resource: KEY,
  Condition: { StringEquals: { "kms:ViaService": `${service}.eu-west-1.amazonaws.com` } },
});

const inCluster = (environment: string) =>
  record(
    () =>
      new ClusterProbe("probe", {
        environment: "test",
        plan: { ...cronJob, roster: { environment, targets: [] } },
        namespace: "rollcall",
      }),
  );

test("[CARD-03] the probe in AWS is a function, its table, its schedule with a queue, and two roles, and nothing else", async () => {
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
    "aws:sqs/queue:Queue probe-dead-letters",
  ]);
  expect(resources).toHaveLength(12);
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
      useKey("dynamodb"),
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
    serverSideEncryption: { enabled: true, kmsKeyArn: KEY },
    pointInTimeRecovery: { enabled: false },
    deletionProtectionEnabled: false,
  });
  expect(only(resources, TABLE)).toMatchObject({ protect: false, retainOnDelete: false });
  expect(only(resources, "aws:lambda/function:Function").inputs.environment).toEqual({
    variables: {
      NODE_OPTIONS: "--max-semi-space-size=2",
      ROLLCALL_BREAKERS: "dynamodb:rollcall-test-probe-state",
      ROLLCALL_RESULTS: "dynamodb:rollcall-test-probe-state",
    },
  });
});

test("the schedule may invoke that function and fill its own queue, for this account only", async () => {
  const resources = await inAws();
  const { role, policy } = only(resources, POLICY, "probe-invoke").inputs;
  expect(role).toBe("probe-schedule-role-id");
  expect(JSON.parse(policy)).toEqual({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: "arn:test:probe-function" },
      { Effect: "Allow", Action: "sqs:SendMessage", Resource: "arn:test:probe-dead-letters" },
      useKey("sqs"),
    ],
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
        ROLLCALL_RESULTS: "dynamodb:rollcall-test-probe-state",
      },
    },
    kmsKeyArn: KEY,
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
    groupName: "rollcall-test-schedules",
    scheduleExpression: "rate(1 minute)",
    flexibleTimeWindow: { mode: "OFF" },
    target: {
      arn: "arn:test:probe-function",
      roleArn: "arn:test:probe-schedule-role",
      retryPolicy: stale,
      deadLetterConfig: { arn: "arn:test:probe-dead-letters" },
    },
  });
  expect(only(resources, "aws:sqs/queue:Queue").inputs).toEqual({
    name: "rollcall-test-probe-dead-letters",
    kmsMasterKeyId: KEY,
    messageRetentionSeconds: 1_209_600,
  });
  expect(only(resources, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig").inputs).toEqual({
    functionName: "rollcall-test-probe",
    ...stale,
  });
});

test("[SKILL-15] a large fleet's roster is shared by as many schedules and runs as the plan has parts", async () => {
  const resources = await inAws(3);
  const schedules = resources.filter(({ type }) => type === "aws:scheduler/schedule:Schedule");
  expect(schedules.map(({ inputs }) => [inputs.name, JSON.parse(inputs.target.input)])).toEqual([
    ["rollcall-test-probe-1", { shard: 1, of: 3 }],
    ["rollcall-test-probe-2", { shard: 2, of: 3 }],
    ["rollcall-test-probe-3", { shard: 3, of: 3 }],
  ]);
  const { reservedConcurrentExecutions } = only(resources, "aws:lambda/function:Function").inputs;
  expect(reservedConcurrentExecutions).toBe(3);
});

test("a probe in a network of one's own is put there by Lambda, and its code may touch no network", async () => {
  const vpc = { subnets: ["subnet-0123456789"], securityGroups: ["sg-0123456789"] };
  const resources = await record(() => {
    const logGroup = new LogGroup("group", { name: probe.logGroup });
    const where = {
      accountId: ACCOUNT,
      region: "eu-west-1",
      keyArn: KEY,
      scheduleGroup: "rollcall-test-schedules",
    };
    return new SyntheticProbe("probe", {
      plan: { ...probe.lambda, vpc },
      bundle: "/bundle",
      logGroup,
      ...where,
    });
  });
  expect(only(resources, "aws:lambda/function:Function").inputs.vpcConfig).toEqual({
    subnetIds: vpc.subnets,
    securityGroupIds: vpc.securityGroups,
  });
  const { Statement } = JSON.parse(only(resources, POLICY, "probe-network").inputs.policy);
  const Action = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ];
  const own = `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:rollcall-test-probe`;
  expect(Statement).toEqual([
    { Effect: "Allow", Action, Resource: "*" },
    { Effect: "Deny", Action, Resource: "*", Condition: { ArnEquals: { "lambda:SourceFunctionArn": own } } },
  ]);
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
    "kubernetes:networking.k8s.io/v1:NetworkPolicy probe-network",
  ]);
  expect(resources).toHaveLength(5);
});

test("the job ends before the next one, is never repeated, and keeps a short history", async () => {
  const { jobTemplate, ...spec } = only(await inCluster("test"), "kubernetes:batch/v1:CronJob").inputs.spec;
  expect(spec).toEqual({
    schedule: "* * * * *",
    timeZone: "Etc/UTC",
    suspend: false,
    concurrencyPolicy: "Forbid",
    startingDeadlineSeconds: 30,
    successfulJobsHistoryLimit: 1,
    failedJobsHistoryLimit: 3,
  });
  expect(jobTemplate.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 57 });
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
