import { z } from "zod";
import { httpPath, name } from "../catalog/names.ts";
import { dnsLabel, type Egress, egress, type Peer, peer } from "../catalog/network.ts";
import { podsName } from "../catalog/resolve-endpoints.ts";
import { serverFile } from "../catalog/server.ts";
import type { WorkloadPlan } from "../plan/cluster-types.ts";
import { PROBE_LABEL, peersOf, planNetwork } from "../plan/network.ts";
import { PROBE_NAMESPACE } from "../plan/probe.ts";

// the rules of the catalog: what it takes of a server's file, it takes here
const { image, port, resources, deployment } = serverFile.shape.kubernetes.unwrap().shape;
const { cpu, memory, memoryLimit } = resources.unwrap().shape;

const replicas = z.int().min(1).max(500);
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a variable name");
const secretKey = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]*\/\.?[\w-][\w.-]*$/, "must be secret-name/key, such as task-mcp/token");
const world = z.strictObject({ world: z.literal(true) });

/** What a server's arguments have to be, and their defaults. */
export const workloadSchema = z
  .strictObject({
    environment: name,
    server: deployment.unwrap().max(57, "must have at most 57 characters"),
    namespace: dnsLabel,
    image: image.unwrap(),
    port,
    replicasMin: replicas.default(1),
    replicasMax: replicas.optional(),
    scaleAtPercent: z.int().min(10).max(100).default(70),
    healthPath: httpPath.optional(),
    readyPath: httpPath.optional(),
    cpu,
    memory,
    memoryLimit,
    args: z.array(z.string()).default([]),
    env: z.record(variable, z.string()).default({}),
    secretEnv: z.record(variable, secretKey).default({}),
    callers: z.array(peer).default([]),
    egress: z.array(z.strictObject({ to: z.union([world, peer]), ports: egress.shape.ports })).default([]),
    sticky: z.boolean().default(false),
    perPod: z.boolean().default(false),
    deployTimeoutSeconds: z.int().min(10).max(3_600).default(300),
  })
  .refine(({ replicasMin, replicasMax = replicasMin }) => replicasMin <= replicasMax, {
    path: ["replicasMax"],
    message: "must not be less than replicasMin",
  })
  .refine(({ env, secretEnv }) => Object.keys(env).every((one) => !Object.hasOwn(secretEnv, one)), {
    path: ["secretEnv"],
    message: "must not name a variable that env gives a value",
  });

type Workload = Omit<z.infer<typeof workloadSchema>, "environment">;

/** The plan of a server that stands in no catalog. */
export function workloadOf(workload: Workload): WorkloadPlan {
  const { server, image, port, args, sticky, deployTimeoutSeconds } = workload;
  const { replicasMin: min, replicasMax: max = min, scaleAtPercent, cpu, memory, memoryLimit } = workload;
  return {
    server,
    namespace: workload.namespace,
    deployment: server,
    image,
    args,
    env: [
      ...Object.entries(workload.env).map(([variable, value]) => ({ name: variable, value })),
      ...Object.entries(workload.secretEnv).map(([variable, held]) => {
        const [secret = "", key = ""] = held.split("/");
        return { name: variable, value: { secret, key } };
      }),
    ],
    port,
    replicas: { min, max },
    scaleAtPercent: min < max ? scaleAtPercent : null,
    sticky,
    podsService: workload.perPod ? podsName(server) : null,
    deployTimeoutSeconds,
    live: workload.healthPath ?? null,
    ready: workload.readyPath ?? null,
    // a page for Prometheus is asked for in the catalog, where its rules are
    monitor: null,
    network: networkOf(workload),
    resources: { cpu, memory, memoryLimit },
  };
}

/** It is called by the probe of an environment in the same cluster, and by whom the arguments name. */
function networkOf({ port, callers, egress }: Workload): WorkloadPlan["network"] {
  const from = [{ namespace: PROBE_NAMESPACE, labels: PROBE_LABEL }, ...peersOf(callers)];
  return planNetwork({ callers: [{ from, port }], egress: egress.map(connection) });
}

function connection({
  to,
  ports,
}: {
  readonly to: Peer | { world: true };
  readonly ports: number[];
}): Egress {
  return { to: "world" in to ? "world" : to, ports };
}
