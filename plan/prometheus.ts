import type { FamilyName } from "../catalog/shared.ts";
import type { Environment, ResolvedObjective, Server } from "../catalog/types.ts";
import { formatDuration, PPM } from "../catalog/units.ts";
import { type ConditionFamily, conditionsOf, EXPIRY_HOURS } from "./condition-specs.ts";
import { blockSeconds, pointSeconds, shortPoints } from "./points.ts";
import { failuresNeeded } from "./slo.ts";
import { describeAlarm } from "./texts.ts";
import type { PrometheusGroup, PrometheusRule } from "./types.ts";

type RatioObjective = Extract<ResolvedObjective, { sli: "mcp" | "rest" }>;

/** Gauge that every runner exports: 1 when the path answered, 0 when it failed. */
export const PROBE_SUCCESS = "mcp_probe_success";
/** The same for an objective that is charged for failure classes of its own. */
const OBJECTIVE_SUCCESS = "mcp_objective_success";

/**
 * Recording and alerting rules in the way that Sloth's users know: the error ratio for each window, then one
 * page and one ticket alert an objective. The ratio has the probe form, 1 - avg_over_time of a 0/1 gauge.
 */
export function planPrometheus(environment: Environment): PrometheusGroup[] {
  return environment.servers.flatMap((server) => [
    ...server.objectives
      .filter(isRatio)
      .flatMap((objective) => objectiveGroups(environment, server, objective)),
    serverGroup(environment, server),
  ]);
}

function isRatio(objective: ResolvedObjective): objective is RatioObjective {
  return objective.sli !== "latency";
}

function objectiveGroups(
  environment: Environment,
  server: Server,
  objective: RatioObjective,
): PrometheusGroup[] {
  const id = { environment: environment.name, server: server.name, slo: objective.name };
  const windows = [
    ...new Set(environment.burnRates.flatMap((rate) => [shortWindow(environment, server, rate), rate.long])),
  ].sort((a, b) => a - b);
  const gauge = successGauge(environment, server, objective);
  const recordings = windows.map((window) => ({
    record: `slo:sli_error:ratio_rate${formatDuration(window)}`,
    // averaged over whoever scraped it, so that the series carries the promise's labels and no others
    expr: `1 - avg by (environment, server) (avg_over_time(${gauge}[${formatDuration(window)}]))`,
    labels: id,
  }));
  const base = `${environment.name}-${server.name}-${objective.name}`;
  return [
    { name: `${base}-recordings`, rules: recordings },
    {
      name: `${base}-alerts`,
      rules: [
        burnAlert(environment, server, objective, "budget-page"),
        burnAlert(environment, server, objective, "budget-ticket"),
      ],
    },
  ];
}

/** The 0/1 gauge of a promise: its path's, or its own where it names the failure classes that burn its budget. */
function successGauge(environment: Environment, server: Server, objective: RatioObjective): string {
  const where = { environment: environment.name, server: server.name };
  return objective.burns === undefined
    ? `${PROBE_SUCCESS}${labels({ ...where, path: objective.sli })}`
    : `${OBJECTIVE_SUCCESS}${labels({ ...where, slo: objective.name })}`;
}

function burnAlert(
  environment: Environment,
  server: Server,
  objective: RatioObjective,
  family: "budget-page" | "budget-ticket",
): PrometheusRule {
  const budgetPpm = PPM - objective.objective;
  const selector = labels({ environment: environment.name, server: server.name, slo: objective.name });
  const series = (window: number): string => `slo:sli_error:ratio_rate${formatDuration(window)}${selector}`;
  const pairs = environment.burnRates
    .filter((rate) => rate.family === family)
    .map((rate) => {
      const limit = Math.round(rate.factor * budgetPpm) / PPM;
      const floor = shortLimit({ environment, server, objective, rate, limit });
      return `(${series(shortWindow(environment, server, rate))} > ${floor} and ${series(rate.long)} > ${limit})`;
    });
  const { severity, runbook } = environment.families[family];
  return {
    alert: family === "budget-page" ? "MCPErrorBudgetPage" : "MCPErrorBudgetTicket",
    expr: pairs.join(" or "),
    labels: {
      severity,
      environment: environment.name,
      server: server.name,
      slo: objective.name,
      escalation: server.escalation,
    },
    annotations: annotations({
      environment,
      server,
      family,
      detail: `the error budget of ${objective.name} burns too fast`,
      runbook,
    }),
  };
}

/** Long enough for as many points as the floor counts, also where probes are further apart than usual. */
function shortWindow(
  environment: Environment,
  server: Server,
  rate: Environment["burnRates"][number],
): number {
  return Math.max(
    rate.short,
    shortPoints(environment, server, rate) * pointSeconds(environment, server) * 1_000,
  );
}

/**
 * The short window's limit: the burn rate's, or the ratio that only the floor of failed points reaches. It lies half
 * a point below the floor, so that it does not depend on how often the gauge is scraped.
 */
function shortLimit(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly objective: RatioObjective;
  readonly rate: Environment["burnRates"][number];
  readonly limit: number;
}): number {
  const { environment, server, objective, rate, limit } = input;
  const points = shortPoints(environment, server, rate);
  const needed = failuresNeeded({
    objectivePpm: objective.objective,
    factor: rate.factor,
    points,
    floor: server.floor,
  });
  return Math.max(limit, Math.round(((needed - 0.5) / points) * PPM) / PPM);
}

function serverGroup(environment: Environment, server: Server): PrometheusGroup {
  const selector = labels({ environment: environment.name, server: server.name });
  const { m } = server.floor;
  const wait = formatDuration(m * Math.max(environment.resolutionSeconds * 1_000, server.probe.every));
  const shared = { environment: environment.name, server: server.name, escalation: server.escalation };
  const rule = (alert: string, family: FamilyName, expr: string, detail: string): PrometheusRule => {
    const { severity, runbook } = environment.families[family];
    return {
      alert,
      expr,
      for: wait,
      labels: { severity, ...shared },
      annotations: annotations({ environment, server, family, detail, runbook }),
    };
  };
  return {
    name: `${environment.name}-${server.name}`,
    rules: [
      rule("MCPServerDown", "server-down", `mcp_server_up${selector} == 0`, "no path of the server answers"),
      rule(
        "MCPProbeSilent",
        "heartbeat",
        `absent(mcp_server_up${selector})`,
        "the probe reports nothing about the server",
      ),
      ...conditionsOf(server).map(({ family, detail }) => {
        const { alert, expr } = CONDITION_RULES[family](selector);
        return rule(alert, family, expr, detail);
      }),
      ...server.objectives.flatMap((objective) =>
        objective.sli === "latency" ? [latencyAlert(environment, server, objective)] : [],
      ),
    ],
  };
}

/** The conditions of a server in the words of PromQL; `at` selects the server. */
const CONDITION_RULES = {
  degraded: (at) => ({ alert: "MCPServerDegraded", expr: `mcp_server_degraded${at} == 1` }),
  auth: (at) => ({
    alert: "MCPAuthRefused",
    expr: `max without (path) (mcp_probe_refused${at}) == 1`,
  }),
  "tools-missing": (at) => drift("MCPToolsMissing", at, "missing"),
  "tools-breaking": (at) => drift("MCPToolsBreaking", at, "breaking"),
  "tools-wording": (at) => drift("MCPToolsReworded", at, "wording"),
  "tools-additive": (at) => drift("MCPToolsAdded", at, "additive"),
  dependency: (at) => ({ alert: "MCPDependencyDown", expr: `mcp_server_dependency_status${at} == 0` }),
  expiry: (at) => ({
    alert: "MCPExpiresSoon",
    expr: ["mcp_certificate_expiry_seconds", "mcp_credential_expiry_seconds"]
      .map((name) => `${name}${at} < ${EXPIRY_HOURS * 3_600}`)
      .join(" or "),
  }),
} as const satisfies Record<
  ConditionFamily,
  (at: string) => { readonly alert: string; readonly expr: string }
>;

function drift(alert: string, at: string, kind: string): { alert: string; expr: string } {
  return { alert, expr: `mcp_server_tool_drift${also(at, `kind="${kind}"`)} > 0` };
}

/** A selector with one matcher more. */
function also(selector: string, matcher: string): string {
  return selector.replace(/\}$/, `,${matcher}}`);
}

/** The percentile of the MCP exchange over as many probe periods as CloudWatch's alarm takes for one block. */
function latencyAlert(
  environment: Environment,
  server: Server,
  objective: Extract<ResolvedObjective, { sli: "latency" }>,
): PrometheusRule {
  const { severity, runbook } = environment.families.latency;
  const block = formatDuration(blockSeconds(environment, server) * 1_000);
  const selector = labels({ environment: environment.name, server: server.name, path: "mcp" });
  const buckets = `sum by (le) (rate(mcp_request_duration_seconds_bucket${selector}[${block}]))`;
  const detail = `p${objective.percentile} of the MCP exchange is over ${formatDuration(objective.below)}`;
  return {
    alert: "MCPSlowResponseTime",
    expr: `histogram_quantile(${objective.percentile / 100}, ${buckets}) > ${objective.below / 1_000}`,
    for: block,
    labels: {
      severity,
      environment: environment.name,
      server: server.name,
      slo: objective.name,
      escalation: server.escalation,
    },
    annotations: annotations({ environment, server, family: "latency", detail, runbook }),
  };
}

function annotations(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly family: FamilyName;
  readonly detail: string;
  readonly runbook: string;
}): Record<string, string> {
  const { environment, server, family, detail, runbook } = input;
  return {
    summary: `${server.name}: ${detail}`,
    description: describeAlarm({
      family: environment.families[family],
      environment: environment.name,
      server: server.name,
      detail,
    }),
    runbook_url: runbook,
  };
}

function labels(pairs: Readonly<Record<string, string>>): string {
  return `{${Object.entries(pairs)
    .map(([name, value]) => `${name}="${value}"`)
    .join(",")}}`;
}
