import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { buildPlan } from "../../plan/plan.ts";
import { runbookNumbers } from "../../plan/runbook-numbers.ts";
import type { Plan } from "../../plan/types.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";
import { asRecord, asString, differences } from "../support/json.ts";

const FILE = "stacks/servers/task-mcp.yaml";
const files = catalogFiles();

/** What a number of the catalog changes in a plan of production, by paths that name things and do not count them. */
function changedBy(from: string, to: string): string[] {
  const planned = (source: typeof files): unknown => {
    const environment = loadEnvironment(mapSource(source), "production");
    return named({ ...buildPlan(environment), runbooks: runbookNumbers(environment) });
  };
  const changed = differences(planned(files), planned(edited(files, { file: FILE, from, to })));
  return [...changed.keys()].sort(byText);
}

const byText = (a: string, b: string): number => a.localeCompare(b);

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
    [
      ruleName(record),
      record.record,
      record.uid,
      record.page,
      record.name,
      record.server,
      record.escalation,
      record.label,
    ]
      .map(asString)
      .find((name) => name !== undefined)
  );
}

/** Several alerts or recordings of one name differ by their promise, their threshold or its step. */
function ruleName({ alert, record, labels }: Record<string, unknown>): unknown {
  const { slo, threshold, step } = asRecord(labels);
  const isOneOfSeveral =
    alert === "MCPSlowResponseTime" ||
    threshold !== undefined ||
    record === "rollcall:latency_seconds:quantile";
  const about = isOneOfSeveral ? [slo, threshold, step].filter((one) => one !== undefined) : [];
  return alert === undefined && about.length === 0 ? undefined : [alert ?? record, ...about].join(" ");
}

/** Where a change is seen: alarms, rules, dashboards of CloudWatch and of Grafana, and the pages of the runbooks. */
interface Reached {
  readonly alarms: readonly string[];
  readonly rules: readonly string[];
  readonly lines: readonly string[];
  readonly panels: readonly string[];
  readonly runbooks: readonly string[];
  readonly others: readonly string[];
}

const PLACES = {
  alarms: 'servers["task-mcp"].alarms["production-task-mcp-',
  rules: 'prometheus.groups["production-task-mcp',
  lines: 'dashboards["rollcall-production-overview"].body.widgets["task-mcp: ',
  panels: "grafana[",
  runbooks: "runbooks[",
} as const;

function reached(from: string, to: string): Reached {
  const paths = changedBy(from, to);
  const at = (prefix: string): string[] =>
    paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  const prefixes = Object.values(PLACES);
  return {
    alarms: at(PLACES.alarms).map((path) => path.replace('"].definition', "")),
    rules: at(PLACES.rules),
    lines: at(PLACES.lines).map((path) => path.replace('"].properties.annotations.horizontal', "")),
    // a panel is known by its dashboard: its title says the number
    panels: [...new Set(at(PLACES.panels).map((path) => path.split('"')[1] ?? ""))],
    runbooks: [...new Set(at(PLACES.runbooks).map((path) => path.split('"')[1] ?? ""))],
    others: paths.filter((path) => !prefixes.some((prefix) => path.startsWith(prefix))),
  };
}

/** The hash of the whole catalog, in the plan and in what a backup says of itself. */
const HASHES = ["backups[0].cluster.job.catalog", "catalog"];

const TIERS = ["page-fast", "page-slow", "ticket-fast", "ticket-slow"];

describe("[CARD-11] a number that is changed in the catalog, once,", () => {
  test("reaches alarms, texts, rules, the dashboards and the runbook of its objective, and nothing else", () => {
    const objective = "api-availability";
    expect(
      reached(`${objective}: { sli: mcp, objective: 99.9%,`, `${objective}: { sli: mcp, objective: 99.8%,`),
    ).toEqual({
      alarms: TIERS.flatMap((tier) => [
        `${objective}-${tier}-long.AlarmDescription`,
        `${objective}-${tier}-long.Threshold`,
        `${objective}-${tier}-short.AlarmDescription`,
        // six samples a minute: the short window is a ratio too, and the steepest one's that of the floor
        ...(tier === "page-fast" ? [] : [`${objective}-${tier}-short.Threshold`]),
      ]).sort(byText),
      rules: [
        ...["MCPErrorBudgetPage", "MCPErrorBudgetTicket"].flatMap((alert) =>
          ["annotations.description", "annotations.summary", "expr"].map(
            (field) => `-${objective}-alerts"].rules.${alert}.${field}`,
          ),
        ),
        `-${objective}-budget"].rules.rollcall_slo_info.labels.objective`,
        `-${objective}-budget"].rules["slo:error_budget:ratio"].expr`,
        `-${objective}-budget"].rules["slo:objective:ratio"].expr`,
      ].sort(byText),
      lines: [`availability["${objective} 99.8% in 30d"]`, `availability["${objective} 99.9% in 30d"]`],
      panels: ["task-mcp-overview"],
      runbooks: ["docs/runbooks/slo-violations.md"],
      others: [
        ...HASHES,
        `servers["task-mcp"].objectives["${objective}"].budgetMs`,
        `servers["task-mcp"].objectives["${objective}"].failuresToPage`,
        `servers["task-mcp"].objectives["${objective}"].objectivePpm`,
      ],
    });
  });

  test("reaches the alarm, its text, the rules, the dashboards and the runbook of a latency, and nothing else", () => {
    expect(reached("percentile: 95, below: 200ms", "percentile: 95, below: 250ms")).toEqual({
      alarms: ["latency-p95.AlarmDescription", "latency-p95.Threshold"],
      rules: ["annotations.description", "annotations.summary", "expr"].map(
        (field) => `-values"].rules["MCPSlowResponseTime latency-p95"].${field}`,
      ),
      lines: ['latency["latency-p95 p95"].value'],
      panels: ["mcp-performance", "task-mcp-api", "task-mcp-overview"],
      runbooks: ["docs/runbooks/performance-degradation.md"],
      others: [...HASHES, 'servers["task-mcp"].objectives["latency-p95"].belowMs'],
    });
  });

  test("reaches the alarm, its text, the rules, the dashboards and the runbook of a threshold, and nothing else", () => {
    expect(reached("critical: 2GiB", "critical: 2.5GiB")).toEqual({
      alarms: ["memory-critical.AlarmDescription", "memory-critical.Threshold"],
      rules: [
        '-values"].rules["MCPHighMemoryUsage memory critical"].annotations.description',
        '-values"].rules["MCPHighMemoryUsage memory critical"].annotations.summary',
        '-values"].rules["MCPHighMemoryUsage memory critical"].expr',
        // the line that the dashboards draw
        '-values"].rules["rollcall:threshold:limit memory critical"].expr',
      ],
      lines: ['memory["critical 2.5GiB"]', 'memory["critical 2GiB"]'],
      panels: ["system-resources", "task-mcp-infrastructure"],
      runbooks: ["docs/runbooks/threshold.md"],
      others: HASHES,
    });
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
