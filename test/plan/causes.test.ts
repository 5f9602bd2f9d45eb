/** Which alarms a composite names as its reason. Not proved here: that a rule holds when CloudWatch says so. */
import { describe, expect, it } from "vitest";
import { causesOf } from "../../plan/causes.ts";
import { parseRule } from "../../plan/cloudwatch/composite-rule.ts";
import type { AlarmState } from "../../plan/cloudwatch/types.ts";

const PAIRS =
  '(ALARM("down") OR (ALARM("fast-long") AND ALARM("fast-short")) OR (ALARM("slow-long") AND ALARM("slow-short"))) AND NOT ALARM("heartbeat")';

/** The causes of a rule while these alarms, and no others, are in ALARM. */
function causes(rule: string, firing: readonly string[], rules: Readonly<Record<string, string>> = {}) {
  const stateOf = (alarm: string): AlarmState => (firing.includes(alarm) ? "ALARM" : "OK");
  const ruleOf = (alarm: string) => {
    const text = rules[alarm];
    return text === undefined ? undefined : parseRule(text);
  };
  return causesOf(parseRule(rule), { stateOf, ruleOf });
}

describe("the causes of a composite", () => {
  it("are the alarms by which it holds, and not one window of a pair whose other is OK", () => {
    expect(causes(PAIRS, ["down", "fast-short", "slow-short"])).toEqual(["down"]);
    expect(causes(PAIRS, ["fast-short", "slow-long", "slow-short"])).toEqual(["slow-long", "slow-short"]);
  });

  it("are none while it does not hold, whatever else is in ALARM", () => {
    expect(causes(PAIRS, ["fast-short", "slow-long"])).toEqual([]);
    expect(causes(PAIRS, ["down", "heartbeat"])).toEqual([]);
    expect(causes('OK("down") AND TRUE', [])).toEqual([]);
  });

  it("of many servers are those that count, each by its own causes, each once", () => {
    const rules = { a: PAIRS, b: 'ALARM("b-down")', c: 'ALARM("c-down")' };
    const rule = 'AT_LEAST(2, ALARM, ("a", "b", "c")) OR ALARM("a")';
    expect(causes(rule, ["a", "down", "slow-short", "c", "c-down"], rules)).toEqual(["down", "c-down"]);
    expect(causes('AT_LEAST(2, ALARM, ("a", "b"))', ["a", "down"], rules)).toEqual([]);
  });
});
