import type { Weekday } from "../catalog/maintenance.ts";
import type { NetworkPlan } from "./network.ts";

/** The bucket that an environment is backed up into, and everything that writes and proves its backups. */
export interface BackupPlan {
  /** Name of the bucket without the account's number, which it ends with. */
  readonly bucket: string;
  readonly retentionDays: number;
  readonly lockDays: number;
  readonly lockMode: "GOVERNANCE" | "COMPLIANCE";
  /** Kept when the stack is destroyed. */
  readonly protect: boolean;
  /** Roles that may change the bucket's settings or delete from it; nobody may where there are none. */
  readonly administrators: readonly string[];
  /** Where a second copy lies; null where there is none. */
  readonly replica: ReplicaPlan | null;
  readonly scratch: ScratchPlan;
  /** The queue of what failed for good. */
  readonly failures: string;
  readonly logGroup: string;
  readonly daily: BackupFunctionPlan;
  readonly drill: BackupFunctionPlan & { readonly on: Weekday };
  /** What the daily backup writes, and what the drill expects to find. */
  readonly job: BackupJob;
  /** The live ConfigMaps; null where pods cannot get a role of AWS, because the cluster's issuer is not named. */
  readonly cluster: ClusterBackupPlan | null;
}

export interface ReplicaPlan {
  readonly region: string;
  /** Name of the bucket that is made there, without the account's number. */
  readonly bucket: string;
  /** A bucket that exists and the key that it encrypts with; null where one is made. */
  readonly existing: { readonly bucket: string; readonly keyArn: string } | null;
}

/** The bucket that a drill restores into. Nothing in it is locked, and nobody misses what is in it. */
export interface ScratchPlan {
  readonly bucket: string;
  /** Days that what a drill restored is kept. */
  readonly restoredDays: number;
  /** Days that the record of a verified restore is kept. */
  readonly recordDays: number;
}

export interface BackupFunctionPlan {
  readonly name: string;
  /** A cron expression of EventBridge Scheduler. */
  readonly schedule: string;
  readonly zone: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
}

/** What both functions read: plain JSON beside their code. */
export interface BackupJob {
  readonly environment: string;
  /** Beginning of the keys of what the daily backup writes; ends with a slash. */
  readonly prefix: string;
  /** The same of the cluster's part; null where it is not backed up. */
  readonly clusterPrefix: string | null;
  /** Beginning of the keys, in the scratch bucket, of what a drill restored; ends with a slash. */
  readonly restored: string;
  /** The same of the record of each verified restore, whose key says when it was. */
  readonly records: string;
  /** The DynamoDB table of incidents and their acknowledgements. */
  readonly incidentsTable: string;
  /** Hours of probe history that one backup holds. */
  readonly historyHours: number;
  /** The metrics of every server. */
  readonly history: readonly { readonly server: string; readonly metrics: readonly string[] }[];
  /** Where Pulumi's state lies; null where the catalog does not say. */
  readonly state: StatePlan | null;
}

export interface StatePlan {
  readonly bucket: string;
  /** Beginning of the keys of the stack's own state, such as `team/.pulumi/stacks/rollcall/production`. */
  readonly prefix: string;
  readonly keyArn: string | null;
}

/** The job in the cluster that saves the live ConfigMaps. */
export interface ClusterBackupPlan {
  readonly name: string;
  /** Namespace that it runs in. */
  readonly namespace: string;
  readonly image: string;
  /** A cron expression of Kubernetes. */
  readonly schedule: string;
  readonly timeZone: string;
  /** OpenID Connect issuer of the cluster. */
  readonly issuer: string;
  readonly network: NetworkPlan;
  readonly job: ClusterBackupJob;
}

/** What the job in the cluster reads. */
export interface ClusterBackupJob {
  readonly environment: string;
  readonly prefix: string;
  /** Identity of the catalog that the cluster was deployed from. */
  readonly catalog: string;
  /** The namespaces whose ConfigMaps are saved. */
  readonly namespaces: readonly string[];
}
