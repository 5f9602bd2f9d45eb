import { FLEET } from "../../catalog/names.ts";
import type { Environment, Escalation } from "../../catalog/types.ts";
import { usedEscalations } from "../escalation.ts";
import { isMutedWith } from "../maintenance.ts";
import type { MaintenanceIntervals } from "../maintenance-alertmanager.ts";
import type { CompositeKind } from "../types.ts";
import { WATCHDOG } from "./receivers.ts";
import type { Route } from "./types.ts";

const KINDS: readonly CompositeKind[] = ["page", "ticket", "blind", "security"];

/** Alerts whose routes are silent during the same maintenance. */
interface Quiet {
  readonly matchers: readonly string[];
  readonly intervals: readonly string[];
}

/** One route for each contact of each level of each escalation that an alert of the environment can go to. */
export function routes(environment: Environment, maintenance: readonly MaintenanceIntervals[]): Route[] {
  const quiet = [...quietServers(environment, maintenance), ...quietFleet(environment, maintenance)];
  return [
    {
      receiver: WATCHDOG,
      matchers: ['alertname="Watchdog"'],
      group_wait: "0s",
      group_interval: "1m",
      repeat_interval: "5m",
    },
    ...usedEscalations(environment).flatMap((escalation) => levelRoutes(escalation, quiet)),
  ];
}

/** Who is told by the routes, each once. */
export function contactsOf(environment: Environment): string[] {
  const levels = usedEscalations(environment).flatMap((escalation) => escalation.levels);
  return [...new Set(levels.flatMap(({ tell }) => tell))];
}

/** Who is told of what no other route takes: better a wrong one than nobody. */
export function lastResort(environment: Environment): string {
  const used = usedEscalations(environment);
  const first = used.find(({ name }) => name === environment.defaultEscalation) ?? used[0];
  return first?.levels[0]?.tell[0] ?? WATCHDOG;
}

function levelRoutes({ name, levels }: Escalation, quiet: readonly Quiet[]): Route[] {
  return levels.flatMap((level, index) =>
    level.tell.map((contact, place): Route => {
      // the first level is told by the alert itself, which names none
      const matchers = [`escalation="${name}"`, `level="${index === 0 ? "" : level.name}"`];
      return {
        receiver: contact,
        matchers,
        ...(place < level.tell.length - 1 ? { continue: true } : {}),
        // muting is not handed down, so each of them says it
        ...(quiet.length === 0
          ? {}
          : {
              routes: quiet.map((one) => ({
                receiver: contact,
                matchers: one.matchers,
                mute_time_intervals: one.intervals,
              })),
            }),
      };
    }),
  );
}

/** Servers with the same maintenance share a route. */
function quietServers(environment: Environment, maintenance: readonly MaintenanceIntervals[]): Quiet[] {
  const of = environment.servers.map(({ name }) => ({
    name,
    intervals: maintenance.filter(({ servers }) => servers.includes(name)).map((one) => one.name),
  }));
  const alike = Map.groupBy(
    of.filter(({ intervals }) => intervals.length > 0),
    ({ intervals }) => intervals.join(" "),
  );
  return [...alike.values()].map((members) => ({
    matchers: [`server=~"${members.map(({ name }) => name).join("|")}"`],
    intervals: members[0]?.intervals ?? [],
  }));
}

/** The fleet's own alerts are silent where the maintenance is for all servers. */
function quietFleet(environment: Environment, maintenance: readonly MaintenanceIntervals[]): Quiet[] {
  return KINDS.flatMap((kind) => {
    const intervals = maintenance
      .filter(({ servers }) => isMutedWith(environment, new Set(servers), { server: FLEET }))
      .map(({ name }) => name);
    return intervals.length === 0 ? [] : [{ matchers: [`server="${FLEET}"`, `kind="${kind}"`], intervals }];
  });
}
