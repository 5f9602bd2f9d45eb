/** The mute rules that CloudWatch is given; what it makes of them is not proved here: no emulator has them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WEEKDAYS } from "../../catalog/maintenance.ts";
import type { Environment, ResolvedMaintenance } from "../../catalog/types.ts";
import { occurrences } from "../../plan/maintenance.ts";
import { isoDuration, type MuteRule, planMaintenance } from "../../plan/maintenance-cloudwatch.ts";
import type { PlannedComposite } from "../../plan/types.ts";

const HOUR = 3_600_000;
const DAY = 86_400_000;
const SERVERS = ["library", "shop", "bank", "post"] as const;

function environmentOf(
  maintenance: Partial<ResolvedMaintenance>,
  platform: Environment["platform"] = "cloud",
): Environment {
  const part = {
    name: "test",
    platform,
    fold: 3,
    servers: SERVERS.map((name) => ({ name })),
    maintenance: [
      {
        name: "upgrade",
        servers: ["library"],
        reason: "upgrade of the cluster",
        zone: "Europe/Berlin",
        durationMs: 2 * HOUR,
        schedule: { kind: "once", at: "2026-12-05T22:00" },
        ...maintenance,
      },
    ],
  };
  return part as unknown as Environment;
}

function composite(server: string, kind: PlannedComposite["kind"], acts = true): PlannedComposite {
  return {
    server,
    kind,
    severity: "high",
    runbook: "docs/runbooks/fleet.md",
    escalation: "standard",
    escalates: true,
    delivery: "escalated",
    topic: "test-standard-L1",
    definition: {
      AlarmName: `test-${server}-${kind}`,
      AlarmDescription: "",
      AlarmRule: "FALSE",
      ActionsEnabled: acts,
    },
  };
}

const COMPOSITES = [
  ...SERVERS.flatMap((server) => [composite(server, "page"), composite(server, "ticket")]),
  composite("fleet", "page"),
  composite("fleet", "security"),
  { ...composite("library", "blind", false) },
];

const planned = (maintenance: Partial<ResolvedMaintenance>): MuteRule[] =>
  planMaintenance(environmentOf(maintenance), COMPOSITES).map(({ rule }) => rule);
const alarmsOf = (maintenance: Partial<ResolvedMaintenance>) =>
  planned(maintenance).flatMap(({ MuteTargets }) => MuteTargets.AlarmNames);

describe("[PLAY-12] a maintenance is a mute rule of CloudWatch", () => {
  test("a single one begins at its local time and has no date of its own to expire", () => {
    expect(planned({})).toEqual([
      {
        Name: "rollcall-test-maintenance-upgrade",
        Description: "upgrade of the cluster",
        Rule: {
          Schedule: { Expression: "at(2026-12-05T22:00)", Duration: "PT2H", Timezone: "Europe/Berlin" },
        },
        MuteTargets: { AlarmNames: ["test-library-page", "test-library-ticket"] },
      },
    ]);
  });

  test("a time that the clocks skip or repeat is written in UTC, where it is one", () => {
    const expression = (at: string) => planned({ schedule: { kind: "once", at } })[0]?.Rule.Schedule;
    expect(expression("2027-03-28T02:30")).toMatchObject({
      Expression: "at(2027-03-28T01:00)",
      Timezone: "UTC",
    });
    expect(expression("2026-10-25T02:30")).toMatchObject({
      Expression: "at(2026-10-25T00:30)",
      Timezone: "UTC",
    });
  });

  test("a weekly one is a cron of five fields that expires between its last stretch and the next", () => {
    const [rule] = planned({
      schedule: { kind: "weekly", on: ["tue", "sat"], at: "03:05", until: "2026-12-31" },
      durationMs: 90 * 60_000,
    });
    expect(rule?.Rule.Schedule).toEqual({
      Expression: "cron(5 3 * * TUE,SAT)",
      Duration: "PT1H30M",
      Timezone: "Europe/Berlin",
    });
    // from Tuesday the 29th, 04:35 in Berlin, to Saturday the 2nd, 03:05
    expect(rule?.ExpireDate).toBe("2026-12-31T02:50:00Z");
  });

  test("however it comes back, it expires after the end of its last stretch and before another begins", () => {
    const weekly = fc.record({
      on: fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1 }),
      at: fc.constantFrom("00:00", "02:30", "22:00"),
      until: fc.constantFrom("2026-10-24", "2027-03-28", "2027-01-31"),
      hours: fc.integer({ min: 1, max: 22 }),
    });
    fc.assert(
      fc.property(weekly, ({ hours, ...when }) => {
        const [maintenance] = environmentOf({
          schedule: { kind: "weekly", ...when },
          durationMs: hours * HOUR,
        }).maintenance;
        if (maintenance === undefined) throw new Error("there is one");
        const expires = Date.parse(planned(maintenance)[0]?.ExpireDate ?? "");
        const around = { from: expires - 30 * DAY, to: expires + 30 * DAY };
        const endless = {
          ...maintenance,
          schedule: { kind: "weekly", ...when, until: "2029-01-01" },
        } as const;
        const last = occurrences(maintenance, around).at(-1);
        const next = occurrences(endless, around).find(({ from }) => from > (last?.from ?? 0));
        expect(expires).toBeGreaterThanOrEqual(last?.to ?? Number.POSITIVE_INFINITY);
        expect(expires).toBeLessThan(next?.from ?? 0);
        expect(expires % 60_000).toBe(0);
      }),
    );
  });

  test("the fleet's alarms are muted with all servers, and heard while one is not", () => {
    expect(alarmsOf({ servers: SERVERS.slice(0, 3) })).not.toContain("test-fleet-page");
    expect(alarmsOf({ servers: SERVERS })).toContain("test-fleet-page");
    expect(alarmsOf({ servers: SERVERS })).toContain("test-fleet-security");
  });

  test("a rule takes a hundred alarms: more of them are several rules with names of their own", () => {
    const many = Array.from({ length: 205 }, (_, index) => {
      const one = composite("library", "ticket");
      return { ...one, definition: { ...one.definition, AlarmName: `test-library-${index}` } };
    });
    const rules = planMaintenance(environmentOf({}), many).map(({ rule }) => rule);
    expect(rules.map(({ Name, MuteTargets }) => [Name, MuteTargets.AlarmNames.length])).toEqual([
      ["rollcall-test-maintenance-upgrade", 100],
      ["rollcall-test-maintenance-upgrade-2", 100],
      ["rollcall-test-maintenance-upgrade-3", 5],
    ]);
    expect(rules.flatMap(({ MuteTargets }) => MuteTargets.AlarmNames)).toEqual(
      many.map(({ definition }) => definition.AlarmName),
    );
  });

  test("a maintenance of no server here, and a local environment, have no rule", () => {
    expect(planned({ servers: [] })).toEqual([]);
    expect(planMaintenance(environmentOf({}, "local"), COMPOSITES)).toEqual([]);
  });

  test("lengths are written in ISO 8601 without empty parts", () => {
    expect([60_000, HOUR, 26 * HOUR, 15 * DAY].map(isoDuration)).toEqual(["PT1M", "PT1H", "P1DT2H", "P15D"]);
  });
});
