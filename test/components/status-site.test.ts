import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { expect, test } from "vitest";
import { incidentId } from "../../cloud/escalation/incident.ts";
import { pointerOf } from "../../cloud/escalation/incidents.ts";
import { INCIDENT_ATTRIBUTES } from "../../cloud/status/incidents.ts";
import { RESULT_ATTRIBUTES } from "../../cloud/status/results.ts";
import { ClusterStatus } from "../../components/cluster-status.ts";
import { StatusSite } from "../../components/status-site.ts";
import type { StatusSite as Site, StatusClusterPlan, StatusFunctionPlan } from "../../plan/status.ts";
import { resultsKey } from "../../probes/results/dynamodb.ts";
import { ACCOUNT, childrenOf, only, type Recorded, record } from "../support/pulumi-mocks.ts";

/** What the engine is asked for. Not proved here: that IAM and the network do what the policies say. */

const KEY = "arn:test:key";
const READER = "arn:aws:iam::123456789012:role/operators";
const POLICY = "aws:iam/rolePolicy:RolePolicy";
const PERMISSION = "aws:lambda/permission:Permission";
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";

const site: Site = {
  environment: "test",
  catalog: "abc1234",
  servers: [],
  fleet: { alarms: [], composites: [] },
  maintenance: [],
};

const places = {
  resultsTable: "rollcall-test-probe-state",
  shards: 2,
  incidentsTable: "rollcall-test-incidents",
};

const inAws: StatusFunctionPlan = {
  name: "rollcall-test-status",
  logGroup: "/rollcall/test/status",
  timeoutSeconds: 15,
  memoryMb: 256,
  concurrency: 5,
  readers: [],
  places,
};

const inCluster: StatusClusterPlan = {
  name: "rollcall-test-status",
  namespace: "rollcall",
  image: `registry.example.com/probe@sha256:${"b".repeat(64)}`,
  port: 9466,
  replicas: 2,
  results: "http://rollcall-test-exporter.rollcall.svc:9464/results",
  network: { ingress: [], egress: [] },
};

const aws = (readers: readonly string[] = []) =>
  record(
    () =>
      new StatusSite("status", {
        plan: { ...inAws, readers },
        site,
        bundle: "/bundle/status",
        logGroup: new LogGroup("group", { name: inAws.logGroup }),
        accountId: ACCOUNT,
        region: "eu-west-1",
        keyArn: KEY,
      }),
  );

const cluster = (plan: StatusClusterPlan = inCluster) =>
  record(() => new ClusterStatus("status", { environment: "test", plan, site, namespace: "rollcall" }));

const all = (resources: readonly Recorded[], type: string) => resources.filter((one) => one.type === type);

test("the address in AWS takes signed requests only, and by default nobody is named who may sign one", async () => {
  const resources = await aws();
  expect(only(resources, "aws:lambda/functionUrl:FunctionUrl").inputs).toEqual({
    functionName: "rollcall-test-status",
    authorizationType: "AWS_IAM",
  });
  expect(all(resources, PERMISSION)).toEqual([]);
  expect(childrenOf(resources, "status")).toEqual([
    "aws:lambda/functionUrl:FunctionUrl status-url",
    "rollcall:index:CloudFunction status",
  ]);
});

test("each reader may call the function through its address, and in no other way", async () => {
  const permissions = all(await aws([READER]), PERMISSION).map(({ inputs }) => inputs);
  expect(permissions).toEqual([
    {
      function: "rollcall-test-status",
      action: "lambda:InvokeFunctionUrl",
      principal: READER,
      functionUrlAuthType: "AWS_IAM",
    },
    {
      function: "rollcall-test-status",
      action: "lambda:InvokeFunction",
      principal: READER,
      invokedViaFunctionUrl: true,
    },
  ]);
});

test("the right of a reader keeps its name whoever stands before it", async () => {
  const names = async (...readers: readonly string[]) =>
    all(await aws(readers), PERMISSION).map(({ name }) => name);
  const alone = await names(READER);
  expect((await names("arn:aws:iam::123456789012:user/ada", READER)).slice(2)).toEqual(alone);
});

test("the function may read results, incidents without their tokens and alarms, and write its log, and nothing else", async () => {
  const resources = await aws([READER]);
  expect(
    all(resources, POLICY)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["status-logs", "status-rights"]);
  const specific = { "dynamodb:Select": "SPECIFIC_ATTRIBUTES" };
  const table = (name: string) => `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/${name}`;
  expect(JSON.parse(only(resources, POLICY, "status-rights").inputs.policy)).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "dynamodb:BatchGetItem",
        Resource: table("rollcall-test-probe-state"),
        Condition: {
          "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["results#*"] },
          "ForAllValues:StringEquals": { "dynamodb:Attributes": ["key", "body"] },
          StringEqualsIfExists: specific,
        },
      },
      {
        Effect: "Allow",
        Action: "dynamodb:BatchGetItem",
        Resource: table("rollcall-test-incidents"),
        Condition: {
          "ForAllValues:StringLike": {
            "dynamodb:LeadingKeys": ["alarm *", "????????????????????????????????"],
          },
          "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["key", "incident", "sent", "acknowledged", "recovered"],
          },
          StringEqualsIfExists: specific,
        },
      },
      {
        Effect: "Allow",
        Action: "kms:Decrypt",
        Resource: KEY,
        Condition: { StringEquals: { "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com" } },
      },
      {
        Effect: "Allow",
        Action: ["cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"],
        Resource: "*",
      },
    ],
  });
  expect(JSON.parse(only(resources, POLICY, "status-logs").inputs.policy).Statement).toEqual([
    { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: "arn:test:group:*" },
  ]);
});

test("what the function asks for is what it may read: IAM refuses any other key or attribute", () => {
  expect([...INCIDENT_ATTRIBUTES]).toEqual(["key", "incident", "sent", "acknowledged", "recovered"]);
  expect([...RESULT_ATTRIBUTES]).toEqual(["key", "body"]);
  expect(resultsKey({ shard: 1, of: 2 })).toMatch(/^results#/);
  expect(pointerOf("test-page")).toMatch(/^alarm /);
  expect(incidentId("test-page", "2026-11-21T08:00:00.000Z")).toHaveLength(32);
});

test("the function carries what it shows and where it reads, and runs a few times at once at most", async () => {
  const { code, ...inputs } = only(await aws(), "aws:lambda/function:Function").inputs;
  expect(inputs).toMatchObject({
    name: "rollcall-test-status",
    timeout: 15,
    reservedConcurrentExecutions: 5,
    kmsKeyArn: KEY,
    loggingConfig: { logGroup: "/rollcall/test/status" },
  });
  expect(inputs).not.toHaveProperty("environment");
  const { "index.mjs": file, "status.json": status, ...more } = await code.assets;
  expect(more).toEqual({});
  expect(await file.path).toBe("/bundle/status/index.mjs");
  expect(JSON.parse(await status.text)).toEqual({ site, places });
});

test("within the cluster it is two replicas that a drain takes one by one, and a Service that stays inside", async () => {
  const resources = await cluster();
  expect(childrenOf(resources, "status")).toEqual([
    "kubernetes:apps/v1:Deployment status-deployment",
    "kubernetes:core/v1:ConfigMap status-site",
    "kubernetes:core/v1:Service status-service",
    "kubernetes:core/v1:ServiceAccount status-account",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy status-network",
    "kubernetes:policy/v1:PodDisruptionBudget status-disruption",
  ]);
  const { spec } = only(resources, DEPLOYMENT).inputs;
  expect(spec.replicas).toBe(2);
  expect(spec.template.spec.topologySpreadConstraints).toHaveLength(1);
  expect(only(resources, "kubernetes:policy/v1:PodDisruptionBudget").inputs.spec).toEqual({
    maxUnavailable: 1,
    selector: { matchLabels: { app: "rollcall-test-status" } },
    unhealthyPodEvictionPolicy: "AlwaysAllow",
  });
  expect(only(resources, "kubernetes:core/v1:Service").inputs.spec.type).toBe("ClusterIP");
});

test("its pods satisfy Pod Security restricted, have no token, and read what they show from a map of that content", async () => {
  const resources = await cluster();
  const pod = only(resources, DEPLOYMENT).inputs.spec.template.spec;
  expect(pod).toMatchObject({
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: "RuntimeDefault" } },
  });
  expect(pod.containers[0].securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  const map = only(resources, "kubernetes:core/v1:ConfigMap").inputs;
  expect(map.metadata.name).toMatch(/^rollcall-test-status-[0-9a-f]{8}$/);
  expect(JSON.parse(map.data["site.json"])).toEqual(site);
  expect(pod.volumes).toContainEqual({ name: "site", configMap: { name: map.metadata.name } });
  expect(pod.containers[0].env).toContainEqual({ name: "ROLLCALL_RESULTS_PAGE", value: inCluster.results });
});

test("a process that takes connections and answers none is started anew", async () => {
  const [container] = only(await cluster(), DEPLOYMENT).inputs.spec.template.spec.containers;
  for (const asked of ["startupProbe", "livenessProbe", "readinessProbe"])
    expect(container[asked].httpGet, asked).toEqual({ path: "/livez", port: "http" });
});

test("nobody may call it unless the plan says who: its policy is closed, not missing", async () => {
  const { spec } = only(await cluster(), "kubernetes:networking.k8s.io/v1:NetworkPolicy").inputs;
  expect(spec).toEqual({
    podSelector: { matchLabels: { app: "rollcall-test-status" } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [],
    egress: [],
  });
});
