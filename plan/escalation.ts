import {
  type Contact,
  type FamilyName,
  SEVERITIES,
  type Severity,
  severityEscalation,
} from "../catalog/shared.ts";
import type { Environment, Escalation } from "../catalog/types.ts";
import { topicName } from "./names.ts";
import type { EscalationPlan, Subscription } from "./types.ts";

/** The escalations that the environment's alarms use: levels in order, each a topic with its subscriptions. */
export function planEscalations(environment: Environment): EscalationPlan[] {
  return usedEscalations(environment).map(({ name, levels }) => ({
    escalation: name,
    levels: levels.map((level) => ({
      level: level.name,
      topic: topicName(environment.name, name, level.name),
      afterMs: level.after,
      respondMs: level.respond,
      subscriptions: level.tell.flatMap((contact) => subscriptionsOf(contact, environment.contacts[contact])),
    })),
  }));
}

/** The escalations that an alarm of the environment can go to, those of the severities last. */
export function usedEscalations(environment: Environment): Escalation[] {
  const { servers, families, defaultEscalation, escalations } = environment;
  const used = new Set<string | undefined>([
    defaultEscalation,
    ...servers.map(({ escalation }) => escalation),
    ...Object.values(families).map(({ escalation }) => escalation),
    ...SEVERITIES.map(severityEscalation),
  ]);
  return escalations.filter(({ name }) => used.has(name));
}

/**
 * Where an alarm goes: to the escalation of its family, where that has one; else what climbs goes up a ladder, and
 * what waits goes to who answers for its severity.
 */
export function escalationOf(
  environment: Environment,
  of: {
    readonly family: FamilyName;
    readonly severity: Severity;
    readonly climbs: boolean;
    /** The ladder of its server. @default the environment's */
    readonly ladder?: string;
  },
): string {
  const { family, severity, climbs, ladder = environment.defaultEscalation } = of;
  return environment.families[family].escalation ?? (climbs ? ladder : severityEscalation(severity));
}

/** The topic that an escalation tells first. */
export function firstTopic(environment: Environment, escalation: string): string {
  const first = environment.escalations.find(({ name }) => name === escalation)?.levels[0]?.name ?? "";
  return topicName(environment.name, escalation, first);
}

function subscriptionsOf(name: string, contact: Contact | undefined): Subscription[] {
  if (contact === undefined) return [];
  const channel = (
    kind: Subscription["channel"],
    endpoints: readonly string[],
    sns: boolean,
  ): Subscription[] => endpoints.map((endpoint) => ({ contact: name, channel: kind, endpoint, sns }));
  return [
    ...channel("pagerduty", contact.pagerduty, false),
    ...channel("sms", contact.sms, true),
    ...channel("email", contact.email, true),
    ...channel("slack", contact.slack, false),
    ...channel("https", contact.webhook, true),
  ];
}
