import type { Environment, Server } from "../../catalog/types.ts";
import { type ConditionFamily, conditionsOf, EXPIRY_HOURS } from "../condition-specs.ts";
import { blockSeconds, pointSeconds } from "../points.ts";
import type { PrometheusGroup, PrometheusRule } from "../types.ts";
import { type Alert, alertRule } from "./alert.ts";
import { heldFor, idOf, labels, span } from "./series.ts";

/** Points without a verdict after which nobody watches a server. */
export const SILENT_POINTS = 3;

/** What a server can be besides breaking a promise: down, out of sight, or in one of its conditions. */
export function serverAlerts(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly interval: string;
}): PrometheusGroup {
  const { environment, server, interval } = input;
  const at = labels(idOf(environment, server));
  const point = pointSeconds(environment, server);
  const { m, n } = server.floor;
  return {
    name: `${environment.name}-${server.name}`,
    interval,
    rules: [
      alertRule({
        environment,
        server,
        alert: "MCPServerDown",
        family: "server-down",
        expr: isDown(environment, server, at),
        detail: `no path of the server answers, in ${m} of ${n} points of ${span(point)}`,
      }),
      alertRule({
        environment,
        server,
        alert: "MCPProbeSilent",
        family: "heartbeat",
        expr: `absent(mcp_server_up${at})`,
        wait: SILENT_POINTS * point,
        detail: "the probe reports nothing about the server",
      }),
      ...conditionsOf(server).map(({ family, detail }): PrometheusRule => {
        const common = { environment, server, family, detail };
        return alertRule({ ...common, ...CONDITIONS[family]({ environment, server, at }) });
      }),
    ],
  };
}

/** Whether the servers of a selector are down, as often as the floor of `server` asks. */
export function isDown(environment: Environment, server: Server, at: string): string {
  return heldFor({
    condition: `mcp_server_up${at} == bool 0`,
    pointSeconds: pointSeconds(environment, server),
    ...server.floor,
  });
}

interface At {
  readonly environment: Environment;
  readonly server: Server;
  /** Selects the server. */
  readonly at: string;
}

type ConditionRule = (at: At) => Pick<Alert, "alert" | "expr" | "wait">;

/** The conditions of a server in the words of PromQL. */
const CONDITIONS = {
  degraded: (one) => floored(one, "MCPServerDegraded", `mcp_server_degraded${one.at} == bool 1`),
  auth: (one) => floored(one, "MCPAuthRefused", `max without (path) (mcp_probe_refused${one.at}) == bool 1`),
  "tools-missing": (one) => drift(one, "MCPToolsMissing", "missing"),
  "tools-breaking": (one) => drift(one, "MCPToolsBreaking", "breaking"),
  "tools-additive": (one) => drift(one, "MCPToolsAdded", "additive"),
  // one poisoned answer is enough, and nobody waits for a second
  "tools-wording": ({ at }) => ({
    alert: "MCPSecurityIncident",
    expr: `max by (environment, server) (mcp_server_tool_drift${also(at, "wording")}) > 0`,
  }),
  dependency: ({ environment, server, at }) => ({
    alert: "MCPDependencyDown",
    expr: heldFor({
      condition: `mcp_server_dependency_status${at} == bool 0`,
      pointSeconds: pointSeconds(environment, server),
      ...server.floor,
      by: ["environment", "server", "dependency"],
    }),
  }),
  expiry: ({ environment, server, at }) => ({
    alert: "MCPExpiresSoon",
    // a server that fails shows no certificate, and that makes an old one no younger
    expr: ["mcp_certificate_expiry_seconds", "mcp_credential_expiry_seconds"]
      .map((name) => `min by (environment, server) (last_over_time(${name}${at}[1d]))`)
      .map((left) => `${left} < ${EXPIRY_HOURS * 3_600}`)
      .join(" or "),
    wait: blockSeconds(environment, server),
  }),
} as const satisfies Record<ConditionFamily, ConditionRule>;

function floored({ environment, server }: At, alert: string, condition: string): ReturnType<ConditionRule> {
  const point = pointSeconds(environment, server);
  return { alert, expr: heldFor({ condition, pointSeconds: point, ...server.floor }) };
}

function drift(one: At, alert: string, kind: string): ReturnType<ConditionRule> {
  return floored(one, alert, `mcp_server_tool_drift${also(one.at, kind)} > bool 0`);
}

/** A selector with the kind of a difference. */
function also(selector: string, kind: string): string {
  return selector.replace(/\}$/, `,kind="${kind}"}`);
}
