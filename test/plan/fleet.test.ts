import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import type { Environment } from "../../catalog/types.ts";
import { alarmsOf, parseRule } from "../../plan/cloudwatch/composite-rule.ts";
import { buildPlan } from "../../plan/plan.ts";
import { catalogFiles, mapSource } from "../support/catalog-files.ts";

const environment = loadEnvironment(mapSource(catalogFiles()), "production");
const plan = buildPlan(environment);

/** The same environment with its servers many times over, each under a name of its own. */
function multiplied(times: number): Environment {
  const servers = Array.from({ length: times }, (_, copy) =>
    environment.servers.map((server) => ({ ...server, name: `${server.name}-${copy}` })),
  ).flat();
  return { ...environment, servers };
}

describe("[CARD-05] the composites", () => {
  test("are the only alarms that act, and each is held back while its own probe is silent", () => {
    const all = [...plan.servers, plan.fleet];
    expect(
      new Set(all.flatMap(({ alarms }) => alarms.map(({ definition }) => definition.ActionsEnabled))),
    ).toEqual(new Set([false]));
    for (const { server, composites } of plan.servers) {
      const heldBack = composites.filter(({ definition }) =>
        definition.AlarmRule.endsWith(` AND NOT ALARM("production-${server}-heartbeat")`),
      );
      expect(heldBack.map(({ definition }) => definition.AlarmName)).toEqual([
        `production-${server}-failing`,
        ...composites.filter(({ kind }) => kind === "ticket").map(({ definition }) => definition.AlarmName),
      ]);
    }
  });

  test("of a server's page and blindness wait for the fleet's, which makes one page of many", () => {
    const own = plan.servers.find(({ server }) => server === "github")?.composites ?? [];
    const [part, page] = own;
    const blind = own.find(({ kind }) => kind === "blind");
    const tickets = own.filter(({ kind }) => kind === "ticket");
    expect(part?.definition).toMatchObject({ AlarmName: "production-github-failing", ActionsEnabled: false });
    expect(page?.definition).toMatchObject({
      AlarmRule: 'ALARM("production-github-failing")',
      ActionsSuppressor: "production-fleet-page",
      ActionsSuppressorWaitPeriod: 60,
      ActionsSuppressorExtensionPeriod: 300,
    });
    expect(blind?.definition.ActionsSuppressor).toBe("production-fleet-blind");
    expect(tickets).toHaveLength(2);
    expect(JSON.stringify(tickets)).not.toContain("ActionsSuppressor");
  });

  test("of the fleet count servers, and name none that they hold back, for each would have to exist before the other", () => {
    const page = plan.fleet.composites.find(({ kind }) => kind === "page");
    expect(page?.definition.AlarmRule).toMatch(/^AT_LEAST\(3, ALARM, \("production-[a-z-]+-failing", /);
    const named = new Set(
      plan.fleet.composites.flatMap(({ definition }) => alarmsOf(parseRule(definition.AlarmRule))),
    );
    const heldBack = plan.servers
      .flatMap(({ composites }) => composites)
      .filter(({ definition }) => definition.ActionsSuppressor !== undefined);
    expect(heldBack).toHaveLength(2 * plan.servers.length);
    expect(heldBack.filter(({ definition }) => named.has(definition.AlarmName))).toEqual([]);
  });

  test("of a large fleet stay within CloudWatch's hundred children, in parts that tell nobody", () => {
    const { fleet } = buildPlan(multiplied(20));
    const parts = fleet.composites.filter(({ definition }) => !definition.ActionsEnabled);
    const acting = fleet.composites.filter(({ definition }) => definition.ActionsEnabled);
    expect(parts).toHaveLength(2 * 3);
    expect(acting.map(({ definition }) => definition.AlarmName)).toEqual([
      "production-fleet-page",
      "production-fleet-blind",
      "production-fleet-security",
      "production-fleet-ticket-high",
      "production-fleet-probe-runner",
      "production-fleet-probe-runner-queue",
      "production-fleet-delivery",
      "production-fleet-delivery-queue",
      "production-fleet-log-shipping",
      "production-fleet-backup",
      "production-fleet-data-loss",
    ]);
    for (const { definition } of fleet.composites) {
      expect(alarmsOf(parseRule(definition.AlarmRule)).length).toBeLessThanOrEqual(100);
      expect(definition.AlarmRule.length).toBeLessThanOrEqual(10_240);
    }
    const named = parts.flatMap(({ definition }) => alarmsOf(parseRule(definition.AlarmRule)));
    expect(new Set(named).size).toBe(2 * 300);
  });

  test("of a fleet with fewer servers than make one page are none, and nothing waits for them", () => {
    const few = buildPlan({ ...environment, servers: environment.servers.slice(0, 2) });
    const names = few.fleet.composites.map(({ definition }) => definition.AlarmName);
    expect(names).not.toContain("production-fleet-page");
    expect(names).not.toContain("production-fleet-blind");
    expect(JSON.stringify(few.servers)).not.toContain("ActionsSuppressor");
  });
});

describe("lines of the logs", () => {
  test("[PLAY-07] of an incident of security go straight to level 2, within a minute of the first one", () => {
    const alarm = plan.fleet.alarms.find(({ family }) => family === "security");
    expect(alarm?.definition).toMatchObject({
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      Statistic: "Sum",
    });
    const composite = plan.fleet.composites.find(({ kind }) => kind === "security");
    expect([composite?.severity, composite?.escalation, composite?.topic]).toEqual([
      "critical",
      "security",
      "production-security-L2",
    ]);
  });

  test("[PLAY-07] a reworded tool takes the same way", () => {
    const composite = plan.servers
      .find(({ server }) => server === "filesystem")
      ?.composites.find(({ kind }) => kind === "security");
    expect(composite?.definition.AlarmRule).toBe('(ALARM("production-filesystem-tools-wording"))');
    expect(composite?.topic).toBe("production-security-L2");
  });

  test("are counted in every log group of a server that we run, and in no other", () => {
    const groups = new Set(plan.fleet.metricFilters.map(({ logGroup }) => logGroup));
    const own = plan.logGroups.map(({ name }) => name).filter((name) => name.includes("/servers"));
    expect([...groups].sort()).toEqual([...own].sort());
    expect(plan.fleet.metricFilters).toHaveLength(own.length * environment.logEvents.length);
  });
});
