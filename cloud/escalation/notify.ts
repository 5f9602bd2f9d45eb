import { PublishCommand, SNSClient, type SNSClientConfig } from "@aws-sdk/client-sns";
import { z } from "zod";
import { messageOf } from "../../catalog/errors.ts";
import {
  distinct,
  hearersOf,
  type Incident,
  type IncidentRecord,
  incidentSchema,
  type MessageKind,
  type Place,
  type Sent,
  sentOf,
} from "./incident.ts";
import type { Incidents } from "./incidents.ts";
import { LIMITS } from "./limits.ts";
import { type Sign, signedLink } from "./link.ts";
import { noticeOf } from "./notice.ts";
import { type TopicMessage, topicMessage } from "./texts.ts";

/** How long a link acknowledges, in seconds. */
const LINK_SECONDS = 7 * 86_400;

const places = z.array(z.object({ level: z.string(), topic: z.string() })).default([]);
const ofIncident = {
  incident: incidentSchema,
  /** The levels that the machine knows were told: the table may not. */
  told: places,
};

/** What the state machine asks the notifier to do. */
export const notifierEvent = z.discriminatedUnion("act", [
  z.object({
    ...ofIncident,
    act: z.literal("tell"),
    level: z.string(),
    topic: z.string(),
    /** The levels that were to be told before, and could not be. */
    missed: places,
  }),
  z.object({ ...ofIncident, act: z.literal("acknowledged") }),
  z.object({ ...ofIncident, act: z.literal("over") }),
]);
export type NotifierEvent = z.infer<typeof notifierEvent>;

/** What has been done, or why nothing had to be. */
export type NotifierAnswer =
  | { readonly kind: "told"; readonly told: readonly Place[] }
  | { readonly kind: "acknowledged" | "over" | "recovered" | "muted" };

/** Publishes to a topic by its name; resolves to the id of the message. */
export type Publish = (topic: string, message: TopicMessage) => Promise<string>;

export interface NotifierInput {
  readonly incidents: Incidents;
  readonly publish: Publish;
  /** Whether the alarm of this name is to tell nobody now: it is muted, or under maintenance. */
  readonly isMuted: (alarm: string) => Promise<boolean>;
  readonly sign: Sign;
  /** Address of the acknowledging function, which ends with a slash. */
  readonly door: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Takes one line about what could not be done. */
  readonly tell: (line: object) => void;
}

/**
 * Tells a level of an incident, and those before it that could not be told, unless it is acknowledged, over or muted; or
 * tells every level that knows of it what has become of it. Each level hears of each only once, however often it is
 * asked for.
 *
 * Only the topic is needed for that. Without the table it is told by what the machine says, and twice rather than not at
 * all; without the key it has no link.
 * @throws Error when nobody could be told, or not everybody what has become of it, so that the machine asks again
 */
export async function notify(event: NotifierEvent, input: NotifierInput): Promise<NotifierAnswer> {
  const { act, incident } = event;
  const [record, isMuted] = await Promise.all([
    recordOf(incident, input),
    act === "tell" && !incident.drill && input.isMuted(incident.alarm),
  ]);
  if (act !== "tell") {
    // who knows of an incident whose place another has taken is told by that one
    if (record.superseded === null)
      await sendAll(act, { record, places: distinct([...event.told, ...hearersOf(record)]), input });
    return { kind: act };
  }
  if (record.recovered !== null) return { kind: "recovered" };
  // a drill goes through every level, whoever has acknowledged it
  if (record.acknowledged !== null && !incident.drill) return { kind: "acknowledged" };
  if (isMuted) return { kind: "muted" };
  const told = distinct([...event.told, ...sentOf(record, "told")]);
  const due = distinct([...event.missed, { level: event.level, topic: event.topic }]);
  const left = due.filter(({ level }) => !told.some((one) => one.level === level));
  return {
    kind: "told",
    told: distinct([...told, ...(await sendAll("told", { record, places: left, input }))]),
  };
}

async function recordOf(incident: Incident, { incidents, tell }: NotifierInput): Promise<IncidentRecord> {
  const unknown = {
    incident,
    sent: [],
    acknowledged: null,
    recovered: null,
    superseded: null,
    heard: [],
    task: null,
  };
  try {
    return (await incidents.find(incident.id)) ?? unknown;
  } catch (error) {
    tell({ event: "incident unknown", incident: incident.id, reason: messageOf(error) });
    return unknown;
  }
}

/** Tells all of them at once, so that one that takes its time holds up no other; returns those that were told. */
async function sendAll(
  kind: MessageKind,
  { record, places, input }: { record: IncidentRecord; places: readonly Place[]; input: NotifierInput },
): Promise<readonly Place[]> {
  const { incident } = record;
  const left = places.filter(({ level }) => !sentOf(record, kind).some((one) => one.level === level));
  const outcomes = await Promise.allSettled(left.map((place) => send(kind, { record, place, input })));
  const sent = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  await keep(incident, sent, input);
  for (const [index, one] of outcomes.entries())
    if (one.status === "rejected")
      input.tell({
        event: "not told",
        incident: incident.id,
        kind,
        level: left[index]?.level,
        reason: messageOf(one.reason),
      });
  const isEnough = kind === "told" ? sent.length > 0 || left.length === 0 : sent.length === left.length;
  if (!isEnough) throw new Error(`${left.length - sent.length} of ${left.length} levels could not be told`);
  return sent;
}

async function send(
  kind: MessageKind,
  { record, place, input }: { record: IncidentRecord; place: Place; input: NotifierInput },
): Promise<Sent> {
  const { level, topic } = place;
  const at = new Date(input.now()).toISOString();
  const link = kind === "told" ? await linkOf(record.incident, level, input) : null;
  const messageId = await input.publish(topic, topicMessage(noticeOf({ kind, record, level, at, link })));
  return { kind, level, topic, messageId, at };
}

async function linkOf(
  { id: incident }: Incident,
  level: string,
  { sign, door, now, tell }: NotifierInput,
): Promise<string | null> {
  const expires = Math.floor(now() / 1_000) + LINK_SECONDS;
  try {
    return await signedLink(door, { incident, level, expires }, sign);
  } catch (error) {
    tell({ event: "no link", incident, level, reason: messageOf(error) });
    return null;
  }
}

/** In the order of the levels. A table that does not take the first takes none: the machine knows who was told. */
async function keep(
  { id }: Incident,
  sent: readonly Sent[],
  { incidents, tell }: NotifierInput,
): Promise<void> {
  try {
    for (const one of sent) await incidents.addSent(id, one);
  } catch (error) {
    tell({ event: "not written down", incident: id, reason: messageOf(error) });
  }
}

/** Publishes to topics whose ARNs begin with `prefix`, such as `arn:aws:sns:eu-west-1:123456789012:`. */
export function publishTo(prefix: string, config: SNSClientConfig = {}): Publish {
  const client = new SNSClient({ ...LIMITS, ...config });
  return async (topic, { subject, message }) => {
    const { MessageId } = await client.send(
      new PublishCommand({
        TopicArn: `${prefix}${topic}`,
        Subject: subject,
        Message: message,
        MessageStructure: "json",
      }),
    );
    return MessageId ?? "";
  };
}
