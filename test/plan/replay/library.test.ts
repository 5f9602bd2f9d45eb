import { beforeAll, describe, expect, test } from "vitest";
import { loadEnvironment } from "../../../catalog/load.ts";
import { diskSource } from "../../../catalog/source.ts";
import { loadTrace, parseTrace, type Trace } from "../../../catalog/trace.ts";
import type { Environment } from "../../../catalog/types.ts";
import { buildPlan } from "../../../plan/plan.ts";
import { replayTrace } from "../../../plan/replay/replay-trace.ts";
import type { Incident, ReplayReport, ServerSummary } from "../../../plan/replay/types.ts";
import type { Plan } from "../../../plan/types.ts";
import { catalogFiles, edited, mapSource } from "../../support/catalog-files.ts";
import { ROOT } from "../../support/cli.ts";

// What production's alarms do in each trace of the library. What is not proved: that CloudWatch evaluates as
// documented, and how long a sample takes to reach it (10 to 60 s).

const MINUTE_MS = 60_000;
const source = diskSource(ROOT);
const production = loadEnvironment(source, "production");
const plan = buildPlan(production);
/** The server that a trace of one server means. */
const [FIRST = ""] = production.servers.map(({ name }) => name).sort();
/** Asked each minute; the others are asked every five. */
const EACH_MINUTE = production.servers
  .filter(({ probe }) => probe.every === MINUTE_MS)
  .map(({ name }) => name);
const EVERY_FIVE = production.servers
  .filter(({ probe }) => probe.every === 5 * MINUTE_MS)
  .map(({ name }) => name);

function replayed(trace: Trace | string, environment: Environment = production): Promise<ReplayReport> {
  const whole = typeof trace === "string" ? loadTrace(source, trace) : trace;
  return replayTrace({
    environment,
    plan: environment === production ? plan : buildPlan(environment),
    trace: whole,
  });
}

/** The same trace for one other server, replayed with the alarms of that server alone. */
async function hitting(
  name: string,
  server: string,
  from: Trace = loadTrace(source, name),
): Promise<ReplayReport> {
  const trace = { ...from, happenings: from.happenings.map((one) => ({ ...one, servers: [server] })) };
  const alone: Plan = { ...plan, servers: plan.servers.filter((one) => one.server === server) };
  return replayTrace({ environment: production, plan: alone, trace });
}

function summary({ servers }: ReplayReport, server: string): ServerSummary {
  return servers.find((one) => one.server === server) ?? expect.fail(`no summary of ${server}`);
}

function told({ incidents }: ReplayReport, tier?: Incident["tier"]): Incident[] {
  return incidents.filter((one) => one.told.length > 0 && (tier === undefined || one.tier === tier));
}

/** Minutes from the start of the trace at which each of these first told somebody. */
function toldAfter({ range }: ReplayReport, incidents: readonly Incident[]): number[] {
  return incidents.map(({ told: [first] }) => ((first?.at ?? Number.NaN) - range.from) / MINUTE_MS);
}

const reasons = (incident: Incident | undefined): string[] =>
  (incident?.because ?? []).map((alarm) => alarm.replace(`production-${incident?.server}-`, ""));

describe("one lost probe", () => {
  test("tells nobody, whichever server it is, and costs its budget that one check", async () => {
    for (const { name, probe, objectives } of production.servers) {
      const report = await hitting("lost-probe", name);
      expect(report.incidents, name).toEqual([]);
      const [budget] = summary(report, name).budgets;
      expect(budget?.spentMs, name).toBe(probe.every / probe.samples);
      expect(objectives.map((one) => one.name)).toContain(budget?.objective);
    }
  });
});

describe("a total outage", () => {
  test("[CARD-05] of five minutes is one critical page within five minutes of its start, of every server that is asked each minute", async () => {
    for (const server of EACH_MINUTE) {
      const report = await hitting("outage-5m", server);
      const [page, ...more] = told(report, "page");
      expect(more, server).toEqual([]);
      expect(page, server).toMatchObject({ server, tier: "page", severity: "critical" });
      const { firstPageAfterMs } = summary(report, server);
      expect(firstPageAfterMs, server).toBeGreaterThanOrEqual(2 * MINUTE_MS);
      expect(firstPageAfterMs, server).toBeLessThanOrEqual(5 * MINUTE_MS);
    }
  });

  test("[STAT-05] on both paths is a critical page that says that the server is down", async () => {
    const [page] = told(await replayed("outage-5m"), "page");
    expect(page).toMatchObject({ server: FIRST, severity: "critical" });
    expect(reasons(page)).toContain("down");
  });

  test("of two minutes is paged within five too, but where the repetition of its second check comes after it", async () => {
    const trace = loadTrace(source, "outage-2m");
    const missed: number[] = [];
    for (let second = 0; second < 60; second += 1) {
      const shifted = {
        ...trace,
        happenings: trace.happenings.map((one) => ({ ...one, at: one.at + second * 1_000 })),
      };
      const { firstPageAfterMs, told: counts } = summary(await hitting("outage-2m", FIRST, shifted), FIRST);
      if (counts.page === 0) missed.push(second);
      else expect(firstPageAfterMs, `second ${second}`).toBeLessThanOrEqual(5 * MINUTE_MS);
    }
    // it begins up to two seconds after a check and ends before the second one is repeated, two seconds later
    expect(missed).toEqual([1, 2]);
  });

  test("of half an hour is one page, which the second level hears of after half an hour of it", async () => {
    const report = await replayed("outage-30m");
    const pages = told(report, "page");
    expect(pages.map(({ server }) => server)).toEqual([FIRST]);
    const [first, second] = pages[0]?.told ?? [];
    expect(first).toMatchObject({ level: "L1", contacts: ["operations-engineer"] });
    expect(second).toMatchObject({ level: "L2", contacts: ["senior-operations-engineer"] });
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBe(30 * MINUTE_MS);
    expect(summary(report, FIRST).budgets).toMatchObject([{ spentMs: 30 * MINUTE_MS, spentPpm: 138_888 }]);
  });

  test("of half an hour is paged within fifteen minutes of a server that is asked every five", async () => {
    expect(EVERY_FIVE).not.toEqual([]);
    for (const server of EVERY_FIVE) {
      const { firstPageAfterMs, told: counts } = summary(await hitting("outage-30m", server), server);
      expect(counts.page, server).toBe(1);
      expect(firstPageAfterMs, server).toBeLessThanOrEqual(15 * MINUTE_MS);
    }
  });
});

describe("a rollout that takes a server away for 40 seconds", () => {
  test("pages nobody, of no server", async () => {
    for (const { name } of production.servers)
      expect(told(await hitting("deploy-restart", name)), name).toEqual([]);
  });
});

describe("a flapping server", () => {
  test("is paged within five minutes of its first fall, and by the hour's budget it is one page that stays", async () => {
    const report = await replayed("flapping");
    const { firstPageAfterMs, told: counts } = summary(report, FIRST);
    expect(firstPageAfterMs).toBeLessThanOrEqual(5 * MINUTE_MS);
    expect(counts.page).toBeGreaterThanOrEqual(1);
    // twelve falls are four pages at most: from the fourth fall on the budget's windows keep it open
    expect(counts.page).toBeLessThanOrEqual(4);
    expect(told(report).every(({ server }) => server === FIRST)).toBe(true);
  });
});

describe("errors that last", () => {
  let day: ReplayReport;
  let burn: ReplayReport;
  beforeAll(async () => {
    [day, burn] = [await replayed("errors-day"), await replayed("slow-burn")];
  });

  test("one of twenty for a day is a page and a ticket, with what it has spent of the budget by then", () => {
    const [page] = told(day, "page");
    const [ticket] = told(day, "ticket");
    expect(reasons(page).join()).toMatch(/availability-page-(slow|fast)-long/);
    const [budget] = page?.budgets ?? [];
    // it burns ten times too fast, so that a page is due before a tenth of the month's budget is gone
    expect(budget).toMatchObject({ objective: "availability" });
    expect(budget?.spentPpm).toBeGreaterThan(20_000);
    expect(budget?.spentPpm).toBeLessThan(100_000);
    expect(ticket?.budgets).toMatchObject([{ objective: "availability" }]);
    // two failures within five minutes, in which nothing of the budget's windows but the short ones takes part
    expect(reasons(ticket)).toEqual(["degraded"]);
    // 5 % of a day is 72 minutes, of 216 that 99.5 % leaves in 30 days
    expect(summary(day, FIRST).budgets[0]?.spentPpm).toBeGreaterThan(250_000);
    expect(summary(day, FIRST).budgets[0]?.spentPpm).toBeLessThan(420_000);
  });

  test("one of a hundred for three days is a ticket and no page", () => {
    expect(told(burn, "page")).toEqual([]);
    const tickets = told(burn, "ticket");
    expect(tickets.length).toBeGreaterThanOrEqual(1);
    expect(reasons(tickets[0]).join()).toContain("availability-ticket-slow-long");
  });
});

describe("what servers share", () => {
  test("a prober that dies is one alarm of the fleet that nobody is watching, and none of a server", async () => {
    const report = await replayed("prober-dead");
    expect(told(report).map(({ server, tier }) => `${server} ${tier}`)).toEqual(["fleet blind"]);
    expect(toldAfter(report, told(report))).toEqual([63]);
    const silenced = report.incidents.filter((one) => one.told.length === 0);
    expect(silenced.map(({ tier }) => tier)).toEqual(silenced.map(() => "blind"));
    for (const { heldBack } of silenced)
      expect(heldBack).toEqual([{ by: "alarm", alarm: "production-fleet-blind" }]);
  });

  test("ten servers that fail at once are one page of the fleet, and not ten", async () => {
    const report = await replayed("ten-servers");
    expect(told(report, "page").map(({ server }) => server)).toEqual(["fleet"]);
    expect(summary(report, "fleet").firstPageAfterMs).toBeLessThanOrEqual(5 * MINUTE_MS);
    const held = report.incidents.filter(({ tier, told: { length } }) => tier === "page" && length === 0);
    expect(held).toHaveLength(10);
    for (const { heldBack } of held)
      expect(heldBack).toEqual([{ by: "alarm", alarm: "production-fleet-page" }]);
  });
});

describe("what is no outage", () => {
  const traceOf = (happening: string): Trace =>
    parseTrace(
      "t.yaml",
      `trace: t\nmeans: a test\nstart: 2026-11-02T08:00:00Z\nlength: 2h\nhappenings:\n  - { ${happening} }\n`,
    );

  test("[STAT-06] a server of which exactly one path fails is a ticket that it is degraded, before any page", async () => {
    for (const path of ["mcp", "rest"]) {
      const report = await replayed(traceOf(`what: ${path}-fails, servers: [memory], at: 1h, for: 4m`));
      expect(
        told(report).map(({ server, tier }) => `${server} ${tier}`),
        path,
      ).toEqual(["memory ticket"]);
      expect(reasons(told(report)[0]), path).toContain("degraded");
      expect(reasons(told(report)[0]), path).not.toContain("down");
    }
  });

  test("[STAT-07] a server that lists one promised tool fewer is a ticket that says so, and no page", async () => {
    const report = await replayed("tools-missing");
    const promising = plan.servers.filter(({ alarms }) =>
      alarms.some(({ family }) => family === "tools-missing"),
    );
    expect(promising.map(({ server }) => server)).toContain("task-mcp");
    expect(new Set(told(report).map(({ server, tier }) => `${server} ${tier}`))).toEqual(
      new Set(promising.map(({ server }) => `${server} ticket`)),
    );
    for (const incident of told(report)) expect(reasons(incident)).toEqual(["tools-missing"]);
  });

  test("a server that refuses the probe is a ticket of its credentials, and charged to no budget", async () => {
    const report = await replayed(traceOf("what: refused, servers: [memory], at: 1h, for: 30m"));
    expect(told(report).map(({ tier }) => tier)).toEqual(["ticket"]);
    expect(reasons(told(report)[0])).toEqual(["auth"]);
    expect(summary(report, "memory").budgets).toMatchObject([{ spentPpm: 0 }]);
  });
});

describe("the night in which Berlin's clocks go back", () => {
  test("a page of 02:33 in summer time is followed by the second level at 02:03 in winter time: half an hour later", async () => {
    const report = await replayed("daylight-saving");
    const [page] = told(report, "page");
    const at = (level: string): string =>
      new Date(page?.told.find((one) => one.level === level)?.at ?? 0).toISOString();
    expect(at("L1")).toBe("2026-10-25T00:33:00.000Z");
    expect(at("L2")).toBe("2026-10-25T01:03:00.000Z");
    expect(summary(report, FIRST).budgets[0]?.spentMs).toBe(120 * MINUTE_MS);
  });

  test("[PLAY-12] maintenance from 01:00 for three hours ends at 03:00 in winter time: told then, charged from then", async () => {
    const files = edited(catalogFiles(), {
      file: "stacks/production.yaml",
      from: "platform: cloud\n",
      to: `platform: cloud\nmaintenance:\n  clocks: { servers: [${FIRST}], reason: a test, at: "2026-10-25T01:00", zone: Europe/Berlin, for: 3h }\n`,
    });
    const environment = loadEnvironment(mapSource(files), "production");
    const report = await replayed("daylight-saving", environment);
    const [page] = told(report, "page");
    expect(new Date(page?.firesAt ?? 0).toISOString()).toBe("2026-10-25T00:32:00.000Z");
    expect(new Date(page?.told[0]?.at ?? 0).toISOString()).toBe("2026-10-25T02:00:00.000Z");
    expect(page?.heldBack).toContainEqual({ by: "maintenance" });
    expect(summary(report, FIRST).budgets[0]?.spentMs).toBe(30 * MINUTE_MS);
  });
});
