import { FLEET } from "../../catalog/names.ts";
import type { Environment, Server } from "../../catalog/types.ts";
import { isFolded } from "../composites.ts";
import { pointSeconds } from "../points.ts";
import type { PrometheusGroup, PrometheusRule } from "../types.ts";
import { alertRule } from "./alert.ts";
import { labels, span } from "./series.ts";
import { isDown, SILENT_POINTS } from "./server-alerts.ts";

/** What watches all servers of an environment together, and Prometheus itself. */
export function fleetAlerts(environment: Environment): PrometheusGroup {
  return {
    name: `${environment.name}-${FLEET}`,
    interval: span(Math.min(30, environment.resolutionSeconds)),
    rules: [
      watchdog(environment),
      ...(isFolded(environment) ? [manyDown(environment), proberSilent(environment)] : []),
    ],
  };
}

/** It always fires: whoever waits for it learns that the way from Prometheus to people is broken. */
function watchdog({ name, families }: Environment): PrometheusRule {
  return {
    alert: "Watchdog",
    expr: "vector(1)",
    labels: { severity: "none", environment: name, server: FLEET },
    annotations: {
      summary: `alerts of ${name} reach people`,
      description: "This alert always fires. Where it is missing, no other alert arrives either.",
      runbook_url: families.heartbeat.runbook,
    },
  };
}

function manyDown(environment: Environment): PrometheusRule {
  const { fold, name, servers } = environment;
  const classes = [...Map.groupBy(servers, (server) => floorOf(environment, server)).values()];
  const down = classes.flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const one = labels({ environment: name });
    const only = members.map((server) => server.name).join("|");
    return [
      isDown(environment, first, classes.length === 1 ? one : one.replace(/\}$/, `,server=~"${only}"}`)),
    ];
  });
  return alertRule({
    environment,
    server: null,
    alert: "MCPManyServersDown",
    family: "fleet",
    expr: `count by (environment) (${down.join(" or ")}) >= ${fold}`,
    detail: `${fold} or more servers are down together`,
  });
}

/** What servers must have in common for one expression to judge them. */
function floorOf(environment: Environment, server: Server): string {
  const { m, n } = server.floor;
  return `${m} of ${n} points of ${pointSeconds(environment, server)}`;
}

function proberSilent(environment: Environment): PrometheusRule {
  const { fold, name, servers } = environment;
  const points = servers.map((server) => pointSeconds(environment, server));
  const heard = `count(group by (server) (mcp_server_up${labels({ environment: name })}))`;
  return alertRule({
    environment,
    server: null,
    alert: "MCPProberSilent",
    family: "heartbeat",
    expr: `${servers.length} - (${heard} or vector(0)) >= ${fold}`,
    // as soon as the first server's own silence counts, so that theirs are held back
    wait: SILENT_POINTS * Math.min(...points),
    detail: `nothing is heard of ${fold} or more servers: the probe itself is silent`,
  });
}
