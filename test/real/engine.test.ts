/**
 * Proves the parts that the real tests stand on: the engine, the stand-in providers and the API server.
 * It does not prove that AWS, or the vendor's own provider plugins, would take the program.
 */
import { CompositeAlarm, LogGroup, MetricAlarm } from "@pulumi/aws/cloudwatch/index.js";
import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import { Function as LambdaFunction } from "@pulumi/aws/lambda/index.js";
import { Topic } from "@pulumi/aws/sns/index.js";
import { Parameter } from "@pulumi/aws/ssm/index.js";
import { CustomResource } from "@pulumi/kubernetes/apiextensions/index.js";
import { Deployment } from "@pulumi/kubernetes/apps/v1/index.js";
import { Namespace, ServiceAccount } from "@pulumi/kubernetes/core/v1/index.js";
import { asset, interpolate, secret } from "@pulumi/pulumi";
import { afterAll, beforeAll, expect, it } from "vitest";
import { namesInRule, refusalsOf } from "../support/aws-rules.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { type Engine, openEngine } from "../support/engine.ts";
import { asRecord, type JsonRecord } from "../support/json.ts";
import { type Kube, startKube } from "../support/kube.ts";
import { UNKNOWN } from "../support/provider-values.ts";

const NAMESPACE = "roll";
const SECRET = "not for the state file";
const DEPLOYMENT = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/server`;

describeWithTools(["pulumi", "kube-apiserver", "etcd"], "a small program on the real engine", () => {
  const stops: (() => Promise<void>)[] = [];
  let kube: Kube;
  let engine: Engine;
  let threshold = 1;
  let retention = 30;
  let retypedImage: number | undefined;

  beforeAll(async () => {
    kube = await startKube();
    stops.push(kube.stop);
    engine = await openEngine({ program, stack: "staging", project: "harness", kube });
    stops.push(engine.stop);
  });

  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  const program = async () => {
    const topic = new Topic("page", { name: "page" });
    const alarm = new MetricAlarm("down", {
      name: "server/down",
      comparisonOperator: "GreaterThanThreshold",
      evaluationPeriods: 5,
      period: 60,
      metricName: "failed",
      namespace: "Rollcall",
      statistic: "Sum",
      threshold,
    });
    new CompositeAlarm("page", {
      alarmName: "server",
      alarmRule: interpolate`ALARM("${alarm.name}")`,
      alarmActions: [topic.arn],
    });
    new LambdaFunction("probe", {
      role: interpolate`arn:aws:iam::${getCallerIdentityOutput().accountId}:role/probe`,
      runtime: "nodejs24.x",
      handler: "index.handler",
      code: new asset.AssetArchive({ "index.js": new asset.StringAsset("exports.handler = () => {};") }),
    });
    new Parameter("word", { name: "/roll/word", type: "SecureString", value: secret(SECRET) });
    new LogGroup("log", { name: "/roll/log", retentionInDays: retention });
    clusterPart(retypedImage);
    return { topic: topic.arn };
  };

  it("previews every resource of a new stack and makes none", async () => {
    const { summary, steps } = await engine.preview();
    expect(summary).toEqual({ create: 11 });
    expect(steps.map(({ op, name }) => `${op} ${name}`).sort()).toEqual([
      "create down",
      "create log",
      "create page",
      "create page",
      "create probe",
      "create roll",
      "create rules",
      "create server",
      "create server",
      "create word",
    ]);
    expect(engine.aws.resources()).toEqual([]);
    expect((await kube.client.request("GET", `/api/v1/namespaces/${NAMESPACE}`)).status).toBe(404);
  });

  it("makes them, in AWS's stand-in and in the API server, without a warning", async () => {
    const { summary, diagnostics } = await engine.up();
    expect(summary).toEqual({ create: 11 });
    expect(diagnostics).toEqual([]);
    expect(engine.kubernetes.warnings).toEqual([]);
    expect(engine.aws.resources().map(({ id }) => id)).toEqual(
      expect.arrayContaining(["arn:aws:sns:eu-west-1:123456789012:page", "server/down", "server"]),
    );
    const { status, body } = await kube.client.request("GET", DEPLOYMENT);
    expect(status).toBe(200);
    expect(asRecord(asRecord(body).spec).replicas).toBe(2);
    const stack = await engine.stateFile();
    expect(stack).toContain("arn:aws:iam::123456789012:role/probe");
    expect(stack).not.toContain(SECRET);
  });

  it("changes nothing the second time", async () => {
    expect(await engine.up()).toEqual({ summary: { same: 11 }, steps: [], diagnostics: [] });
    expect((await engine.refresh()).steps.filter(({ op }) => op !== "refresh")).toEqual([]);
  });

  it("shows a changed threshold as exactly one update", async () => {
    threshold = 2;
    const { summary, steps } = await engine.up();
    expect(summary).toEqual({ same: 10, update: 1 });
    expect(steps).toMatchObject([{ op: "update", name: "down", paths: ["threshold"] }]);
  });

  it("sees in a refresh what was changed by hand, and puts it right", async () => {
    const byHand = { spec: { replicas: 5 } };
    await kube.client.request("PATCH", DEPLOYMENT, byHand, "application/merge-patch+json");
    await engine.refresh();
    const { steps } = await engine.up();
    expect(steps).toMatchObject([{ op: "update", name: "server", paths: ["spec.replicas"] }]);
    const { body } = await kube.client.request("GET", DEPLOYMENT);
    expect(asRecord(asRecord(body).spec).replicas).toBe(2);
  });

  it("admits the Deployment's pod and refuses a privileged one", async () => {
    const template = await podTemplate(kube);
    const admitted = await kube.client.admitPod(template, NAMESPACE);
    expect(admitted).toMatchObject({ status: 201, warnings: [] });

    const refused = await kube.client.admitPod(privileged(template), NAMESPACE);
    expect(refused.status).toBe(403);
    expect(JSON.stringify(refused.body)).toContain("violates PodSecurity");
  });

  it("hands on what the API server refuses and what AWS would refuse", async () => {
    retypedImage = 5;
    await expect(engine.up()).rejects.toThrow(/server.*image|image.*expected string/s);
    retypedImage = undefined;

    retention = 31;
    await expect(engine.preview()).rejects.toThrow(/log.*31 is none of 0, 1, 3/s);
    retention = 30;

    const held = engine.aws.resources().find(({ id }) => id === "server/down");
    if (held === undefined) throw new Error("the alarm server/down was not made");
    await expect(engine.aws.delete({ ...unnamed, ...held })).rejects.toThrow(
      "the alarm server/down is still named by the composite alarm server",
    );
  });

  it("leaves nothing behind when it is destroyed", async () => {
    const { summary } = await engine.destroy();
    expect(summary).toEqual({ delete: 11 });
    expect(engine.aws.resources()).toEqual([]);
    expect(engine.kubernetes.resources()).toEqual([]);
    for (const path of [DEPLOYMENT, `/api/v1/namespaces/${NAMESPACE}`]) {
      expect((await kube.client.request("GET", path)).status).toBe(404);
    }
    expect((await engine.exportStack()).deployment.resources ?? []).toEqual([]);
  });
});

it("refuses alarms that CloudWatch would refuse", () => {
  const type = "aws:cloudwatch/metricAlarm:MetricAlarm";
  const judge = (inputs: JsonRecord) => refusalsOf({ type, inputs }).map(({ property }) => property);
  expect(judge({ period: 60, evaluationPeriods: 1440 })).toEqual([]);
  expect(judge({ period: 3600, evaluationPeriods: 168 })).toEqual([]);
  expect(judge({ period: UNKNOWN, evaluationPeriods: 5000 })).toEqual([]);
  expect(judge({ period: 60, evaluationPeriods: 1441 })).toEqual(["evaluationPeriods"]);
  expect(judge({ period: 3600, evaluationPeriods: 169 })).toEqual(["evaluationPeriods"]);
  expect(judge({ period: 45, evaluationPeriods: 1 })).toEqual(["period"]);
  expect(judge({ period: 60, evaluationPeriods: 3, datapointsToAlarm: 4 })).toEqual(["datapointsToAlarm"]);
  expect(
    namesInRule('ALARM("a b") AND NOT OK(c) OR AT_LEAST(2, ALARM, (d, arn:aws:cloudwatch:r:1:alarm:e))'),
  ).toEqual(["a b", "c", "d", "e"]);
});

const unnamed = { urn: "", type: "aws:cloudwatch/metricAlarm:MetricAlarm", name: "down" };

function clusterPart(retypedImage: number | undefined): void {
  const restricted = Object.fromEntries(
    ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
  );
  const namespace = new Namespace("roll", { metadata: { name: NAMESPACE, labels: restricted } });
  const account = new ServiceAccount("server", {
    metadata: { name: "server", namespace: namespace.metadata.name },
    automountServiceAccountToken: false,
  });
  new CustomResource("rules", {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: "rules", namespace: namespace.metadata.name },
    spec: { groups: [] },
  });
  const labels = { app: "server" };
  const container = {
    name: "server",
    image: "registry.example/server:1.0.0",
    resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "64Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  };
  new Deployment("server", {
    metadata: { name: "server", namespace: namespace.metadata.name },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: account.metadata.name,
          automountServiceAccountToken: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 10_001,
            seccompProfile: { type: "RuntimeDefault" },
          },
          // A number where the API wants a string is how the test has the API server refuse an object.
          containers: [
            retypedImage === undefined ? container : { ...container, ...asRecord({ image: retypedImage }) },
          ],
        },
      },
    },
  });
}

async function podTemplate(kube: Kube): Promise<unknown> {
  const { body } = await kube.client.request("GET", DEPLOYMENT);
  return asRecord(asRecord(body).spec).template;
}

function privileged(template: unknown): unknown {
  const { spec, ...rest } = asRecord(template);
  const container = { name: "root", image: "registry.example/root:1", securityContext: { privileged: true } };
  return { ...rest, spec: { ...asRecord(spec), containers: [container] } };
}
