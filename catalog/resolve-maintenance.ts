import type { EnvironmentFile } from "./environment.ts";
import type { Maintenance } from "./maintenance.ts";
import type { ResolvedMaintenance, Server } from "./types.ts";

/** The maintenance of an environment with the servers that each is for; servers of elsewhere are left out. */
export function resolveMaintenance(
  header: EnvironmentFile,
  servers: readonly Server[],
): ResolvedMaintenance[] {
  const here = servers.map(({ name }) => name);
  return Object.entries(header.maintenance).map(
    ([name, { servers: named, reason, zone, for: durationMs, ...when }]) => ({
      name,
      servers: named === "all" ? here : here.filter((server) => named.includes(server)),
      reason,
      zone,
      durationMs,
      schedule: scheduleOf(when),
    }),
  );
}

/** The schema has seen to it that there is exactly one of the two, and an end to what comes back. */
function scheduleOf({
  at = "",
  weekly,
  until = "",
}: Pick<Maintenance, "at" | "weekly" | "until">): ResolvedMaintenance["schedule"] {
  return weekly === undefined ? { kind: "once", at } : { kind: "weekly", ...weekly, until };
}
