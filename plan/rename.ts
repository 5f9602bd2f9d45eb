import { formatDuration } from "../catalog/units.ts";
import { serverLogGroup, serversLogGroup } from "./names.ts";
import type { Plan, ServerPlan } from "./types.ts";

const DAY_MS = 24 * 60 * 60_000;
/** How long CloudWatch keeps points of 60 s, 5 min and 1 h; source: the metrics page of its user guide. */
const POINTS_DAYS = { minute: 15, fiveMinutes: 63, hour: 455 };

/** The name that each server of a plan had in an earlier one, by its name now; left out where it had none there. */
export function namesBefore(before: Plan, after: Plan): ReadonlyMap<string, string> {
  const old = new Set(before.servers.map(({ server }) => server));
  return new Map(
    after.servers.flatMap(({ server, formerly }): [string, string][] => {
      if (old.has(server)) return [[server, server]];
      return formerly !== null && old.has(formerly) ? [[server, formerly]] : [];
    }),
  );
}

/**
 * What a rename means for what was measured: every metric, alarm and log line has the server's name in it and cannot be
 * renamed. Empty for a server that had no other name.
 */
export function renameText(plan: Plan, { formerly }: ServerPlan): string {
  if (formerly === null) return "";
  const { logGroups, environment } = plan;
  const lines = [serverLogGroup(environment, formerly), serversLogGroup(environment)]
    .map((name) => logGroups.find((group) => group.name === name))
    .find((group) => group !== undefined);
  const days = (count: number): string => formatDuration(count * DAY_MS);
  const readable =
    plan.platform === "local"
      ? `history for ${days(plan.retention.historyDays)}`
      : [
          `minutes for ${days(POINTS_DAYS.minute)}`,
          `5 minutes for ${days(POINTS_DAYS.fiveMinutes)}`,
          `hours for ${days(POINTS_DAYS.hour)}`,
          ...(lines === undefined ? [] : [`log lines for ${days(lines.retentionDays)}`]),
        ].join(", ");
  return `history and error budgets begin anew; that of ${formerly} stays readable under that name (${readable})`;
}
