import type { Roster } from "../catalog/target.ts";
import type { NetworkPlan } from "./network.ts";

export interface WorkloadPlan {
  readonly server: string;
  readonly namespace: string;
  readonly deployment: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly EnvVar[];
  readonly port: number;
  readonly replicas: { readonly min: number; readonly max: number };
  /** Percent of the CPU that its pods ask for, above which replicas are added; null where their number is fixed. */
  readonly scaleAtPercent: number | null;
  /** Whether a client stays with the pod that it began with, because sessions live in the pod. */
  readonly sticky: boolean;
  /** Name of the headless Service that resolves to every ready pod; null where pods are not asked one by one. */
  readonly podsService: string | null;
  /** Seconds until a start or a rollout that does not come up counts as failed. */
  readonly deployTimeoutSeconds: number;
  /** Paths of the kubelet's questions; null where an open port is the answer. */
  readonly live: string | null;
  readonly ready: string | null;
  /** What the Prometheus operator is told to scrape; null where there is none, or no page. */
  readonly monitor: ServerMonitorPlan | null;
  readonly network: NetworkPlan;
  readonly resources: { readonly cpu: string; readonly memory: string; readonly memoryLimit: string };
}

/** A page that the Prometheus operator has scraped. */
export interface MonitorPlan {
  readonly path: string;
  /** Labels by which the cluster's Prometheus chooses its monitors. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The page of a server that Rollcall watches: whatever it says, it may not speak as Rollcall or as another server. */
export interface ServerMonitorPlan extends MonitorPlan {
  /** Labels that every series of the page has. */
  readonly seriesLabels: Readonly<Record<string, string>>;
  /** Names of series that are not taken from it, as a regular expression of Prometheus, which matches whole names. */
  readonly refusedSeries: string;
  /** A page with more series than this is not taken at all. */
  readonly sampleLimit: number;
}

/** A Secret of Kubernetes, and the keys of it that are read. */
export interface SecretKeys {
  readonly name: string;
  readonly keys: readonly string[];
}

export interface EnvVar {
  readonly name: string;
  readonly value: string | { readonly secret: string; readonly key: string };
}

/** What every pod of the probe in the cluster is made from. */
interface ClusterProbePlan {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  /** The variable `NODE_OPTIONS`. */
  readonly nodeOptions: string;
  /** The variable `ROLLCALL_SINK`. */
  readonly sink: "emf" | "prometheus";
  /** Secrets that the roster names; they lie in the namespace of the probe. */
  readonly secrets: readonly SecretKeys[];
  readonly network: NetworkPlan;
  readonly roster: Roster;
}

/** A run of the probe each minute. */
export interface CronJobPlan extends ClusterProbePlan {
  readonly schedule: string;
  readonly timeZone: string;
  /** Seconds after the Job's start at which it is ended, and those that its pod then has for its last lines. */
  readonly jobSeconds: number;
  readonly graceSeconds: number;
  /** Seconds after the process's start in which a run ends by itself: the variable `ROLLCALL_DEADLINE`. */
  readonly runSeconds: number;
}

/** A probe that runs on and shows what it found to Prometheus. */
export interface ExporterPlan extends ClusterProbePlan {
  readonly port: number;
  readonly monitor: MonitorPlan | null;
}
