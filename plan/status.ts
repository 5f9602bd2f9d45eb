import type { Problem } from "../catalog/errors.ts";
import { FLEET } from "../catalog/names.ts";
import type { Environment, ResolvedMaintenance } from "../catalog/types.ts";
import { owned, statusLogGroup, statusName } from "./names.ts";
import { type NetworkPlan, planNetwork } from "./network.ts";
import { PROBE_NAMESPACE, proberOf } from "./probe.ts";
import type { FleetPlan, ObjectivePlan, Plan, ProbePlan } from "./types.ts";

/** Where the status API of an environment of the cloud is served; a local monitor serves its own. */
export interface StatusPlan {
  readonly aws: StatusFunctionPlan | null;
  readonly cluster: StatusClusterPlan | null;
  /** What is declared to be quiet, and when. */
  readonly maintenance: readonly ResolvedMaintenance[];
}

/** The function that answers in AWS. */
export interface StatusFunctionPlan {
  readonly name: string;
  readonly logGroup: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** Answers at the same time; more callers have to wait. */
  readonly concurrency: number;
  /** ARNs of the principals that may call it. */
  readonly readers: readonly string[];
  readonly places: StatusPlaces;
}

/** Where the function reads. */
export interface StatusPlaces {
  /** The table that holds the last results, in one item a shard. */
  readonly resultsTable: string;
  readonly shards: number;
  readonly incidentsTable: string;
}

/** The file `status.json` beside the function's bundle. */
export interface StatusFile {
  readonly site: StatusSite;
  readonly places: StatusPlaces;
}

/** The pods that answer in the cluster. */
export interface StatusClusterPlan {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  readonly port: number;
  readonly replicas: number;
  /** Address of the page on which the exporter shows its last results. */
  readonly results: string;
  readonly network: NetworkPlan;
}

/** What a status site shows of an environment besides what it reads: plain JSON, so that a file can carry it. */
export interface StatusSite {
  readonly environment: string;
  readonly catalog: string;
  readonly servers: readonly WatchedServer[];
  /** What belongs to all servers together. */
  readonly fleet: WatchedAlarms;
  readonly maintenance: readonly ResolvedMaintenance[];
}

export interface WatchedAlarms {
  readonly alarms: readonly WatchedAlarm[];
  readonly composites: readonly WatchedComposite[];
}

export interface WatchedAlarm {
  readonly alarm: string;
  readonly severity: string;
}

export interface WatchedComposite extends WatchedAlarm {
  readonly runbook: string;
  /** Whether somebody is told of it; false for a part of another one's rule. */
  readonly acts: boolean;
}

export interface WatchedServer extends WatchedAlarms {
  readonly server: string;
  readonly description: string;
  /** Time between two checks, in milliseconds. */
  readonly everyMs: number;
  readonly objectives: readonly ObjectivePlan[];
}

/** An answer is read from DynamoDB and CloudWatch in less than a second; a cold start takes another one. */
const FUNCTION = { timeoutSeconds: 15, memoryMb: 256, concurrency: 5 } as const;
const PORT = 9_466;
/** A drained node leaves one that answers. */
const REPLICAS = 2;

/** Where the status of an environment is served; null for a local one. */
export function planStatus(environment: Environment, probe: ProbePlan | null): StatusPlan | null {
  const { name, status, kubernetes, maintenance } = environment;
  if (status === null || probe === null || kubernetes === null) return null;
  return {
    aws:
      status.aws === "off"
        ? null
        : {
            name: statusName(name),
            logGroup: statusLogGroup(name),
            ...FUNCTION,
            readers: status.readers,
            places: {
              resultsTable: probe.lambda.stateTable,
              shards: probe.lambda.shards,
              incidentsTable: owned(name, "incidents"),
            },
          },
    cluster:
      status.cluster && probe.exporter !== null
        ? clusterPlan({ name, image: kubernetes.probeImage, namespaces: status.namespaces }, probe.exporter)
        : null,
    maintenance,
  };
}

/** Why the status cannot be served as the catalog asks. */
export function statusProblems(environment: Environment): Problem[] {
  const { status, kubernetes } = environment;
  if (status?.cluster !== true || kubernetes === null || proberOf(kubernetes) !== "cronjob") return [];
  return [
    {
      place: `stacks/${environment.name}.yaml`,
      path: "status.cluster",
      rule: "needs the exporter, the only probe of the cluster that keeps its results",
      cure: "set kubernetes.prober to exporter or both, or status.cluster to false",
    },
  ];
}

/**
 * What a site of a plan shows: the servers that are checked from there, or all of them on this machine. A server that
 * only another place checks is left out, for nothing would ever be known of it.
 */
export function siteOf(plan: Plan, from: "local" | "aws" | "cluster"): StatusSite {
  const watched = plan.servers.filter(({ probe }) => from === "local" || probe.from.includes(from));
  return {
    environment: plan.environment,
    catalog: plan.catalog,
    servers: watched.map(({ server, description, probe, objectives, ...own }) => ({
      server,
      description,
      everyMs: probe.everyMs,
      objectives,
      ...watchedAlarms(own),
    })),
    fleet: watchedAlarms(plan.fleet),
    maintenance: plan.status?.maintenance ?? [],
  };
}

/** The server of each alarm by its name, or `fleet`. */
export function serverOfAlarm({ servers, fleet }: StatusSite): ReadonlyMap<string, string> {
  return new Map(
    [...servers, { ...fleet, server: FLEET }].flatMap(({ server, alarms, composites }) =>
      [...alarms, ...composites].map(({ alarm }) => [alarm, server] as const),
    ),
  );
}

function watchedAlarms({ alarms, composites }: Pick<FleetPlan, "alarms" | "composites">): WatchedAlarms {
  return {
    alarms: alarms.map(({ definition, severity }) => ({ alarm: definition.AlarmName, severity })),
    composites: composites.map(({ definition, severity, runbook }) => ({
      alarm: definition.AlarmName,
      severity,
      runbook,
      acts: definition.ActionsEnabled,
    })),
  };
}

function clusterPlan(
  own: { readonly name: string; readonly image: string; readonly namespaces: readonly string[] },
  exporter: NonNullable<ProbePlan["exporter"]>,
): StatusClusterPlan {
  return {
    name: statusName(own.name),
    namespace: PROBE_NAMESPACE,
    image: own.image,
    port: PORT,
    replicas: REPLICAS,
    results: `http://${exporter.name}.${exporter.namespace}.svc:${exporter.port}/results`,
    network: planNetwork({
      callers: [{ from: own.namespaces.map((namespace) => ({ namespace, labels: {} })), port: PORT }],
      egress: [{ to: { namespace: exporter.namespace, app: exporter.name }, ports: [exporter.port] }],
    }),
  };
}
