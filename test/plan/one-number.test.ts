import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { Plan } from "../../plan/types.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";
import { asRecord, asString, differences } from "../support/json.ts";

const FILE = "stacks/servers/task-mcp.yaml";
const files = catalogFiles();

/** What a number of the catalog changes in a plan of production, by paths that name things and do not count them. */
function changedBy(from: string, to: string): string[] {
  const before = named(buildPlan(loadEnvironment(mapSource(files), "production")));
  const after = named(
    buildPlan(loadEnvironment(mapSource(edited(files, { file: FILE, from, to })), "production")),
  );
  return [...differences(before, after).keys()].sort((a, b) => a.localeCompare(b));
}

/** A plan with every list of named things as an object by their names. */
function named(value: unknown): unknown {
  if (Array.isArray(value)) {
    const names = value.map(nameOf);
    const distinct = new Set(names).size === names.length && !names.includes(undefined);
    return distinct && names.length > 0
      ? Object.fromEntries(value.map((item, index) => [names[index] ?? "", named(item)]))
      : value.map(named);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, named(item)]));
}

function nameOf(value: unknown): string | undefined {
  const record = asRecord(value);
  return (
    asString(asRecord(record.definition).AlarmName) ??
    asString(asRecord(record.properties).title) ??
    [ruleName(record), record.record, record.name, record.server, record.escalation, record.label]
      .map(asString)
      .find((name) => name !== undefined)
  );
}

/** Several alerts of one name differ by their promise. */
function ruleName({ alert, labels }: Record<string, unknown>): unknown {
  const slo = asString(asRecord(labels).slo);
  return typeof alert === "string" && alert === "MCPSlowResponseTime" ? `${alert} ${slo}` : alert;
}

const within = (prefix: string, paths: readonly string[]): string[] =>
  paths.map((path) => `${prefix}${path}`);
const alarm = (suffix: string): string =>
  `servers["task-mcp"].alarms["production-task-mcp-${suffix}"].definition`;

describe("[CARD-11] a number that is changed in the catalog, once,", () => {
  test("reaches the alarms, their texts, the Prometheus rules and the dashboard line of its objective, and nothing else", () => {
    const changed = changedBy(
      "api-availability: { sli: mcp, objective: 99.9%,",
      "api-availability: { sli: mcp, objective: 99.8%,",
    );
    const pairs = ["page-fast", "page-slow", "ticket-fast", "ticket-slow"];
    const texts = pairs.flatMap((pair) =>
      ["long", "short"].map((end) => `${alarm(`api-availability-${pair}-${end}`)}.AlarmDescription`),
    );
    const rules = 'prometheus.groups["production-task-mcp-api-availability-alerts"].rules';
    const dashboard = 'dashboards["rollcall-production-overview"].body.widgets["task-mcp: availability"]';
    const line = `${dashboard}.properties.annotations.horizontal`;
    expect(changed).toEqual(
      [
        "catalog",
        ...within('servers["task-mcp"].objectives["api-availability"].', ["objectivePpm", "budgetMs"]),
        ...texts,
        ...pairs.map((pair) => `${alarm(`api-availability-${pair}-long`)}.Threshold`),
        `${rules}.MCPErrorBudgetPage.expr`,
        `${rules}.MCPErrorBudgetTicket.expr`,
        // a line is known by its label, which says the number
        ...within(line, ['["api-availability 99.9% in 30d"]', '["api-availability 99.8% in 30d"]']),
      ].sort((a, b) => a.localeCompare(b)),
    );
  });

  test("reaches the alarm, its text, the Prometheus rule and the dashboard line of a latency, and nothing else", () => {
    expect(changedBy("percentile: 95, below: 200ms", "percentile: 95, below: 250ms")).toEqual([
      "catalog",
      'dashboards["rollcall-production-overview"].body.widgets["task-mcp: latency"].properties.annotations.horizontal["latency-p95 p95"].value',
      ...within('prometheus.groups["production-task-mcp"].rules["MCPSlowResponseTime latency-p95"]', [
        ".annotations.description",
        ".annotations.summary",
        ".expr",
      ]),
      `${alarm("latency-p95")}.AlarmDescription`,
      `${alarm("latency-p95")}.Threshold`,
      'servers["task-mcp"].objectives["latency-p95"].belowMs',
    ]);
  });

  test("stands in every place as the same number", () => {
    const plan = buildPlan(
      loadEnvironment(
        mapSource(edited(files, { file: FILE, from: "objective: 99.9%,", to: "objective: 99.8%," })),
        "production",
      ),
    );
    expect(thresholdOf(plan, "production-task-mcp-api-availability-page-fast-long")).toBe(0.9712);
    const rules = JSON.stringify(plan.prometheus);
    expect(rules).toContain("> 0.0288");
    expect(JSON.stringify(plan.dashboards)).toContain('"value":0.998');
  });
});

function thresholdOf(plan: Plan, name: string): number | undefined {
  return plan.servers.flatMap(({ alarms }) => alarms).find(({ definition }) => definition.AlarmName === name)
    ?.definition.Threshold;
}
