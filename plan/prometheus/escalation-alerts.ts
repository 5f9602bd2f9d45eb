import type { Environment, Escalation } from "../../catalog/types.ts";
import { formatDuration } from "../../catalog/units.ts";
import { usedEscalations } from "../escalation.ts";
import type { PrometheusGroup, PrometheusRule } from "../types.ts";
import { span } from "./series.ts";

export const ESCALATION_ALERT = "MCPEscalation";
/** What climbs when nobody ends it; the rest waits for working hours. */
const CLIMBING = "critical|high";
/** Longest time without an alert, in milliseconds, that does not end an incident. */
const PAUSE_MS = 300_000;

/**
 * The levels after the first of each escalation as alerts of their own, for Alertmanager tells nobody later because
 * nobody answered. One fires for as long as something of a server has, and carries the level that it is routed by.
 */
export function escalationAlerts(environment: Environment): PrometheusGroup[] {
  const used = usedEscalations(environment);
  const rules = used.flatMap((escalation) =>
    escalation.levels.slice(1).map((level) => climb(environment, escalation, level)),
  );
  if (rules.length === 0) return [];
  const interval = span(Math.min(30, environment.resolutionSeconds));
  return [{ name: `${environment.name}-escalation`, interval, rules }];
}

function climb(
  { name, families }: Environment,
  escalation: Escalation,
  { name: level, after, respond }: Escalation["levels"][number],
): PrometheusRule {
  const firing = [
    `alertstate="firing"`,
    `environment="${name}"`,
    `escalation="${escalation.name}"`,
    `severity=~"${CLIMBING}"`,
    `kind!="ticket"`,
    // it never keeps itself alive
    `alertname!="${ESCALATION_ALERT}"`,
  ].join(",");
  // an alert that pauses for a moment does not start the clock again
  const pause = Math.min(PAUSE_MS, after / 2);
  const alerts =
    pause === 0 ? `ALERTS{${firing}}` : `last_over_time(ALERTS{${firing}}[${formatDuration(pause)}])`;
  const since = after === 0 ? "at once" : `for ${formatDuration(after)}`;
  return {
    alert: ESCALATION_ALERT,
    expr: `group by (server, kind) (${alerts})`,
    ...(after === 0 ? {} : { for: formatDuration(after) }),
    labels: { severity: "critical", environment: name, escalation: escalation.name, level },
    annotations: {
      summary: `{{ $labels.server }}: nobody has ended it ${since}`,
      description: `{{ $labels.server }} in ${name} has alerted ${since}, so ${level} of ${escalation.name} is told. First: ask who works on it, and read its other alerts.`,
      respond: formatDuration(respond),
      runbook_url: families["server-down"].runbook,
    },
  };
}
