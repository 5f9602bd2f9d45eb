/** The guard's own guard: each rule of test/support/kube-linter.ts finds what it is for, in objects that are else fine. */
import { beforeAll, describe, expect, test } from "vitest";
import { ClusterProbe } from "../../components/cluster-probe.ts";
import { Exporter } from "../../components/exporter.ts";
import { McpServer } from "../../components/mcp-server.ts";
import { asRecord } from "../support/json.ts";
import { LINTER_RULES } from "../support/kube-linter.ts";
import { type Manifest, manifest } from "../support/manifests.ts";
import { record } from "../support/pulumi-mocks.ts";
import { cronJob, exporter, workload } from "../support/sample-plan.ts";

const MONITOR = { path: "/metrics", labels: {} };
const SERVER = {
  ...workload,
  replicas: { min: 3, max: 10 },
  scaleAtPercent: 70,
  podsService: "library-http-pods",
  monitor: { ...MONITOR, seriesLabels: {}, refusedSeries: "mcp_.*", sampleLimit: 500 },
};

/** How to break objects by one rule: which of them (`Kind/name`), where, and what stands there then. */
interface Break {
  readonly object: string;
  /** The path of the value, with numbers for the places of a list. */
  readonly at: readonly (string | number)[];
  /** Left out: the value is taken away. */
  readonly to?: unknown;
}

const server = (...at: readonly (string | number)[]) => ({
  object: "Deployment/library-http",
  at: ["spec", ...at],
});
const pod = (...at: readonly (string | number)[]) => server("template", "spec", ...at);
const container = (...at: readonly (string | number)[]) => pod("containers", 0, ...at);
const BUDGET = { object: "PodDisruptionBudget/library-http" };
const hostPath = (path: string) => ({ ...pod("volumes"), to: [{ name: "host", hostPath: { path } }] });

const BREAKS: Readonly<Record<string, Break>> = {
  "dangling-service": { object: "Service/library-http", at: ["spec", "selector"], to: { app: "nobody" } },
  "deprecated-service-account-field": { ...pod("serviceAccount"), to: "library-http" },
  "docker-sock": hostPath("/var/run/docker.sock"),
  "drop-net-raw-capability": container("securityContext", "capabilities"),
  "duplicate-env-var": {
    ...container("env"),
    to: [
      { name: "A", value: "1" },
      { name: "A", value: "2" },
    ],
  },
  "env-var-secret": { ...container("env"), to: [{ name: "CLIENT_SECRET", value: "plain" }] },
  "host-ipc": { ...pod("hostIPC"), to: true },
  "host-network": { ...pod("hostNetwork"), to: true },
  "host-pid": { ...pod("hostPID"), to: true },
  "invalid-target-ports": {
    object: "Service/library-http",
    at: ["spec", "ports", 0, "targetPort"],
    to: "a-name-that-is-too-long",
  },
  "job-ttl-seconds-after-finished": {
    object: "CronJob/rollcall-test-probe",
    at: ["spec", "jobTemplate", "spec", "ttlSecondsAfterFinished"],
    to: 60,
  },
  "latest-tag": { ...container("image"), to: "registry.example.com/library:latest" },
  "liveness-port": { ...container("livenessProbe", "httpGet", "port"), to: 9 },
  "readiness-port": { ...container("readinessProbe", "httpGet", "port"), to: "other" },
  "startup-port": { ...container("startupProbe", "httpGet", "port"), to: 9 },
  "mismatching-selector": { ...server("selector", "matchLabels"), to: { app: "other" } },
  "no-anti-affinity": pod("affinity"),
  "no-extensions-v1beta": {
    object: "Deployment/library-http",
    at: ["apiVersion"],
    to: "extensions/v1beta1",
  },
  "no-read-only-root-fs": container("securityContext", "readOnlyRootFilesystem"),
  "non-existent-service-account": { ...pod("serviceAccountName"), to: "nobody" },
  "pdb-max-unavailable": { ...BUDGET, at: ["spec", "maxUnavailable"], to: 0 },
  "pdb-min-available": { ...BUDGET, at: ["spec", "minAvailable"], to: 3 },
  "pdb-unhealthy-pod-eviction-policy": { ...BUDGET, at: ["spec", "unhealthyPodEvictionPolicy"] },
  "privilege-escalation-container": container("securityContext", "allowPrivilegeEscalation"),
  "privileged-container": { ...container("securityContext", "privileged"), to: true },
  "run-as-non-root": pod("securityContext", "runAsNonRoot"),
  "sensitive-host-mounts": hostPath("/etc/kubernetes"),
  "ssh-port": { ...container("ports", 0, "containerPort"), to: 22 },
  "unsafe-sysctls": {
    ...pod("securityContext", "sysctls"),
    to: [{ name: "net.core.somaxconn", value: "1024" }],
  },
  "unset-cpu-requirements": container("resources", "requests", "cpu"),
  "unset-memory-requirements": container("resources", "limits", "memory"),
  "dangling-horizontalpodautoscaler": {
    object: "HorizontalPodAutoscaler/library-http",
    at: ["spec", "scaleTargetRef", "name"],
    to: "nobody",
  },
  "dangling-networkpolicy": {
    object: "NetworkPolicy/library-http",
    at: ["spec", "podSelector", "matchLabels"],
    to: { app: "nobody" },
  },
  "dangling-servicemonitor": {
    object: "ServiceMonitor/library-http",
    at: ["spec", "selector", "matchLabels"],
    // both Services of the server carry it
    to: { app: "library-http" },
  },
  "default-service-account": pod("serviceAccountName"),
  "hpa-minimum-replicas": {
    object: "HorizontalPodAutoscaler/library-http",
    at: ["spec", "minReplicas"],
    to: 1,
  },
  "no-liveness-probe": container("livenessProbe"),
  "no-readiness-probe": container("readinessProbe"),
  "no-rolling-update-strategy": { ...server("strategy"), to: { type: "Recreate" } },
  "non-isolated-pod": { object: "NetworkPolicy/library-http", at: ["spec", "policyTypes"], to: ["Ingress"] },
  "use-namespace": { object: "Deployment/library-http", at: ["metadata", "namespace"], to: "default" },
};

describe("kube-linter's rules", () => {
  let sound: readonly Manifest[];
  beforeAll(async () => {
    const resources = await record(() => {
      const environment = "test";
      new McpServer("library", { environment, plan: SERVER, namespace: "shelf" });
      new Exporter("exporter", {
        environment,
        plan: { ...exporter, monitor: MONITOR },
        namespace: "rollcall",
      });
      new ClusterProbe("probe", { environment, plan: cronJob, namespace: "rollcall" });
    });
    sound = resources
      .filter(({ type }) => type.startsWith("kubernetes:"))
      .map(({ inputs }) => manifest(asRecord(inputs)));
  });

  test("are all broken once here", () => {
    expect(new Set(Object.keys(BREAKS))).toEqual(new Set(Object.keys(LINTER_RULES)));
  });

  test.each(Object.entries(LINTER_RULES))(
    "%s finds what it is for, and nothing in sound objects",
    (name, rule) => {
      expect(rule(sound)).toEqual([]);
      const found = BREAKS[name];
      if (found === undefined) throw new Error(`nothing breaks ${name}`);
      const broken = sound.map((one) => {
        if (`${one.kind}/${one.metadata.name}` !== found.object) return one;
        return manifest(asRecord(changed(one.object, found.at, found.to)));
      });
      expect(rule(broken)).not.toEqual([]);
    },
  );
});

/** A copy in which another value stands at that path, or none. */
function changed(value: unknown, [step, ...rest]: Break["at"], to: unknown): unknown {
  if (step === undefined) return to;
  if (Array.isArray(value)) return value.map((one, index) => (index === step ? changed(one, rest, to) : one));
  const { [step]: here, ...others } = asRecord(value);
  const next = changed(here, rest, to);
  return next === undefined ? others : { ...others, [step]: next };
}
