import type { Change } from "./diff.ts";
import type { LogGroupPlan, Plan } from "./types.ts";

/**
 * Log groups that come and go, which the days of a class do not show: a server that goes, or whose lines move to
 * another class, leaves lines behind that somebody was promised.
 */
export function logGroupChanges(before: Plan, after: Plan): Change[] {
  const [old, now] = [byName(before.logGroups), byName(after.logGroups)];
  const gone = before.logGroups.filter(({ name }) => !now.has(name));
  const fresh = after.logGroups.filter(({ name }) => !old.has(name));
  const kind = "retention" as const;
  return [
    ...gone.map((group) => ({
      kind,
      direction: "loosened" as const,
      subject: group.name,
      before: say(group),
      // what the deployed stack protects counts, not what the catalog says of it now
      after: group.protect
        ? "no new lines; pulumi up stops until it is unprotected"
        : "deleted with its lines",
    })),
    ...fresh.map((group) => ({
      kind,
      direction: "added" as const,
      subject: group.name,
      before: null,
      after: say(group),
    })),
  ];
}

function say({ logClass, retentionDays }: LogGroupPlan): string {
  return `${logClass} lines, ${retentionDays} d`;
}

function byName(groups: readonly LogGroupPlan[]): ReadonlyMap<string, LogGroupPlan> {
  return new Map(groups.map((group) => [group.name, group]));
}
