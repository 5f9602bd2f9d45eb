import { describe, expect, test } from "vitest";
import { ClusterProbe } from "../../components/cluster-probe.ts";
import { Exporter } from "../../components/exporter.ts";
import { Namespaces } from "../../components/namespaces.ts";
import type { ExporterPlan } from "../../plan/types.ts";
import { childrenOf, only, record } from "../support/pulumi-mocks.ts";
import { cronJob, exporter } from "../support/sample-plan.ts";

const DEPLOYMENT = "kubernetes:apps/v1:Deployment";

const build = (plan: ExporterPlan) =>
  record(() => new Exporter("exporter", { environment: "test", plan, namespace: "rollcall" }));
const monitor = { path: "/metrics", labels: { release: "prometheus" } };

describe("[CARD-04] the exporter", () => {
  test("is a deployment with its account, roster, network, service and monitor, and nothing else", async () => {
    const resources = await build({ ...exporter, monitor });
    expect(childrenOf(resources, "exporter")).toEqual([
      "kubernetes:apps/v1:Deployment exporter-deployment",
      "kubernetes:core/v1:ConfigMap exporter-roster",
      "kubernetes:core/v1:Service exporter-service",
      "kubernetes:core/v1:ServiceAccount exporter-account",
      "kubernetes:monitoring.coreos.com/v1:ServiceMonitor exporter-monitor",
      "kubernetes:networking.k8s.io/v1:NetworkPolicy exporter-network",
    ]);
    expect(resources).toHaveLength(7);
  });

  test("is told to Prometheus only where the operator runs", async () => {
    const resources = await build(exporter);
    expect(resources.filter(({ type }) => type.endsWith("ServiceMonitor"))).toEqual([]);
  });

  test("is one, and no minute of a rollout goes by unwatched", async () => {
    const { spec } = only(await build(exporter), DEPLOYMENT).inputs;
    expect(spec.replicas).toBe(1);
    expect(spec.strategy).toEqual({
      type: "RollingUpdate",
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    });
  });

  test("listens where its Service, its monitor and the kubelet ask", async () => {
    const resources = await build({ ...exporter, monitor });
    const [container] = only(resources, DEPLOYMENT).inputs.spec.template.spec.containers;
    expect(container.args).toEqual(["exporter.mjs"]);
    expect(container.ports).toEqual([{ name: "metrics", containerPort: 9464, protocol: "TCP" }]);
    expect(container.env).toEqual(
      expect.arrayContaining([
        { name: "ROLLCALL_LISTEN", value: "0.0.0.0:9464" },
        { name: "ROLLCALL_ROSTER", value: "/etc/rollcall/roster.json" },
        { name: "ROLLCALL_SINK", value: "prometheus" },
      ]),
    );
    expect(container.startupProbe.httpGet).toEqual({ path: "/livez", port: "metrics" });
    expect(container.livenessProbe.httpGet).toEqual({ path: "/livez", port: "metrics" });
    expect(container.readinessProbe.httpGet).toEqual({ path: "/readyz", port: "metrics" });
    const { spec } = only(resources, "kubernetes:core/v1:Service").inputs;
    expect(spec.ports).toEqual([{ name: "metrics", port: 9464, targetPort: "metrics", protocol: "TCP" }]);
    const { inputs } = only(resources, "kubernetes:monitoring.coreos.com/v1:ServiceMonitor");
    expect(inputs.spec.endpoints).toMatchObject([{ port: "metrics", path: "/metrics", honorLabels: true }]);
  });
});

describe("[CARD-04] the CronJob", () => {
  test("says its time zone, keeps few old runs, and ends before the next minute", async () => {
    const resources = await record(
      () => new ClusterProbe("probe", { environment: "test", plan: cronJob, namespace: "rollcall" }),
    );
    const { spec } = only(resources, "kubernetes:batch/v1:CronJob").inputs;
    expect(spec).toMatchObject({
      schedule: "* * * * *",
      timeZone: "Etc/UTC",
      suspend: false,
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: 30,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
    });
    const job = spec.jobTemplate.spec;
    expect(job).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 57 });
    expect(job).not.toHaveProperty("ttlSecondsAfterFinished");
    const pod = job.template.spec;
    expect(pod.restartPolicy).toBe("Never");
    expect(job.activeDeadlineSeconds + pod.terminationGracePeriodSeconds).toBeLessThanOrEqual(60);
    expect(pod.containers[0].args).toEqual(["cronjob.mjs"]);
    expect(pod.containers[0].env).toContainEqual({ name: "ROLLCALL_SINK", value: "emf" });
  });

  test("ends by itself before the job is ended, whose time has begun before the process", async () => {
    const resources = await record(
      () => new ClusterProbe("probe", { environment: "test", plan: cronJob, namespace: "rollcall" }),
    );
    const job = only(resources, "kubernetes:batch/v1:CronJob").inputs.spec.jobTemplate.spec;
    const { env } = job.template.spec.containers[0];
    expect(env).toContainEqual({ name: "ROLLCALL_DEADLINE", value: "52" });
    expect(job.template.spec.terminationGracePeriodSeconds).toBe(3);
  });
});

test("[CARD-02] every namespace enforces Pod Security restricted and lets nothing in or out by itself", async () => {
  const resources = await record(() => new Namespaces("places", { namespaces: ["shelf", "rollcall"] }));
  for (const namespace of ["shelf", "rollcall"]) {
    const { labels } = only(resources, "kubernetes:core/v1:Namespace", `places-${namespace}`).inputs.metadata;
    expect(labels).toMatchObject({
      "pod-security.kubernetes.io/enforce": "restricted",
      "pod-security.kubernetes.io/audit": "restricted",
      "pod-security.kubernetes.io/warn": "restricted",
    });
    const policy = only(
      resources,
      "kubernetes:networking.k8s.io/v1:NetworkPolicy",
      `places-${namespace}-deny`,
    );
    expect(policy.inputs.metadata.namespace).toBe(namespace);
    expect(policy.inputs.spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  }
});
