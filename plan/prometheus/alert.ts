import { FLEET } from "../../catalog/names.ts";
import type { FamilyName, Severity } from "../../catalog/shared.ts";
import type { Environment, Server } from "../../catalog/types.ts";
import { formatDuration } from "../../catalog/units.ts";
import { escalationOf } from "../escalation.ts";
import { describeAlarm } from "../texts.ts";
import type { CompositeKind, PrometheusRule } from "../types.ts";
import { span } from "./series.ts";

/** What kind of message an alert is, in the terms of the composites: what holds others back goes by it. */
const KINDS: Readonly<Partial<Record<FamilyName, CompositeKind>>> = {
  "server-down": "page",
  "budget-page": "page",
  fleet: "page",
  heartbeat: "blind",
  "tools-wording": "security",
};

export interface Alert {
  readonly environment: Environment;
  /** Null for what belongs to all servers together. */
  readonly server: Server | null;
  readonly alert: string;
  readonly family: FamilyName;
  readonly expr: string;
  readonly detail: string;
  /** Seconds. @default at once */
  readonly wait?: number;
  /** @default the family's */
  readonly severity?: Severity;
  /** Labels besides those that every alert has. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** An alerting rule with the labels that it is routed by and the words that whoever is woken reads. */
export function alertRule(input: Alert): PrometheusRule {
  const { environment, server, alert, family, expr, detail, wait = 0 } = input;
  const { runbook, ...of } = environment.families[family];
  const severity = input.severity ?? of.severity;
  const name = server?.name ?? FLEET;
  const kind = KINDS[family] ?? "ticket";
  const ladder = server === null ? {} : { ladder: server.escalation };
  return {
    alert,
    expr,
    ...(wait === 0 ? {} : { for: span(wait) }),
    labels: {
      severity,
      environment: environment.name,
      server: name,
      kind,
      escalation: escalationOf(environment, { family, severity, climbs: kind !== "ticket", ...ladder }),
      ...input.labels,
    },
    annotations: {
      summary: `${name}: ${detail}`,
      description: describeAlarm({
        family: environment.families[family],
        environment: environment.name,
        server: name,
        detail,
      }),
      respond: formatDuration(
        environment.families[family].respond ?? environment.severities[severity].respond,
      ),
      runbook_url: runbook,
    },
  };
}
