import type { LogClass } from "../catalog/log-classes.ts";
import { FLEET } from "../catalog/names.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { fluentBitConfig, type LogOutput } from "./fluent-bit.ts";
import { alarmName, owned, probeLogGroup, serverLogGroup, serversLogGroup } from "./names.ts";
import { type NetworkPlan, peersOf, planNetwork } from "./network.ts";
import { PROBE_NAMESPACE } from "./probe.ts";
import type { LogGroupPlan, MonitorPlan, ProbePlan } from "./types.ts";

/** Pods whose lines are shipped: those of a namespace with this value of the label `app`. */
export interface FollowedApp {
  readonly namespace: string;
  readonly app: string;
  /** First part of the names of their log streams, `<stream>/<pod>/<container>`. */
  readonly stream: string;
  /** By which Fluent Bit chooses the log group. */
  readonly tag: string;
  /** Whether its lines may hold metrics (EMF). Lines of a server may not: they would write Rollcall's own. */
  readonly metrics: boolean;
}

/** What the follower is told, as a file. */
export interface FollowerPlan {
  /** The pods that it asks the API server for. */
  readonly selector: string;
  readonly apps: readonly FollowedApp[];
  /** Port of Fluent Bit on the pod's own loopback, in its forward protocol. */
  readonly forwardPort: number;
  /** Port of its health and metrics page. */
  readonly port: number;
}

/** The pipeline that brings lines of pods to CloudWatch Logs: one pod with the follower and Fluent Bit. */
export interface LogShippingPlan {
  readonly name: string;
  readonly namespace: string;
  /** The cluster's OpenID Connect issuer. */
  readonly issuer: string;
  readonly followerImage: string;
  readonly fluentBitImage: string;
  /** The only namespaces whose pods and lines it may read. */
  readonly namespaces: readonly string[];
  /** The only log groups that it may write to. */
  readonly logGroups: readonly string[];
  readonly follower: FollowerPlan;
  /** Fluent Bit's own configuration, YAML. */
  readonly fluentBit: string;
  /** Port of Fluent Bit's health and metrics page. */
  readonly fluentBitPort: number;
  /** What the Prometheus operator is told to scrape; null where there is none. */
  readonly monitor: Pick<MonitorPlan, "labels"> | null;
  readonly network: NetworkPlan;
}

/** Lines that stay in the cluster, and what does not work without them. */
export interface UnshippedPlan {
  readonly reason: string;
  readonly cure: string;
  /** Values of the label `app` of the pods that wrote them. */
  readonly apps: readonly string[];
  /** Alarms that wait for them and cannot fire. */
  readonly alarms: readonly string[];
}

/** At most one of the two; neither where somebody else ships them, or where there are no pods. */
export interface LogsPlan {
  readonly shipping: LogShippingPlan | null;
  readonly unshipped: UnshippedPlan | null;
}

const FORWARD_PORT = 24_224;
const FOLLOWER_PORT = 9_465;
const FLUENT_BIT_PORT = 2_020;
/** The API server answers at one of them, and CloudWatch Logs and STS at the first. */
const TLS_PORTS = [443, 6_443];
/** The API server and the endpoints of AWS may have private addresses, which no policy can know beforehand. */
const ANYWHERE = [
  { cidr: "0.0.0.0/0", except: [] },
  { cidr: "::/0", except: [] },
];

/** Classes that are asked after when whoever wrote the lines is gone: by an auditor, or after an incident. */
const RECORDS: readonly LogClass[] = ["audit", "escalation"];

/** A log group; it cannot be named without its class, and so not without its days. */
export function logGroup(
  { retention, aws }: Pick<Environment, "retention" | "aws">,
  { name, logClass }: { readonly name: string; readonly logClass: LogClass },
): LogGroupPlan {
  return {
    name,
    logClass,
    retentionDays: retention.logs[logClass],
    protect: (aws?.protect ?? false) && RECORDS.includes(logClass),
  };
}

/** The log group of a server that we run: the one of all servers, or its own where its lines are kept otherwise. */
export function logGroupOf(environment: Environment, { name, logs }: Server): LogGroupPlan {
  const group =
    logs === "servers" ? serversLogGroup(environment.name) : serverLogGroup(environment.name, name);
  return logGroup(environment, { name: group, logClass: logs });
}

/** The log groups of all servers that we run, each once. */
export function planServerLogGroups(environment: Environment): LogGroupPlan[] {
  const groups = environment.servers
    .filter(({ workload }) => workload !== null)
    .flatMap((server) => [
      logGroupOf(environment, server),
      // a log group cannot be renamed: lines of before a rename stay where they are while the catalog knows of it
      ...(server.formerly === null ? [] : [logGroupOf(environment, { ...server, name: server.formerly })]),
    ]);
  return [...new Map(groups.map((group) => [group.name, group])).values()];
}

/** The log groups of servers that Rollcall's own pipeline writes to; none where lines stay or somebody else ships them. */
export function shippedServerGroups(environment: Environment): string[] {
  if (!shipsLogs(environment)) return [];
  const { servers } = environment;
  const ours = servers.filter(({ workload }) => workload !== null);
  return [...new Set(ours.map((server) => logGroupOf(environment, server).name))];
}

/** Whether Rollcall's own pipeline brings lines of the cluster's pods to CloudWatch Logs. */
export function shipsLogs({ aws, kubernetes }: Environment): boolean {
  if (aws === null || kubernetes === null || kubernetes.logs === "existing") return false;
  return kubernetes.issuer !== undefined && kubernetes.fluentBitImage !== undefined;
}

/** How the lines of an environment's pods reach CloudWatch Logs, or why they do not. */
export function planLogs(environment: Environment, probe: ProbePlan | null): LogsPlan {
  const nothing = { shipping: null, unshipped: null };
  const { aws, kubernetes } = environment;
  if (aws === null || kubernetes === null || kubernetes.logs === "existing") return nothing;
  const sources = sourcesOf(environment, probe);
  if (sources.length === 0) return nothing;
  const { issuer, fluentBitImage } = kubernetes;
  if (issuer === undefined)
    return { shipping: null, unshipped: unshipped(environment, sources, "kubernetes.issuer") };
  if (fluentBitImage === undefined)
    return { shipping: null, unshipped: unshipped(environment, sources, "kubernetes.fluentBitImage") };
  const outputs = outputsOf(sources);
  const { namespace: prometheus, operator, monitorLabels } = kubernetes.prometheus;
  return {
    shipping: {
      name: owned(environment.name, "logs"),
      namespace: PROBE_NAMESPACE,
      issuer,
      followerImage: kubernetes.probeImage,
      fluentBitImage,
      namespaces: [...new Set(sources.map(({ app }) => app.namespace))].sort(),
      logGroups: outputs.map((output) => output.logGroup),
      follower: {
        selector: `app.kubernetes.io/part-of=rollcall,app.kubernetes.io/instance=${environment.name}`,
        apps: sources.map(({ app }) => app),
        forwardPort: FORWARD_PORT,
        port: FOLLOWER_PORT,
      },
      fluentBit: fluentBitConfig({
        region: aws.region,
        outputs,
        forwardPort: FORWARD_PORT,
        port: FLUENT_BIT_PORT,
      }),
      fluentBitPort: FLUENT_BIT_PORT,
      monitor: operator ? { labels: monitorLabels } : null,
      network: network(prometheus),
    },
    unshipped: null,
  };
}

/** The pods whose lines are worth a log group: the probe's, which hold its results, and those of every server that we run. */
function sourcesOf(
  environment: Environment,
  probe: ProbePlan | null,
): { readonly app: FollowedApp; readonly logGroup: string }[] {
  const probes = [probe?.cronJob, probe?.exporter]
    .filter((one) => one !== undefined && one !== null)
    .map(({ namespace, name }) => ({
      app: { namespace, app: name, stream: name, tag: "probe", metrics: true },
      logGroup: probeLogGroup(environment.name),
    }));
  const servers = environment.servers.flatMap((server) => {
    if (server.workload === null) return [];
    const { namespace, deployment } = server.workload;
    const tag = server.logs === "servers" ? "servers" : `server.${server.name}`;
    return [
      {
        app: { namespace, app: deployment, stream: server.name, tag, metrics: false },
        logGroup: logGroupOf(environment, server).name,
      },
    ];
  });
  return [...probes, ...servers];
}

function outputsOf(sources: ReturnType<typeof sourcesOf>): LogOutput[] {
  return [...new Map(sources.map(({ app, logGroup: group }) => [app.tag, group]))].map(([tag, group]) => ({
    tag,
    logGroup: group,
  }));
}

function unshipped(
  environment: Environment,
  sources: ReturnType<typeof sourcesOf>,
  missing: string,
): UnshippedPlan {
  const ran = environment.servers.some(({ workload }) => workload !== null);
  return {
    reason: `${missing} is not set, so the lines of the cluster's pods stay there`,
    cure: `set ${missing}, or kubernetes.logs: existing where another pipeline ships them (docs/logs.md)`,
    apps: sources.map(({ app }) => app.app),
    alarms: ran ? environment.logEvents.map(({ name }) => alarmName(environment.name, FLEET, name)) : [],
  };
}

function network(prometheus: string): NetworkPlan {
  const from = peersOf([{ namespace: prometheus }]);
  const { ingress, egress } = planNetwork({
    callers: [FOLLOWER_PORT, FLUENT_BIT_PORT].map((port) => ({ from, port })),
    egress: [],
  });
  const ports = TLS_PORTS.map((port) => ({ port, protocol: "TCP" as const }));
  return { ingress, egress: [...egress, { peers: ANYWHERE, ports }] };
}
