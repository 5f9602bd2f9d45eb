/** The Prometheus rules as data. Not proved here: what they fire on; promtool plays that in test/real. */
import { describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import type { Environment } from "../../catalog/types.ts";
import { burnWindows } from "../../plan/burn.ts";
import { planPrometheus } from "../../plan/prometheus/groups.ts";
import { objectName, prometheusRuleObjects } from "../../plan/prometheus/objects.ts";
import { errorRatio } from "../../plan/prometheus/recordings.ts";
import { exported } from "../../plan/prometheus/series.ts";
import type { PrometheusRule } from "../../plan/types.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";

const files = catalogFiles();
const TASK = "stacks/servers/task-mcp.yaml";
const load = (environment: string, from = files): Environment =>
  loadEnvironment(mapSource(from), environment);
const changed = (from: string, to: string): Environment =>
  load("production", edited(files, { file: TASK, from, to }));
const environments = ["local", "staging", "production"].map((name) => load(name));
const production = load("production");

const rulesOf = (environment: Environment): PrometheusRule[] =>
  planPrometheus(environment).flatMap(({ rules }) => rules);
const alertsOf = (environment: Environment): PrometheusRule[] =>
  rulesOf(environment).filter(({ alert }) => alert !== undefined);
const ofPromise = (environment: Environment, slo: string): PrometheusRule[] =>
  rulesOf(environment).filter(({ labels }) => labels?.server === "task-mcp" && labels.slo === slo);
const namesOf = (rules: readonly PrometheusRule[]): string[] =>
  rules.map(({ record, alert }) => record ?? alert ?? "");

describe("[PLAY-09] a promise with a budget", () => {
  it("has the seventeen series that Sloth's users know", () => {
    expect(namesOf(ofPromise(production, "api-availability"))).toEqual([
      ...["5m", "30m", "1h", "2h", "6h", "1d", "3d"].map((window) => `slo:sli_error:ratio_rate${window}`),
      "slo:sli_error:ratio_rate30d",
      "slo:objective:ratio",
      "slo:error_budget:ratio",
      "slo:time_period:days",
      "slo:current_burn_rate:ratio",
      "slo:period_burn_rate:ratio",
      "slo:period_error_budget_remaining:ratio",
      "rollcall_slo_info",
      "MCPErrorBudgetPage",
      "MCPErrorBudgetTicket",
    ]);
  });

  it("has as many of them in every environment, whatever its windows are", () => {
    for (const environment of environments)
      for (const server of environment.servers)
        for (const { name, sli } of server.objectives) {
          if (sli === "latency") continue;
          const own = rulesOf(environment).filter(
            ({ labels }) => labels?.server === server.name && labels.slo === name,
          );
          expect(own, `${environment.name} ${server.name} ${name}`).toHaveLength(17);
        }
  });

  it("has no page where its file says so, and all that a dashboard shows", () => {
    const quiet = changed("objective: 99.9%, window: 30d", "objective: 99.9%, window: 30d, page: false");
    const all = namesOf(ofPromise(production, "api-availability"));
    expect(namesOf(ofPromise(quiet, "api-availability"))).toEqual(
      all.filter((name) => name !== "MCPErrorBudgetPage"),
    );
  });

  it("records no window twice where its own is one of the alerts'", () => {
    const short = changed("objective: 99.9%, window: 30d", "objective: 99%, window: 3d");
    const names = namesOf(ofPromise(short, "api-availability"));
    expect(names).toHaveLength(16);
    expect(new Set(names).size).toBe(16);
  });

  it("fires at the limits that CloudWatch's alarms have", () => {
    for (const environment of environments)
      for (const server of environment.servers)
        for (const objective of server.objectives) {
          if (objective.sli === "latency") continue;
          const alerts = alertsOf(environment).filter(
            ({ labels }) => labels?.server === server.name && labels.slo === objective.name,
          );
          for (const { family, long, short } of burnWindows(environment, server, objective)) {
            const name = family === "budget-page" ? "MCPErrorBudgetPage" : "MCPErrorBudgetTicket";
            const expr = alerts.find(({ alert }) => alert === name)?.expr ?? "";
            for (const { seconds, limit } of [long, short])
              expect(expr).toMatch(new RegExp(`${errorRatio(seconds)}\\{[^}]*\\}[^>]*> ${limit}[ )]`));
          }
        }
  });

  it("is read from its path, or from a gauge of its own where something else decides", () => {
    const burning = changed(
      "objective: 99.9%, window: 30d }",
      "objective: 99.9%, window: 30d, burns: [timeout] }",
    );
    const first = (environment: Environment): string =>
      ofPromise(environment, "api-availability")[0]?.expr ?? "";
    const id = 'environment="production",server="task-mcp"';
    expect(first(production)).toContain(`mcp_probe_success{${id},path="mcp"}[5m]`);
    expect(first(burning)).toContain(`mcp_objective_success{${id},slo="api-availability"}[5m]`);
  });
});

describe("every alert", () => {
  it("[PLAY-09] says how bad it is, whose it is, who is told, what it means and what to do", () => {
    for (const environment of environments)
      for (const { alert, labels, annotations } of alertsOf(environment)) {
        expect(labels, alert).toMatchObject({ environment: environment.name });
        expect(annotations, alert).toMatchObject({
          summary: expect.stringMatching(/./),
          description: expect.stringMatching(/./),
          runbook_url: expect.stringMatching(/^docs\/runbooks\/.*\.md$/),
        });
        if (alert === "Watchdog") continue;
        expect(labels, alert).toMatchObject({
          severity: expect.stringMatching(/^(critical|high|medium|low)$/),
          escalation: expect.stringMatching(/./),
        });
        if (alert !== "MCPEscalation") expect(labels?.server, alert).toBeDefined();
        expect(annotations?.respond, alert).toMatch(/^\d+[mhd]$/);
      }
  });

  it("[PLAY-07] of a reworded tool goes to the security team's escalation, which begins at level 2", () => {
    const incidents = alertsOf(production).filter(({ alert }) => alert === "MCPSecurityIncident");
    expect(incidents.length).toBeGreaterThan(0);
    for (const { labels, for: wait } of incidents) {
      expect(labels).toMatchObject({ severity: "critical", escalation: "security", kind: "security" });
      expect(wait).toBeUndefined();
    }
    expect(production.escalations.find(({ name }) => name === "security")?.levels[0]).toMatchObject({
      name: "L2",
      after: 0,
    });
  });

  it("is written without a float's tail", () => {
    for (const environment of environments)
      for (const { expr, alert, record } of rulesOf(environment))
        expect(expr, alert ?? record).not.toMatch(/\d\.\d{7,}|\de[-+]\d/);
  });

  it("differs from every other by its labels, and a target is a line and no alert", () => {
    for (const environment of environments) {
      const keys = rulesOf(environment).map(({ alert, record, labels }) =>
        JSON.stringify([alert ?? record, labels]),
      );
      expect(new Set(keys).size).toBe(keys.length);
    }
    const targets = rulesOf(production).filter(({ labels }) => labels?.step === "target");
    expect(new Set(namesOf(targets))).toEqual(new Set(["rollcall:threshold:limit"]));
  });
});

describe("a threshold", () => {
  it("is set on what the exporter shows of its metric, and on nothing that it does not show", () => {
    expect(exported("ServerMemory")?.expr({})).toBe("mcp_server_memory_usage_bytes{}");
    expect(exported("cctelegram_events_per_minute")?.expr({ a: "b" })).toBe(
      'cctelegram_events_per_minute{a="b"}',
    );
    expect(exported("McpLatency")?.divisor).toBe(1_000);
    expect(exported("Retries")).toBeUndefined();
    expect(exported("constructor")?.expr({})).toBe("constructor{}");
  });

  it("has an alert for its critical value that is worse than the one for its warning", () => {
    const steps = alertsOf(production)
      .filter(({ labels }) => labels?.server === "cctelegram" && labels.threshold === "event-rate")
      .map(({ labels, expr }) => [labels?.step, labels?.severity, / < (\d+)/.exec(expr)?.[1]]);
    expect(steps).toEqual([
      ["warning", "medium", "50"],
      ["critical", "high", "10"],
    ]);
  });
});

describe("[PLAY-09] the objects of the Prometheus operator", () => {
  it("are one a server and one for all together, each far below the megabyte that an object may have", () => {
    const groups = planPrometheus(production);
    const objects = prometheusRuleObjects(production, groups);
    expect(objects.map(({ metadata }) => metadata.name)).toEqual([
      ...production.servers.map(({ name }) => `rollcall-production-${name}`),
      "rollcall-production-fleet",
    ]);
    expect(objects.flatMap(({ spec }) => spec.groups)).toHaveLength(groups.length);
    for (const object of objects) expect(JSON.stringify(object).length).toBeLessThan(2 ** 18);
  });

  it("have names that Kubernetes takes, and two servers never one name", () => {
    expect(objectName("rollcall-production-task-mcp")).toBe("rollcall-production-task-mcp");
    const names = ["rollcall-a-My_Server", "rollcall-a-my_server", "rollcall-a-my-server"].map(objectName);
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  });
});
