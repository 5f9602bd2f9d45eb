import type { Environment } from "../../catalog/types.ts";
import { alertmanagerIntervals } from "../maintenance-alertmanager.ts";
import { INHIBIT_RULES } from "./inhibition.ts";
import { receivers } from "./receivers.ts";
import { contactsOf, lastResort, routes } from "./routes.ts";
import type { AlertmanagerConfig, Delivery } from "./types.ts";

/** Where the Prometheus operator mounts the Secret `rollcall-alertmanager-secrets` (Alertmanager's `spec.secrets`). */
const DELIVERY: Delivery = {
  secrets: "/etc/alertmanager/secrets/rollcall-alertmanager-secrets",
  smarthost: "smtp:587",
  from: "rollcall@example.com",
  user: "rollcall",
};

/** Alertmanager's configuration: who is told of which alert, at which level, and what holds alerts back. */
export function planAlertmanager(
  environment: Environment,
  delivery: Delivery = DELIVERY,
): AlertmanagerConfig {
  const maintenance = alertmanagerIntervals(environment);
  const told = receivers(environment, contactsOf(environment), delivery);
  const uses = (channel: "slack_configs" | "email_configs"): boolean =>
    told.some((receiver) => receiver[channel] !== undefined);
  return {
    global: {
      ...(uses("slack_configs") ? { slack_api_url_file: `${delivery.secrets}/slack` } : {}),
      ...(uses("email_configs")
        ? {
            smtp_smarthost: delivery.smarthost,
            smtp_from: delivery.from,
            smtp_auth_username: delivery.user,
            smtp_auth_password_file: `${delivery.secrets}/smtp`,
          }
        : {}),
    },
    route: {
      receiver: lastResort(environment),
      group_by: ["alertname", "environment", "server"],
      group_wait: "30s",
      group_interval: "5m",
      repeat_interval: "4h",
      routes: routes(environment, maintenance),
    },
    receivers: told,
    inhibit_rules: INHIBIT_RULES,
    time_intervals: maintenance.map(({ name, time_intervals }) => ({ name, time_intervals })),
  };
}
