import type { BackupSettings } from "../catalog/backup.ts";
import type { Problem } from "../catalog/errors.ts";
import { METRICS, objectiveMetric } from "../catalog/metrics.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { formatDuration } from "../catalog/units.ts";
import type { BackupFunctionPlan, BackupJob, BackupPlan, ClusterBackupPlan } from "./backup-types.ts";
import { backupLogGroup, owned } from "./names.ts";
import { type NetworkRulePlan, planNetwork } from "./network.ts";
import { PROBE_NAMESPACE } from "./probe.ts";
import { objectiveRules } from "./roster.ts";
import { planNamespaces } from "./workloads.ts";

/** The CloudWatch namespace of what the backup and the drill say of themselves; its dimension is `Environment`. */
export const BACKUP_NAMESPACE = "Rollcall/Backups";

/** Every metric of {@link BACKUP_NAMESPACE}. */
export const BACKUP_METRICS = {
  BackupObjects: { unit: "Count", means: "objects of the backup that was just completed" },
  BackupBytes: { unit: "Bytes", means: "size of the backup that was just completed" },
  BackupFaults: {
    unit: "Count",
    means: "sources that the backup, or the newest one of the cluster, could not read",
  },
  ClusterBackupAgeSeconds: {
    unit: "Seconds",
    means: "age of the newest complete backup of the cluster, or of the oldest backup where there is none",
  },
  RestoreVerified: { unit: "None", means: "1 when a drill restored the latest backup whole, else 0" },
  RestoreFaults: {
    unit: "Count",
    means: "objects of the latest backup that are missing or not what was written",
  },
  RestoreLapses: {
    unit: "Count",
    means: "what the drill found missing, late or unfit without any object lost",
  },
  RestoreVerifiedAgeSeconds: {
    unit: "Seconds",
    means: "time since the last verified restore, or since the oldest backup where there was none",
  },
} as const satisfies Record<string, { readonly unit: string; readonly means: string }>;

export type BackupMetric = keyof typeof BACKUP_METRICS;

/** A day, an hour more when clocks change, and one for a backup that begins late: after these one is missing. */
export const FRESH_HOURS = 26;
/** Name of the rule that makes the second copy, which is a dimension of its metrics. */
export const COPY_RULE = "backups";

/** Name of the project in Pulumi.yaml, which is a folder of the state. */
const PULUMI_PROJECT = "rollcall";
/** What a backup that is still fresh holds: no minute is in none of them. */
const HISTORY_HOURS = FRESH_HOURS;
/** The longest that a function may run (Lambda quotas); both end within a minute or two. */
const TIMEOUT_SECONDS = 900;
/** The plan is built in memory, and one object at a time is held there; a drill unpacks and compares it as well. */
const MEMORY_MB = { daily: 512, drill: 1_024 } as const;
const DAY_MS = 86_400_000;
const RESTORED_DAYS = 1;
/** Drills of a year: the age of the last one is known however long none succeeded. */
const RECORD_DAYS = 400;

/**
 * The API server, S3 and STS are known by name only and a policy knows addresses only, private ones too: those of the
 * API server, and of S3 behind an endpoint of the network.
 */
const ANYWHERE: NetworkRulePlan = {
  peers: [
    { cidr: "0.0.0.0/0", except: [] },
    { cidr: "::/0", except: [] },
  ],
  ports: [
    { port: 443, protocol: "TCP" },
    { port: 6_443, protocol: "TCP" },
  ],
};

/** The backup bucket and its programs; its lock ends no later than its lifecycle, which cannot delete a locked version. */
export function planBackups(environment: Environment): BackupPlan[] {
  const { name, aws, backup, retention } = environment;
  if (aws === null || backup === null) return [];
  const days = retention.backups;
  return [
    {
      bucket: owned(name, "backups"),
      retentionDays: days,
      lockDays: days,
      lockMode: backup.lock === "compliance" ? "COMPLIANCE" : "GOVERNANCE",
      protect: aws.protect,
      administrators: backup.administrators,
      replica: replicaOf(name, backup.replicateTo),
      scratch: {
        bucket: owned(name, "scratch"),
        restoredDays: RESTORED_DAYS,
        recordDays: RECORD_DAYS,
      },
      failures: owned(name, "backup-failures"),
      logGroup: backupLogGroup(name),
      daily: functionPlan(environment, backup, { what: "backup", at: backup.at, on: null }),
      drill: {
        ...functionPlan(environment, backup, { what: "restore-drill", ...backup.drill }),
        on: backup.drill.on,
      },
      job: planJob(environment, backup),
      cluster: planCluster(environment, backup),
    },
  ];
}

/** What a schema cannot say of the backup of an environment. */
export function backupProblems({ name, aws, backup, retention }: Environment): Problem[] {
  if (aws === null || backup === null) return [];
  const place = `stacks/${name}.yaml`;
  const problems: Problem[] = [];
  if (retention.backups * DAY_MS <= backup.verifiedWithin) {
    // where no restore was ever verified, the oldest backup says for how long
    const rule = `is ${retention.backups}d, and backup.verifiedWithin is ${formatDuration(backup.verifiedWithin)}: no backup would ever be old enough to say that none was restored`;
    const cure =
      "keep backups for longer than backup.verifiedWithin, such as 30d, or write a shorter backup.verifiedWithin";
    problems.push({ place, path: "retention.backups", rule, cure });
  }
  if (backup.lock === "compliance" && !aws.protect) {
    const rule = "a compliance lock lets nobody delete what the stack would take along";
    problems.push({ place, path: "backup.lock", rule, cure: "write governance, or aws.protect: true" });
  }
  if (backup.replicateTo?.region === aws.region) {
    const rule = `${aws.region} is where the backups are already`;
    const cure = "name another region, or leave replicateTo out";
    problems.push({ place, path: "backup.replicateTo.region", rule, cure });
  }
  return problems;
}

/** Where the backups of an environment lie, and those of its cluster: beside each other, so that rights can differ. */
const prefixOf = (environment: string): string => `${environment}/`;
const clusterPrefixOf = (environment: string): string => `${environment}-cluster/`;

function planJob(environment: Environment, { stateBucket }: BackupSettings): BackupJob {
  const { name, kubernetes, servers } = environment;
  return {
    environment: name,
    prefix: prefixOf(name),
    clusterPrefix: kubernetes?.issuer === undefined ? null : clusterPrefixOf(name),
    restored: "restored/",
    records: "verified/",
    incidentsTable: owned(name, "incidents"),
    historyHours: HISTORY_HOURS,
    history: servers.map((server) => ({ server: server.name, metrics: historyMetrics(server) })),
    state:
      stateBucket === undefined
        ? null
        : {
            bucket: stateBucket.bucket,
            prefix: `${stateBucket.prefix}.pulumi/stacks/${PULUMI_PROJECT}/${name}.`,
            keyArn: stateBucket.key ?? null,
          },
  };
}

/** Every metric that a run of the probe may publish for a server; one without values costs nothing. */
function historyMetrics(server: Server): string[] {
  const rests = Object.values(server.endpoints).flatMap(({ rest }) => (rest === null ? [] : [rest]));
  const numbers = rests.flatMap(({ numbers: all = [] }) => all.map(({ metric }) => metric));
  const objectives = objectiveRules(server).map(({ objective }) => objectiveMetric(objective));
  return [...new Set([...Object.keys(METRICS), ...objectives, ...numbers])];
}

function planCluster(environment: Environment, { at, zone }: BackupSettings): ClusterBackupPlan | null {
  const { name, kubernetes, digest } = environment;
  if (kubernetes?.issuer === undefined) return null;
  const [hour, minute] = clockOf(at);
  const closed = planNetwork({ callers: [], egress: [] });
  return {
    name: owned(name, "backup"),
    namespace: PROBE_NAMESPACE,
    image: kubernetes.probeImage,
    schedule: `${minute} ${hour} * * *`,
    timeZone: zone,
    issuer: kubernetes.issuer,
    network: { ...closed, egress: [...closed.egress, ANYWHERE] },
    job: {
      environment: name,
      prefix: clusterPrefixOf(name),
      catalog: digest,
      namespaces: planNamespaces(environment, PROBE_NAMESPACE),
    },
  };
}

function replicaOf(environment: string, to: BackupSettings["replicateTo"]): BackupPlan["replica"] {
  if (to === undefined) return null;
  const { region, bucket, key } = to;
  return {
    region,
    bucket: owned(environment, "copies"),
    existing: bucket === undefined || key === undefined ? null : { bucket, keyArn: key },
  };
}

function functionPlan(
  { name }: Environment,
  { zone }: BackupSettings,
  { what, at, on }: { readonly what: string; readonly at: string; readonly on: string | null },
): BackupFunctionPlan {
  const [hour, minute] = clockOf(at);
  return {
    name: owned(name, what),
    schedule:
      on === null ? `cron(${minute} ${hour} * * ? *)` : `cron(${minute} ${hour} ? * ${on.toUpperCase()} *)`,
    zone,
    timeoutSeconds: TIMEOUT_SECONDS,
    memoryMb: on === null ? MEMORY_MB.daily : MEMORY_MB.drill,
  };
}

/** `02:05` as the hour 2 and the minute 5. */
function clockOf(at: string): readonly [number, number] {
  const [hour = "0", minute = "0"] = at.split(":");
  return [Number(hour), Number(minute)];
}
