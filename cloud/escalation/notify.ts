import { PublishCommand, SNSClient, type SNSClientConfig } from "@aws-sdk/client-sns";
import { z } from "zod";
import { type IncidentRecord, incidentSchema, type MessageKind, sentOf } from "./incident.ts";
import type { Incidents } from "./incidents.ts";
import { type Sign, signedLink } from "./link.ts";
import { noticeOf } from "./notice.ts";
import { type TopicMessage, topicMessage } from "./texts.ts";

/** How long a link acknowledges, in seconds. */
const LINK_SECONDS = 7 * 86_400;

/** What the state machine asks the notifier to do. */
export const notifierEvent = z.discriminatedUnion("act", [
  z.object({ act: z.literal("tell"), incident: incidentSchema, level: z.string(), topic: z.string() }),
  z.object({ act: z.literal("acknowledged"), incident: incidentSchema }),
  z.object({ act: z.literal("over"), incident: incidentSchema }),
]);
export type NotifierEvent = z.infer<typeof notifierEvent>;

/** What has been done, or why nothing had to be. */
export interface NotifierAnswer {
  readonly kind: MessageKind | "recovered" | "muted";
}

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
}

interface Place {
  readonly level: string;
  readonly topic: string;
}

/**
 * Tells one level of an incident, unless it is acknowledged, over or muted, or tells every level that was told what has
 * become of it. Each level hears of each only once, however often it is asked for.
 */
export async function notify(event: NotifierEvent, input: NotifierInput): Promise<NotifierAnswer> {
  const known = await input.incidents.find(event.incident.id);
  const record: IncidentRecord = known ?? {
    incident: event.incident,
    sent: [],
    acknowledged: null,
    recovered: null,
    task: null,
  };
  if (event.act !== "tell") {
    for (const place of placesTold(record)) await send(event.act, { record, place, input });
    return { kind: event.act };
  }
  if (record.recovered !== null) return { kind: "recovered" };
  // a drill goes through every level, whoever has acknowledged it
  if (record.acknowledged !== null && !record.incident.drill) return { kind: "acknowledged" };
  if (!record.incident.drill && (await input.isMuted(record.incident.alarm))) return { kind: "muted" };
  await send("told", { record, place: { level: event.level, topic: event.topic }, input });
  return { kind: "told" };
}

function placesTold(record: IncidentRecord): readonly Place[] {
  return sentOf(record, "told").map(({ level, topic }) => ({ level, topic }));
}

async function send(
  kind: MessageKind,
  { record, place, input }: { record: IncidentRecord; place: Place; input: NotifierInput },
): Promise<void> {
  const { level, topic } = place;
  if (sentOf(record, kind).some((one) => one.level === level)) return;
  const { incidents, publish, sign, door, now } = input;
  const at = new Date(now()).toISOString();
  const { id } = record.incident;
  const expires = Math.floor(now() / 1_000) + LINK_SECONDS;
  const link = kind === "told" ? await signedLink(door, { incident: id, level, expires }, sign) : null;
  const messageId = await publish(topic, topicMessage(noticeOf({ kind, record, level, at, link })));
  await incidents.addSent(id, { kind, level, topic, messageId, at });
}

/** Publishes to topics whose ARNs begin with `prefix`, such as `arn:aws:sns:eu-west-1:123456789012:`. */
export function publishTo(prefix: string, config: SNSClientConfig = {}): Publish {
  const client = new SNSClient({ maxAttempts: 4, ...config });
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
