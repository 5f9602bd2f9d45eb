import { podsName } from "../catalog/resolve-endpoints.ts";
import type { SecretRef } from "../catalog/secrets.ts";
import type { Environment, ResolvedWorkload, Server } from "../catalog/types.ts";
import type { EnvVar, WorkloadPlan } from "./types.ts";

/** The Deployments of an environment: every server that we run, stdio ones behind the gateway image. */
export function planWorkloads(environment: Environment): WorkloadPlan[] {
  return environment.servers.flatMap((server) => {
    const { workload } = server;
    if (workload === null) return [];
    const { namespace, deployment, image, port, live, ready, resources } = workload;
    return [
      {
        server: server.name,
        namespace,
        deployment,
        image,
        args: workload.gateway ? gatewayArgs(server, workload) : [...(server.run?.args ?? [])],
        env: Object.entries(server.run?.env ?? {}).flatMap(([name, value]) => envVar(name, value)),
        port,
        replicas: workload.replicas.min,
        podsService: workload.perPod ? podsName(deployment) : null,
        deployTimeoutSeconds: Math.ceil(environment.deployTimeout / 1_000),
        live,
        ready,
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

/** Arguments of the gateway (supergateway's): one stdio command served over Streamable HTTP with a health path. */
function gatewayArgs(server: Server, workload: ResolvedWorkload): string[] {
  const { run } = server;
  const command = run?.package === undefined ? [run?.command ?? ""] : ["npx", "--no-install", run.package];
  const stdio = [...command, ...(run?.args ?? [])].map(shellWord).join(" ");
  return [
    "--stdio",
    stdio,
    "--outputTransport",
    "streamableHttp",
    "--streamableHttpPath",
    workload.mcpPath,
    "--port",
    String(workload.port),
    ...(workload.live === null ? [] : ["--healthEndpoint", workload.live]),
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
