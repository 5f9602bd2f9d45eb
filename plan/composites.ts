import { type FamilyName, SEVERITIES, type Severity } from "../catalog/shared.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { alarmName, topicName } from "./names.ts";
import { describeAlarm } from "./texts.ts";
import type { CompositeKind, PlannedAlarm, PlannedComposite } from "./types.ts";

const TICKET_FAMILIES: readonly FamilyName[] = [
  "degraded",
  "latency",
  "threshold",
  "tools-missing",
  "tools-breaking",
  "tools-wording",
  "tools-additive",
  "auth",
  "expiry",
  "dependency",
];

const KINDS = ["page", "ticket", "blind"] as const satisfies readonly CompositeKind[];

/** What each composite says about itself; its children say the rest. */
const DETAILS = {
  page: "the server is down, or it spends its error budget at a rate that needs somebody now",
  ticket: "something wears the server down that can wait for working hours",
  blind: "the probe itself is silent, so the state of the server is unknown",
} as const satisfies Record<CompositeKind, string>;

const FAMILY_OF = {
  page: "server-down",
  ticket: "budget-ticket",
  blind: "heartbeat",
} as const satisfies Record<CompositeKind, FamilyName>;

/**
 * The composites of one server, the only alarms that tell anybody: `page`, `ticket` and `blind`. The first
 * two are held back while the heartbeat is lost, so that a dead probe never reads as a dead server.
 */
export function planComposites(
  environment: Environment,
  server: Server,
  alarms: readonly PlannedAlarm[],
): PlannedComposite[] {
  const heartbeat = inAlarm(alarmName(environment.name, server.name, "heartbeat"));
  const page = [...named(alarms, ["server-down"]), ...burnPairs(environment, server, alarms, "budget-page")];
  const ticket = [
    ...burnPairs(environment, server, alarms, "budget-ticket"),
    ...named(alarms, TICKET_FAMILIES),
  ];
  const rules = {
    page: `${anyOf(page)} AND NOT ${heartbeat}`,
    ticket: `${anyOf(ticket)} AND NOT ${heartbeat}`,
    blind: heartbeat,
  } as const satisfies Record<CompositeKind, string>;
  return KINDS.map((kind) => composite({ environment, server, alarms, kind, rule: rules[kind] }));
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
  readonly rule: string;
}): PlannedComposite {
  const { environment, server, alarms, kind, rule } = input;
  const family = environment.families[FAMILY_OF[kind]];
  const first = environment.escalations.find(({ name }) => name === server.escalation)?.levels[0]?.name ?? "";
  return {
    server: server.name,
    kind,
    severity: worst(
      alarms.filter(({ definition }) => rule.includes(inAlarm(definition.AlarmName))),
      kind,
    ),
    runbook: family.runbook,
    escalation: server.escalation,
    topic: topicName(environment.name, server.escalation, first),
    definition: {
      AlarmName: alarmName(environment.name, server.name, kind),
      AlarmDescription: describeAlarm({
        family: { ...family, means: "{server} in {environment}: {detail}." },
        environment: environment.name,
        server: server.name,
        detail: DETAILS[kind],
      }),
      AlarmRule: rule,
      ActionsEnabled: true,
    },
  };
}

/** The highest severity of the alarms behind it; the heartbeat that holds the others back does not count there. */
function worst(members: readonly PlannedAlarm[], kind: CompositeKind): Severity {
  const counted = members.filter(({ family }) => kind === "blind" || family !== "heartbeat");
  return SEVERITIES.find((severity) => counted.some((alarm) => alarm.severity === severity)) ?? "low";
}

const inAlarm = (name: string): string => `ALARM("${name}")`;

function anyOf(terms: readonly string[]): string {
  return terms.length === 0 ? "FALSE" : `(${terms.join(" OR ")})`;
}
