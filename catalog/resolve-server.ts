import type { DependencyFile } from "./dependencies.ts";
import type { CloudEnvironmentFile, EnvironmentFile } from "./environment.ts";
import type { Problem } from "./errors.ts";
import { type Layered, valueAt } from "./merge.ts";
import { METRICS } from "./metrics.ts";
import { cloudEndpoints, GATEWAY, healthPath, localEndpoint, type Refuse } from "./resolve-endpoints.ts";
import type { ServerFile, Workload } from "./server.ts";
import type { SharedFile } from "./shared.ts";
import type { CanaryTarget, DependencyTarget } from "./target.ts";
import type { CanaryFile } from "./tools.ts";
import type { ServerContract } from "./tools-lock.ts";
import type { ResolvedWorkload, Server } from "./types.ts";
import type { Quantity } from "./units.ts";
import { formatPath, type Path } from "./yaml.ts";

const MINUTE_MS = 60_000;

/** What a threshold on a metric of the probe is measured in, by the metric's CloudWatch unit. */
const DIMENSION_OF: Readonly<Record<string, Quantity["dimension"]>> = { Milliseconds: "time", Bytes: "size" };

/** A server's merged file with the places of its parts. */
export interface ServerEntry {
  readonly name: string;
  readonly file: ServerFile;
  readonly layered: Layered;
  /** What `stacks/tools.lock.yaml` holds of the server. */
  readonly contract: ServerContract | null;
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
  if (file.rest !== undefined && healthPath(file.rest) === null)
    refuse(["rest"], "has no path that says how the server is", "add health, ready or live");
  const workload = header.platform === "cloud" ? resolveWorkload(file, header, refuse) : null;
  const endpoints =
    header.platform === "local"
      ? { local: localEndpoint(file, refuse) }
      : cloudEndpoints({ file, header, workload, refuse });
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
  checkCredentials(file, refuse);
  if (probe.timeout >= probe.every / probe.samples) {
    refuse(
      ["probe", "timeout"],
      "the deadline of a check must be shorter than the time to the next one",
      "shorten probe.timeout, or lengthen probe.every",
    );
  }
  return {
    name: entry.name,
    formerly: file.formerly ?? null,
    description: file.description,
    owner: file.owner,
    transport: file.mcp.transport,
    run: file.run ?? null,
    workload,
    endpoints,
    probe,
    floor: file.floor ?? header.floor ?? shared.defaults.floor,
    // a server that runs here without its REST side promises nothing about it here
    objectives: Object.entries(file.objectives)
      .filter(
        ([, objective]) =>
          objective.sli !== "rest" || Object.values(endpoints).some(({ rest }) => rest !== null),
      )
      .map(([name, objective]) => ({ ...objective, name, place: entry.layered.place(["objectives", name]) })),
    thresholds: Object.entries(file.thresholds).map(([name, threshold]) => ({ ...threshold, name })),
    requiredTools: file.tools.required,
    contract: file.tools.contract ? entry.contract : null,
    canary: file.tools.canary === undefined ? null : canaryTarget(file.tools.canary),
    credentials: file.credentials ?? null,
    tls: file.tls ?? null,
    dependencies: Object.entries(file.dependencies).map(([name, one]) => dependencyTarget(name, one)),
    escalation: file.escalation ?? shared.defaults.escalation,
    logs: file.logs,
    dashboards: file.dashboards,
  };
}

/** Credentials and certificates go over HTTP; a process that is started here has its environment. */
function checkCredentials(file: ServerFile, refuse: Refuse): void {
  if (file.mcp.transport !== "stdio") return;
  for (const key of ["credentials", "tls"] as const) {
    if (file[key] === undefined) continue;
    refuse([key], "goes over HTTP, and this server speaks stdio", "give it through run.env, by reference");
  }
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

function canaryTarget({ call, arguments: given, expect, stream }: CanaryFile): CanaryTarget {
  return {
    call,
    arguments: given,
    expect: defined(expect),
    ...(stream === undefined
      ? {}
      : { stream: { firstMs: stream.first, gapMs: stream.gap, events: stream.events } }),
  };
}

function dependencyTarget(name: string, file: DependencyFile): DependencyTarget {
  if (file.kind !== "disk") return { name, ...file };
  return { name, kind: "disk", path: file.path, freeBytes: file.free.value, access: file.access };
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
    // a health page may speak of what the server depends on, for which no restart is a cure
    live: gateway ? null : (file.rest?.live ?? null),
    ready: gateway ? GATEWAY.health : (file.rest?.ready ?? file.rest?.health ?? null),
    metrics: gateway || file.rest?.authenticated === true ? null : (file.rest?.metrics ?? null),
  };
}

function range(replicas: Workload["replicas"]): { min: number; max: number } {
  if (typeof replicas === "number") return { min: replicas, max: replicas };
  const [min = 1, max = 1] = replicas.split("..").map(Number);
  return { min, max };
}

/** The entries that are set: what a file leaves out must not hide a default. */
function defined<T extends object>(value: T): { [K in keyof T]: NonNullable<T[K]> } {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: NonNullable<T[K]> };
}
