import type { Environment, ResolvedMaintenance } from "../catalog/types.ts";
import { isMutedWith, nominalBegins, occurrences, wallOf } from "./maintenance.ts";
import { owned } from "./names.ts";
import type { PlannedComposite } from "./types.ts";
import { momentOf, momentsOf } from "./zone.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** Names of alarms in one rule (MuteTargets of PutAlarmMuteRule). */
const ALARMS_PER_RULE = 100;

/** A mute rule as PutAlarmMuteRule takes it; its end as text: ISO 8601, whole minutes. */
export interface MuteRule {
  readonly Name: string;
  readonly Description: string;
  readonly Rule: { readonly Schedule: MuteSchedule };
  readonly MuteTargets: { readonly AlarmNames: readonly string[] };
  readonly ExpireDate?: string;
}

export interface MuteSchedule {
  readonly Expression: string;
  readonly Duration: string;
  readonly Timezone: string;
}

/** A maintenance of the catalog as one mute rule of CloudWatch, or as several where it is for many alarms. */
export interface MaintenancePlan {
  readonly maintenance: string;
  readonly servers: readonly string[];
  readonly rule: MuteRule;
}

/**
 * The mute rules of an environment of the cloud: one for each maintenance and each hundred of the composites that
 * act for its servers. Empty for a local environment, whose monitor reads the catalog itself.
 */
export function planMaintenance(
  environment: Environment,
  composites: readonly PlannedComposite[],
): MaintenancePlan[] {
  if (environment.platform === "local") return [];
  return environment.maintenance.flatMap((maintenance) => {
    const { name, servers, reason } = maintenance;
    const schedule = scheduleOf(maintenance);
    const rules = muteRules({
      name: owned(environment.name, `maintenance-${name}`),
      description: reason,
      alarms: mutedAlarms({ environment, servers, composites }),
      schedule,
      ...(maintenance.schedule.kind === "weekly" ? { expires: expiryOf(maintenance) } : {}),
    });
    return rules.map((rule) => ({ maintenance: name, servers, rule }));
  });
}

/** A maintenance in a line: when, for how long, of which servers, and why. */
export function maintenanceText({ servers, rule }: MaintenancePlan): string {
  const { Expression, Duration, Timezone } = rule.Rule.Schedule;
  const until = rule.ExpireDate === undefined ? "" : `, rule expires ${rule.ExpireDate}`;
  return `${Expression} ${Timezone} for ${Duration}${until}, ${servers.join(", ")}: ${rule.Description}`;
}

/** Names of the composites that tell somebody and are to tell nobody while these servers are quiet. */
export function mutedAlarms(input: {
  readonly environment: Environment;
  readonly servers: readonly string[];
  readonly composites: readonly PlannedComposite[];
}): string[] {
  const servers = new Set(input.servers);
  return input.composites
    .filter(({ definition }) => definition.ActionsEnabled)
    .filter((composite) => isMutedWith(input.environment, servers, composite))
    .map(({ definition }) => definition.AlarmName);
}

/** Rules of one schedule for any number of alarms; those after the first carry a number. */
export function muteRules(input: {
  readonly name: string;
  readonly description: string;
  readonly alarms: readonly string[];
  readonly schedule: MuteSchedule;
  /** Milliseconds since the epoch; for recurring schedules only (CloudWatch refuses it for others). */
  readonly expires?: number;
}): MuteRule[] {
  const { name, description, alarms, schedule, expires } = input;
  const parts = Array.from({ length: Math.ceil(alarms.length / ALARMS_PER_RULE) }, (_, index) =>
    alarms.slice(index * ALARMS_PER_RULE, (index + 1) * ALARMS_PER_RULE),
  );
  return parts.map((part, index) => ({
    Name: index === 0 ? name : `${name}-${index + 1}`,
    Description: description,
    Rule: { Schedule: schedule },
    MuteTargets: { AlarmNames: part },
    ...(expires === undefined ? {} : { ExpireDate: isoMinute(expires) }),
  }));
}

/** A schedule that begins once, in UTC. */
export function scheduleAt(from: number, durationMs: number): MuteSchedule {
  return { Expression: atExpression(from), Duration: isoDuration(durationMs), Timezone: "UTC" };
}

/** A length of whole minutes in ISO 8601: `PT1M`, `P1DT2H`, `P15D`. */
export function isoDuration(ms: number): string {
  const minutes = Math.round(ms / MINUTE_MS);
  const part = (count: number, unit: string): string => (count === 0 ? "" : `${count}${unit}`);
  const time = part(Math.floor(minutes / 60) % 24, "H") + part(minutes % 60, "M");
  return `P${part(Math.floor(minutes / 1_440), "D")}${time === "" ? "" : `T${time}`}`;
}

function scheduleOf({ schedule, zone, durationMs }: ResolvedMaintenance): MuteSchedule {
  if (schedule.kind === "weekly") {
    const [hours, minutes] = schedule.at.split(":").map(Number);
    const days = schedule.on.map((day) => day.toUpperCase()).join(",");
    const Expression = `cron(${minutes} ${hours} * * ${days})`;
    return { Expression, Duration: isoDuration(durationMs), Timezone: zone };
  }
  const wall = wallOf(schedule.at);
  // what CloudWatch makes of a time that the clocks skip or repeat is not documented; that of UTC is always one
  if (momentsOf(wall, zone).length !== 1) return scheduleAt(momentOf(wall, zone), durationMs);
  return { Expression: atExpression(wall), Duration: isoDuration(durationMs), Timezone: zone };
}

/**
 * When a weekly rule expires: half-way from the end of its last stretch to where the next one would begin, so that it
 * is right whether CloudWatch reads the date in UTC or, as PutAlarmMuteRule hints, in the zone of the rule.
 */
function expiryOf(maintenance: ResolvedMaintenance): number {
  const { schedule, zone } = maintenance;
  if (schedule.kind === "once") throw new TypeError(`${maintenance.name} does not come back`);
  const lastDay = wallOf(`${schedule.until}T00:00`);
  const around = { from: momentOf(lastDay, zone) - WEEK_MS, to: momentOf(lastDay, zone) + WEEK_MS };
  const end = occurrences(maintenance, around).at(-1)?.to ?? around.to;
  const until = new Date(lastDay + 2 * WEEK_MS).toISOString().slice(0, 10);
  const next = nominalBegins({ ...maintenance, schedule: { ...schedule, until } }, around).find(
    (wall) => wall >= lastDay + DAY_MS,
  );
  const middle = next === undefined ? end : (end + momentOf(next, zone)) / 2;
  return Math.max(end, Math.floor(middle / MINUTE_MS) * MINUTE_MS);
}

const atExpression = (wall: number): string => `at(${new Date(wall).toISOString().slice(0, 16)})`;
const isoMinute = (at: number): string => `${new Date(at).toISOString().slice(0, 16)}:00Z`;
