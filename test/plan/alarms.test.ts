import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { MetricAlarm, Plan, ServerPlan } from "../../plan/types.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";

// Says what is planned; when it fires is proved by replay.

const files = catalogFiles();
const planOf = (environment: string, from = files): Plan =>
  buildPlan(loadEnvironment(mapSource(from), environment));
const production = planOf("production");

function serverOf(plan: Plan, name: string): ServerPlan {
  const found = plan.servers.find(({ server }) => server === name);
  if (found === undefined) throw new Error(`${name} is no server of ${plan.environment}`);
  return found;
}

function alarmOf(server: string, suffix: string, plan = production): MetricAlarm {
  const name = `${plan.environment}-${server}-${suffix}`;
  const found = serverOf(plan, server).alarms.find(({ definition }) => definition.AlarmName === name);
  if (found === undefined) throw new Error(`${name} is not planned`);
  return found.definition;
}

/** An alarm as a sentence: statistic, metric, comparison, points. */
function said(definition: MetricAlarm): string {
  if ("Metrics" in definition) return "metric math";
  const statistic = "Statistic" in definition ? definition.Statistic : definition.ExtendedStatistic;
  const {
    MetricName,
    Period,
    ComparisonOperator,
    Threshold,
    DatapointsToAlarm: m,
    EvaluationPeriods: n,
  } = definition;
  return `${statistic} ${MetricName} ${Period}s ${ComparisonOperator} ${Threshold} ${m}/${n}`;
}

describe("[CARD-05] the metric alarms of a server", () => {
  test("judge an objective by a pair of windows for each burn rate, on one metric of ones and zeros", () => {
    const pairs = serverOf(production, "cctelegram")
      .alarms.filter(({ guards }) => guards === "availability")
      .map(({ definition }) => said(definition));
    expect(pairs).toEqual([
      "Average McpAvailable 3600s LessThanThreshold 0.9856 1/1",
      "Average McpAvailable 60s LessThanThreshold 1 2/5",
      // five failures and not three: by chance alone three in six hours come more than once a year
      "Average McpAvailable 21600s LessThanThreshold 0.9875 1/1",
      "Average McpAvailable 60s LessThanThreshold 1 1/30",
      "Average McpAvailable 86400s LessThanThreshold 0.997 1/1",
      "Average McpAvailable 60s LessThanThreshold 1 1/120",
      // evaluated once an hour, so an hour longer than its three days
      "Average McpAvailable 262800s LessThanThreshold 0.999 1/1",
      "Average McpAvailable 60s LessThanThreshold 1 1/360",
    ]);
  });

  test("judge the short windows by their ratio where a point has several samples", () => {
    expect(said(alarmOf("task-mcp", "health-availability-page-fast-short"))).toBe(
      "Average RestAvailable 300s LessThanThreshold 0.95 1/1",
    );
  });

  test("wait, when they are new, until a rollout may have ended or their window has filled once", () => {
    const warmUps = serverOf(production, "cctelegram").alarms.map(
      ({ definition }) => definition.WarmUpConfiguration?.WarmUpPeriodDurationInMinutes ?? 0,
    );
    expect(Math.min(...warmUps)).toBe(5);
    expect(alarmOf("cctelegram", "availability-page-slow-long").WarmUpConfiguration).toEqual({
      WarmUpPeriodDurationInMinutes: 360,
      OnlyStartEvaluatingAfterWarmUpPeriodEnds: true,
    });
  });

  test("are pages for nobody where an objective wakes nobody", () => {
    const quiet = edited(files, {
      file: "stacks/servers/cctelegram.yaml",
      from: "availability: { sli: mcp, objective: 99.9%, window: 30d }",
      to: "availability: { sli: mcp, objective: 99.9%, page: false }",
    });
    const server = serverOf(planOf("production", quiet), "cctelegram");
    const guards = server.alarms.filter((alarm) => alarm.guards === "availability");
    expect(new Set(guards.map(({ family }) => family))).toEqual(new Set(["budget-ticket"]));
    expect(server.composites[0]?.definition.AlarmRule).not.toContain("availability-page");
  });

  test("judge shares of checks by a metric of their own: time, error rate, age of data and any number", () => {
    const more = edited(files, {
      file: "stacks/servers/cctelegram.yaml",
      from: "availability: { sli: mcp, objective: 99.9%, window: 30d }",
      to: `fast: { sli: latency-share, below: 500ms, objective: 95% }
  errors: { sli: error-rate, metric: cctelegram_bridge_error_percent, below: 1%, objective: 99% }
  fresh: { sli: freshness, metric: cctelegram_last_event_age_seconds, below: 15m, objective: 99% }
  bridge: { sli: kpi, metric: cctelegram_bridge_success_percent, above: 90%, objective: 99.5% }`,
    });
    const plan = planOf("production", more);
    expect(
      serverOf(plan, "cctelegram").objectives.map((objective) =>
        objective.sli === "latency" ? "" : `${objective.metric}: ${objective.good}`,
      ),
    ).toEqual([
      "Objective.fast: the mcp path answered in under 500ms",
      "Objective.errors: cctelegram_bridge_error_percent is under 1%",
      "Objective.fresh: cctelegram_last_event_age_seconds is under 15m",
      "Objective.bridge: cctelegram_bridge_success_percent is over 90%",
    ]);
    const target = plan.probe?.lambda.roster.targets.find(({ server }) => server === "cctelegram");
    expect(target?.objectiveRules).toEqual([
      { objective: "fast", kind: "latency", path: "mcp", belowMs: 500 },
      { objective: "errors", kind: "value", metric: "cctelegram_bridge_error_percent", below: 1 },
      // a metric of seconds by its name is compared in seconds
      { objective: "fresh", kind: "value", metric: "cctelegram_last_event_age_seconds", below: 900 },
      { objective: "bridge", kind: "value", metric: "cctelegram_bridge_success_percent", above: 90 },
    ]);
    expect(said(alarmOf("cctelegram", "bridge-page-fast-long", plan))).toBe(
      "Average Objective.bridge 3600s LessThanThreshold 0.928 1/1",
    );
  });
});

test("[STAT-05] a server is down, critically, when both of its paths failed in two of five points", () => {
  const down = serverOf(production, "task-mcp").alarms.find(({ family }) => family === "server-down");
  expect(down?.severity).toBe("critical");
  expect(down?.definition.AlarmDescription).toContain("docs/runbooks/server-down.md");
  expect(said(alarmOf("task-mcp", "down"))).toBe(
    "Average Unhealthy 60s GreaterThanOrEqualToThreshold 0.5 2/5",
  );
});

test("[STAT-06] one failed path of two is a ticket that names both", () => {
  expect(said(alarmOf("task-mcp", "degraded"))).toBe(
    "Average Degraded 60s GreaterThanOrEqualToThreshold 0.5 2/5",
  );
  expect(alarmOf("task-mcp", "degraded").AlarmDescription).toContain("the MCP and REST paths");
  const ticket = serverOf(production, "task-mcp").composites.find(({ kind }) => kind === "ticket");
  expect(ticket?.definition.AlarmRule).toContain('ALARM("production-task-mcp-degraded")');
});

test("[STAT-07] a required tool that is not listed is an alarm of its own", () => {
  expect(said(alarmOf("task-mcp", "tools-missing"))).toBe(
    "Maximum ToolsMissing 60s GreaterThanOrEqualToThreshold 1 2/5",
  );
});

test("[CCT-01] warning and critical of the six performance indicators are alarms, in their direction", () => {
  const indicators = serverOf(production, "cctelegram").alarms.filter(({ family }) => family === "threshold");
  expect(indicators.map(({ definition, severity }) => `${said(definition)} ${severity}`)).toEqual([
    "Average McpLatency 900s GreaterThanThreshold 1000 2/3 medium",
    "Average McpLatency 900s GreaterThanThreshold 2000 2/3 high",
    "Average cctelegram_events_per_minute 900s LessThanThreshold 50 2/3 medium",
    "Average cctelegram_events_per_minute 900s LessThanThreshold 10 2/3 high",
    "Average cctelegram_bridge_success_percent 900s LessThanThreshold 90 2/3 medium",
    "Average cctelegram_bridge_success_percent 900s LessThanThreshold 80 2/3 high",
    "Average mcp_server_memory_usage_bytes 900s GreaterThanThreshold 150000000 2/3 medium",
    "Average mcp_server_memory_usage_bytes 900s GreaterThanThreshold 200000000 2/3 high",
    "Average mcp_server_cpu_usage_percent 900s GreaterThanThreshold 75 2/3 medium",
    "Average mcp_server_cpu_usage_percent 900s GreaterThanThreshold 90 2/3 high",
    "Average mcp_server_disk_io_per_second 900s GreaterThanThreshold 5000 2/3 medium",
    "Average mcp_server_disk_io_per_second 900s GreaterThanThreshold 10000 2/3 high",
  ]);
});

test("[TASK-04] the percentiles of latency and the error rate of task-mcp are alarms at their promised limits", () => {
  expect(said(alarmOf("task-mcp", "latency-p95"))).toBe("p95 McpLatency 900s GreaterThanThreshold 200 2/3");
  expect(said(alarmOf("task-mcp", "latency-p99"))).toBe("p99 McpLatency 900s GreaterThanThreshold 500 2/3");
  expect(said(alarmOf("task-mcp", "error-rate-warning"))).toBe(
    "Average task_mcp_error_rate_percent 900s GreaterThanThreshold 1 2/3",
  );
});

test("a threshold that no runner reads is no alarm, and the plan says so", () => {
  expect(serverOf(production, "github").unmeasured).toEqual([
    { threshold: "memory", metric: "ServerMemory", reason: "no runner of production reads ServerMemory yet" },
  ]);
  expect(serverOf(production, "github").alarms.filter(({ family }) => family === "threshold")).toEqual([]);
});

test("what the alarms of an environment cost, how many a server has, and how long they take to write, is stated", () => {
  const { cost, servers, fleet } = production;
  const alarms = [...servers, fleet].reduce((sum, one) => sum + one.alarms.length, 0);
  const composites = [...servers, fleet].reduce((sum, one) => sum + one.composites.length, 0);
  expect(cost?.putSeconds).toBe(Math.ceil((alarms + composites) / 3));
  expect(cost?.alarmsPerServer).toBeLessThan(18);
  expect(cost?.lines.find(({ what }) => what === "composite alarms")).toMatchObject({
    what: "composite alarms",
    quantity: composites,
    unitPrice: 0.5,
    monthly: composites / 2,
  });
  expect(planOf("local").cost).toBeNull();
});
