import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alarmsOf, parseRule, type Rule, ruleHolds } from "../../plan/composite-rule.ts";
import type { AlarmState } from "../../plan/evaluate.ts";

const STATES = ["OK", "ALARM", "INSUFFICIENT_DATA"] as const;

/** Whether a rule holds while the named alarms are in ALARM and every other one is OK. */
const holds = (text: string, ...inAlarm: string[]): boolean =>
  ruleHolds(parseRule(text), (name) => (inAlarm.includes(name) ? "ALARM" : "OK"));

describe("a composite rule", () => {
  test("binds AND tighter than OR", () => {
    const rule = "ALARM(a) OR ALARM(b) AND ALARM(c)";
    expect([holds(rule, "a"), holds(rule, "b"), holds(rule, "b", "c")]).toEqual([true, false, true]);
  });

  test("is grouped by parentheses, nested as deep as one likes", () => {
    const rule = "((ALARM(a) OR (ALARM(b))) AND (((ALARM(c)))))";
    expect([holds(rule, "a"), holds(rule, "c"), holds(rule, "b", "c")]).toEqual([false, false, true]);
  });

  test("binds NOT to the next term only", () => {
    const rule = "NOT ALARM(a) AND ALARM(b)";
    expect([holds(rule), holds(rule, "b"), holds(rule, "a", "b")]).toEqual([false, true, false]);
    expect(holds("NOT NOT ALARM(a)", "a")).toBe(true);
    expect(holds("NOT (ALARM(a) OR ALARM(b))")).toBe(true);
  });

  test("takes names in quotes, with spaces, brackets and words of the language in them", () => {
    expect(alarmsOf(parseRule('ALARM("a (b), c") AND OK("ALARM") OR ALARM("NOT")'))).toEqual([
      "a (b), c",
      "ALARM",
      "NOT",
    ]);
  });

  test("knows TRUE and FALSE, and takes an alarm that nobody knows as INSUFFICIENT_DATA", () => {
    expect([holds("TRUE"), holds("FALSE OR NOT TRUE")]).toEqual([true, false]);
    expect(ruleHolds(parseRule("INSUFFICIENT_DATA(a)"), () => undefined)).toBe(true);
  });

  test("names each alarm once", () => {
    expect(alarmsOf(parseRule("ALARM(a) AND (OK(a) OR ALARM(b)) AND TRUE"))).toEqual(["a", "b"]);
  });

  test.each([
    ["", "the rule ends too early at position 0"],
    ["ALARM(a) AND", "the rule ends too early at position 12"],
    ["ALARM a", "expected ( at position 6"],
    ["ALARM(a", "expected ) at position 7"],
    ["ALARM()", "expected the name of an alarm at position 6"],
    ["ALARM(a) OK(b)", "OK is too much at position 9"],
    ["ALARM(a))", ") is too much at position 8"],
    ["ALARM(a) AND  BROKEN(b)", "BROKEN is not a function of a composite rule at position 14"],
    ['"TRUE"', '"TRUE" is not a function of a composite rule at position 0'],
    ["ALARM(a)  & OK(b)", "unexpected character at position 10"],
    ['ALARM("a)', "unexpected character at position 6"],
  ])("that is broken (`%s`) is refused with the position", (text, message) => {
    expect(() => parseRule(text)).toThrow(new SyntaxError(`${message} of the rule: ${text}`));
  });
});

const name = fc.constantFrom("down", "api-page-fast-long", "with space", "AND", "a(b)");
const { rule: anyRule } = fc.letrec<{ rule: Rule; term: Rule }>((tie) => ({
  term: fc.oneof(
    fc.record({ op: fc.constant("state" as const), state: fc.constantFrom(...STATES), alarm: name }),
    fc.record({ op: fc.constant("constant" as const), value: fc.boolean() }),
  ),
  rule: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("term"),
    fc.record({ op: fc.constant("not" as const), term: tie("rule") }),
    fc.record({
      op: fc.constantFrom("and" as const, "or" as const),
      terms: fc.array(tie("rule"), { minLength: 1, maxLength: 4 }),
    }),
  ),
}));

/** Prints a rule with as few parentheses as its precedence allows. */
function written(rule: Rule, within = 0): string {
  switch (rule.op) {
    case "constant":
      return rule.value ? "TRUE" : "FALSE";
    case "state":
      return `${rule.state}("${rule.alarm}")`;
    case "not":
      return `NOT ${written(rule.term, 3)}`;
    default: {
      const binds = rule.op === "and" ? 2 : 1;
      const text = rule.terms.map((term) => written(term, binds)).join(` ${rule.op.toUpperCase()} `);
      return within > binds ? `(${text})` : text;
    }
  }
}

test("a rule that is written and parsed again holds in the same states", () => {
  const states = fc.dictionary(name, fc.constantFrom<AlarmState>(...STATES));
  fc.assert(
    fc.property(anyRule, states, (rule, known) => {
      const stateOf = (alarm: string): AlarmState | undefined => known[alarm];
      expect(ruleHolds(parseRule(written(rule)), stateOf)).toBe(ruleHolds(rule, stateOf));
    }),
    { numRuns: 500 },
  );
});
