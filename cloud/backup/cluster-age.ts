import type { Problem } from "../../catalog/errors.ts";
import { printable } from "../../probes/classify.ts";
import { oldestRun } from "./age.ts";
import { MANIFEST, manifestFile, runTime } from "./manifest.ts";
import type { BackupStore } from "./store.ts";
import { FRESH_MS, jsonOf, problem } from "./verify.ts";

/** More than the manifest of any cluster. */
const MAX_BYTES = 4 * 2 ** 20;
const LOOK = "look into the last jobs of the CronJob that backs the cluster up";

/** The newest backup of the cluster as its manifest tells of it. */
export interface ClusterBackup {
  /** Seconds since it began; where there is none, since the oldest backup of the environment began. */
  readonly ageSeconds: number;
  /** Sources that it could not read. */
  readonly faults: readonly Problem[];
  readonly late: readonly Problem[];
}

/** Looks at the newest backup of the cluster, which nobody else does before the weekly drill. It reads the manifest alone. */
export async function newestClusterBackup(input: {
  readonly backups: BackupStore;
  /** Beginning of the keys of the environment's own backups, and of its cluster's. */
  readonly prefix: string;
  readonly clusterPrefix: string;
  readonly now: number;
}): Promise<ClusterBackup> {
  const { backups, prefix, clusterPrefix, now } = input;
  const newest = (await backups.keys(clusterPrefix)).findLast(
    (key) => !Number.isNaN(timeOf(key, clusterPrefix)),
  );
  const since =
    newest === undefined ? ((await oldestRun(backups, prefix)) ?? now) : timeOf(newest, clusterPrefix);
  const age = Math.max(0, now - since);
  const rule = `has had no complete backup for ${Math.floor(age / 3_600_000)} hours`;
  return {
    ageSeconds: Math.round(age / 1_000),
    faults: newest === undefined ? [] : await faultsOf(backups, newest),
    late: age > FRESH_MS ? [problem(backups.place(clusterPrefix), rule, LOOK)] : [],
  };
}

/** When the run began whose manifest this is; NaN for every other key. */
function timeOf(key: string, prefix: string): number {
  const [run = "", file, ...rest] = key.slice(prefix.length).split("/");
  return file === MANIFEST && rest.length === 0 ? runTime(run) : Number.NaN;
}

async function faultsOf(backups: BackupStore, key: string): Promise<Problem[]> {
  const bytes = await backups.get({ key, maxBytes: MAX_BYTES });
  const { data: manifest } = manifestFile.safeParse(bytes === undefined ? undefined : jsonOf(bytes));
  const place = backups.place(key);
  if (manifest === undefined) return [problem(place, "is no manifest", LOOK)];
  return manifest.absent
    .filter(({ why }) => why === "failed")
    .map(({ source, detail }) => problem(place, `has no whole ${source}: ${printable(detail)}`, LOOK));
}
