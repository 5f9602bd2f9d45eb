import { createHash } from "node:crypto";
import { z } from "zod";
import { SEVERITIES } from "../../catalog/shared.ts";

/** One firing of one alarm, or a drill: the input of an execution. Everything in it is decided when it begins. */
export const incidentSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  environment: z.string(),
  /** Name of the alarm; that of a drill is no alarm's. */
  alarm: z.string(),
  server: z.string(),
  kind: z.string(),
  severity: z.enum(SEVERITIES),
  escalation: z.string(),
  /** Whether later levels are told while it lasts. */
  escalates: z.boolean(),
  /** What the alarm says: what it means, what to do first, the runbook. */
  text: z.string(),
  /** Why it fired, as CloudWatch says it. */
  reason: z.string(),
  /** When it fired, ISO 8601. */
  at: z.string(),
  drill: z.boolean(),
  /** Whether a drill has seconds between its levels. */
  fast: z.boolean(),
});
export type Incident = z.infer<typeof incidentSchema>;

/** What a level is told: that an alarm acts, that somebody has acknowledged it, or that it is over. */
export type MessageKind = "told" | "acknowledged" | "over";

/** A level, and the topic by which it is told. */
export interface Place {
  readonly level: string;
  readonly topic: string;
}

/** One message to one level. */
export interface Sent extends Place {
  readonly kind: MessageKind;
  /** Of SNS. */
  readonly messageId: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Who has taken an incident in hand. */
export interface Acknowledgement {
  /** As the person wrote it. */
  readonly by: string;
  /** The level whose link was used. */
  readonly level: string;
  /** ISO 8601. */
  readonly at: string;
  readonly note: string;
}

/** An incident with what has become of it. */
export interface IncidentRecord {
  readonly incident: Incident;
  readonly sent: readonly Sent[];
  readonly acknowledged: Acknowledgement | null;
  /** When its alarm was over, ISO 8601. */
  readonly recovered: string | null;
  /** The newer incident of its alarm that goes on in its place. */
  readonly superseded: string | null;
  /** Levels that were told of those whose place it has taken: they hear who has it and how it ends. */
  readonly heard: readonly Place[];
  /** The token of the execution that waits, or has waited last. */
  readonly task: string | null;
}

/** The same for every delivery of the same change of the same alarm, and no other. */
export function incidentId(alarm: string, stateChangeTime: string): string {
  return createHash("sha256").update(`${alarm}\n${stateChangeTime}`).digest("hex").slice(0, 32);
}

/** The levels that know of an incident and have not been told that it is over. */
export function hearersOf(record: IncidentRecord): readonly Place[] {
  const over = new Set(sentOf(record, "over").map(({ level }) => level));
  return distinct([...sentOf(record, "told"), ...record.heard]).filter(({ level }) => !over.has(level));
}

/** Each level once. */
export function distinct(places: readonly Place[]): readonly Place[] {
  return [...new Map(places.map(({ level, topic }) => [level, { level, topic }])).values()];
}

/** The messages of one kind, in the order in which they were sent. */
export function sentOf(record: IncidentRecord, kind: MessageKind): readonly Sent[] {
  return record.sent.filter((one) => one.kind === kind);
}
