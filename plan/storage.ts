import type { Environment } from "../catalog/types.ts";
import { logGroup, planServerLogGroups } from "./logs.ts";
import { backupLogGroup, escalationLogGroup, probeLogGroup, statusLogGroup } from "./names.ts";
import type { LogGroupPlan } from "./types.ts";

/** Every log group of an environment, each with the days of its class. */
export function planLogGroups(environment: Environment): LogGroupPlan[] {
  if (environment.platform === "local") return [];
  return [
    logGroup(environment, { name: probeLogGroup(environment.name), logClass: "probe" }),
    logGroup(environment, { name: escalationLogGroup(environment.name), logClass: "escalation" }),
    logGroup(environment, { name: backupLogGroup(environment.name), logClass: "backup" }),
    ...(environment.status?.aws === "function-url"
      ? [logGroup(environment, { name: statusLogGroup(environment.name), logClass: "status" })]
      : []),
    ...planServerLogGroups(environment),
  ];
}
