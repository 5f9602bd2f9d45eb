import type { Contact } from "../catalog/shared.ts";
import type { Environment } from "../catalog/types.ts";
import { topicName } from "./names.ts";
import type { EscalationPlan, Subscription } from "./types.ts";

/** The escalations that the environment's alarms use: levels in order, each a topic with its subscriptions. */
export function planEscalations(environment: Environment): EscalationPlan[] {
  const used = new Set([
    environment.defaultEscalation,
    ...environment.servers.map(({ escalation }) => escalation),
    ...Object.values(environment.families).map(({ escalation }) => escalation),
  ]);
  return environment.escalations
    .filter(({ name }) => used.has(name))
    .map(({ name, levels }) => ({
      escalation: name,
      levels: levels.map((level) => ({
        level: level.name,
        topic: topicName(environment.name, name, level.name),
        afterMs: level.after,
        respondMs: level.respond,
        subscriptions: level.tell.flatMap((contact) =>
          subscriptionsOf(contact, environment.contacts[contact]),
        ),
      })),
    }));
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
