import type { Environment } from "../../catalog/types.ts";
import type { TimeRange } from "../cloudwatch/types.ts";
import { exclusions, maintenanceIn, quietOf } from "../maintenance.ts";
import type { ReplaySettings } from "./replay.ts";

/** The longest window of any promise of an environment, in milliseconds. */
export function longestWindowMs({ servers }: Environment): number {
  const windows = servers.flatMap(({ objectives }) =>
    objectives.map((objective) => (objective.sli === "latency" ? 0 : objective.window)),
  );
  return Math.max(0, ...windows);
}

/** What the declared maintenance of an environment means for a replay: who is told nothing, what is charged to nobody. */
export function maintenanceSettings(
  environment: Environment,
  range: TimeRange,
): Required<Pick<ReplaySettings, "quietOf" | "excludedOf">> {
  const times = maintenanceIn(environment, range);
  const charged = { from: range.from - longestWindowMs(environment), to: range.to };
  return {
    quietOf: (composite) => quietOf({ environment, times, composite, range }),
    excludedOf: (server) => exclusions(environment, server, charged),
  };
}
