import { type Rule, ruleHolds } from "./cloudwatch/composite-rule.ts";
import type { AlarmState } from "./cloudwatch/types.ts";

/** What is known of the alarms that a rule names. */
export interface Known {
  readonly stateOf: (alarm: string) => AlarmState | undefined;
  /** The rule of a composite whose own causes stand in its place; undefined for an alarm that stands for itself. */
  readonly ruleOf: (alarm: string) => Rule | undefined;
}

/**
 * The alarms in ALARM by which a rule holds, each once; none where it does not hold. One window of a pair whose other
 * window is OK is in ALARM as well, and no cause: it would send whoever reads it to the wrong page.
 */
export function causesOf(rule: Rule, known: Known): string[] {
  return [...new Set(holdersOf(rule, known).flatMap((alarm) => causesBehind(alarm, known)))];
}

function causesBehind(alarm: string, known: Known): string[] {
  const rule = known.ruleOf(alarm);
  return rule === undefined ? [alarm] : causesOf(rule, known);
}

function holdersOf(rule: Rule, known: Known): string[] {
  if (!ruleHolds(rule, known.stateOf)) return [];
  switch (rule.op) {
    case "state":
      return rule.state === "ALARM" ? [rule.alarm] : [];
    case "and":
    case "or":
      return rule.terms.flatMap((term) => holdersOf(term, known));
    case "atLeast":
      return rule.state === "ALARM" && !rule.negated
        ? rule.alarms.filter((alarm) => known.stateOf(alarm) === "ALARM")
        : [];
    case "not":
    case "constant":
      return [];
  }
}
