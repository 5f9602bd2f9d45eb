import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { describeProblem } from "../../catalog/errors.ts";
import { loadEnvironment } from "../../catalog/load.ts";
import { memorySource } from "../../catalog/snapshot.ts";
import { TOOLS_LOCK } from "../../catalog/tools-lock.ts";
import type { BackupJob } from "../../plan/backup-types.ts";
import { buildPlan } from "../../plan/plan.ts";
import { verifiedAgeSeconds } from "./age.ts";
import { catalogSources } from "./catalog-pieces.ts";
import { newestClusterBackup } from "./cluster-age.ts";
import { historySource } from "./history.ts";
import { incidentsSource } from "./incidents.ts";
import type { Absent, Manifest, Source } from "./manifest.ts";
import { publish } from "./metrics.ts";
import { stateSource } from "./state.ts";
import type { BackupStore } from "./store.ts";
import { bytesOf, takeBackup } from "./take.ts";

export interface DailyInput {
  readonly job: BackupJob;
  /** Texts of the catalog by their paths. */
  readonly texts: ReadonlyMap<string, string>;
  readonly tool: string;
  readonly backups: BackupStore;
  readonly scratch: BackupStore;
  /** The bucket of Pulumi's state; null where the catalog does not name it. */
  readonly state: BackupStore | null;
  readonly cloudwatch: CloudWatchClient;
  readonly dynamodb: DynamoDBClient;
  /** Writes one line of what is wrong with the cluster's backup to the log. */
  readonly tell: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Takes the backup of an environment and publishes what it is made of, how old the last verified restore is, and how
 * old the cluster's newest backup; the ages are published also when the backup fails.
 * @throws an Error that names every source that could not be read; what could be is written by then.
 */
export async function dailyBackup(input: DailyInput): Promise<Manifest> {
  const { job, cloudwatch, now } = input;
  try {
    const manifest = await take(input);
    const failed = manifest.absent.filter(({ why }) => why === "failed");
    const sizes = { BackupObjects: manifest.objects.length, BackupBytes: bytesOf(manifest) };
    await publish(cloudwatch, job.environment, { ...sizes, BackupFaults: failed.length }, now());
    if (failed.length > 0)
      throw new Error(
        `the backup ${job.prefix}${manifest.run} lacks ${failed.map(({ source, detail }) => `${source} (${detail})`).join(", ")}`,
      );
    return manifest;
  } finally {
    const age = await verifiedAgeSeconds({ ...input, ...job, now: now() });
    await publish(cloudwatch, job.environment, { RestoreVerifiedAgeSeconds: age }, now());
    await lookAtCluster(input);
  }
}

/** The job in the cluster can tell nobody that it failed, or that it never ran. */
async function lookAtCluster({ job, backups, cloudwatch, tell, now }: DailyInput): Promise<void> {
  const { environment, prefix, clusterPrefix } = job;
  if (clusterPrefix === null) return;
  const found = await newestClusterBackup({ backups, prefix, clusterPrefix, now: now() });
  for (const one of [...found.late, ...found.faults]) tell(describeProblem(one));
  const faults = found.faults.length === 0 ? {} : { BackupFaults: found.faults.length };
  await publish(cloudwatch, environment, { ClusterBackupAgeSeconds: found.ageSeconds, ...faults }, now());
}

/** The catalog is loaded and planned anew: one with a literal secret, or that does not plan, is not written at all. */
async function take({
  job,
  texts,
  tool,
  backups,
  state,
  cloudwatch,
  dynamodb,
  now,
}: DailyInput): Promise<Manifest> {
  const environment = loadEnvironment(memorySource(texts), job.environment);
  const catalog = catalogSources({ texts, environment, plan: buildPlan(environment) });
  const without = (source: Source, detail: string): Absent => ({ source, why: "not configured", detail });
  const absent: Absent[] = [
    ...(job.state === null || state === null
      ? [without("state", "the catalog has no backup.stateBucket")]
      : []),
    ...(texts.has(TOOLS_LOCK) ? [] : [without("contract", `the catalog has no ${TOOLS_LOCK}`)]),
  ];
  return takeBackup({
    store: backups,
    prefix: job.prefix,
    environment: job.environment,
    part: "cloud",
    catalog: environment.digest,
    tool,
    sources: [
      ...catalog,
      ...(job.state === null || state === null ? [] : [stateSource(state, job.state)]),
      historySource(cloudwatch, job, now),
      incidentsSource(dynamodb, job.incidentsTable),
    ],
    absent,
    now,
  });
}
