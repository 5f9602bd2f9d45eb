import type { Severity } from "../catalog/shared.ts";
import {
  escalationDeadLetters,
  escalationLogGroup,
  escalationMachineName,
  intakeTopic,
  owned,
} from "./names.ts";
import type { CompositeKind, EscalationPlan, Plan, PlannedComposite, Subscription } from "./types.ts";

/** What the escalation has to know of an alarm, which CloudWatch's message does not say. */
export interface AlarmFacts {
  readonly server: string;
  readonly kind: CompositeKind;
  readonly severity: Severity;
  readonly escalation: string;
  /** Whether later levels are told while it lasts. */
  readonly escalates: boolean;
}

/** Who is told through an API of its own: a channel of Slack or a service of PagerDuty. */
export interface RelayTarget {
  readonly channel: "slack" | "pagerduty";
  readonly endpoint: string;
}

/** The part of an environment that tells people of its alarms, level by level. */
export interface EscalatorPlan {
  readonly environment: string;
  /** The topic that every alarm publishes to. */
  readonly intake: string;
  readonly machine: string;
  /** The DynamoDB table of the incidents: who was told and when, and who acknowledged. */
  readonly table: string;
  /** The queue of what could not be delivered. */
  readonly deadLetters: string;
  readonly logGroup: string;
  readonly functions: Readonly<Record<"starter" | "notifier" | "acknowledge" | "relay", string>>;
  readonly escalations: readonly EscalationPlan[];
  /** The escalation of an alarm that names none that is known. */
  readonly fallback: string;
  /** By the name of the alarm. */
  readonly alarms: Readonly<Record<string, AlarmFacts>>;
  /** Who the relay tells, by the name of the topic. */
  readonly relay: Readonly<Record<string, readonly RelayTarget[]>>;
  /** SSM parameters with the relay's credentials. */
  readonly secrets: readonly string[];
  /** Runs of the function that acknowledges at a time; what comes on top is refused. */
  readonly doorConcurrency: number;
  /** Days that an incident stays in the table after its last change. */
  readonly keepDays: number;
  readonly protect: boolean;
}

/** An incident that lasts longer than its record would be ended without telling anybody. */
const LEAST_KEEP_DAYS = 30;

/**
 * Requests to the public address beyond these are refused at once (429), whoever they are from. So a flood costs no more
 * than this many runs and takes nothing from the other functions, but keeps people out while it lasts; without one it
 * is enough, as a run takes a fraction of a second.
 */
export const DOOR_CONCURRENCY = 20;

/** The SSM parameter with the bot token of an environment's Slack workspace. */
export const slackTokenName = (environment: string): string => `/rollcall/${environment}/slack/token`;
/** The SSM parameter with the routing key (Events API v2) of a service of PagerDuty. */
export const routingKeyName = (environment: string, service: string): string =>
  `/rollcall/${environment}/pagerduty/${service}`;

/** The escalation of a plan. Its fallback is the environment's default. */
export function escalatorOf(
  plan: Pick<Plan, "environment" | "escalations" | "defaultEscalation" | "servers" | "fleet" | "protect"> & {
    readonly retention: Pick<Plan["retention"], "historyDays">;
  },
): EscalatorPlan {
  const { environment, escalations } = plan;
  const name = (what: string): string => owned(environment, what);
  const composites = [...plan.servers, plan.fleet].flatMap((one) => one.composites);
  const levels = escalations.flatMap((one) => one.levels);
  const relay = Object.fromEntries(
    levels
      .map(({ topic, subscriptions }) => [topic, targetsOf(subscriptions)] as const)
      .filter(([, targets]) => targets.length > 0),
  );
  return {
    environment,
    intake: intakeTopic(environment),
    machine: escalationMachineName(environment),
    table: name("incidents"),
    deadLetters: escalationDeadLetters(environment),
    logGroup: escalationLogGroup(environment),
    functions: {
      starter: name("escalation-starter"),
      notifier: name("escalation-notifier"),
      acknowledge: name("escalation-acknowledge"),
      relay: name("escalation-relay"),
    },
    escalations,
    fallback: plan.defaultEscalation,
    alarms: Object.fromEntries(
      composites
        .filter(({ definition }) => definition.ActionsEnabled)
        .map((composite) => [composite.definition.AlarmName, factsOf(composite)]),
    ),
    relay,
    secrets: secretsOf(environment, Object.values(relay).flat()),
    doorConcurrency: DOOR_CONCURRENCY,
    keepDays: Math.max(plan.retention.historyDays, LEAST_KEEP_DAYS),
    protect: plan.protect,
  };
}

function factsOf({ server, kind, severity, escalation, escalates }: PlannedComposite): AlarmFacts {
  return { server, kind, severity, escalation, escalates };
}

/** Each once, in the order of the catalog. */
function targetsOf(subscriptions: readonly Subscription[]): RelayTarget[] {
  const targets = subscriptions.flatMap(({ channel, endpoint }): [string, RelayTarget][] =>
    channel === "slack" || channel === "pagerduty" ? [[`${channel} ${endpoint}`, { channel, endpoint }]] : [],
  );
  return [...new Map(targets).values()];
}

function secretsOf(environment: string, targets: readonly RelayTarget[]): string[] {
  const names = targets.map(({ channel, endpoint }) =>
    channel === "slack" ? slackTokenName(environment) : routingKeyName(environment, endpoint),
  );
  return [...new Set(names)].sort();
}
