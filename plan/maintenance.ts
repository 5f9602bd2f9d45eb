import { WEEKDAYS } from "../catalog/maintenance.ts";
import { FLEET } from "../catalog/names.ts";
import type { Environment, ResolvedMaintenance } from "../catalog/types.ts";
import type { TimeRange } from "./cloudwatch/types.ts";
import type { PlannedComposite } from "./types.ts";
import { momentOf, wallAt } from "./zone.ts";

const DAY_MS = 86_400_000;

/** A stretch, `from <= t < to` in milliseconds since the epoch, in which the alarms of servers tell nobody. */
export interface QuietTime extends TimeRange {
  /** Declared in the catalog, or asked for by a command. */
  readonly kind: "maintenance" | "mute";
  /** Names this stretch among all others. */
  readonly id: string;
  readonly name: string;
  readonly servers: readonly string[];
  readonly reason: string;
}

/** What of a composite decides whether a quiet time is for it. */
export type Muted = Pick<PlannedComposite, "server">;

/**
 * The stretches of a maintenance that touch a range, whole and in order. Each begins when the clocks of its zone show
 * its time, at the first where they show it twice and at the next valid moment where they skip it, and lasts its
 * length in real time.
 */
export function occurrences(maintenance: ResolvedMaintenance, range: TimeRange): TimeRange[] {
  const { durationMs, zone } = maintenance;
  return nominalBegins(maintenance, range)
    .map((wall) => momentOf(wall, zone))
    .map((from) => ({ from, to: from + durationMs }))
    .filter(({ from, to }) => from < range.to && to > range.from);
}

/** The local times at which a maintenance is to begin, for every begin of which a range can know. */
export function nominalBegins(maintenance: ResolvedMaintenance, range: TimeRange): number[] {
  const { schedule, durationMs, zone } = maintenance;
  if (schedule.kind === "once") return [wallOf(schedule.at)];
  const first = dayOf(wallAt(range.from - durationMs, zone)) - DAY_MS;
  const last = Math.min(dayOf(wallAt(range.to, zone)) + DAY_MS, wallOf(`${schedule.until}T00:00`));
  const timeOfDay = wallOf(`1970-01-01T${schedule.at}`);
  const begins: number[] = [];
  for (let day = first; day <= last; day += DAY_MS) {
    if (schedule.on.includes(weekdayOf(day))) begins.push(day + timeOfDay);
  }
  return begins;
}

/** The maintenance of the catalog that touches a range, each stretch by itself. */
export function maintenanceIn(environment: Pick<Environment, "maintenance">, range: TimeRange): QuietTime[] {
  return environment.maintenance.flatMap((maintenance) =>
    occurrences(maintenance, range).map(({ from, to }) => ({
      kind: "maintenance",
      id: `${maintenance.name}@${new Date(from).toISOString()}`,
      name: maintenance.name,
      servers: maintenance.servers,
      reason: maintenance.reason,
      from,
      to,
    })),
  );
}

/** The maintenance of the catalog that is on at a moment. */
export function activeAt(environment: Pick<Environment, "maintenance">, at: number): QuietTime[] {
  return maintenanceIn(environment, { from: at, to: at + 1 });
}

/** What of a range is not charged to a server's budgets, merged and in order. */
export function exclusions(environment: Environment, server: string, range: TimeRange): TimeRange[] {
  const stretches = maintenanceIn(environment, range).filter(({ servers }) => servers.includes(server));
  return mergedWithin(stretches, range);
}

/** Ranges as one list without overlaps, cut to what lies in a range. */
export function mergedWithin(ranges: readonly TimeRange[], within: TimeRange): TimeRange[] {
  const merged: { from: number; to: number }[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const from = Math.max(range.from, within.from);
    const to = Math.min(range.to, within.to);
    const last = merged.at(-1);
    if (from >= to) continue;
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

/** When within a range a composite tells nobody: by several quiet times together where it stands for many servers. */
export function quietOf(input: {
  readonly environment: Environment;
  readonly times: readonly QuietTime[];
  readonly composite: Muted;
  readonly range: TimeRange;
}): TimeRange[] {
  const { environment, times, composite, range } = input;
  const cuts = [...new Set(times.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const pieces = cuts.slice(1).map((to, index) => ({ from: cuts[index] ?? to, to }));
  const quiet = pieces.filter(({ from }) => {
    const servers = times
      .filter((time) => time.from <= from && from < time.to)
      .flatMap((time) => time.servers);
    return isMutedWith(environment, new Set(servers), composite);
  });
  return mergedWithin(quiet, range);
}

/**
 * Whether a composite tells nobody while these servers are quiet. What stands for the fleet is quiet with all of them
 * only: while it fires it holds back the pages of every server, and must then be heard itself.
 */
export function isMutedWith(
  environment: Environment,
  servers: ReadonlySet<string>,
  { server }: Muted,
): boolean {
  if (server !== FLEET) return servers.has(server);
  return servers.size > 0 && environment.servers.every(({ name }) => servers.has(name));
}

/** What the status says: `maintenance until 23:00 UTC: upgrade of the cluster`, with the day where it is another. */
export function quietText({ kind, to, reason }: QuietTime, now: number): string {
  const end = utcText(new Date(to).toISOString());
  const isToday = dayOf(to) === dayOf(now);
  const word = kind === "maintenance" ? "maintenance" : "muted";
  return `${word} until ${isToday ? end.slice(11) : end}: ${reason}`;
}

/** A moment as it is read: `2026-12-05 22:00 UTC`, with its seconds where it has some. */
export function utcText(iso: string): string {
  const seconds = iso.slice(16, 19);
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)}${seconds === ":00" ? "" : seconds} UTC`;
}

/** A local time such as `2026-12-05T22:00`, as the moment at which the clocks of UTC show it. */
export function wallOf(text: string): number {
  return Date.parse(`${text}Z`);
}

/** The beginning of the day of a local time. */
export function dayOf(wall: number): number {
  return Math.floor(wall / DAY_MS) * DAY_MS;
}

function weekdayOf(day: number): (typeof WEEKDAYS)[number] {
  return WEEKDAYS[(new Date(day).getUTCDay() + 6) % 7] ?? "mon";
}
