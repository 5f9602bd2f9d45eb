/**
 * The Prometheus rules as promtool reads them, and what they fire on when promtool plays outages to them. Not proved
 * here: that people are reached, which is Alertmanager's part.
 */
import { expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import type { Environment } from "../../catalog/types.ts";
import { planPrometheus } from "../../plan/prometheus/groups.ts";
import type { PrometheusGroup } from "../../plan/types.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { checkRules, type Expectation, type Input, testRules } from "../support/promtool.ts";

const files = catalogFiles();
const load = (environment: string, from = files): Environment =>
  loadEnvironment(mapSource(from), environment);

/** The groups with these names. */
function named(environment: Environment, names: readonly string[]): PrometheusGroup[] {
  return planPrometheus(environment).filter(({ name }) =>
    names.some((one) => name === `${environment.name}-${one}`),
  );
}

/** Every group of these servers. */
function groupsOf(environment: Environment, servers: readonly string[]): PrometheusGroup[] {
  return planPrometheus(environment).filter(({ rules }) =>
    rules.some(({ labels }) => servers.includes(labels?.server ?? "")),
  );
}

const series = (
  metric: string,
  server: string,
  values: string,
  more = "",
  environment = "production",
): Input => [`${metric}{environment="${environment}",server="${server}"${more}}`, values];
/** What the exporter shows of a server with the MCP path alone. */
const plain = (server: string, values: string, environment = "production"): Input[] => [
  series("mcp_server_up", server, values, "", environment),
  series("mcp_probe_success", server, values, ',path="mcp"', environment),
];

/** Every alert that fires at a moment, and no other: as `alertname server`, or by other labels. */
function firing(
  at: number,
  alerts: readonly string[],
  by: readonly string[] = ["alertname", "server"],
): Expectation {
  return {
    at,
    expr: `group by (${by.join(", ")}) (ALERTS{alertstate="firing",alertname!="Watchdog"})`,
    samples: Object.fromEntries(
      alerts.map((alert) => {
        const pairs = alert.split(" ").map((value, index) => `${by[index] ?? ""}="${value}"`);
        return [`{${pairs.filter((pair) => !pair.endsWith('=""')).join(", ")}}`, 1];
      }),
    ),
  };
}

describeWithTools(["promtool"], "the Prometheus rules", () => {
  const production = load("production");

  it.each(["local", "staging", "production"])(
    "[PLAY-09] of %s are accepted by promtool",
    async (environment) => {
      const groups = planPrometheus(load(environment));
      const count = groups.reduce((sum, group) => sum + group.rules.length, 0);
      expect(await checkRules(groups)).toContain(`SUCCESS: ${count} rules found`);
    },
  );

  it("[PLAY-06] [STAT-05] page for a server whose every path fails, within five minutes, and not for one lost probe", async () => {
    const groups = groupsOf(production, ["memory"]);
    const rule = groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === "MCPServerDown");
    expect(rule?.labels).toMatchObject({ severity: "critical", kind: "page" });
    await testRules({
      groups,
      interval: "30s",
      // a probe a minute, scraped twice: lost at minute 30, an outage from 60 to 90
      series: plain("memory", "1x59 0x1 1x57 0x59 1x120"),
      expect: [
        ...[31, 32, 35, 59].map((at) => firing(at, [])),
        firing(65, ["MCPServerDown memory", "MCPErrorBudgetPage memory"]),
        // over, and for half an hour still within the slow window; the ticket stays for what it has cost
        firing(98, ["MCPErrorBudgetPage memory", "MCPErrorBudgetTicket memory"]),
        firing(125, ["MCPErrorBudgetTicket memory"]),
      ],
      alerts: [
        {
          eval_time: "65m",
          alertname: "MCPServerDown",
          exp_alerts: [{ exp_labels: rule?.labels, exp_annotations: rule?.annotations }],
        },
      ],
    });
  });

  it("take no outage from a probe that comes late, nor from the first check after a silence", async () => {
    await testRules({
      groups: groupsOf(production, ["memory"]),
      interval: "15s",
      // one check that fails and is shown for 75 s; nothing for two hours; one that fails again
      series: plain("memory", "1x119 0x4 1x100 stale _x480 0x3 1x60"),
      expect: [
        ...[31, 32, 33].map((at) => firing(at, [])),
        firing(60, ["MCPProbeSilent memory"]),
        ...[177, 177.5, 178, 179, 185].map((at) => firing(at, [])),
      ],
    });
  });

  it("take no second page from one failed check after a silence, though an outage is within the hour", async () => {
    await testRules({
      groups: groupsOf(production, ["memory"]),
      interval: "30s",
      // six minutes of outage from minute 60 on, silence from 80 to 90, one check that fails, and all is well
      series: plain("memory", "1x119 0x11 1x27 stale _x19 0x1 1x60"),
      expect: [
        firing(65, ["MCPServerDown memory", "MCPErrorBudgetPage memory"]),
        firing(78, []),
        ...[90.5, 91, 91.5, 92, 93].map((at) => firing(at, [])),
      ],
    });
  });

  it("say that nobody watches a server when its probe is silent, and call it neither down nor well", async () => {
    await testRules({
      groups: groupsOf(production, ["memory"]),
      interval: "30s",
      series: plain("memory", "1x59 stale _x60 1x20"),
      expect: [firing(32, []), firing(34, ["MCPProbeSilent memory"]), firing(62, [])],
    });
  });

  it("[STAT-05] call a server that lost one path of two degraded, not down, and page for the promise of that path", async () => {
    const path = (name: string, values: string): Input =>
      series("mcp_probe_success", "task-mcp", values, `,path="${name}"`);
    await testRules({
      groups: groupsOf(production, ["task-mcp"]),
      interval: "10s",
      // six checks a minute: one lost at minute 30, the MCP path lost from minute 60 on
      series: [
        series("mcp_server_up", "task-mcp", "1x420"),
        series("mcp_server_degraded", "task-mcp", "0x180 1 0x178 1x60"),
        path("mcp", "1x180 0 1x178 0x60"),
        path("rest", "1x420"),
      ],
      expect: [
        ...[30.5, 31, 32, 59].map((at) => firing(at, [])),
        firing(
          65,
          [
            "MCPServerDegraded ",
            "MCPErrorBudgetPage api-availability",
            // held back by the page on the way to people
            "MCPErrorBudgetTicket api-availability",
          ],
          ["alertname", "slo"],
        ),
      ],
    });
  });

  it("[PLAY-07] call the security team at the first reworded tool, within two minutes", async () => {
    const drift = (kind: string, values: string): Input =>
      series("mcp_server_tool_drift", "memory", values, `,kind="${kind}"`);
    const labels = ["alertname", "severity", "escalation"];
    await testRules({
      groups: groupsOf(production, ["memory"]),
      interval: "60s",
      series: [
        ...plain("memory", "1x90"),
        drift("wording", "0x29 1x5 0x60"),
        drift("missing", "0x49 1 0x9 1x30"),
        drift("breaking", "0x90"),
        drift("additive", "0x90"),
      ],
      expect: [
        firing(29, [], labels),
        firing(31, ["MCPSecurityIncident critical security"], labels),
        // one odd list of tools tells nobody of a missing one
        firing(52, [], labels),
        firing(64, ["MCPToolsMissing high severity-high"], labels),
      ],
    });
  });

  it("[PLAY-08] say that a server is too slow from its 95th percentile, also beyond the bounds of the histogram", async () => {
    const memory = "stacks/servers/memory.yaml";
    const patient = edited(files, { file: memory, from: "below: 5s", to: "below: 20s" });
    const slow = (values: string): Input[] => [
      ...plain("memory", "1x170"),
      series("mcp_probe_duration_seconds", "memory", values, ',path="mcp"'),
    ];
    const expected = [
      firing(32, []),
      // over in one block is not enough, over in two of three is
      firing(85, []),
      firing(100, ["MCPSlowResponseTime latency-p95"], ["alertname", "slo"]),
      firing(160, []),
    ];
    await testRules({
      groups: groupsOf(production, ["memory"]),
      interval: "60s",
      // one slow probe at minute 20
      series: slow("0.1x19 30 0.1x58 6x29 0.1x60"),
      expect: expected,
    });
    await testRules({
      groups: groupsOf(load("production", patient), ["memory"]),
      interval: "60s",
      series: slow("0.1x19 60 0.1x58 21x29 0.1x60"),
      expect: expected,
    });
  });

  it("[PLAY-08] say that a server takes more than 2 GB of memory", async () => {
    const local = load("local");
    await testRules({
      groups: groupsOf(local, ["memory"]),
      interval: "10s",
      series: [
        ...plain("memory", "1x200", "local"),
        series("mcp_server_memory_usage_bytes", "memory", "1999000000x60 2001000000x140", "", "local"),
      ],
      expect: [
        firing(10, []),
        firing(20, ["MCPHighMemoryUsage memory warning"], ["alertname", "threshold", "step"]),
      ],
    });
  });

  it("judge thresholds in both directions and in the metric's own unit, at each of their steps", async () => {
    const own = (metric: string, values: string): Input => series(metric, "cctelegram", values);
    await testRules({
      groups: named(production, ["cctelegram", "cctelegram-values"]),
      interval: "60s",
      series: [
        ...plain("cctelegram", "1x240"),
        own("cctelegram_events_per_minute", "120x60 30x60 5x60 120x60"),
        own("mcp_server_memory_usage_bytes", "160000000x240"),
        own("mcp_server_cpu_usage_percent", "60x240"),
        series("mcp_probe_duration_seconds", "cctelegram", "0.2x180 3x60", ',path="mcp"'),
      ],
      expect: [
        firing(60, ["MCPHighMemoryUsage memory warning"], ["alertname", "threshold", "step"]),
        firing(
          115,
          ["MCPHighMemoryUsage memory warning", "MCPThreshold event-rate warning"],
          ["alertname", "threshold", "step"],
        ),
        firing(
          175,
          [
            "MCPHighMemoryUsage memory warning",
            "MCPThreshold event-rate warning",
            "MCPThreshold event-rate critical",
          ],
          ["alertname", "threshold", "step"],
        ),
        firing(
          239,
          [
            "MCPHighMemoryUsage memory warning",
            "MCPThreshold response-time warning",
            "MCPThreshold response-time critical",
          ],
          ["alertname", "threshold", "step"],
        ),
      ],
    });
  });

  it("make one page of many servers that fail together, and one of a prober that is silent", async () => {
    const names = production.servers.map(({ name }) => name);
    const sick = new Set(names.slice(0, production.fold));
    // two of them fail at minute 20, a third at 40; from minute 60 on nothing is heard of anybody
    const values = (name: string): string => {
      const outage = name === names[0] ? 40 : 20;
      return sick.has(name) ? `1x${2 * outage - 1} 0x${119 - 2 * outage} stale _x60` : "1x119 stale _x60";
    };
    await testRules({
      groups: named(production, ["fleet", ...names]),
      interval: "30s",
      series: names.map((name) => series("mcp_server_up", name, values(name))),
      expect: [
        firing(
          30,
          names.slice(1, production.fold).map((name) => `MCPServerDown ${name}`),
        ),
        firing(50, [...[...sick].map((name) => `MCPServerDown ${name}`), "MCPManyServersDown fleet"]),
        // those that are checked every five minutes are missed after fifteen
        firing(80, [...names.map((name) => `MCPProbeSilent ${name}`), "MCPProberSilent fleet"]),
      ],
    });
  });

  it("tell each level of an escalation when its time has come, by one alert a server, and end with the incident", async () => {
    const levels = (at: number, told: readonly string[]): Expectation =>
      firing(
        at,
        told.map((level) => `MCPEscalation memory page standard ${level}`),
        ["alertname", "server", "kind", "escalation", "level"],
      );
    const climbing = (expectation: Expectation): Expectation => ({
      ...expectation,
      expr: expectation.expr.replace('alertname!="Watchdog"', 'alertname="MCPEscalation"'),
    });
    await testRules({
      groups: named(production, ["memory", "escalation"]),
      interval: "60s",
      // down for five hours from minute 60 on, with a pause of four minutes that is no end
      series: plain("memory", "1x59 0x59 1x3 0x235 1x120"),
      expect: [
        levels(59, []),
        ...[
          levels(85, []),
          levels(95, ["L2"]),
          levels(125, ["L2"]),
          levels(175, ["L2"]),
          levels(185, ["L2", "L3"]),
          levels(295, ["L2", "L3"]),
          levels(305, ["L2", "L3", "L4"]),
          levels(450, []),
        ].map(climbing),
      ],
    });
  });

  it("keep saying that a certificate runs out while the server fails and shows none", async () => {
    await testRules({
      groups: groupsOf(production, ["skillmeat-database"]),
      interval: "5m",
      series: [
        series("mcp_server_up", "skillmeat-database", "1x60"),
        // less than 72 hours from minute 10 on, out of sight from 60 to 180, then renewed
        series("mcp_certificate_expiry_seconds", "skillmeat-database", "259500-300x11 stale _x23 7776000x20"),
      ],
      expect: [
        firing(80, []),
        firing(100, ["MCPExpiresSoon skillmeat-database"]),
        firing(175, ["MCPExpiresSoon skillmeat-database"]),
        firing(190, []),
      ],
    });
  });

  it("[PLAY-09] record the budget under the names that Sloth's users know", async () => {
    const id = 'environment="production", server="memory", slo="availability"';
    const value = (at: number, name: string, sample: number): Expectation => ({
      at,
      expr: `round(${name}{${id}}, 0.0001)`,
      samples: { [`{${id}}`]: sample },
    });
    await testRules({
      groups: groupsOf(production, ["memory"]),
      interval: "60s",
      // 10 of 120 minutes
      series: plain("memory", "1x59 0x9 1x60"),
      expect: [
        value(119, "slo:sli_error:ratio_rate2h", 0.0833),
        value(119, "slo:objective:ratio", 0.995),
        value(119, "slo:error_budget:ratio", 0.005),
        value(119, "slo:time_period:days", 30),
        // late enough to be the same whichever group promtool evaluates first
        value(68, "slo:current_burn_rate:ratio", 200),
      ],
    });
  });
});
