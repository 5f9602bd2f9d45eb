import type { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { describeProblem } from "../../catalog/errors.ts";
import type { BackupJob } from "../../plan/backup-types.ts";
import { verifiedAgeSeconds } from "./age.ts";
import { type DrillPart, type DrillResult, runDrill } from "./drill.ts";
import { publish } from "./metrics.ts";
import type { BackupStore } from "./store.ts";

export interface WeeklyInput {
  readonly job: BackupJob;
  readonly backups: BackupStore;
  readonly scratch: BackupStore;
  readonly cloudwatch: CloudWatchClient;
  /** Writes one line of what was found to the log. */
  readonly tell: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Restores the latest backup into the scratch bucket, says line by line what is wrong, and publishes the outcome. */
export async function restoreDrill(input: WeeklyInput): Promise<DrillResult> {
  const { job, cloudwatch, tell, now } = input;
  const result = await runDrill({ ...input, ...job, parts: partsOf(job) });
  for (const one of [...result.faults, ...result.lapses]) tell(describeProblem(one));
  const age = await verifiedAgeSeconds({ ...input, ...job, now: now() });
  const values = {
    RestoreVerified: result.verified ? 1 : 0,
    RestoreFaults: result.faults.length,
    RestoreLapses: result.lapses.length,
    RestoreVerifiedAgeSeconds: age,
  };
  await publish(cloudwatch, job.environment, values, now());
  return result;
}

/** What every backup of the environment must be made of. */
export function partsOf({ prefix, clusterPrefix, state }: BackupJob): DrillPart[] {
  const cloud = ["run", "catalog", "contract", "servers", "desktop", "plan", "history", "incidents"] as const;
  return [
    { part: "cloud", prefix, sources: state === null ? cloud : [...cloud, "state"] },
    ...(clusterPrefix === null
      ? []
      : [{ part: "cluster" as const, prefix: clusterPrefix, sources: ["run", "configmaps"] as const }]),
  ];
}
