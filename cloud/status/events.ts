import { createHash } from "node:crypto";
import type { NumberedEvent } from "../../monitor/status-view.ts";
import { FLEET } from "../../plan/names.ts";
import { type StatusSite, serverOfAlarm } from "../../plan/status.ts";
import { type IncidentRecord, sentOf } from "../escalation/incident.ts";
import type { AlarmChange } from "./alarms.ts";

/** Ids of one millisecond: an event keeps its id whatever else is read with it. */
const IDS_A_MS = 1_000;

/** Alarms that changed, levels that were told and who acknowledged, as events in the order of their ids. */
export function eventsOf(
  site: StatusSite,
  {
    changes,
    incidents,
  }: { readonly changes: readonly AlarmChange[]; readonly incidents: readonly IncidentRecord[] },
): NumberedEvent[] {
  const servers = serverOfAlarm(site);
  const composites = new Map(
    [...site.servers, site.fleet].flatMap((one) => one.composites).map((one) => [one.alarm, one]),
  );
  const transitions = changes.map(({ alarm, at, from, to, reason }) => {
    const composite = composites.get(alarm);
    return numbered({
      type: "transition",
      at: new Date(at).toISOString(),
      server: servers.get(alarm) ?? FLEET,
      alarm,
      composite: composite !== undefined,
      acts: composite?.acts ?? false,
      from,
      to,
      reason,
    });
  });
  const told = incidents.flatMap((record) => [
    ...messages(record, composites.get(record.incident.alarm)?.runbook ?? ""),
    ...acknowledgement(record),
  ]);
  return [...transitions, ...told].toSorted((one, other) => one.id - other.id);
}

/** Whom a level's message went to is named by its topic: addresses of people are for whoever answers, not for readers. */
function messages(record: IncidentRecord, runbook: string): NumberedEvent[] {
  const { incident } = record;
  const first = sentOf(record, "told")[0];
  return record.sent
    .filter(({ kind }) => kind !== "acknowledged")
    .map((sent) =>
      numbered({
        type: "message",
        at: sent.at,
        kind: sent.kind === "over" ? "resolved" : sent === first ? "alarm" : "escalation",
        environment: incident.environment,
        server: incident.server,
        incident: incident.id,
        alarm: incident.alarm,
        severity: incident.severity,
        level: sent.level,
        to: [sent.topic],
        because: [incident.reason],
        text: incident.text,
        runbook,
        elapsedMs: Math.max(0, Date.parse(sent.at) - Date.parse(incident.at)),
      }),
    );
}

function acknowledgement({ incident, acknowledged }: IncidentRecord): NumberedEvent[] {
  if (acknowledged === null) return [];
  const { at, by, level, note } = acknowledged;
  const { server, alarm, id } = incident;
  return [numbered({ type: "acknowledged", at, server, incident: id, alarm, level, by, note })];
}

function numbered(event: { readonly at: string; readonly [field: string]: unknown }): NumberedEvent {
  const hash = createHash("sha256").update(JSON.stringify(event)).digest().readUInt32BE(0);
  return { id: Date.parse(event.at) * IDS_A_MS + (hash % IDS_A_MS), event };
}
