import type { Environment } from "../catalog/types.ts";
import { owned, probeLogGroup, serverLogGroup } from "./names.ts";
import type { BackupPlan, LogGroupPlan } from "./types.ts";

/** Every log group of an environment with its retention: the probe's, and one for each server that we run. */
export function planLogGroups(environment: Environment): LogGroupPlan[] {
  if (environment.platform === "local") return [];
  const retentionDays = environment.retention.logs;
  const servers = environment.servers.filter(({ workload }) => workload !== null);
  return [
    { name: probeLogGroup(environment.name), retentionDays },
    ...servers.map(({ name }) => ({ name: serverLogGroup(environment.name, name), retentionDays })),
  ];
}

/** The backup bucket; its lock ends no later than its lifecycle, which could not delete a locked version. */
export function planBackups(environment: Environment): BackupPlan[] {
  if (environment.aws === null) return [];
  const days = environment.retention.backups;
  return [
    {
      bucket: owned(environment.name, "backups"),
      retentionDays: days,
      lockDays: days,
      lockMode: "GOVERNANCE",
      protect: environment.aws.protect,
    },
  ];
}
