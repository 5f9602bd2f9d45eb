import { routingKeyName } from "../../plan/escalator.ts";
import type { MessageKind } from "./incident.ts";
import type { Notice } from "./notice.ts";
import type { PostJson } from "./post.ts";
import type { ReadSecret } from "./relay-rules.ts";
import { headline, markOf } from "./texts.ts";

/** Where PagerDuty's Events API v2 answers. */
export const PAGERDUTY_API = "https://events.pagerduty.com";
/** PagerDuty's limits (Events API v2), in characters. */
const MAX_DEDUP_KEY = 255;
const MAX_SUMMARY = 1_024;

/** Nothing of PagerDuty comes back to us, so what is acknowledged there climbs on here. */
const ACKNOWLEDGE =
  "Acknowledging in PagerDuty stops PagerDuty alone: the next levels are told all the same. Use the link.";

const ACTIONS = {
  told: "trigger",
  acknowledged: "acknowledge",
  over: "resolve",
} as const satisfies Record<MessageKind, string>;

const SEVERITIES = {
  critical: "critical",
  high: "error",
  medium: "warning",
  low: "info",
} as const satisfies Record<Notice["severity"], string>;

/** Tells a service of PagerDuty (Events API v2) that an incident began, is acknowledged, or is over. */
export async function tellPagerDuty(
  { service, notice }: { readonly service: string; readonly notice: Notice },
  { api, post, secret }: { readonly api: string; readonly post: PostJson; readonly secret: ReadSecret },
): Promise<void> {
  const routingKey = await secret(routingKeyName(notice.environment, service));
  await post({ url: `${api}/v2/enqueue`, body: { routing_key: routingKey, ...pagerDutyEvent(notice) } });
}

/** The event without its routing key. One key for all of one alarm: repeats fold, the end resolves. */
export function pagerDutyEvent(notice: Notice): object {
  const { kind, environment, server, about, severity, text, reason, level, escalation, alarm, link } = notice;
  const event = { event_action: ACTIONS[kind], dedup_key: dedupKey(notice) };
  if (kind !== "told") return event;
  return {
    ...event,
    client: "Rollcall",
    payload: {
      summary: `${markOf(notice)}${headline(notice)}`.slice(0, MAX_SUMMARY),
      source: server,
      severity: SEVERITIES[severity],
      timestamp: notice.since,
      component: server,
      group: environment,
      class: about,
      custom_details: {
        text,
        reason,
        level,
        escalation,
        alarm,
        drill: notice.drill,
        ...(link === null ? {} : { acknowledge: ACKNOWLEDGE }),
      },
    },
    ...(link === null
      ? {}
      : { links: [{ href: link, text: "Acknowledge in Rollcall, which stops the next level" }] }),
  };
}

/**
 * The alarm's name: the same for every level and every message of one trouble, and no other's. Two alarms under one key
 * would ring once, and the end of the first would close what the second still says. All drills have one alarm's name, so
 * theirs is the escalation that they try.
 */
export function dedupKey({ environment, server, about, escalation, alarm, drill }: Notice): string {
  const key = drill ? [environment, server, about, escalation].join("/") : alarm;
  return key.slice(0, MAX_DEDUP_KEY);
}
