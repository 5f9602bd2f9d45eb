import type { Environment } from "../catalog/types.ts";
import { owned, probeLogGroup } from "./names.ts";
import { cronJobSecrets, lambdaSecrets } from "./probe-secrets.ts";
import { planRoster } from "./roster.ts";
import type { ProbePlan } from "./types.ts";

/** The Lambda may use most of its minute; what has not answered by then is a timeout of its own check. */
const LAMBDA_TIMEOUT_SECONDS = 55;
/** Measured: a run needs 85 MB for ten servers and 125 MB for a thousand (docs/benchmarks.md). */
const LAMBDA_MEMORY_MB = 256;
/** Node keeps what it has once taken: bounded, so that the garbage of a large run does not become resident memory. */
export const PROBE_NODE_OPTIONS = "--max-semi-space-size=2 --max-old-space-size=128";
export const PROBE_NAMESPACE = "rollcall";

/** The runners of a cloud environment's probe; a local environment is probed by the monitor itself. */
export function planProbe(environment: Environment): ProbePlan | null {
  if (environment.platform === "local" || environment.kubernetes === null) return null;
  const [outside, inside] = [planRoster(environment, "aws"), planRoster(environment, "cluster")];
  return {
    logGroup: probeLogGroup(environment.name),
    lambda: {
      name: owned(environment.name, "probe"),
      everyMinutes: 1,
      timeoutSeconds: LAMBDA_TIMEOUT_SECONDS,
      memoryMb: LAMBDA_MEMORY_MB,
      stateTable: owned(environment.name, "probe-state"),
      nodeOptions: PROBE_NODE_OPTIONS,
      secrets: lambdaSecrets(outside),
      roster: outside,
    },
    cronJob: {
      name: owned(environment.name, "probe"),
      namespace: PROBE_NAMESPACE,
      image: environment.kubernetes.probeImage,
      schedule: "* * * * *",
      nodeOptions: PROBE_NODE_OPTIONS,
      secrets: cronJobSecrets(inside),
      roster: inside,
    },
  };
}
