import type { EscalationPlan, LevelPlan } from "./types.ts";

/** What is known of one incident: when it began and which levels have been told. */
export interface IncidentProgress {
  readonly openedAt: number;
  readonly told: readonly string[];
}

/**
 * The levels whose time has come and that have not been told, in order. What does not escalate tells the first level
 * only, however long it lasts: a ticket wakes no director.
 */
export function dueLevels(input: {
  readonly escalation: EscalationPlan;
  readonly escalates: boolean;
  readonly incident: IncidentProgress;
  readonly now: number;
}): LevelPlan[] {
  const { escalation, escalates, incident, now } = input;
  const elapsed = now - incident.openedAt;
  return escalation.levels
    .slice(0, escalates ? undefined : 1)
    .filter(({ level, afterMs }) => afterMs <= elapsed && !incident.told.includes(level));
}
