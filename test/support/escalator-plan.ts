import type { EscalatorPlan } from "../../plan/escalator.ts";
import type { EscalationPlan, LevelPlan } from "../../plan/types.ts";

/** A small escalation, made by hand. Each of one emulator has an environment's name of its own. */
export function escalatorPlan(
  environment: string,
  given: Pick<EscalatorPlan, "escalations"> & Partial<EscalatorPlan>,
): EscalatorPlan {
  const name = (what: string): string => `rollcall-${environment}-${what}`;
  return {
    environment,
    intake: name("alarms"),
    machine: name("escalation"),
    table: name("incidents"),
    deadLetters: name("escalation-dead-letters"),
    logGroup: `/rollcall/${environment}/escalation`,
    functions: {
      starter: name("escalation-starter"),
      notifier: name("escalation-notifier"),
      acknowledge: name("escalation-acknowledge"),
      relay: name("escalation-relay"),
    },
    fallback: given.escalations[0]?.escalation ?? "",
    alarms: {},
    relay: {},
    secrets: [],
    doorConcurrency: 20,
    keepDays: 30,
    protect: false,
    ...given,
  };
}

/** A ladder whose levels are told so many milliseconds after the alarm. */
export function ladder(
  environment: string,
  escalation: string,
  levels: Readonly<Record<string, number>>,
): EscalationPlan {
  return {
    escalation,
    levels: Object.entries(levels).map(
      ([level, afterMs]): LevelPlan => ({
        level,
        topic: `${environment}-${escalation}-${level}`,
        afterMs,
        respondMs: 900_000,
        subscriptions: [],
      }),
    ),
  };
}
