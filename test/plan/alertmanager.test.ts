/** Alertmanager's configuration as data. Not proved here: that Alertmanager takes it; amtool says that in test/real. */
import { describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import type { Environment } from "../../catalog/types.ts";
import { planAlertmanager } from "../../plan/alertmanager/config.ts";
import { INHIBIT_RULES } from "../../plan/alertmanager/inhibition.ts";
import type { Route } from "../../plan/alertmanager/types.ts";
import { planPrometheus } from "../../plan/prometheus/groups.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";

const files = catalogFiles();
const ENVIRONMENT = "stacks/production.yaml";
const load = (environment: string, from = files): Environment =>
  loadEnvironment(mapSource(from), environment);
const production = load("production");

/** Production with a maintenance. */
function maintained(maintenance: string): Environment {
  const from = "platform: cloud\n";
  const to = `${from}maintenance:\n  upgrade: ${maintenance}\n`;
  return load("production", edited(files, { file: ENVIRONMENT, from, to }));
}

const flat = (route: Route): Route[] => [route, ...(route.routes ?? []).flatMap(flat)];

type Labels = Readonly<Record<string, string>>;

/** Alertmanager's matching of one `name<op>"value"`. */
function matches(labels: Labels, matcher: string): boolean {
  const [, name = "", operator = "", value = ""] = /^(\w+)(=~|!=|=)"(.*)"$/.exec(matcher) ?? [];
  const own = labels[name] ?? "";
  if (operator === "=~") return new RegExp(`^(?:${value})$`).test(own);
  return (own === value) === (operator === "=");
}

function holdsBack(source: Labels, target: Labels): boolean {
  return INHIBIT_RULES.some(
    ({ source_matchers, target_matchers, equal }) =>
      source_matchers.every((one) => matches(source, one)) &&
      target_matchers.every((one) => matches(target, one)) &&
      equal.every((name) => (source[name] ?? "") === (target[name] ?? "")),
  );
}

/** An alert of the plan by its name and what tells it from others. */
function alert(alertname: string, more: Labels = {}): Labels {
  const found = planPrometheus(production)
    .flatMap(({ rules }) => rules)
    .find(
      (rule) =>
        rule.alert === alertname &&
        Object.entries(more).every(([name, value]) => rule.labels?.[name] === value),
    );
  if (found === undefined) throw new Error(`no ${alertname} ${JSON.stringify(more)}`);
  return { ...found.labels, alertname };
}

describe("[PLAY-09] the routes", () => {
  it("lead to receivers that there are, and no receiver is left without a route", () => {
    for (const name of ["local", "staging", "production"]) {
      const { route, receivers } = planAlertmanager(load(name));
      const told = new Set(flat(route).map(({ receiver }) => receiver));
      expect([...told].sort()).toEqual(receivers.map((one) => one.name).sort());
    }
  });

  it("group by alert, environment and server, and say again what lasts", () => {
    expect(planAlertmanager(production).route).toMatchObject({
      group_by: ["alertname", "environment", "server"],
      group_wait: "30s",
      group_interval: "5m",
      repeat_interval: "4h",
      receiver: "operations-engineer",
    });
  });

  it("[PLAY-12] are silent for the servers of a maintenance during it, at every level, and for no others", () => {
    const at = '{ servers: [memory, slack], reason: move, at: "2026-12-05T22:00", for: 2h }';
    const { route, time_intervals } = planAlertmanager(maintained(at));
    expect(time_intervals.map(({ name }) => name)).toEqual(["upgrade"]);
    const leaves = (route.routes ?? []).filter(({ receiver }) => receiver !== "watchdog");
    for (const leaf of leaves)
      expect(leaf.routes).toEqual([
        { receiver: leaf.receiver, matchers: ['server=~"memory|slack"'], mute_time_intervals: ["upgrade"] },
      ]);
    expect(flat(planAlertmanager(production).route).filter((one) => one.mute_time_intervals)).toEqual([]);
  });

  it("[PLAY-12] are silent for the fleet where the maintenance is for all servers", () => {
    const all = maintained('{ reason: move, at: "2026-12-05T22:00", for: 2h }');
    const muted = flat(planAlertmanager(all).route).filter((one) => one.mute_time_intervals !== undefined);
    const fleet = muted.filter(({ matchers }) => matchers?.includes('server="fleet"'));
    const kinds = new Set(fleet.map(({ matchers }) => matchers?.[1]));
    expect(kinds).toEqual(new Set(['kind="page"', 'kind="ticket"', 'kind="blind"', 'kind="security"']));
  });
});

describe("the receivers", () => {
  it("hold names of files where a secret is needed, and no secret", () => {
    for (const name of ["local", "staging", "production"]) {
      const { global, receivers } = planAlertmanager(load(name));
      const text = JSON.stringify({ global, receivers });
      expect(text).not.toMatch(/"(api_url|routing_key|service_key|smtp_auth_password|password|url)":/);
      expect(text).toContain('"routing_key_file":"/etc/alertmanager/secrets/');
    }
  });

  it("tell a contact by each of its channels", () => {
    const { receivers } = planAlertmanager(production);
    const keys = (name: string): string[] => Object.keys(receivers.find((one) => one.name === name) ?? {});
    expect(keys("operations-engineer")).toEqual([
      "name",
      "pagerduty_configs",
      "slack_configs",
      "webhook_configs",
    ]);
    expect(keys("director-of-engineering")).toEqual(["name", "email_configs"]);
  });
});

describe("[PLAY-09] what is held back", () => {
  const memory = { server: "memory" };
  const down = alert("MCPServerDown", memory);
  const page = alert("MCPErrorBudgetPage", memory);
  const ticket = alert("MCPErrorBudgetTicket", memory);
  const silent = alert("MCPProbeSilent", memory);
  const many = alert("MCPManyServersDown");
  const blind = alert("MCPProberSilent");
  const security = alert("MCPSecurityIncident", memory);
  const escalated = (labels: Labels): Labels => ({
    alertname: "MCPEscalation",
    environment: "production",
    server: String(labels.server),
    kind: String(labels.kind),
    level: "L2",
  });

  it("is a server's alerts while nobody sees it, but never its own silence or an incident of security", () => {
    for (const target of [down, page, ticket, escalated(down)]) expect(holdsBack(silent, target)).toBe(true);
    for (const target of [silent, security, escalated(silent), escalated(security)])
      expect(holdsBack(silent, target)).toBe(false);
    expect(holdsBack(silent, alert("MCPServerDown", { server: "slack" }))).toBe(false);
  });

  it("is what the fleet's own alert stands for, and never that one", () => {
    for (const target of [down, page, escalated(down)]) expect(holdsBack(many, target)).toBe(true);
    for (const target of [many, ticket, silent, security, escalated(many)])
      expect(holdsBack(many, target)).toBe(false);
    expect(holdsBack(blind, silent)).toBe(true);
    for (const target of [blind, down, escalated(blind)]) expect(holdsBack(blind, target)).toBe(false);
    expect(holdsBack(many, { ...down, environment: "staging" })).toBe(false);
  });

  it("is the milder of two about one thing", () => {
    expect(holdsBack(down, page)).toBe(true);
    expect(holdsBack(page, ticket)).toBe(true);
    expect(holdsBack(page, { ...ticket, slo: "another" })).toBe(false);
    const of = (step: string): Labels =>
      alert("MCPHighMemoryUsage", { server: "cctelegram", threshold: "memory", step });
    expect(holdsBack(of("critical"), of("warning"))).toBe(true);
    expect(holdsBack(of("warning"), of("critical"))).toBe(false);
    expect(holdsBack(of("critical"), { ...of("warning"), threshold: "cpu" })).toBe(false);
  });

  it("names only alerts that there are", () => {
    const known = new Set(planPrometheus(production).flatMap(({ rules }) => rules.map((rule) => rule.alert)));
    const named = INHIBIT_RULES.flatMap((rule) => [...rule.source_matchers, ...rule.target_matchers]).flatMap(
      (matcher) => /^alertname=~?"(.*)"$/.exec(matcher)?.[1]?.split("|") ?? [],
    );
    for (const name of named) expect(known).toContain(name);
  });
});
