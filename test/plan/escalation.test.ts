/** Who is told of what, and when, as the catalog of the project says it. That a message arrives is proved elsewhere. */
import { describe, expect, it } from "vitest";
import { RollcallError } from "../../catalog/errors.ts";
import { loadEnvironment } from "../../catalog/load.ts";
import { SEVERITIES, type Severity, severityEscalation } from "../../catalog/shared.ts";
import { formatDuration } from "../../catalog/units.ts";
import { planAlertmanager } from "../../plan/alertmanager/config.ts";
import { alarmsOf, parseRule } from "../../plan/cloudwatch/composite-rule.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { LevelPlan, PlannedComposite, PrometheusRule } from "../../plan/types.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";

const files = catalogFiles();
const SHARED = "stacks/shared.yaml";
const environment = loadEnvironment(mapSource(files), "production");
const plan = buildPlan(environment);
const acting = [...plan.servers, plan.fleet]
  .flatMap(({ composites }) => composites)
  .filter(({ definition }) => definition.ActionsEnabled);
const severityOf = new Map(
  [...plan.servers, plan.fleet]
    .flatMap(({ alarms }) => alarms)
    .map(({ definition, severity }) => [definition.AlarmName, severity]),
);

const levelsOf = (escalation: string): readonly LevelPlan[] =>
  plan.escalations.find((one) => one.escalation === escalation)?.levels ?? [];
const times = (escalation: string): string[] =>
  levelsOf(escalation).map(({ level, afterMs }) => `${level} after ${formatDuration(afterMs)}`);
const channelsOf = ({ subscriptions }: LevelPlan): string[] => [
  ...new Set(subscriptions.map(({ channel }) => channel)),
];
const composite = (name: string): PlannedComposite | undefined =>
  acting.find(({ definition }) => definition.AlarmName === name);

/** The same environment with one text of the shared file replaced. */
function loading(from: string, to: string): () => unknown {
  return () => loadEnvironment(mapSource(edited(files, { file: SHARED, from, to })), "production");
}

describe("[STAT-19] [CCT-06] who answers for a severity", () => {
  const matrix: readonly (readonly [Severity, string, string])[] = [
    ["critical", "operations-engineer", "15m"],
    ["high", "team-lead", "1h"],
    ["medium", "development", "4h"],
    ["low", "support", "1d"],
  ];

  it.each(matrix)("%s: %s within %s, and nobody after that", (severity, contact, within) => {
    const levels = levelsOf(severityEscalation(severity));
    expect(levels).toHaveLength(1);
    const [only] = levels;
    expect([only?.afterMs, formatDuration(only?.respondMs ?? 0)]).toEqual([0, within]);
    expect(new Set(only?.subscriptions.map((one) => one.contact))).toEqual(new Set([contact]));
  });

  it("is told of each ticket of that severity, and of no other", () => {
    const tickets = acting.filter(({ kind }) => kind === "ticket");
    expect(new Set(tickets.map(({ severity }) => severity))).toEqual(new Set(["high", "medium", "low"]));
    for (const { severity, escalation, escalates, topic, definition } of tickets) {
      expect([escalation, escalates]).toEqual([severityEscalation(severity), false]);
      expect(topic).toBe(`production-severity-${severity}-${severity}`);
      const behind = alarmsOf(parseRule(definition.AlarmRule)).filter((name) => !name.endsWith("-heartbeat"));
      expect(new Set(behind.map((name) => severityOf.get(name)))).toEqual(new Set([severity]));
    }
  });

  it("is told of nothing that climbs, but for what watches the climbing itself", () => {
    const climbing = acting.filter(({ kind }) => kind !== "ticket");
    const waiting = climbing.filter(({ escalation }) => escalation.startsWith("severity-"));
    expect(waiting.map(({ definition }) => definition.AlarmName)).toEqual([
      "production-fleet-delivery",
      "production-fleet-delivery-queue",
    ]);
  });

  it("is told by Alertmanager of the same alerts", () => {
    const { route } = planAlertmanager(environment);
    const alerts = plan.prometheus.groups
      .flatMap(({ rules }) => rules)
      .filter(({ labels }) => labels?.kind === "ticket" && labels.level === undefined);
    expect(alerts.length).toBeGreaterThan(100);
    const toldOf = ({ labels = {} }: PrometheusRule): string[] =>
      (route.routes ?? [])
        .filter(({ matchers }) => matchers?.includes(`escalation="${labels.escalation}"`))
        .map(({ receiver }) => receiver);
    for (const alert of alerts) {
      const severity = SEVERITIES.find((one) => one === alert.labels?.severity) ?? "critical";
      expect(toldOf(alert), alert.alert).toEqual(environment.severities[severity].tell);
    }
  });

  it("is a contact that there is", () => {
    expect(loading("tell: [team-lead]", "tell: [team-leader]")).toThrow(
      /severities\.high\.tell\[0\]: there is no contact "team-leader"/,
    );
  });

  it("has a ladder whose name no other can have", () => {
    const name = loading("  major: #", "  severity-high: #");
    expect(name).toThrow(RollcallError);
    expect(name).toThrow(/escalations\.severity-high: names that begin with severity- are those of the sev/);
  });
});

describe("the ladders", () => {
  it("[PLAY-10] have the Playbook's levels, each with its channels and its time to answer", () => {
    expect(
      levelsOf("standard").map((level) => [
        level.level,
        formatDuration(level.respondMs),
        channelsOf(level).filter((one) => one !== "slack"),
      ]),
    ).toEqual([
      // PagerDuty rings the phone
      ["L1", "15m", ["pagerduty", "sms"]],
      ["L2", "30m", ["pagerduty", "sms"]],
      ["L3", "1h", ["sms", "email"]],
      ["L4", "2h", ["email"]],
    ]);
  });

  it("[PLAY-11] tell level 2 after 30 minutes down, level 3 after 2 hours and level 4 after 4 hours", () => {
    expect(times("standard")).toEqual(["L1 after 0s", "L2 after 30m", "L3 after 2h", "L4 after 4h"]);
    expect(composite("production-memory-page")?.topic).toBe("production-standard-L1");
  });

  it.each([
    ["several servers at once", "production-fleet-page", "major"],
    ["an incident of security", "production-fleet-security", "security"],
    ["a reworded tool", "production-memory-security", "security"],
    ["a loss of data", "production-fleet-data-loss", "major"],
  ])("[PLAY-11] tell level 2 at once of %s", (_, alarm, escalation) => {
    expect(composite(alarm)).toMatchObject({
      escalation,
      escalates: true,
      topic: `production-${escalation}-L2`,
    });
    expect(times(escalation)).toEqual(["L2 after 0s", "L3 after 2h", "L4 after 4h"]);
  });

  it("[TASK-12] of Task MCP reach its contacts, each with its own time to answer", () => {
    const server = plan.servers.find((one) => one.server === "task-mcp");
    const told = (escalation: string): string[] =>
      levelsOf(escalation).flatMap(({ respondMs, subscriptions }) =>
        [...new Set(subscriptions.map(({ contact }) => contact))].map(
          (contact) => `${contact} ${formatDuration(respondMs)}`,
        ),
      );
    expect(told(server?.escalation ?? "")).toEqual([
      "operations-engineer 15m",
      "engineering-lead 30m",
      "engineering-manager 1h",
    ]);
    expect(told("security")).toContain("security 30m");
  });

  it("[PLAY-13] write automated alerts to #mcp-alerts and incidents to #mcp-incidents, and to no other channel", () => {
    const slack = (escalation: string): string[] =>
      levelsOf(escalation).flatMap(({ subscriptions }) =>
        subscriptions.filter(({ channel }) => channel === "slack").map(({ endpoint }) => endpoint),
      );
    for (const severity of SEVERITIES)
      expect(slack(severityEscalation(severity)), severity).toEqual(["#mcp-alerts"]);
    for (const escalation of ["major", "security"])
      expect(new Set(slack(escalation)), escalation).toEqual(new Set(["#mcp-incidents"]));
    expect(slack("standard")).toEqual(["#mcp-alerts", "#mcp-incidents", "#mcp-incidents"]);
  });
});
