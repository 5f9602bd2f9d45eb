import { expect, test } from "vitest";
import { McpServer } from "../../components/mcp-server.ts";
import type { WorkloadPlan } from "../../plan/types.ts";
import { childrenOf, only, record } from "../support/pulumi-mocks.ts";
import { workload } from "../support/sample-plan.ts";

const DEPLOYMENT = "kubernetes:apps/v1:Deployment";

const build = (plan: WorkloadPlan) =>
  record(() => new McpServer("library", { environment: "test", plan, namespace: "shelf" }));

const podOf = async (plan: WorkloadPlan) => only(await build(plan), DEPLOYMENT).inputs.spec.template.spec;

const one: WorkloadPlan = { ...workload, replicas: { min: 1, max: 1 } };
const monitor: WorkloadPlan["monitor"] = {
  path: "/metrics",
  labels: { release: "prometheus" },
  seriesLabels: { environment: "test", server: "library" },
  refusedSeries: "mcp_.*|lent_books",
  sampleLimit: 500,
};
const range: WorkloadPlan = { ...workload, replicas: { min: 3, max: 10 }, scaleAtPercent: 70 };

test("[CARD-02] a server of one replica is an account, a network policy, a deployment and a service, and nothing else", async () => {
  const resources = await build(one);
  expect(resources).toHaveLength(5);
  expect(childrenOf(resources, "library")).toEqual([
    "kubernetes:apps/v1:Deployment library-deployment",
    "kubernetes:core/v1:Service library-service",
    "kubernetes:core/v1:ServiceAccount library-account",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy library-network",
  ]);
});

test("several replicas have a budget that keeps all but one of them, and lets broken ones go", async () => {
  const { inputs } = only(await build(workload), "kubernetes:policy/v1:PodDisruptionBudget");
  expect(inputs.metadata).toMatchObject({ name: "library-http", namespace: "shelf" });
  expect(inputs.spec).toEqual({
    maxUnavailable: 1,
    selector: { matchLabels: { app: "library-http" } },
    unhealthyPodEvictionPolicy: "AlwaysAllow",
  });
});

test("a range of replicas is moved in by an autoscaler, and the deployment says no number beside it", async () => {
  const resources = await build(range);
  expect(only(resources, DEPLOYMENT).inputs.spec).not.toHaveProperty("replicas");
  expect(only(resources, "kubernetes:autoscaling/v2:HorizontalPodAutoscaler").inputs.spec).toEqual({
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "library-http" },
    minReplicas: 3,
    maxReplicas: 10,
    metrics: [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
      },
    ],
  });
});

test("a fixed number of replicas stands in the deployment", async () => {
  expect(only(await build(workload), DEPLOYMENT).inputs.spec.replicas).toBe(3);
});

test("nobody reaches it but whom the plan names, and it reaches nobody else", async () => {
  const network = {
    ingress: [
      {
        peers: [{ namespace: "rollcall", labels: { role: "probe" } }],
        ports: [{ port: 8080, protocol: "TCP" as const }],
      },
    ],
    egress: [
      {
        peers: [{ cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] }],
        ports: [{ port: 443, protocol: "TCP" as const }],
      },
      { peers: [{ namespace: "data", labels: {} }], ports: [] },
    ],
  };
  const { inputs } = only(await build({ ...one, network }), "kubernetes:networking.k8s.io/v1:NetworkPolicy");
  expect(inputs.spec).toEqual({
    podSelector: { matchLabels: { app: "library-http" } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      {
        from: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "rollcall" } },
            podSelector: { matchLabels: { role: "probe" } },
          },
        ],
        ports: [{ port: 8080, protocol: "TCP" }],
      },
    ],
    egress: [
      {
        to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] } }],
        ports: [{ port: 443, protocol: "TCP" }],
      },
      { to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "data" } } }] },
    ],
  });
});

test("Prometheus is told of its page once, whether or not its pods have a Service of their own", async () => {
  const resources = await build({ ...one, podsService: "library-http-pods", monitor });
  const { inputs } = only(resources, "kubernetes:monitoring.coreos.com/v1:ServiceMonitor");
  expect(inputs.metadata.labels).toMatchObject({ release: "prometheus" });
  expect(inputs.spec.endpoints).toMatchObject([
    { port: "http", path: "/metrics", interval: "30s", scrapeTimeout: "10s" },
  ]);
  const chosen = resources.filter(
    ({ type, inputs: { metadata } }) =>
      type === "kubernetes:core/v1:Service" &&
      Object.entries(inputs.spec.selector.matchLabels).every(
        ([key, value]) => metadata.labels[key] === value,
      ),
  );
  expect(chosen.map(({ name }) => name)).toEqual(["library-service"]);
});

test("whatever its page says, it speaks to Prometheus as itself, in names that are not Rollcall's, and not without end", async () => {
  const { spec } = only(
    await build({ ...one, monitor }),
    "kubernetes:monitoring.coreos.com/v1:ServiceMonitor",
  ).inputs;
  expect(spec.sampleLimit).toBe(500);
  expect(spec.endpoints).toMatchObject([
    {
      honorLabels: false,
      relabelings: [
        { targetLabel: "environment", replacement: "test" },
        { targetLabel: "server", replacement: "library" },
      ],
      metricRelabelings: [{ action: "drop", sourceLabels: ["__name__"], regex: "mcp_.*|lent_books" }],
    },
  ]);
});

test("a client of a server that keeps sessions in the pod stays with its pod", async () => {
  const service = async (plan: WorkloadPlan) =>
    only(await build(plan), "kubernetes:core/v1:Service").inputs.spec;
  expect(await service({ ...one, sticky: true })).toMatchObject({ sessionAffinity: "ClientIP" });
  expect(await service(one)).not.toHaveProperty("sessionAffinity");
});

test("a pod that is told to end goes on to answer until nobody is sent to it any more", async () => {
  const pod = await podOf(workload);
  expect(pod.containers[0].lifecycle).toEqual({ preStop: { sleep: { seconds: 5 } } });
  expect(pod.terminationGracePeriodSeconds).toBe(35);
});

test("an image that is pinned by digest needs no registry to start again", async () => {
  expect((await podOf(workload)).containers[0].imagePullPolicy).toBe("IfNotPresent");
});

test("[SKILL-14] a rollout that does not come up in the catalog's time is a failed one", async () => {
  const { inputs } = only(await build({ ...workload, deployTimeoutSeconds: 120 }), DEPLOYMENT);
  expect(inputs.spec.progressDeadlineSeconds).toBe(120);
});

test("where pods are asked one by one a headless service names them, and only ready ones", async () => {
  const resources = await build({ ...one, podsService: "library-http-pods" });
  expect(resources).toHaveLength(6);
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
  expect(asked.startupProbe.httpGet).toEqual({ path: "/live", port: "http" });
  expect(asked.readinessProbe.httpGet).toEqual({ path: "/ready", port: "http" });
  const [silent] = (await podOf({ ...workload, live: null, ready: null })).containers;
  expect(silent.startupProbe).toMatchObject({ tcpSocket: { port: "http" } });
  expect(silent.livenessProbe).toMatchObject({ tcpSocket: { port: "http" } });
  expect(silent.readinessProbe).toMatchObject({ tcpSocket: { port: "http" } });
});

test("a start may take as long as a rollout, and no longer", async () => {
  const [asked] = (await podOf({ ...workload, deployTimeoutSeconds: 120 })).containers;
  const { periodSeconds, failureThreshold } = asked.startupProbe;
  expect(periodSeconds * failureThreshold).toBe(120);
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
  const single = await podOf(one);
  expect(single).not.toHaveProperty("affinity");
  expect(single).not.toHaveProperty("topologySpreadConstraints");
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
    "app.kubernetes.io/component": "server",
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
