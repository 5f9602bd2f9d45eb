import { WEEKDAYS } from "../catalog/maintenance.ts";
import type { Environment, ResolvedMaintenance } from "../catalog/types.ts";
import type { TimeRange } from "./cloudwatch/types.ts";
import { dayOf, nominalBegins, wallOf } from "./maintenance.ts";
import { momentOf, momentsOf, wallAt } from "./zone.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAY_NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
/** A weekly maintenance has an end and no beginning; nothing before this year can still be muted. */
const FIRST_YEAR = 2026;

/** One time interval of Alertmanager: a moment is in it when every field that it has holds. */
export interface TimeInterval {
  /** `end_time` is not part of it, and `24:00` at the end of a day. */
  readonly times?: readonly { readonly start_time: string; readonly end_time: string }[];
  readonly weekdays?: readonly string[];
  readonly days_of_month?: readonly string[];
  readonly months?: readonly string[];
  readonly years?: readonly string[];
  readonly location: string;
}

/** A maintenance as a named item of Alertmanager's `time_intervals`, with the servers whose routes it mutes. */
export interface MaintenanceIntervals {
  readonly name: string;
  readonly servers: readonly string[];
  readonly time_intervals: readonly TimeInterval[];
}

/**
 * Every maintenance as Alertmanager takes it (configuration, `time_intervals`). They hold each minute of
 * {@link occurrences} from {@link FIRST_YEAR} on. They hold more only for a weekly one near a repeated hour, and no
 * more than that hour: Alertmanager goes by the clocks, and of two ends, which can be a day after, it takes the later.
 */
export function alertmanagerIntervals(environment: Environment): readonly MaintenanceIntervals[] {
  return environment.maintenance
    .map((maintenance) => ({
      name: maintenance.name,
      servers: maintenance.servers,
      time_intervals: intervalsOf(maintenance),
    }))
    .filter(({ servers, time_intervals }) => servers.length > 0 && time_intervals.length > 0);
}

function intervalsOf(maintenance: ResolvedMaintenance): TimeInterval[] {
  const { schedule, zone, durationMs } = maintenance;
  if (schedule.kind === "once") {
    const from = momentOf(wallOf(schedule.at), zone);
    return utcIntervals({ from, to: from + durationMs });
  }
  const begin = wallOf(`1970-01-01T${schedule.at}`);
  const lastDay = wallOf(`${schedule.until}T00:00`);
  const daysAfter = (n: number): string[] =>
    DAY_NAMES.filter((_, index) => schedule.on.some((day) => (WEEKDAYS.indexOf(day) + n) % 7 === index));
  const today = { times: [times(begin, Math.min(begin + durationMs, DAY_MS))], weekdays: daysAfter(0) };
  const tomorrow = { times: [times(0, begin + durationMs - DAY_MS)], weekdays: daysAfter(1) };
  const parts = [
    ...daysUntil(lastDay).map((days) => ({ ...today, ...days, location: zone })),
    ...(begin + durationMs <= DAY_MS
      ? []
      : daysUntil(lastDay + DAY_MS).map((days) => ({ ...tomorrow, ...days, location: zone }))),
  ];
  return [...parts, ...changedNights(maintenance).flatMap(utcIntervals)];
}

/** The stretches that the clocks alone would cut short: over an hour that is skipped, or from one that comes twice. */
function changedNights(maintenance: ResolvedMaintenance): TimeRange[] {
  const { schedule, zone, durationMs } = maintenance;
  if (schedule.kind === "once") return [];
  const all = { from: Date.UTC(FIRST_YEAR, 0, 1), to: wallOf(`${schedule.until}T00:00`) + 2 * DAY_MS };
  return nominalBegins(maintenance, all).flatMap((wall) => {
    const from = momentOf(wall, zone);
    const to = from + durationMs;
    const isAsShown =
      wallAt(from, zone) === wall &&
      wallAt(to, zone) <= wall + durationMs &&
      momentsOf(wall, zone).length === 1;
    return isAsShown ? [] : [{ from, to }];
  });
}

/** A range exactly, in UTC: the rest of its first day, whole days month by month, the beginning of its last. */
function utcIntervals({ from, to }: TimeRange): TimeInterval[] {
  const intervals: TimeInterval[] = [];
  for (let at = from; at < to; ) {
    const day = dayOf(at);
    const isWhole = at === day && day + DAY_MS <= to;
    const end = isWhole ? Math.min(dayOf(to), monthAfter(day)) : Math.min(day + DAY_MS, to);
    const days = { days_of_month: [span(dayOfMonth(day), dayOfMonth(end - 1))], ...monthOf(day) };
    intervals.push({
      ...(isWhole ? {} : { times: [times(at - day, end - day)] }),
      ...days,
      location: "UTC",
    });
    at = end;
  }
  return intervals;
}

/**
 * Every day from {@link FIRST_YEAR} up to a last one, which is part of it. A whole month is not written as its days:
 * Alertmanager counts the hours of a month, and so takes the 31st out of one that has lost an hour.
 */
function daysUntil(last: number): Pick<TimeInterval, "years" | "months" | "days_of_month">[] {
  const year = new Date(last).getUTCFullYear();
  const month = new Date(last).getUTCMonth() + 1;
  const isMonthDone = dayOf(monthAfter(last)) === last + DAY_MS;
  const fullMonths = isMonthDone ? month : month - 1;
  if (year < FIRST_YEAR) return [];
  if (fullMonths === 12) return [{ years: [span(FIRST_YEAR, year)] }];
  return [
    ...(year === FIRST_YEAR ? [] : [{ years: [span(FIRST_YEAR, year - 1)] }]),
    ...(fullMonths === 0 ? [] : [{ years: [`${year}`], months: [span(1, fullMonths)] }]),
    ...(isMonthDone
      ? []
      : [{ years: [`${year}`], months: [`${month}`], days_of_month: [span(1, dayOfMonth(last))] }]),
  ];
}

const dayOfMonth = (at: number): number => new Date(at).getUTCDate();

function monthOf(at: number): Pick<TimeInterval, "years" | "months"> {
  const date = new Date(at);
  return { years: [`${date.getUTCFullYear()}`], months: [`${date.getUTCMonth() + 1}`] };
}

function monthAfter(at: number): number {
  return Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth() + 1, 1);
}

const span = (from: number, to: number): string => (from === to ? `${from}` : `${from}:${to}`);

function times(from: number, to: number) {
  return { start_time: timeOfDay(from), end_time: timeOfDay(to) };
}

function timeOfDay(ms: number): string {
  const minutes = ms / MINUTE_MS;
  return [Math.floor(minutes / 60), minutes % 60].map((n) => String(n).padStart(2, "0")).join(":");
}
