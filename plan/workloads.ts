import { podsName } from "../catalog/resolve-endpoints.ts";
import type { SecretRef } from "../catalog/secrets.ts";
import type { Environment, ResolvedWorkload, Server } from "../catalog/types.ts";
import { type NetworkPlan, PROBE_LABEL, peersOf, planNetwork } from "./network.ts";
import { PROBE_NAMESPACE } from "./probe.ts";
import { OWN_SERIES } from "./prometheus/series.ts";
import type { EnvVar, ServerMonitorPlan, WorkloadPlan } from "./types.ts";

/** A session that nobody uses for this long ends, and its process with it. */
const SESSION_TIMEOUT_MS = 30 * 60_000;
/** Far more than the page of one server has: one that grows on and on is not stored. */
const SAMPLE_LIMIT = 5_000;

/** The Deployments of an environment: every server that we run, stdio ones behind the gateway image. */
export function planWorkloads(environment: Environment): WorkloadPlan[] {
  return environment.servers.flatMap((server) => {
    const { workload } = server;
    if (workload === null) return [];
    const { namespace, deployment, image, port, replicas, live, ready, resources } = workload;
    return [
      {
        server: server.name,
        namespace,
        deployment,
        image,
        args: workload.gateway ? gatewayArgs(environment, server, workload) : [...(server.run?.args ?? [])],
        env: Object.entries(server.run?.env ?? {}).flatMap(([name, value]) => envVar(name, value)),
        port,
        replicas,
        scaleAtPercent: replicas.min < replicas.max ? workload.scaleAt / 10_000 : null,
        // the gateway keeps a process for each session, and only the pod that has it can go on
        sticky: workload.gateway,
        podsService: workload.perPod ? podsName(deployment) : null,
        deployTimeoutSeconds: Math.ceil(environment.deployTimeout / 1_000),
        live,
        ready,
        monitor: monitorOf(environment, server, workload),
        network: networkOf(environment, workload),
        resources,
      },
    ];
  });
}

/** Namespaces that hold something of the environment, sorted. */
export function planNamespaces(environment: Environment, probe: string): string[] {
  const namespaces = environment.servers.flatMap(({ workload }) =>
    workload === null ? [] : [workload.namespace],
  );
  return [...new Set([probe, ...namespaces])].sort();
}

/** Rules and dashboards ask by `environment` and `server`, so what a page says of itself must never be an answer to them. */
function monitorOf(
  { name: environment, kubernetes }: Environment,
  { name: server, endpoints }: Server,
  { metrics }: ResolvedWorkload,
): ServerMonitorPlan | null {
  if (metrics === null || kubernetes === null || !kubernetes.prometheus.operator) return null;
  // the probe reads these from the page and publishes them under the same names
  const numbers = (endpoints.cluster?.rest?.numbers ?? []).map(({ metric }) => metric);
  return {
    path: metrics,
    labels: kubernetes.prometheus.monitorLabels,
    seriesLabels: { environment, server },
    refusedSeries: [...new Set([...OWN_SERIES, ...numbers])].join("|"),
    sampleLimit: SAMPLE_LIMIT,
  };
}

/** It is called by the probe, by whom the catalog names, and by Prometheus where there is a page for it. */
function networkOf({ kubernetes }: Environment, workload: ResolvedWorkload): NetworkPlan {
  const { port, metrics, ingress, egress } = workload;
  const prometheus =
    metrics === null || kubernetes === null ? [] : [{ namespace: kubernetes.prometheus.namespace }];
  const from = [
    { namespace: PROBE_NAMESPACE, labels: PROBE_LABEL },
    ...peersOf([...(kubernetes?.ingress ?? []), ...ingress, ...prometheus]),
  ];
  return planNetwork({ callers: [{ from, port }], egress });
}

/**
 * Arguments of the gateway (supergateway's): one stdio command served over Streamable HTTP. A process a session, as the
 * default of one a request would answer the second question of a check after the deadline.
 */
function gatewayArgs(
  { kubernetes }: Environment,
  { run }: Server,
  { mcpPath, port, ready }: ResolvedWorkload,
): string[] {
  const command = run?.package === undefined ? [run?.command ?? ""] : ["npx", "--no-install", run.package];
  const stdio = [...command, ...(run?.args ?? [])].map(shellWord).join(" ");
  return [
    ...["--stdio", stdio],
    ...["--outputTransport", "streamableHttp", "--streamableHttpPath", mcpPath, "--port", String(port)],
    ...["--stateful", "--sessionTimeout", String(SESSION_TIMEOUT_MS)],
    ...["--logLevel", kubernetes?.gatewayLogs ?? "none"],
    ...(ready === null ? [] : ["--healthEndpoint", ready]),
  ];
}

/** One word of a POSIX shell command line: the gateway hands its command to a shell. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** In the cluster only a Kubernetes Secret can be read by a pod; other references belong to other runners. */
function envVar(name: string, value: string | SecretRef): EnvVar[] {
  if (typeof value === "string") return [{ name, value }];
  if (!("kubernetes" in value)) return [];
  const [secret = "", key = ""] = value.kubernetes.split("/");
  return [{ name, value: { secret, key } }];
}
