import { z } from "zod";
import { SEVERITIES } from "../../catalog/shared.ts";
import type { AlarmFacts } from "../../plan/escalator.ts";
import { printable } from "../../probes/classify.ts";
import { type Incident, incidentId } from "./incident.ts";

/** What the starter is told by the plan. */
export const starterPlan = z.object({
  environment: z.string(),
  fallback: z.string(),
  escalations: z.array(z.string()),
  alarms: z.record(
    z.string(),
    z.object({
      server: z.string(),
      kind: z.enum(["page", "ticket", "blind", "security"]),
      severity: z.enum(SEVERITIES),
      escalation: z.string(),
      escalates: z.boolean(),
    }),
  ),
});
export type StarterPlan = z.infer<typeof starterPlan>;

/** The name of the alarm that a drill is of. No alarm of CloudWatch has it: theirs begin with the environment. */
export const DRILL_ALARM = "rollcall drill";
const MAX_TEXT = 1_024;

const drillMessage = z.object({
  type: z.literal("rollcall.drill"),
  incident: z.string().regex(/^[0-9a-f]{32}$/),
  escalation: z.string(),
  fast: z.boolean(),
  by: z.string(),
  at: z.string(),
});
/** What the command publishes to the intake topic to begin a drill. */
export type DrillMessage = z.infer<typeof drillMessage>;

const alarmMessage = z.object({
  AlarmName: z.string().min(1),
  AlarmDescription: z.string().nullish(),
  NewStateValue: z.enum(["ALARM", "OK", "INSUFFICIENT_DATA"]),
  NewStateReason: z.string().default(""),
  StateChangeTime: z.string(),
});

/** What a message of the intake topic asks for. */
export type Intake =
  | { readonly what: "begin"; readonly incident: Incident }
  | { readonly what: "end"; readonly alarm: string; readonly at: string }
  | { readonly what: "nothing" };

/**
 * Reads one message of the intake topic: a change of an alarm as CloudWatch publishes it, or a drill. An alarm that
 * the plan does not know escalates by the fallback: better one page too many than silence.
 * @throws Error when it is neither, so that Lambda puts it among the undelivered
 */
export function readIntake(message: string, plan: StarterPlan): Intake {
  const parsed: unknown = JSON.parse(message);
  const drill = drillMessage.safeParse(parsed);
  if (drill.success) return { what: "begin", incident: drillIncident(drill.data, plan) };
  const alarm = alarmMessage.safeParse(parsed);
  if (!alarm.success) throw new Error("the message is neither a change of an alarm nor a drill");
  const { AlarmName: name, NewStateValue: state, StateChangeTime: changed } = alarm.data;
  const at = isoOf(changed);
  if (state === "OK") return { what: "end", alarm: name, at };
  if (state === "INSUFFICIENT_DATA") return { what: "nothing" };
  return {
    what: "begin",
    incident: {
      id: incidentId(name, changed),
      environment: plan.environment,
      alarm: name,
      ...factsOf(name, plan),
      text: (alarm.data.AlarmDescription ?? "").slice(0, MAX_TEXT),
      reason: printable(alarm.data.NewStateReason),
      at,
      drill: false,
      fast: false,
    },
  };
}

function factsOf(alarm: string, { alarms, fallback }: StarterPlan): AlarmFacts {
  if (Object.hasOwn(alarms, alarm)) {
    const known = alarms[alarm];
    if (known !== undefined) return known;
  }
  return { server: alarm, kind: "page", severity: "critical", escalation: fallback, escalates: true };
}

function drillIncident(drill: DrillMessage, { environment, escalations }: StarterPlan): Incident {
  if (!escalations.includes(drill.escalation))
    throw new Error(`there is no escalation ${printable(drill.escalation)} to drill`);
  return {
    id: drill.incident,
    environment,
    alarm: DRILL_ALARM,
    server: "drill",
    kind: "drill",
    severity: "low",
    escalation: drill.escalation,
    escalates: true,
    text: `${printable(drill.by)} tests the escalation ${drill.escalation} of ${environment}. Nothing is wrong. First: acknowledge by the link.`,
    reason: "a drill",
    at: isoOf(drill.at),
    drill: true,
    fast: drill.fast,
  };
}

/** CloudWatch writes offsets without a colon: `2026-11-21T18:04:59.123+0000`. */
function isoOf(text: string): string {
  return new Date(text.replace(/([+-]\d\d)(\d\d)$/, "$1:$2")).toISOString();
}
