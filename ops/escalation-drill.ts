import { type IncidentRecord, sentOf } from "../cloud/escalation/incident.ts";
import { DRILL_END_SECONDS, FAST_SECONDS } from "../plan/escalation-machine.ts";
import type { EscalatorPlan } from "../plan/escalator.ts";
import { ladderOf } from "../plan/ladder.ts";
import type { EscalationPlan } from "../plan/types.ts";
import { printable } from "../probes/classify.ts";
import type { TopicStatus } from "./escalation-account.ts";
import { plannedListeners } from "./escalation-listeners.ts";

/** What is known of a drill that runs. */
export interface DrillState {
  readonly record: IncidentRecord | undefined;
  /** Where each message has arrived through the relay, ISO 8601 by target, by the message's id. */
  readonly arrivals: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** What became of one level. */
export interface DrillLevel {
  readonly level: string;
  readonly topic: string;
  /** When SNS took its message, ISO 8601; null where it has not been told. */
  readonly toldAt: string | null;
  /** Milliseconds since the drill began. */
  readonly afterMs: number | null;
  /** Milliseconds since the drill began, as the ladder says it. */
  readonly dueMs: number;
  readonly messageId: string | null;
  /** Where the relay has seen it arrive: `slack #mcp-alerts`, and when. */
  readonly arrived: readonly { readonly target: string; readonly at: string }[];
  /** Targets of the relay that it has not arrived at. */
  readonly missing: readonly string[];
  /** Addresses of the plan that SNS delivers to by itself, and does not say when. */
  readonly handed: readonly string[];
  /** Addresses that have not confirmed, and are told nothing. */
  readonly pending: readonly string[];
  /** Who is to listen to its topic, and does not. */
  readonly unsubscribed: readonly string[];
}

export interface DrillReport {
  readonly environment: string;
  readonly escalation: string;
  readonly incident: string;
  readonly fast: boolean;
  readonly levels: readonly DrillLevel[];
  readonly acknowledged: { readonly by: string; readonly level: string; readonly at: string } | null;
  /** Whether every level has been told: SNS took its message, whoever listens. */
  readonly complete: boolean;
  /**
   * `unhealthy`: a level was not told, or nobody of it can have heard it. `degraded`: somebody of a level cannot have.
   * The name of the exit code.
   */
  readonly verdict: "healthy" | "degraded" | "unhealthy";
  /** Whether every level that was told has been told, too, that it is over. */
  readonly over: boolean;
}

/** The machine, a cold start of each function, and the retries of one. */
const SLACK_MS = 120_000;

/** Until when a drill has ended, if it ever does: milliseconds since the epoch. */
export function drillDeadline(input: {
  readonly escalation: EscalationPlan;
  readonly fast: boolean;
  readonly started: number;
}): number {
  const { escalation, fast, started } = input;
  const end = fast ? FAST_SECONDS : DRILL_END_SECONDS;
  return started + (dueSeconds(escalation, fast).at(-1) ?? 0) * 1_000 + end * 1_000 + SLACK_MS;
}

/** What a drill has done until now. */
export function drillReport(input: {
  readonly plan: EscalatorPlan;
  readonly escalation: EscalationPlan;
  readonly incident: string;
  readonly fast: boolean;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly state: DrillState;
  readonly topics: readonly TopicStatus[];
}): DrillReport {
  const { plan, escalation, incident, fast, started, state, topics } = input;
  const { record, arrivals } = state;
  const told = record === undefined ? [] : sentOf(record, "told");
  const due = dueSeconds(escalation, fast);
  const levels = escalation.levels.map(({ level, topic }, index): DrillLevel => {
    const sent = told.find((one) => one.level === level);
    const arrived = arrivals.get(sent?.messageId ?? "") ?? new Map<string, string>();
    const targets = (plan.relay[topic] ?? []).map(({ channel, endpoint }) => `${channel} ${endpoint}`);
    const status = topics.find((one) => one.topic === topic);
    const { confirmed = [], pending = [], missing: unsubscribed = [] } = status ?? {};
    const addresses = sent === undefined ? [] : plannedListeners(plan, topic).map(printable);
    return {
      level,
      topic,
      toldAt: sent?.at ?? null,
      afterMs: sent === undefined ? null : Date.parse(sent.at) - started,
      dueMs: (due[index] ?? 0) * 1_000,
      messageId: sent?.messageId ?? null,
      arrived: [...arrived].map(([target, at]) => ({ target, at })),
      missing: targets.filter((target) => !arrived.has(target)),
      handed: addresses.filter((one) => confirmed.includes(one) && !one.startsWith("lambda ")),
      pending,
      unsubscribed,
    };
  });
  const over = record === undefined ? [] : sentOf(record, "over");
  const taken = record?.acknowledged ?? null;
  return {
    environment: plan.environment,
    escalation: escalation.escalation,
    incident,
    fast,
    levels,
    acknowledged: taken === null ? null : { by: taken.by, level: taken.level, at: taken.at },
    complete: levels.every(({ toldAt }) => toldAt !== null),
    verdict: verdictOf(levels),
    over: told.length > 0 && told.every(({ level }) => over.some((one) => one.level === level)),
  };
}

function verdictOf(levels: readonly DrillLevel[]): DrillReport["verdict"] {
  if (levels.some(({ toldAt, arrived, handed }) => toldAt === null || arrived.length + handed.length === 0))
    return "unhealthy";
  const isWhole = levels.every(
    ({ missing, pending, unsubscribed }) => missing.length + pending.length + unsubscribed.length === 0,
  );
  return isWhole ? "healthy" : "degraded";
}

/** When each level is due, in seconds since the drill began: its first level is told at once. */
function dueSeconds(escalation: EscalationPlan, fast: boolean): number[] {
  let due = 0;
  return ladderOf(escalation).levels.map(({ waitSeconds }) => {
    const at = due;
    due += fast ? FAST_SECONDS : waitSeconds;
    return at;
  });
}
