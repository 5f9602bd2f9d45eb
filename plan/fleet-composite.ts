import { FLEET } from "../catalog/names.ts";
import type { FamilyName } from "../catalog/shared.ts";
import type { Environment } from "../catalog/types.ts";
import { escalationOf, firstTopic } from "./escalation.ts";
import { alarmName } from "./names.ts";
import { describeAlarm } from "./texts.ts";
import type { CompositeKind, PlannedComposite } from "./types.ts";

/** A composite that stands for all servers together, or for the monitoring itself. */
export function fleetComposite(input: {
  readonly environment: Environment;
  readonly suffix: string;
  readonly kind: CompositeKind;
  readonly family: FamilyName;
  readonly rule: string;
  readonly detail: string;
  /** False for a part of another composite's rule. */
  readonly acts: boolean;
  /** @default escalated */
  readonly delivery?: PlannedComposite["delivery"];
}): PlannedComposite {
  const { environment, suffix, kind, family, rule, detail, acts, delivery = "escalated" } = input;
  const { severity, runbook } = environment.families[family];
  // what does not go through the machine has nobody who would tell a second level
  const escalates = kind !== "ticket" && delivery === "escalated";
  const escalation = escalationOf(environment, { family, severity, climbs: escalates });
  return {
    server: FLEET,
    kind,
    severity,
    runbook,
    escalation,
    escalates,
    delivery,
    topic: firstTopic(environment, escalation),
    definition: {
      AlarmName: alarmName(environment.name, FLEET, suffix),
      AlarmDescription: describeFleet(environment, family, detail),
      AlarmRule: rule,
      ActionsEnabled: acts,
    },
  };
}

/** What an alarm says that belongs to no single server. */
export function describeFleet(environment: Environment, family: FamilyName, detail: string): string {
  return describeAlarm({
    family: environment.families[family],
    environment: environment.name,
    server: FLEET,
    detail,
  });
}
