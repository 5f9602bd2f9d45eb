import type { CloudEnvironmentFile, EnvironmentFile } from "./environment.ts";
import type { Problem } from "./errors.ts";
import { type Layered, valueAt } from "./merge.ts";
import { METRICS } from "./metrics.ts";
import type { ServerFile, Workload } from "./server.ts";
import type { SharedFile } from "./shared.ts";
import type { Endpoint, ResolvedWorkload, Runner, Server } from "./types.ts";
import type { Quantity } from "./units.ts";
import { formatPath, type Path } from "./yaml.ts";

const MINUTE_MS = 60_000;

/** What a threshold on a metric of the probe is measured in, by the metric's CloudWatch unit. */
const DIMENSION_OF: Readonly<Record<string, Quantity["dimension"]>> = { Milliseconds: "time", Bytes: "size" };

/** Where the gateway answers, whatever stdio server it holds. */
const GATEWAY = { mcp: "/mcp", health: "/healthz" } as const;

/** A server's merged file with the places of its parts. */
export interface ServerEntry {
  readonly name: string;
  readonly file: ServerFile;
  readonly layered: Layered;
}

/** One server with its defaults filled and its addresses worked out for each runner. */
export function resolveServer(input: {
  readonly entry: ServerEntry;
  readonly header: EnvironmentFile;
  readonly shared: SharedFile;
  /** Where the shared file's own values stand. */
  readonly sharedPlace: Layered;
  readonly problems: Problem[];
}): Server {
  const { entry, header, shared, sharedPlace, problems } = input;
  const { file } = entry;
  const refuse = (path: Path, rule: string, cure: string): void => {
    // a value that the server's file leaves out is a default, and its place is there
    const inherited = path[0] === "probe" && valueAt(entry.layered.value, path) === undefined;
    problems.push({
      place: inherited ? sharedPlace.place(["defaults", ...path]) : entry.layered.place(path),
      path: formatPath(path),
      rule: `${rule} (${header.environment})`,
      cure,
    });
  };
  if (file.rest !== undefined && restPath(file) === null)
    refuse(["rest"], "has no path that says how the server is", "add health, ready or live");
  const workload = header.platform === "cloud" ? resolveWorkload(file, header, refuse) : null;
  const endpoints =
    header.platform === "local"
      ? { local: localEndpoint(file, refuse) }
      : cloudEndpoints(file, header, workload, refuse);
  for (const [name, objective] of Object.entries(file.objectives)) {
    const asked = Object.values(endpoints).some((endpoint) => endpoint.rest !== null);
    if (objective.sli === "rest" && !asked && header.platform === "cloud") {
      refuse(
        ["objectives", name],
        "promises a REST path that the server does not have",
        "add rest: with its health path, or take the objective out",
      );
    }
  }
  for (const [name, threshold] of Object.entries(file.thresholds)) {
    checkDimension(name, threshold, refuse);
  }
  const probe = { ...shared.defaults.probe, ...defined(file.probe ?? {}) };
  if (header.platform === "cloud" && probe.every % MINUTE_MS !== 0) {
    refuse(
      ["probe", "every"],
      "the runners of the cloud start once a minute",
      "write whole minutes, such as 1m; set probe.samples for more checks in each run",
    );
  }
  if (probe.timeout >= probe.every / probe.samples) {
    refuse(
      ["probe", "timeout"],
      "the deadline of a check must be shorter than the time to the next one",
      "shorten probe.timeout, or lengthen probe.every",
    );
  }
  return {
    name: entry.name,
    description: file.description,
    owner: file.owner,
    transport: file.mcp.transport,
    run: file.run ?? null,
    workload,
    endpoints,
    probe,
    floor: header.floor ?? shared.defaults.floor,
    // a server that runs here without its REST side promises nothing about it here
    objectives: Object.entries(file.objectives)
      .filter(
        ([, objective]) =>
          objective.sli !== "rest" || Object.values(endpoints).some(({ rest }) => rest !== null),
      )
      .map(([name, objective]) => ({ ...objective, name, place: entry.layered.place(["objectives", name]) })),
    thresholds: Object.entries(file.thresholds).map(([name, threshold]) => ({ ...threshold, name })),
    requiredTools: file.tools.required,
    escalation: file.escalation ?? shared.defaults.escalation,
  };
}

/** A threshold on a metric of the probe is set in the metric's own unit: `2s` of memory would alarm at once. */
function checkDimension(name: string, threshold: ServerFile["thresholds"][string], refuse: Refuse): void {
  const metric = Object.entries(METRICS).find(([one]) => one === threshold.metric)?.[1];
  if (metric === undefined) return;
  const wanted = DIMENSION_OF[metric.unit];
  for (const step of ["target", "warning", "critical"] as const) {
    const quantity = threshold[step];
    if (quantity === undefined || quantity.dimension === wanted) continue;
    const cure =
      wanted === undefined
        ? "promise an objective on it, or name a metric of time or size"
        : `write a ${wanted}, such as ${wanted === "time" ? "200ms" : "1.5GiB"}`;
    refuse(
      ["thresholds", name, step],
      `"${quantity.text}" is no value of ${threshold.metric} (${metric.unit})`,
      cure,
    );
  }
}

type Refuse = (path: Path, rule: string, cure: string) => void;

function localEndpoint(file: ServerFile, refuse: Refuse): Endpoint {
  if (file.mcp.transport === "stdio") {
    if (file.run === undefined)
      refuse(
        ["mcp"],
        "nothing says how this stdio server is started",
        "add run: with its package or command",
      );
    return { mcp: null, rest: null };
  }
  if (file.mcp.url !== undefined)
    return { mcp: file.mcp.url, rest: restUrl(new URL(file.mcp.url).origin, file) };
  if (file.run?.port === undefined) {
    refuse(
      ["mcp"],
      "nothing says where this server answers on this machine",
      "add mcp.url, or run: with its port",
    );
    return { mcp: null, rest: null };
  }
  const origin = `http://127.0.0.1:${file.run.port}`;
  return { mcp: `${origin}${file.mcp.path}`, rest: restUrl(origin, file) };
}

function cloudEndpoints(
  file: ServerFile,
  header: CloudEnvironmentFile,
  workload: ResolvedWorkload | null,
  refuse: Refuse,
): Partial<Record<Runner, Endpoint>> {
  if (workload === null) {
    if (file.mcp.transport === "stdio" || file.mcp.url === undefined) {
      refuse(
        ["mcp"],
        "nothing says where this server runs",
        "add kubernetes: to run it in the cluster, or mcp.url where somebody else runs it",
      );
      return {};
    }
    const endpoint = { mcp: file.mcp.url, rest: restUrl(new URL(file.mcp.url).origin, file) };
    return { aws: endpoint, cluster: endpoint };
  }
  const inside = `http://${workload.deployment}.${workload.namespace}.svc:${workload.port}`;
  const outside = header.kubernetes.address.replace("{server}", workload.deployment);
  const health = workload.gateway ? GATEWAY.health : restPath(file);
  const at = (origin: string): Endpoint => ({
    mcp: `${origin}${workload.mcpPath}`,
    rest: health === null ? null : `${origin}${health}`,
  });
  return { aws: at(outside), cluster: at(inside) };
}

function resolveWorkload(
  file: ServerFile,
  header: CloudEnvironmentFile,
  refuse: Refuse,
): ResolvedWorkload | null {
  if (file.kubernetes === undefined) return null;
  const { image, deployment, replicas, ...rest } = file.kubernetes;
  const gateway = file.mcp.transport === "stdio";
  if (gateway && file.run === undefined)
    refuse(
      ["kubernetes"],
      "nothing says which stdio server the gateway holds",
      "add run: with its package or command",
    );
  if (!gateway && image === undefined)
    refuse(["kubernetes"], "has no image", "add kubernetes.image, pinned by digest");
  return {
    ...rest,
    deployment: deployment ?? file.server.toLowerCase().replaceAll("_", "-"),
    image: image ?? header.kubernetes.gatewayImage,
    replicas: range(replicas),
    gateway,
    mcpPath: file.mcp.transport === "stdio" ? GATEWAY.mcp : file.mcp.path,
    live: gateway ? GATEWAY.health : (file.rest?.live ?? file.rest?.health ?? null),
    ready: gateway ? GATEWAY.health : (file.rest?.ready ?? file.rest?.health ?? null),
  };
}

function range(replicas: Workload["replicas"]): { min: number; max: number } {
  if (typeof replicas === "number") return { min: replicas, max: replicas };
  const [min = 1, max = 1] = replicas.split("..").map(Number);
  return { min, max };
}

function restPath(file: ServerFile): string | null {
  return file.rest?.health ?? file.rest?.ready ?? file.rest?.live ?? null;
}

function restUrl(origin: string, file: ServerFile): string | null {
  const path = restPath(file);
  return path === null ? null : `${origin}${path}`;
}

/** The entries that are set: what a file leaves out must not hide a default. */
function defined<T extends object>(value: T): { [K in keyof T]: NonNullable<T[K]> } {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: NonNullable<T[K]> };
}
