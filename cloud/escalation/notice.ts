import { z } from "zod";
import { SEVERITIES } from "../../catalog/shared.ts";
import type { IncidentRecord, MessageKind } from "./incident.ts";

/** What programs are told: the relay, and every webhook of the catalog. */
export const noticeSchema = z.object({
  type: z.literal("rollcall.escalation"),
  version: z.literal(1),
  kind: z.enum(["told", "acknowledged", "over"]),
  drill: z.boolean(),
  /** Id of the incident, the same in all of its messages. */
  incident: z.string(),
  environment: z.string(),
  server: z.string(),
  alarm: z.string(),
  /** `page`, `ticket`, `blind`, `security` or `drill`. */
  about: z.string(),
  severity: z.enum(SEVERITIES),
  escalation: z.string(),
  level: z.string(),
  /** When the alarm fired, ISO 8601. */
  since: z.string(),
  /** When this was said, ISO 8601. */
  at: z.string(),
  /** What it means, what to do first, the runbook. */
  text: z.string(),
  /** Why it fired; of what is over, how it ended. */
  reason: z.string(),
  /** Where it is acknowledged; null once nobody has to, and where it could not be made. */
  link: z.string().nullable(),
  /** Who has acknowledged. */
  by: z.string().nullable(),
  note: z.string().nullable(),
});
export type Notice = z.infer<typeof noticeSchema>;

/** What a level is told to do where no link could be made for it. */
const NO_LINK =
  "This message has no link to acknowledge by: it could not be made. Use the link of another message of this incident, or stop the next levels by npx rollcall mute.";

/** The notice of an incident for one level. */
export function noticeOf(input: {
  readonly kind: MessageKind;
  readonly record: IncidentRecord;
  readonly level: string;
  readonly at: string;
  readonly link: string | null;
}): Notice {
  const { kind, record, level, at, link } = input;
  const { incident, acknowledged } = record;
  return {
    type: "rollcall.escalation",
    version: 1,
    kind,
    drill: incident.drill,
    incident: incident.id,
    environment: incident.environment,
    server: incident.server,
    alarm: incident.alarm,
    about: incident.kind,
    severity: incident.severity,
    escalation: incident.escalation,
    level,
    since: incident.at,
    at,
    text: kind === "told" && link === null ? `${incident.text} ${NO_LINK}` : incident.text,
    reason: kind === "over" ? endOf(record) : incident.reason,
    link,
    by: acknowledged?.by ?? null,
    note: acknowledged?.note ?? null,
  };
}

function endOf({ incident, recovered }: IncidentRecord): string {
  if (incident.drill) return "the drill has ended";
  return recovered === null ? "the alarm is OK, or is gone" : `the alarm is OK since ${recovered}`;
}
