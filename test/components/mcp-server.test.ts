import { expect, test } from "vitest";
import { McpServer } from "../../components/mcp-server.ts";
import type { WorkloadPlan } from "../../plan/types.ts";
import { childrenOf, only, record } from "../support/pulumi-mocks.ts";
import { workload } from "../support/sample-plan.ts";

const DEPLOYMENT = "kubernetes:apps/v1:Deployment";

const build = (plan: WorkloadPlan) =>
  record(() => new McpServer("library", { environment: "test", plan, namespace: "shelf" }));

const podOf = async (plan: WorkloadPlan) => only(await build(plan), DEPLOYMENT).inputs.spec.template.spec;

test("a server is a service account, a deployment and a service, and nothing else", async () => {
  const resources = await build(workload);
  expect(resources).toHaveLength(4);
  expect(childrenOf(resources, "library")).toEqual([
    "kubernetes:apps/v1:Deployment library-deployment",
    "kubernetes:core/v1:Service library-service",
    "kubernetes:core/v1:ServiceAccount library-account",
  ]);
});

test("[SKILL-14] a rollout that does not come up in the catalog's time is a failed one", async () => {
  const { inputs } = only(await build({ ...workload, deployTimeoutSeconds: 120 }), DEPLOYMENT);
  expect(inputs.spec.progressDeadlineSeconds).toBe(120);
});

test("where pods are asked one by one a headless service names them, and only ready ones", async () => {
  const resources = await build({ ...workload, podsService: "library-http-pods" });
  expect(resources).toHaveLength(5);
  const pods = resources.find(({ name }) => name === "library-pods");
  expect(pods).toMatchObject({
    type: "kubernetes:core/v1:Service",
    inputs: {
      metadata: { name: "library-http-pods", namespace: "shelf" },
      spec: { clusterIP: "None", selector: { app: "library-http" } },
    },
  });
  expect(pods?.inputs.spec.publishNotReadyAddresses).toBeUndefined();
});

test("its pods satisfy Pod Security restricted and hold no token of the cluster", async () => {
  const resources = await build(workload);
  expect(only(resources, "kubernetes:core/v1:ServiceAccount").inputs.automountServiceAccountToken).toBe(
    false,
  );
  const pod = only(resources, DEPLOYMENT).inputs.spec.template.spec;
  expect(pod).toMatchObject({ serviceAccountName: "library-http", automountServiceAccountToken: false });
  expect(pod.securityContext).toEqual({
    runAsNonRoot: true,
    runAsUser: 10_001,
    runAsGroup: 10_001,
    fsGroup: 10_001,
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect(pod.containers).toHaveLength(1);
  expect(pod.containers[0].securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect(pod.volumes).toEqual([{ name: "tmp", emptyDir: { sizeLimit: "256Mi" } }]);
  expect(pod.containers[0].volumeMounts).toEqual([{ name: "tmp", mountPath: "/tmp" }]);
  expect(pod.hostNetwork ?? pod.hostPID ?? pod.hostIPC).toBeUndefined();
});

test("it asks for and is limited to what the plan says, its disk included", async () => {
  const pod = await podOf(workload);
  expect(pod.containers[0].resources).toEqual({
    requests: { cpu: "100m", memory: "128Mi", "ephemeral-storage": "64Mi" },
    limits: { memory: "256Mi", "ephemeral-storage": "512Mi" },
  });
});

test("a secret reaches the container by reference, and HOME can be written", async () => {
  const pod = await podOf(workload);
  expect(pod.containers[0].env).toEqual([
    { name: "HOME", value: "/tmp" },
    { name: "LOG_LEVEL", value: "info" },
    { name: "TOKEN", valueFrom: { secretKeyRef: { name: "library", key: "token" } } },
  ]);
});

test("a HOME of the plan's own stands alone", async () => {
  const pod = await podOf({ ...workload, env: [{ name: "HOME", value: "/tmp/home" }] });
  expect(pod.containers[0].env).toEqual([{ name: "HOME", value: "/tmp/home" }]);
});

test("health paths are asked over HTTP, and the port where there is none", async () => {
  const [asked] = (await podOf(workload)).containers;
  expect(asked.livenessProbe.httpGet).toEqual({ path: "/live", port: "http" });
  expect(asked.readinessProbe.httpGet).toEqual({ path: "/ready", port: "http" });
  const [silent] = (await podOf({ ...workload, live: null, ready: null })).containers;
  expect(silent.livenessProbe).toMatchObject({ tcpSocket: { port: "http" } });
  expect(silent.readinessProbe).toMatchObject({ tcpSocket: { port: "http" } });
});

test("a rollout takes no replica away before its successor is ready", async () => {
  const { inputs } = only(await build(workload), DEPLOYMENT);
  expect(inputs.spec.strategy).toEqual({
    type: "RollingUpdate",
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
  });
});

test("replicas are spread over nodes, a single one is not", async () => {
  const many = await podOf(workload);
  const selector = { matchLabels: { app: "library-http" } };
  expect(many.topologySpreadConstraints).toEqual([
    {
      maxSkew: 1,
      topologyKey: "kubernetes.io/hostname",
      whenUnsatisfiable: "ScheduleAnyway",
      labelSelector: selector,
    },
  ]);
  expect(many.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution).toEqual([
    { weight: 100, podAffinityTerm: { topologyKey: "kubernetes.io/hostname", labelSelector: selector } },
  ]);
  const one = await podOf({ ...workload, replicas: 1 });
  expect(one).not.toHaveProperty("affinity");
  expect(one).not.toHaveProperty("topologySpreadConstraints");
});

test("the service, the selector and the handbook's commands agree on the label app", async () => {
  const resources = await build(workload);
  const { inputs } = only(resources, DEPLOYMENT);
  const service = only(resources, "kubernetes:core/v1:Service").inputs;
  expect(inputs.metadata).toMatchObject({ name: "library-http", namespace: "shelf" });
  expect(inputs.spec.template.metadata.labels).toEqual({
    app: "library-http",
    "app.kubernetes.io/name": "library-http",
    "app.kubernetes.io/instance": "test",
    "app.kubernetes.io/part-of": "rollcall",
  });
  expect(inputs.spec.selector).toEqual({ matchLabels: { app: "library-http" } });
  expect(service.metadata.name).toBe("library-http");
  expect(service.spec).toEqual({
    type: "ClusterIP",
    selector: { app: "library-http" },
    ports: [{ name: "http", port: 8080, targetPort: "http", protocol: "TCP" }],
  });
});
