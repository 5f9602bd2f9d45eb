import { readFileSync } from "node:fs";
import { unavailableError } from "../../catalog/errors.ts";
import type { BackupJob, ClusterBackupJob } from "../../plan/backup-types.ts";

/** Names of the files beside the bundle, which the component writes from the plan. */
export const JOB_FILE = "job.json";
export const CATALOG_FILE = "catalog.json";
/** The variables that name the buckets, which end with the account's number and so are known late. */
export const BUCKET = "ROLLCALL_BACKUP_BUCKET";
export const SCRATCH = "ROLLCALL_SCRATCH_BUCKET";

/** What a function does, as the plan has decided it; written by the same version of Rollcall that reads it. */
export function readJob(file: URL | string): BackupJob {
  return JSON.parse(readFileSync(file, "utf8")) as BackupJob;
}

export function readClusterJob(file: URL | string): ClusterBackupJob {
  return JSON.parse(readFileSync(file, "utf8")) as ClusterBackupJob;
}

/** The texts of the catalog that the environment was deployed from. */
export function readTexts(file: URL | string): ReadonlyMap<string, string> {
  return new Map(Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, string>));
}

/** A variable that must be there. @throws RollcallError (unavailable) when it is not. */
export function variable(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name] ?? "";
  if (value !== "") return value;
  throw unavailableError({ place: name, rule: "is not set", cure: "deploy the environment again" });
}
