import { FLEET } from "../catalog/names.ts";
import { type FamilyName, SEVERITIES, type Severity, severityEscalation } from "../catalog/shared.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { escalationOf, firstTopic } from "./escalation.ts";
import { alarmName } from "./names.ts";
import { describeAlarm } from "./texts.ts";
import type { CompositeAlarm, CompositeKind, PlannedAlarm, PlannedComposite } from "./types.ts";

const TICKET_FAMILIES: readonly FamilyName[] = [
  "budget-ticket",
  "degraded",
  "latency",
  "threshold",
  "tools-missing",
  "tools-breaking",
  "tools-additive",
  "auth",
  "expiry",
  "dependency",
];

const SECURITY_FAMILIES: readonly FamilyName[] = ["tools-wording"];

/** Points that a page waits for the fleet's to come first: one evaluation, for all servers fail in one minute. */
const SUPPRESSOR_WAIT_POINTS = 1;
/**
 * Points that it stays held back when the fleet's is over: servers of one outage leave their windows minutes apart,
 * and what still fails after that fails alone.
 */
const SUPPRESSOR_EXTENSION_POINTS = 5;
/** Suffix of the part that the fleet counts: everything that a server's page is for. */
export const FAILING = "failing";

/** What each composite says about itself; its children say the rest. */
const DETAILS = {
  page: "the server is down, or it spends its error budget at a rate that needs somebody now",
  ticket: "something wears the server down that has to wake nobody",
  blind: "the probe itself is silent, so the state of the server is unknown",
  security: "a tool tells agents something else than was reviewed",
} as const satisfies Record<CompositeKind, string>;

const FAMILY_OF = {
  page: "server-down",
  ticket: "budget-ticket",
  blind: "heartbeat",
  security: "tools-wording",
} as const satisfies Record<CompositeKind, FamilyName>;

/**
 * The composites of one server, the only alarms that tell anybody: `page` and `blind`, one ticket for each severity
 * that its alarms have, and `security` where something can say so. Page and tickets are held back while the heartbeat
 * is lost, so that a dead probe never reads as a dead server; page and blind also while the fleet's own alarm says that
 * many servers have the same trouble.
 */
export function planComposites(
  environment: Environment,
  server: Server,
  alarms: readonly PlannedAlarm[],
): PlannedComposite[] {
  const heartbeat = inAlarm(alarmName(environment.name, server.name, "heartbeat"));
  const page = [...named(alarms, ["server-down"]), ...burnPairs(environment, server, alarms, "budget-page")];
  const security = named(alarms, SECURITY_FAMILIES);
  const failing = `${anyOf(page)} AND NOT ${heartbeat}`;
  const isPart = isFolded(environment);
  const make = (kind: CompositeKind, rule: string, members = rule): PlannedComposite =>
    composite({ environment, server, alarms, kind, suffix: kind, rule, members });
  return [
    ...(isPart ? [asPart(make("page", failing), alarmName(environment.name, server.name, FAILING))] : []),
    isPart
      ? make("page", inAlarm(alarmName(environment.name, server.name, FAILING)), failing)
      : make("page", failing),
    ...tickets({ environment, server, alarms, heartbeat }),
    make("blind", heartbeat),
    ...(security.length === 0 ? [] : [make("security", anyOf(security))]),
  ];
}

/**
 * What can wait, one composite for each escalation that it goes to: in one alarm a ticket of days would hide a graver
 * one, for an alarm tells nobody a second time while it lasts.
 */
function tickets(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly alarms: readonly PlannedAlarm[];
  /** The term that says that nobody hears the probe. */
  readonly heartbeat: string;
}): PlannedComposite[] {
  const { environment, server, alarms, heartbeat } = input;
  const waiting = SEVERITIES.flatMap((severity) =>
    alarms.filter((alarm) => alarm.severity === severity && TICKET_FAMILIES.includes(alarm.family)),
  );
  const groups = Map.groupBy(waiting, ({ family, severity }) =>
    escalationOf(environment, { family, severity, climbs: false }),
  );
  return [...groups].map(([escalation, members]) => {
    const pairs = burnPairs(environment, server, members, "budget-ticket");
    const others = members.filter(({ family }) => family !== "budget-ticket");
    const rule = `${anyOf([...pairs, ...named(others, TICKET_FAMILIES)])} AND NOT ${heartbeat}`;
    const suffix = ticketSuffix(escalation);
    const about = { environment, server, alarms, suffix, rule, members: rule, escalation };
    return composite({ ...about, kind: "ticket" });
  });
}

/** What the name of a ticket ends with: its severity, or the escalation that it goes to instead. */
export function ticketSuffix(escalation: string): string {
  const own = SEVERITIES.find((severity) => severityEscalation(severity) === escalation);
  return own === undefined ? `ticket-to-${escalation}` : `ticket-${own}`;
}

/**
 * The same composite without anybody to tell: the fleet counts it, and the page that names it can then wait for the
 * fleet. In one alarm each would have to exist before the other.
 */
function asPart(whole: PlannedComposite, name: string): PlannedComposite {
  const { AlarmDescription, AlarmRule } = whole.definition;
  return { ...whole, definition: { AlarmName: name, AlarmDescription, AlarmRule, ActionsEnabled: false } };
}

function named(alarms: readonly PlannedAlarm[], families: readonly FamilyName[]): string[] {
  return alarms
    .filter(({ family }) => families.includes(family))
    .map(({ definition }) => inAlarm(definition.AlarmName));
}

/** A pair of windows acts when both say so: the long one that it matters, the short one that it still goes on. */
function burnPairs(
  environment: Environment,
  server: Server,
  alarms: readonly PlannedAlarm[],
  family: FamilyName,
): string[] {
  const names = new Set(alarms.map(({ definition }) => definition.AlarmName));
  return server.objectives.flatMap((objective) =>
    environment.burnRates
      .filter((rate) => rate.family === family)
      .map((rate) => alarmName(environment.name, server.name, `${objective.name}-${rate.name}`))
      .filter((name) => names.has(`${name}-long`))
      .map((name) => `(${inAlarm(`${name}-long`)} AND ${inAlarm(`${name}-short`)})`),
  );
}

function composite(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly alarms: readonly PlannedAlarm[];
  readonly kind: CompositeKind;
  readonly suffix: string;
  readonly rule: string;
  /** The rule that names the metric alarms behind it. */
  readonly members: string;
  /** @default that of its family, else the server's */
  readonly escalation?: string;
}): PlannedComposite {
  const { environment, server, alarms, kind, suffix, rule, members } = input;
  const family = environment.families[FAMILY_OF[kind]];
  const escalation = input.escalation ?? family.escalation ?? server.escalation;
  return {
    server: server.name,
    kind,
    escalates: kind !== "ticket",
    delivery: "escalated",
    severity: worst(
      alarms.filter(({ definition }) => members.includes(inAlarm(definition.AlarmName))),
      kind,
    ),
    runbook: family.runbook,
    escalation,
    topic: firstTopic(environment, escalation),
    definition: {
      AlarmName: alarmName(environment.name, server.name, suffix),
      AlarmDescription: describeAlarm({
        family: { ...family, means: "{server} in {environment}: {detail}." },
        environment: environment.name,
        server: server.name,
        detail: DETAILS[kind],
      }),
      AlarmRule: rule,
      ActionsEnabled: true,
      ...suppressor(environment, kind),
    },
  };
}

/** What holds a composite's actions back: the fleet's alarm of the same kind, where there is one. */
function suppressor(environment: Environment, kind: CompositeKind): Partial<CompositeAlarm> {
  if ((kind !== "page" && kind !== "blind") || !isFolded(environment)) return {};
  return {
    ActionsSuppressor: alarmName(environment.name, FLEET, kind),
    ActionsSuppressorWaitPeriod: SUPPRESSOR_WAIT_POINTS * environment.resolutionSeconds,
    ActionsSuppressorExtensionPeriod: SUPPRESSOR_EXTENSION_POINTS * environment.resolutionSeconds,
  };
}

/** Whether an environment has as many servers as make one page of several. */
export function isFolded({ servers, fold }: Environment): boolean {
  return servers.length >= fold;
}

/** The highest severity of the alarms behind it; the heartbeat that holds the others back does not count there. */
function worst(members: readonly PlannedAlarm[], kind: CompositeKind): Severity {
  const counted = members.filter(({ family }) => kind === "blind" || family !== "heartbeat");
  return SEVERITIES.find((severity) => counted.some((alarm) => alarm.severity === severity)) ?? "low";
}

export const inAlarm = (name: string): string => `ALARM("${name}")`;

function anyOf(terms: readonly string[]): string {
  return terms.length === 0 ? "FALSE" : `(${terms.join(" OR ")})`;
}
