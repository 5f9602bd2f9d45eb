import type { CloudEnvironmentFile } from "./environment.ts";
import type { Problem } from "./errors.ts";
import { outsideOrigin, podsName } from "./resolve-endpoints.ts";
import type { ServerEntry } from "./resolve-server.ts";
import type { Server } from "./types.ts";
import { formatPath, type Path } from "./yaml.ts";

/** Something that one server has and no other may have: a port of this machine, an object, an address. */
interface Claim {
  /** What it is, by which two of them are the same. */
  readonly of: string;
  readonly path: Path;
  /** Says whose it is: `port 7411 is already the port of everything`. */
  readonly rule: (other: string) => string;
  readonly cure: string;
}

/**
 * Notes every server that claims what one before it has. In a cluster the second would take over the pods of the
 * first, or be refused when everything else stands; from outside, one of them would be watched for both.
 */
export function checkClaims(input: {
  readonly servers: readonly Server[];
  readonly entries: readonly ServerEntry[];
  /** How a server of the cluster is called from outside; undefined on one machine. */
  readonly address: CloudEnvironmentFile["kubernetes"]["address"] | undefined;
  readonly problems: Problem[];
}): void {
  const { servers, entries, address, problems } = input;
  const taken = new Map<string, string>();
  for (const server of servers) {
    const claims = [...portOf(server), ...objectsOf(server), ...addressOf(server, address)];
    const claimed = claims.find(({ of }) => taken.has(of));
    if (claimed !== undefined) {
      const { of, path, rule, cure } = claimed;
      const place = entries.find(({ name }) => name === server.name)?.layered.place(path) ?? server.name;
      problems.push({ place, path: formatPath(path), rule: rule(taken.get(of) ?? ""), cure });
    }
    for (const { of } of claims) if (!taken.has(of)) taken.set(of, server.name);
  }
}

function portOf({ endpoints, run }: Server): Claim[] {
  const port = endpoints.local === undefined ? undefined : run?.port;
  if (port === undefined) return [];
  return [
    {
      of: `port ${port}`,
      path: ["run", "port"],
      rule: (other) => `port ${port} is already the port of ${other}`,
      cure: "give each server that runs here a port of its own",
    },
  ];
}

/** Its Deployment and Service of one name, and the Service of its pods: two names may meet where a server has none. */
function objectsOf({ workload }: Server): Claim[] {
  if (workload === null) return [];
  const { namespace, deployment, perPod } = workload;
  return [deployment, ...(perPod ? [podsName(deployment)] : [])].map((name) => ({
    of: `object ${namespace}/${name}`,
    path: ["kubernetes", "deployment"],
    rule: (other) => `${name} in the namespace ${namespace} is already a name of ${other}`,
    cure: "give one of them a kubernetes.deployment or a kubernetes.namespace of its own",
  }));
}

function addressOf({ workload }: Server, address: string | undefined): Claim[] {
  if (workload === null || address === undefined) return [];
  const origin = outsideOrigin(address, workload.deployment);
  return [
    {
      of: origin,
      path: ["kubernetes", "deployment"],
      rule: (other) => `${origin} is already the address of ${other}`,
      cure: "give one of them a kubernetes.deployment of its own: it stands for {server} in the address",
    },
  ];
}
