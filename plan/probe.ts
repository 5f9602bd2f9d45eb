import type { Environment } from "../catalog/types.ts";
import { owned, probeLogGroup, statusName } from "./names.ts";
import { type PeerPlan, peersOf, planNetwork, probeEgress } from "./network.ts";
import { cronJobSecrets, lambdaSecrets } from "./probe-secrets.ts";
import { type Published, withPublished } from "./published.ts";
import { planRoster } from "./roster.ts";
import { shardsOf } from "./scale.ts";
import type { ProbePlan } from "./types.ts";

/** The Lambda may use most of its minute; what has not answered by then is a timeout of its own check. */
export const LAMBDA_TIMEOUT_SECONDS = 55;
/**
 * Seconds of a CronJob's Job. It has left its minute, its last lines included, before the next one starts. The job's
 * time begins before its process: what a pod needs to be placed and started is taken off the process's own deadline,
 * or a slow run would be killed, and count as failed, instead of saying what it has not seen.
 */
const JOB = { ends: 57, grace: 3, start: 5 } as const;
/** Measured: a run needs 85 MB for ten servers and 125 MB for a thousand (docs/benchmarks.md). */
const LAMBDA_MEMORY_MB = 256;
/** Node keeps what it has once taken: bounded, so that the garbage of a large run does not become resident memory. */
export const PROBE_NODE_OPTIONS = "--max-semi-space-size=2 --max-old-space-size=128";
export const PROBE_NAMESPACE = "rollcall";
/** The exporter's own default (probes/runners/exporter.ts). */
const EXPORTER_PORT = 9464;

/** The runners of a cloud environment's probe; a local environment is probed by the monitor itself. */
export function planProbe(environment: Environment, published: Published): ProbePlan | null {
  if (environment.platform === "local" || environment.kubernetes === null) return null;
  const outside = withPublished(planRoster(environment, "aws"), published);
  return {
    logGroup: probeLogGroup(environment.name),
    lambda: {
      name: owned(environment.name, "probe"),
      everyMinutes: 1,
      timeoutSeconds: LAMBDA_TIMEOUT_SECONDS,
      memoryMb: LAMBDA_MEMORY_MB,
      vpc: environment.aws?.vpc ?? null,
      shards: shardsOf(outside),
      deadLetters: owned(environment.name, "probe-dead-letters"),
      stateTable: owned(environment.name, "probe-state"),
      nodeOptions: PROBE_NODE_OPTIONS,
      secrets: lambdaSecrets(outside),
      roster: outside,
    },
    ...planClusterProbe({ environment, kubernetes: environment.kubernetes, published }),
  };
}

/** Which runner the probe of a cluster has. Where Prometheus scrapes, one process that runs on is cheaper than a pod a minute. */
export function proberOf(
  kubernetes: NonNullable<Environment["kubernetes"]>,
): NonNullable<NonNullable<Environment["kubernetes"]>["prober"]> {
  return kubernetes.prober ?? (kubernetes.prometheus.operator ? "exporter" : "cronjob");
}

/** The probe within the cluster; what is written to standard output as EMF reaches CloudWatch once, whoever runs. */
function planClusterProbe(input: {
  readonly environment: Environment;
  readonly kubernetes: NonNullable<Environment["kubernetes"]>;
  readonly published: Published;
}): Pick<ProbePlan, "cronJob" | "exporter"> {
  const { environment, kubernetes, published } = input;
  const { operator, namespace: prometheus, monitorLabels } = kubernetes.prometheus;
  const prober = proberOf(kubernetes);
  const roster = withPublished(planRoster(environment, "cluster"), published);
  const egress = probeEgress(environment, roster);
  const common = {
    namespace: PROBE_NAMESPACE,
    image: kubernetes.probeImage,
    nodeOptions: PROBE_NODE_OPTIONS,
    secrets: cronJobSecrets(roster),
    roster,
  };
  const scraped = planNetwork({
    callers: [
      { from: [...peersOf([{ namespace: prometheus }]), ...statusPods(environment)], port: EXPORTER_PORT },
    ],
    egress: [],
  });
  return {
    cronJob:
      prober === "exporter"
        ? null
        : {
            ...common,
            name: owned(environment.name, "probe"),
            sink: "emf",
            schedule: "* * * * *",
            timeZone: "Etc/UTC",
            jobSeconds: JOB.ends,
            graceSeconds: JOB.grace,
            runSeconds: JOB.ends - JOB.start,
            network: { ingress: [], egress },
          },
    exporter:
      prober === "cronjob"
        ? null
        : {
            ...common,
            name: owned(environment.name, "exporter"),
            sink: prober === "both" ? "prometheus" : "emf",
            port: EXPORTER_PORT,
            monitor: operator ? { path: "/metrics", labels: monitorLabels } : null,
            network: { ingress: scraped.ingress, egress },
          },
  };
}

/** The pods of the status, which read the exporter's results; none where the status is not served in the cluster. */
function statusPods({ name, status }: Environment): PeerPlan[] {
  return status?.cluster === true ? [{ namespace: PROBE_NAMESPACE, labels: { app: statusName(name) } }] : [];
}
