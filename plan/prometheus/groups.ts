import type { Environment, Server } from "../../catalog/types.ts";
import { pointSeconds } from "../points.ts";
import type { PrometheusGroup } from "../types.ts";
import { burnAlerts } from "./burn-alerts.ts";
import { escalationAlerts } from "./escalation-alerts.ts";
import { fleetAlerts } from "./fleet-alerts.ts";
import { recordingGroups } from "./recordings.ts";
import { span } from "./series.ts";
import { serverAlerts } from "./server-alerts.ts";
import { valueAlerts } from "./value-alerts.ts";

/** Longest time between two evaluations of a rule that may wake somebody, in seconds. */
const MAX_INTERVAL = 30;

/**
 * Recording and alerting rules in the way that Sloth's users know: the error ratio for each window, then one page and
 * one ticket alert an objective; the alerts of each server; and those of all servers together. They say what
 * CloudWatch's alarms say, from the same numbers, where the gauges are scraped as often as servers are checked.
 */
export function planPrometheus(environment: Environment): PrometheusGroup[] {
  return [
    ...environment.servers.flatMap((server) => serverGroups(environment, server)),
    fleetAlerts(environment),
    ...escalationAlerts(environment),
  ];
}

function serverGroups(environment: Environment, server: Server): PrometheusGroup[] {
  const intervalSeconds = Math.min(MAX_INTERVAL, pointSeconds(environment, server));
  const interval = span(intervalSeconds);
  return [
    ...server.objectives.flatMap((objective) =>
      objective.sli === "latency"
        ? []
        : [
            ...recordingGroups({ environment, server, objective, interval }),
            burnAlerts({ environment, server, objective, intervalSeconds }),
          ],
    ),
    serverAlerts({ environment, server, interval }),
    ...valueAlerts({ environment, server, interval }),
  ];
}
