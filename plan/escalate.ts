import type { EscalationPlan, LevelPlan } from "./types.ts";

/** What is known of one incident: when it began and which levels have been told. */
export interface IncidentProgress {
  readonly openedAt: number;
  readonly told: readonly string[];
}

/** The levels whose time has come and that have not been told, in order. */
export function dueLevels(escalation: EscalationPlan, incident: IncidentProgress, now: number): LevelPlan[] {
  const elapsed = now - incident.openedAt;
  return escalation.levels.filter(
    ({ level, afterMs }) => afterMs <= elapsed && !incident.told.includes(level),
  );
}
