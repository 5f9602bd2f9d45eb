import { z } from "zod";
import { messageOf } from "../../catalog/errors.ts";
import type { RelayTarget } from "../../plan/escalator.ts";
import { printable } from "../../probes/classify.ts";
import type { Incidents } from "./incidents.ts";
import { type Notice, noticeSchema } from "./notice.ts";
import type { Delivery } from "./sns-event.ts";

/** The value of a secret by its name; rejects where there is none. */
export type ReadSecret = (name: string) => Promise<string>;

/** What the relay is told by the plan. */
export const relayPlan = z.object({
  environment: z.string(),
  targets: z.record(
    z.string(),
    z.array(z.object({ channel: z.enum(["slack", "pagerduty"]), endpoint: z.string() })),
  ),
});
export type RelayPlan = z.infer<typeof relayPlan>;

/** Tells one target of one notice; rejects when it has not arrived. */
export type TellTarget = (target: RelayTarget, notice: Notice) => Promise<void>;

export interface RelayInput {
  readonly plan: RelayPlan;
  readonly incidents: Pick<Incidents, "arrivals" | "addArrival">;
  readonly tell: TellTarget;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Hands one message of a level's topic on to everybody of that level who is reached through an API. Where it has
 * arrived before it is not sent again. Rejects when it has not arrived everywhere, after all have been tried, so that
 * Lambda repeats it and at last puts it among the undelivered.
 */
export async function relay({ messageId, topic, message }: Delivery, input: RelayInput): Promise<void> {
  const { plan, incidents, tell, now } = input;
  const notice = readNotice(message, { environment: plan.environment, topic });
  const arrived = await incidents.arrivals(messageId);
  const targets = (Object.hasOwn(plan.targets, topic) ? plan.targets[topic] : undefined) ?? [];
  const failures = await Promise.all(
    targets
      .filter((target) => !arrived.has(nameOf(target)))
      .map(async (target) => {
        try {
          await tell(target, notice);
        } catch (error) {
          return [`${nameOf(target)}: ${printable(messageOf(error))}`];
        }
        await incidents.addArrival(messageId, {
          target: nameOf(target),
          at: new Date(now()).toISOString(),
        });
        return [];
      }),
  );
  const problems = failures.flat();
  if (problems.length > 0) throw new Error(`not delivered to ${problems.join("; ")}`);
}

const directAlarm = z.object({
  AlarmName: z.string().min(1),
  AlarmDescription: z.string().nullish(),
  NewStateValue: z.string(),
  NewStateReason: z.string().default(""),
  StateChangeTime: z.string(),
});

/**
 * The notice of a message. An alarm that watches the escalation itself publishes to a level without it: its message
 * is CloudWatch's own, and nobody can acknowledge it by a link.
 */
export function readNotice(
  message: string,
  { environment, topic }: { readonly environment: string; readonly topic: string },
): Notice {
  const parsed: unknown = JSON.parse(message);
  const notice = noticeSchema.safeParse(parsed);
  if (notice.success) return notice.data;
  const alarm = directAlarm.safeParse(parsed);
  if (!alarm.success) throw new Error("the message is neither a notice nor a change of an alarm");
  const { AlarmName: name, NewStateValue: state, StateChangeTime: at } = alarm.data;
  return {
    type: "rollcall.escalation",
    version: 1,
    kind: state === "OK" ? "over" : "told",
    drill: false,
    incident: name,
    environment,
    server: "rollcall",
    alarm: name,
    about: name,
    severity: "critical",
    escalation: "none",
    level: topic,
    since: at,
    at,
    text: alarm.data.AlarmDescription ?? "",
    reason: printable(alarm.data.NewStateReason),
    link: null,
    by: null,
    note: null,
  };
}

const nameOf = ({ channel, endpoint }: RelayTarget): string => `${channel} ${endpoint}`;
