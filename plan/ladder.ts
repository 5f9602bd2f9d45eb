import { formatDuration } from "../catalog/units.ts";
import type { EscalationPlan } from "./types.ts";

/** An escalation as the state machine takes it. */
export interface Ladder {
  readonly escalation: string;
  /** Seconds from the alarm until the first level is told. */
  readonly startSeconds: number;
  readonly levels: readonly {
    readonly level: string;
    readonly topic: string;
    /** Seconds until the next level is told; 0 for the last. */
    readonly waitSeconds: number;
  }[];
}

/** Levels of one moment are told a second after one another: a wait has to be at least that long. */
const LEAST_SECONDS = 1;

/** The ladder of an escalation: times since the alarm become times between its levels. */
export function ladderOf({ escalation, levels }: EscalationPlan): Ladder {
  return {
    escalation,
    startSeconds: Math.round((levels[0]?.afterMs ?? 0) / 1_000),
    levels: levels.map(({ level, topic, afterMs }, index) => {
      const next = levels[index + 1];
      const seconds = next === undefined ? 0 : Math.round((next.afterMs - afterMs) / 1_000);
      return { level, topic, waitSeconds: next === undefined ? 0 : Math.max(LEAST_SECONDS, seconds) };
    }),
  };
}

/** A number of seconds as a person reads it: `30m`. */
export function durationSeconds(seconds: number): string {
  return formatDuration(seconds * 1_000);
}
