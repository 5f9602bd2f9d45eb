/** When maintenance is, told by a scan of minutes that knows nothing of offsets: it only reads what clocks show. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WEEKDAYS, type Weekday } from "../../catalog/maintenance.ts";
import type { Environment, ResolvedMaintenance } from "../../catalog/types.ts";
import {
  activeAt,
  exclusions,
  isMutedWith,
  mergedWithin,
  occurrences,
  quietOf,
  quietText,
} from "../../plan/maintenance.ts";
import { alertmanagerIntervals, type TimeInterval } from "../../plan/maintenance-alertmanager.ts";
import { momentOf, wallAt } from "../../plan/zone.ts";

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** Nights in which the clocks of a zone change, and what is peculiar about each. */
const NIGHTS = [
  ["Europe/Berlin", "2027-03-28"],
  ["Europe/Berlin", "2026-10-25"],
  // the last day of a month, in both directions
  ["Europe/Berlin", "2030-03-31"],
  ["Europe/Berlin", "2027-10-31"],
  ["America/New_York", "2027-03-14"],
  // half an hour
  ["Australia/Lord_Howe", "2026-10-04"],
  ["Australia/Lord_Howe", "2027-04-04"],
  // at midnight
  ["Africa/Cairo", "2026-04-24"],
  ["Africa/Cairo", "2026-10-29"],
  ["America/Havana", "2027-11-07"],
  // no change, an odd offset, and a change of the year
  ["Asia/Kathmandu", "2026-12-31"],
  ["UTC", "2028-02-29"],
] as const;

const minutes = (from: number, to: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / MINUTE) }, (_, index) => from + index * MINUTE);

/** What the clocks of a zone show, read once for each minute: the scans ask again and again. */
const shown = (() => {
  const read = new Map<string, Map<number, number>>();
  return (at: number, zone: string): number => {
    const walls = read.get(zone) ?? new Map<number, number>();
    read.set(zone, walls);
    const wall = walls.get(at) ?? (zone === "UTC" ? at : wallAt(at, zone));
    walls.set(at, wall);
    return wall;
  };
})();

const iso = (at: number): string => new Date(at).toISOString();
const day = (text: string): number => Date.parse(`${text}T00:00Z`);

function maintenanceOf(given: Partial<ResolvedMaintenance>): ResolvedMaintenance {
  return {
    name: "upgrade",
    servers: ["memory"],
    reason: "upgrade of the cluster",
    zone: "UTC",
    durationMs: HOUR,
    schedule: { kind: "once", at: "2026-12-05T22:00" },
    ...given,
  };
}

/** As much of an environment as maintenance reads. */
function environmentOf(
  maintenance: readonly ResolvedMaintenance[],
  servers: readonly string[] = ["memory", "everything"],
): Environment {
  const part: Pick<Environment, "maintenance" | "fold"> & { readonly servers: readonly { name: string }[] } =
    {
      maintenance,
      fold: 3,
      servers: servers.map((name) => ({ name })),
    };
  return part as Environment;
}

function clockOf(wall: Date): string {
  return [wall.getUTCHours(), wall.getUTCMinutes()].map((n) => String(n).padStart(2, "0")).join(":");
}

/** How many whole days of 24 hours a month has in a zone: 30 in a March that loses an hour. */
const daysInMonth = (() => {
  const counted = new Map<string, number>();
  return (wall: Date, zone: string): number => {
    const [year, month] = [wall.getUTCFullYear(), wall.getUTCMonth()];
    const key = `${zone} ${year} ${month}`;
    const start = (of: number): number => momentOf(Date.UTC(year, of, 1), zone);
    const days = counted.get(key) ?? Math.floor((start(month + 1) - start(month)) / DAY);
    counted.set(key, days);
    return days;
  };
})();

/** A maintenance near a night, and the minutes around it. */
const nearNight = fc
  .record({
    night: fc.constantFrom(...NIGHTS),
    time: fc.integer({ min: 0, max: 1_439 }),
    length: fc.oneof(fc.integer({ min: 1, max: 240 }), fc.integer({ min: 1, max: 1_439 })),
    on: fc.uniqueArray(fc.constantFrom<Weekday>(...WEEKDAYS), { minLength: 1 }),
    untilAfter: fc.integer({ min: -2, max: 2 }),
    isOnce: fc.boolean(),
    days: fc.integer({ min: 0, max: 1 }),
  })
  .map(({ night: [zone, date], time, length, on, untilAfter, isOnce, days }) => {
    const at = iso(time * MINUTE).slice(11, 16);
    const until = iso(day(date) + untilAfter * DAY).slice(0, 10);
    return {
      maintenance: maintenanceOf({
        zone,
        durationMs: length * MINUTE + (isOnce ? days * DAY : 0),
        schedule: isOnce ? { kind: "once", at: `${until}T${at}` } : { kind: "weekly", on, at, until },
      }),
      range: { from: day(date) - DAY, to: day(date) + 2 * DAY },
    };
  });

/** A begin is the first minute at which the clocks have come to its time, and its length counts minutes. */
function scanned({
  maintenance,
  range,
}: {
  maintenance: ResolvedMaintenance;
  range: { from: number; to: number };
}) {
  const { schedule, zone, durationMs } = maintenance;
  const from = range.from - 3 * DAY;
  const clocks = minutes(from, range.to).map((at) => ({ at, wall: shown(at, zone) }));
  const days = Array.from({ length: 8 }, (_, index) => Math.floor(from / DAY) * DAY + index * DAY);
  const nominal =
    schedule.kind === "once"
      ? [Date.parse(`${schedule.at}Z`)]
      : days
          .filter((one) => iso(one).slice(0, 10) <= schedule.until)
          .filter((one) => schedule.on.includes(WEEKDAYS[(new Date(one).getUTCDay() + 6) % 7] ?? "mon"))
          .map((one) => Date.parse(`${iso(one).slice(0, 10)}T${schedule.at}Z`));
  const quiet = new Set<number>();
  for (const wall of nominal) {
    const begin = clocks.findIndex((one) => one.wall >= wall);
    if (begin <= 0) continue;
    for (const { at } of clocks.slice(begin, begin + durationMs / MINUTE)) quiet.add(at);
  }
  return minutes(range.from, range.to).filter((at) => quiet.has(at));
}

/** As `ContainsTime` of Alertmanager's timeinterval package has it, the hours that it counts of a month included. */
function contains(interval: TimeInterval, at: number): boolean {
  const wall = new Date(shown(at, interval.location));
  const within = (
    list: readonly string[] | undefined,
    holds: (from: number, to: number) => boolean,
  ): boolean =>
    list === undefined ||
    list.some((text) => {
      const [from = 0, to = from] = text.split(":").map(Number);
      return holds(from, to);
    });
  const names = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
  const clock = clockOf(wall);
  return (
    within(interval.years, (from, to) => from <= wall.getUTCFullYear() && wall.getUTCFullYear() <= to) &&
    within(interval.months, (from, to) => from <= wall.getUTCMonth() + 1 && wall.getUTCMonth() + 1 <= to) &&
    (interval.weekdays?.includes(names[wall.getUTCDay()] ?? "") ?? true) &&
    (interval.times?.some(({ start_time, end_time }) => start_time <= clock && clock < end_time) ?? true) &&
    within(interval.days_of_month, (from, to) => {
      const last = daysInMonth(wall, interval.location);
      const date = wall.getUTCDate();
      return from <= last && Math.min(from, last) <= date && date <= Math.min(to, last);
    })
  );
}

describe("[PLAY-12] a maintenance is when it was declared to be", () => {
  test("whatever the clocks do in that night, minute by minute", () => {
    fc.assert(
      fc.property(nearNight, ({ maintenance, range }) => {
        const found = occurrences(maintenance, range);
        const inside = minutes(range.from, range.to).filter((at) =>
          found.some(({ from, to }) => from <= at && at < to),
        );
        expect(inside).toEqual(scanned({ maintenance, range }));
      }),
      { numRuns: 50 },
    );
  });

  test("its length is real time: two hours are two hours over an hour that is skipped or repeated", () => {
    const schedule = { kind: "weekly", on: ["sun"], at: "01:30", until: "2027-12-31" } as const;
    const nightly = maintenanceOf({ zone: "Europe/Berlin", durationMs: 2 * HOUR, schedule });
    const night = (date: string) =>
      occurrences(nightly, { from: day(date), to: day(date) + DAY }).map(({ from, to }) => [
        iso(from),
        iso(to),
      ]);
    expect(night("2027-03-28")).toEqual([["2027-03-28T00:30:00.000Z", "2027-03-28T02:30:00.000Z"]]);
    expect(night("2026-10-25")).toEqual([["2026-10-24T23:30:00.000Z", "2026-10-25T01:30:00.000Z"]]);
  });

  test("a time that the clocks skip is the next one that they show, and of a time shown twice it is the first", () => {
    const at = (text: string) =>
      maintenanceOf({ zone: "Europe/Berlin", schedule: { kind: "once", at: text } });
    const all = { from: day("2026-01-01"), to: day("2028-01-01") };
    expect(occurrences(at("2027-03-28T02:30"), all)).toEqual([
      { from: Date.parse("2027-03-28T01:00Z"), to: Date.parse("2027-03-28T02:00Z") },
    ]);
    expect(occurrences(at("2026-10-25T02:30"), all)[0]?.from).toBe(Date.parse("2026-10-25T00:30Z"));
  });

  test("it ends by itself: a weekly one begins on its last day and never after", () => {
    const schedule = { kind: "weekly", on: ["sat"], at: "23:00", until: "2026-12-12" } as const;
    const weekly = maintenanceOf({ durationMs: 2 * HOUR, schedule });
    const found = occurrences(weekly, { from: day("2026-12-01"), to: day("2028-01-01") });
    expect(found.map(({ from }) => iso(from))).toEqual([
      "2026-12-05T23:00:00.000Z",
      "2026-12-12T23:00:00.000Z",
    ]);
  });

  test("a range is told the stretch that began before it, and none that only touches it", () => {
    const [stretch] = occurrences(maintenanceOf({}), { from: day("2026-12-05"), to: day("2026-12-06") });
    const { from = 0, to = 0 } = stretch ?? {};
    expect(occurrences(maintenanceOf({}), { from: to - 1, to: to + HOUR })).toEqual([stretch]);
    expect(occurrences(maintenanceOf({}), { from: to, to: to + HOUR })).toEqual([]);
    expect(occurrences(maintenanceOf({}), { from: from - HOUR, to: from })).toEqual([]);
  });
});

describe("[PLAY-12] no budget is charged and the status says why", () => {
  const first = maintenanceOf({});
  const second = maintenanceOf({
    name: "disk",
    servers: ["memory", "everything"],
    schedule: { kind: "once", at: "2026-12-05T22:30" },
  });
  const environment = environmentOf([first, second]);
  const range = { from: Date.parse("2026-12-05T22:10Z"), to: Date.parse("2026-12-06T22:00Z") };

  test("the stretches of a server are merged and cut to what is asked for", () => {
    expect(exclusions(environment, "memory", range)).toEqual([
      { from: range.from, to: Date.parse("2026-12-05T23:30Z") },
    ]);
    expect(exclusions(environment, "everything", range)).toEqual([
      { from: Date.parse("2026-12-05T22:30Z"), to: Date.parse("2026-12-05T23:30Z") },
    ]);
    expect(exclusions(environment, "elsewhere", range)).toEqual([]);
  });

  test("merging keeps every minute of the range once", () => {
    const stretch = fc.tuple(fc.nat(300), fc.nat(60)).map(([from, length]) => ({ from, to: from + length }));
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 12 }), (stretches) => {
        const within = { from: 50, to: 250 };
        const merged = mergedWithin(stretches, within);
        const holds = (list: typeof stretches, t: number) => list.some(({ from, to }) => from <= t && t < to);
        const all = Array.from({ length: 400 }, (_, t) => t);
        expect(all.filter((t) => holds(merged, t))).toEqual(
          all.filter((t) => t >= within.from && t < within.to && holds(stretches, t)),
        );
        for (const [index, { from }] of merged.entries())
          expect(from).toBeGreaterThan(merged[index - 1]?.to ?? -1);
      }),
    );
  });

  test("what is on says until when and what for, with the day where it is another", () => {
    const at = Date.parse("2026-12-05T22:10Z");
    const [active] = activeAt(environment, at);
    expect(active && quietText(active, at)).toBe("maintenance until 23:00 UTC: upgrade of the cluster");
    expect(active && quietText({ ...active, kind: "mute" }, at - DAY)).toBe(
      "muted until 2026-12-05 23:00 UTC: upgrade of the cluster",
    );
    expect(activeAt(environment, Date.parse("2026-12-05T23:30Z"))).toEqual([]);
  });

  test("what stands for the fleet is heard until all servers are quiet, for it speaks for those that are not", () => {
    const four = environmentOf([], ["a", "b", "c", "d"]);
    const muted = (...servers: string[]) => isMutedWith(four, new Set(servers), { server: "fleet" });
    expect(muted("a", "b", "c")).toBe(false);
    expect(muted("a", "b", "c", "d")).toBe(true);
    expect(isMutedWith(four, new Set(["a"]), { server: "a" })).toBe(true);
    expect(isMutedWith(four, new Set(["a"]), { server: "b" })).toBe(false);
  });

  test("several maintenances together make the fleet quiet where none does alone", () => {
    const four = environmentOf([], ["a", "b", "c", "d"]);
    const time = (from: number, to: number, ...servers: string[]) =>
      ({ kind: "mute", id: `${from}`, name: "m", reason: "r", from, to, servers }) as const;
    const quiet = quietOf({
      environment: four,
      times: [time(0, 100, "a", "b"), time(40, 200, "c", "d")],
      composite: { server: "fleet" },
      range: { from: 0, to: 1_000 },
    });
    expect(quiet).toEqual([{ from: 40, to: 100 }]);
  });
});

describe("[PLAY-12] Alertmanager is silent at the same time", () => {
  test("in every minute of a maintenance, and longer only by what the clocks repeat", () => {
    fc.assert(
      fc.property(nearNight, ({ maintenance, range }) => {
        const [named] = alertmanagerIntervals(environmentOf([maintenance]));
        const intervals = named?.time_intervals ?? [];
        const earlier = { from: range.from - HOUR, to: range.to };
        const declared = new Set(scanned({ maintenance, range: earlier }));
        for (const at of minutes(range.from, range.to)) {
          const isMuted = intervals.some((interval) => contains(interval, at));
          if (isMuted === declared.has(at)) continue;
          expect([iso(at), isMuted]).toEqual([iso(at), true]);
          expect(maintenance.schedule.kind).toBe("weekly");
          expect([iso(at), declared.has(at - putBackBefore(maintenance, at))]).toEqual([iso(at), true]);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("one of nearly a day that begins at a time shown twice is silent until the later end, a day after", () => {
    const schedule = { kind: "weekly", on: ["sun"], at: "01:39", until: "2027-04-04" } as const;
    const durationMs = 23 * HOUR + 52 * MINUTE;
    const long = maintenanceOf({ zone: "Australia/Lord_Howe", durationMs, schedule });
    // 01:39 is shown at 14:39 and at 15:09 UTC, and the clocks show the end, 01:31, only after the second
    const range = { from: Date.parse("2027-04-03T12:00Z"), to: Date.parse("2027-04-05T00:00Z") };
    expect(occurrences(long, range).map(({ to }) => iso(to))).toEqual(["2027-04-04T14:31:00.000Z"]);
    const intervals = alertmanagerIntervals(environmentOf([long]))[0]?.time_intervals ?? [];
    const muted = minutes(range.from, range.to).filter((at) => intervals.some((one) => contains(one, at)));
    expect(muted).toEqual(minutes(Date.parse("2027-04-03T14:39Z"), Date.parse("2027-04-04T15:01Z")));
  });

  test("one of several days is a rest of a day, whole days and a beginning of a day, in UTC", () => {
    const long = maintenanceOf({
      zone: "Europe/Berlin",
      durationMs: 3 * DAY,
      schedule: { kind: "once", at: "2026-12-30T10:00" },
    });
    expect(alertmanagerIntervals(environmentOf([long]))[0]?.time_intervals).toEqual([
      part("2026", "12", "30", "09:00", "24:00"),
      { days_of_month: ["31"], months: ["12"], years: ["2026"], location: "UTC" },
      { days_of_month: ["1"], months: ["1"], years: ["2027"], location: "UTC" },
      part("2027", "1", "2", "00:00", "09:00"),
    ]);
  });

  test("a weekly one over midnight is two parts, of which each ends a day after the other", () => {
    const schedule = { kind: "weekly", on: ["fri"], at: "22:00", until: "2027-02-28" } as const;
    const weekly = maintenanceOf({ durationMs: 4 * HOUR, schedule });
    const friday = {
      times: [{ start_time: "22:00", end_time: "24:00" }],
      weekdays: ["friday"],
      location: "UTC",
    };
    const saturday = {
      times: [{ start_time: "00:00", end_time: "02:00" }],
      weekdays: ["saturday"],
      location: "UTC",
    };
    expect(alertmanagerIntervals(environmentOf([weekly]))[0]?.time_intervals).toEqual([
      { ...friday, years: ["2026"] },
      { ...friday, years: ["2027"], months: ["1:2"] },
      { ...saturday, years: ["2026"] },
      { ...saturday, years: ["2027"], months: ["1:2"] },
      { ...saturday, years: ["2027"], months: ["3"], days_of_month: ["1"] },
    ]);
  });

  test("a maintenance of no server here is left out", () => {
    expect(alertmanagerIntervals(environmentOf([maintenanceOf({ servers: [] })]))).toEqual([]);
  });
});

/** By how much the clocks were put back in the 25 hours before: a weekly maintenance, and the hour repeated in it. */
function putBackBefore({ zone }: ResolvedMaintenance, at: number): number {
  const ahead = (moment: number): number => shown(moment, zone) - moment;
  return Math.max(0, ahead(at - DAY - HOUR) - ahead(at));
}

function part(year: string, month: string, date: string, start_time: string, end_time: string): TimeInterval {
  return {
    times: [{ start_time, end_time }],
    days_of_month: [date],
    months: [month],
    years: [year],
    location: "UTC",
  };
}
