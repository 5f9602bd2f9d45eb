import type { CloudEnvironmentFile } from "./environment.ts";
import type { RestFile } from "./rest.ts";
import type { ServerFile } from "./server.ts";
import type { NumberSource, RestTarget } from "./target.ts";
import type { Endpoint, ResolvedWorkload, Runner } from "./types.ts";
import type { Path } from "./yaml.ts";

/** Where the gateway answers, whatever stdio server it holds. */
export const GATEWAY = { mcp: "/mcp", health: "/healthz" } as const;

/** Notes that a value does not fit: where it stands, the rule, and the cure. */
export type Refuse = (path: Path, rule: string, cure: string) => void;

/** Where a server answers on this machine. */
export function localEndpoint(file: ServerFile, refuse: Refuse): Endpoint {
  if (file.mcp.transport === "stdio") {
    if (file.run === undefined)
      refuse(
        ["mcp"],
        "nothing says how this stdio server is started",
        "add run: with its package or command",
      );
    return { mcp: null, rest: null, replicas: null };
  }
  if (file.mcp.url !== undefined) return elsewhere(file.mcp.url, file);
  if (file.run?.port === undefined) {
    refuse(
      ["mcp"],
      "nothing says where this server answers on this machine",
      "add mcp.url, or run: with its port",
    );
    return { mcp: null, rest: null, replicas: null };
  }
  const origin = `http://127.0.0.1:${file.run.port}`;
  return { mcp: `${origin}${file.mcp.path}`, rest: restTarget(origin, file.rest), replicas: null };
}

/** Where a server answers to each runner of the cloud. */
export function cloudEndpoints(input: {
  readonly file: ServerFile;
  readonly header: CloudEnvironmentFile;
  readonly workload: ResolvedWorkload | null;
  readonly refuse: Refuse;
}): Partial<Record<Runner, Endpoint>> {
  const { file, header, workload, refuse } = input;
  if (workload === null) {
    if (file.mcp.transport === "stdio" || file.mcp.url === undefined) {
      refuse(
        ["mcp"],
        "nothing says where this server runs",
        "add kubernetes: to run it in the cluster, or mcp.url where somebody else runs it",
      );
      return {};
    }
    const endpoint = elsewhere(file.mcp.url, file);
    return { aws: endpoint, cluster: endpoint };
  }
  const { deployment, namespace, port, gateway, mcpPath, perPod } = workload;
  const inside = `http://${deployment}.${namespace}.svc:${port}`;
  const outside = outsideOrigin(header.kubernetes.address, deployment);
  // a gateway has one page of its own, whatever the server behind it would say
  const rest = (origin: string): RestTarget | null =>
    gateway ? { url: `${origin}${GATEWAY.health}` } : restTarget(origin, file.rest);
  return {
    aws: { mcp: `${outside}${mcpPath}`, rest: rest(outside), replicas: null },
    cluster: {
      mcp: `${inside}${mcpPath}`,
      rest: rest(inside),
      replicas: perPod ? `${podsName(deployment)}.${namespace}.svc` : null,
    },
  };
}

/** How a server of the cluster is called from outside, without a path. */
export function outsideOrigin(address: string, deployment: string): string {
  return address.replace("{server}", deployment);
}

/** The headless Service beside a server's own: its name resolves to every ready pod. */
export function podsName(deployment: string): string {
  return `${deployment}-pods`;
}

/** The page that says how a server is: health, else ready, else live. */
export function healthPath(rest: RestFile | undefined): string | null {
  return rest?.health ?? rest?.ready ?? rest?.live ?? null;
}

/** The REST side at an origin; null where no page says how the server is. */
export function restTarget(origin: string, rest: RestFile | undefined): RestTarget | null {
  const path = healthPath(rest);
  if (rest === undefined || path === null) return null;
  const { components, live, ready, authenticated, timeout } = rest;
  const numbers = Object.entries(rest.numbers).map(([metric, number]): NumberSource => {
    const url = `${origin}${rest[number.page] ?? path}`;
    return "pointer" in number
      ? { metric, url, kind: "json", pointer: number.pointer }
      : { metric, url, kind: "prometheus", series: number.series, labels: number.labels };
  });
  return {
    url: `${origin}${path}`,
    ...(Object.keys(components).length === 0 ? {} : { components }),
    ...(live === undefined ? {} : { live: `${origin}${live}` }),
    ...(ready === undefined ? {} : { ready: `${origin}${ready}` }),
    ...(numbers.length === 0 ? {} : { numbers }),
    ...(authenticated ? { authenticated } : {}),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
  };
}

function elsewhere(address: string, file: ServerFile): Endpoint {
  return { mcp: address, rest: restTarget(new URL(address).origin, file.rest), replicas: null };
}
