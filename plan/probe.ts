import type { Environment } from "../catalog/types.ts";
import { owned, probeLogGroup } from "./names.ts";
import { planRoster } from "./roster.ts";
import type { ProbePlan } from "./types.ts";

/** The Lambda may use most of its minute; what has not answered by then is a timeout of its own check. */
const LAMBDA_TIMEOUT_SECONDS = 55;
/** Measured: importing the MCP client takes about 80 MB. */
const LAMBDA_MEMORY_MB = 256;
export const PROBE_NAMESPACE = "rollcall";

/** The runners of a cloud environment's probe; a local environment is probed by the monitor itself. */
export function planProbe(environment: Environment): ProbePlan | null {
  if (environment.platform === "local" || environment.kubernetes === null) return null;
  return {
    logGroup: probeLogGroup(environment.name),
    lambda: {
      name: owned(environment.name, "probe"),
      everyMinutes: 1,
      timeoutSeconds: LAMBDA_TIMEOUT_SECONDS,
      memoryMb: LAMBDA_MEMORY_MB,
      stateTable: owned(environment.name, "probe-state"),
      roster: planRoster(environment, "aws"),
    },
    cronJob: {
      name: owned(environment.name, "probe"),
      namespace: PROBE_NAMESPACE,
      image: environment.kubernetes.probeImage,
      schedule: "* * * * *",
      roster: planRoster(environment, "cluster"),
    },
  };
}
