import type { EscalatorPlan } from "../plan/escalator.ts";
import { printable } from "../probes/classify.ts";

/** One subscription as SNS lists it. */
export interface Listed {
  readonly Protocol?: string | undefined;
  readonly Endpoint?: string | undefined;
  /** An ARN, or a word in its place where nobody is told. */
  readonly SubscriptionArn?: string | undefined;
}

/** Who hears a topic, who could, and who should: `email reader@example.com`, `lambda rollcall-staging-relay`. */
export interface Listeners {
  /** Who is told. */
  readonly confirmed: readonly string[];
  /** Whom SNS has asked, and who has not answered. */
  readonly pending: readonly string[];
  /** Of the plan, and neither told nor asked: the question ran out, somebody unsubscribed, or it was never made. */
  readonly missing: readonly string[];
}

/** SNS says so in place of an ARN. Of a subscription that somebody has ended it says `Deleted` for a while. */
const PENDING = "PendingConfirmation";

/** Everybody who is to hear a topic: whom SNS tells by itself, and the function of ours that does the rest. */
export function plannedListeners(plan: EscalatorPlan, topic: string): readonly string[] {
  if (topic === plan.intake) return [`lambda ${plan.functions.starter}`];
  const levels = plan.escalations.flatMap((one) => one.levels).filter((level) => level.topic === topic);
  const addresses = levels.flatMap(({ subscriptions }) =>
    subscriptions.filter(({ sns }) => sns).map(({ channel, endpoint }) => `${channel} ${endpoint}`),
  );
  const relay = plan.relay[topic] === undefined ? [] : [`lambda ${plan.functions.relay}`];
  return [...new Set([...addresses, ...relay])];
}

/** What SNS lists, held against the plan. */
export function listenersOf(listed: readonly Listed[], planned: readonly string[]): Listeners {
  // in the words of the plan: an address is the same in capitals
  const asPlanned = (one: Listed): string => {
    const name = nameOf(one);
    return planned.find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
  };
  const confirmed = listed.filter((one) => one.SubscriptionArn?.startsWith("arn:")).map(asPlanned);
  const pending = listed.filter((one) => one.SubscriptionArn === PENDING).map(asPlanned);
  const missing = planned.filter((one) => !confirmed.includes(one) && !pending.includes(one));
  return {
    confirmed: confirmed.map(printable),
    pending: pending.map(printable),
    missing: missing.map(printable),
  };
}

/** A function by its name, for its ARN holds the account, which a plan does not know. */
function nameOf({ Protocol = "", Endpoint = "" }: Listed): string {
  const name = Protocol === "lambda" ? Endpoint.split(":")[6] : undefined;
  return `${Protocol} ${name ?? Endpoint}`;
}
