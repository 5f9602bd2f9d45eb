/** What every alarm of the catalog says to whoever is woken. Not proved here: that the advice helps. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { SEVERITIES } from "../../catalog/shared.ts";
import { diskSource } from "../../catalog/source.ts";
import { buildProgram } from "../../ops/main.ts";
import { alarmsOf, parseRule } from "../../plan/cloudwatch/composite-rule.ts";
import { buildPlan } from "../../plan/plan.ts";

const ROOT = join(import.meta.dirname, "..", "..");

describe.each(["local", "staging", "production"])("the alarms of %s", (environment) => {
  const plan = buildPlan(loadEnvironment(diskSource(ROOT), environment));
  const everything = [...plan.servers, plan.fleet];
  const metric = everything.flatMap(({ alarms }) => alarms);
  const composites = everything.flatMap((one) => one.composites);
  const all = [...metric, ...composites];

  it("each have a severity, a page that exists, and a text that says what it means and what to do first", () => {
    for (const { severity, runbook, definition } of all) {
      const { AlarmName: name, AlarmDescription: text } = definition;
      expect(SEVERITIES, name).toContain(severity);
      expect(existsSync(join(ROOT, runbook)), name).toBe(true);
      expect(text, name).toMatch(/^.{20,} First: .{20,} Runbook: docs\/runbooks\/[a-z-]+\.md$/s);
      expect(text, name).not.toMatch(/\{\w+\}|undefined|…$/);
      expect(text.length, name).toBeLessThanOrEqual(1_024);
    }
  });

  it("have names of their own, which no other alarm has", () => {
    expect(new Set(all.map(({ definition }) => definition.AlarmName)).size).toBe(all.length);
  });

  it("act only as composites, and every metric alarm is behind one", () => {
    expect(metric.filter(({ definition }) => definition.ActionsEnabled)).toEqual([]);
    const named = new Set(composites.flatMap(({ definition }) => alarmsOf(parseRule(definition.AlarmRule))));
    // a composite that acts for nobody is a part of one that does
    for (const { definition } of composites)
      expect(definition.ActionsEnabled || named.has(definition.AlarmName), definition.AlarmName).toBe(true);
    const behind = new Set(composites.flatMap(({ definition }) => alarmsOf(parseRule(definition.AlarmRule))));
    expect(metric.map(({ definition }) => definition.AlarmName).filter((name) => !behind.has(name))).toEqual(
      [],
    );
    const topics = plan.escalations.flatMap(({ levels }) => levels.map(({ topic }) => topic));
    expect(composites.filter(({ topic }) => !topics.includes(topic))).toEqual([]);
  });
});

it("the pages name only commands that exist", () => {
  const commands = new Set(buildProgram().commands.map((command) => command.name()));
  const runbooks = Object.values(loadEnvironment(diskSource(ROOT), "production").families).map(
    ({ runbook }) => runbook,
  );
  for (const page of new Set(runbooks)) {
    const text = readFileSync(join(ROOT, page), "utf8");
    const named = [...text.matchAll(/npx rollcall ([a-z]+)/g)].map(([, command = ""]) => command);
    expect(
      named.filter((command) => !commands.has(command)),
      page,
    ).toEqual([]);
    const scripts = (
      JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> }
    ).scripts;
    const run = [...text.matchAll(/npm run ([a-z:]+)/g)].map(([, script = ""]) => script);
    expect(
      run.filter((script) => !(script in scripts)),
      page,
    ).toEqual([]);
  }
});

it("[PLAY-06] [PLAY-07] a server that is down is answered within 5 minutes, an incident of security within 2, by both engines", () => {
  const { servers, fleet, prometheus } = buildPlan(loadEnvironment(diskSource(ROOT), "production"));
  const text = (name: string): string | undefined =>
    [...servers, fleet]
      .flatMap(({ alarms }) => alarms)
      .find(({ definition }) => definition.AlarmName === name)?.definition.AlarmDescription;
  expect(text("production-memory-down")).toContain(" Answer within 5m. First: ");
  expect(text("production-fleet-security-incident")).toContain(" Answer within 2m. First: ");
  expect(text("production-memory-tools-wording")).toContain(" Answer within 2m. First: ");
  const respond = (alert: string): Set<string | undefined> =>
    new Set(
      prometheus.groups
        .flatMap(({ rules }) => rules)
        .filter((rule) => rule.alert === alert)
        .map(({ annotations }) => annotations?.respond),
    );
  expect(respond("MCPServerDown")).toEqual(new Set(["5m"]));
  expect(respond("MCPSecurityIncident")).toEqual(new Set(["2m"]));
});

it("what stands for all servers names a command that asks all of them", () => {
  const { fleet } = buildPlan(loadEnvironment(diskSource(ROOT), "production"));
  const texts = fleet.composites.map(({ definition }) => definition.AlarmDescription).join("\n");
  expect(texts).toContain("`npx rollcall check --all --env production`");
  expect(texts).not.toMatch(/check fleet|check --env/);
});
