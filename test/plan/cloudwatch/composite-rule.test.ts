import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  alarmNameOf,
  alarmsOf,
  countElements,
  parseRule,
  type Rule,
  ruleHolds,
} from "../../../plan/cloudwatch/composite-rule.ts";
import type { AlarmState } from "../../../plan/cloudwatch/types.ts";

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

  test("takes a quote in a quoted name behind a backslash, and any other character in a name without quotes", () => {
    expect(alarmsOf(parseRule(String.raw`ALARM("the \"big\" one") OR OK("a\\b") OR OK(5%/über:x)`))).toEqual([
      'the "big" one',
      String.raw`a\b`,
      "5%/über:x",
    ]);
  });

  test("takes the name out of the ARN of an alarm, with and without quotes", () => {
    const arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:";
    expect(alarmsOf(parseRule(`ALARM(${arn}api:errors) AND ALARM("${arn}with space")`))).toEqual([
      "api:errors",
      "with space",
    ]);
    expect(alarmNameOf("arn:aws:sns:eu-west-1:123456789012:topic")).toBe(
      "arn:aws:sns:eu-west-1:123456789012:topic",
    );
  });

  test.each([
    ["AT_LEAST(2, ALARM, (a, b, c))", ["a"], false],
    ["AT_LEAST(2, ALARM, (a, b, c))", ["a", "c"], true],
    ["AT_LEAST(50%, OK, (a, b, c, d))", ["a", "b"], true],
    ["AT_LEAST(50%, OK, (a, b, c, d))", ["a", "b", "c"], false],
    ["AT_LEAST(34%, ALARM, (a, b, c))", ["a"], false],
    ["AT_LEAST(33%, ALARM, (a, b, c))", ["a"], true],
    ["AT_LEAST(1, NOT OK, (a, b))", [], false],
    ["AT_LEAST(1, NOT OK, (a, b))", ["b"], true],
    ['AT_LEAST(2, ALARM, (a, "b", c)) AND NOT ALARM(d)', ["a", "b", "d"], false],
    ["NOT AT_LEAST(2, INSUFFICIENT_DATA, (a, b))", [], true],
  ])("counts alarms in a state: %s with %j in ALARM is %s", (rule, inAlarm, expected) => {
    expect(holds(rule, ...inAlarm)).toBe(expected);
  });

  test("counts alarms, constants and grouping parentheses as elements", () => {
    expect(countElements("ALARM(a)")).toBe(1);
    expect(countElements("(ALARM(a) OR TRUE) AND NOT (OK(b))")).toBe(7);
    expect(countElements("AT_LEAST(2, ALARM, (a, b, c))")).toBe(3);
  });

  test("is refused, not crashed upon, where it is nested without end", () => {
    for (const text of [`${"(".repeat(5_000)}TRUE`, `${"NOT ".repeat(2_500)}TRUE`])
      expect(() => parseRule(text)).toThrow("nested more than 1000 levels deep");
  });

  test("knows TRUE and FALSE, and takes an alarm that nobody knows as INSUFFICIENT_DATA", () => {
    expect([holds("TRUE"), holds("FALSE OR NOT TRUE"), holds("false")]).toEqual([true, false, false]);
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
    ["ALARM(a)  & OK(b)", "& is too much at position 10"],
    ["alarm(a)", "alarm is not a function of a composite rule at position 0"],
    ['ALARM("")', "expected the name of an alarm at position 6"],
    ["ALARM(a b)", "expected ) at position 8"],
    ["AT_LEAST(3, ALARM, (a, b))", "3 of 2 alarms can never be at position 9"],
    [
      "AT_LEAST(0, ALARM, (a, b))",
      "expected how many alarms, from 1, or how many percent of them, from 1% to 100%, at position 9",
    ],
    [
      "AT_LEAST(101%, ALARM, (a, b))",
      "expected how many alarms, from 1, or how many percent of them, from 1% to 100%, at position 9",
    ],
    ["AT_LEAST(1, BROKEN, (a))", "expected ALARM, OK or INSUFFICIENT_DATA at position 12"],
    ["AT_LEAST(1, ALARM, ())", "expected the name of an alarm at position 20"],
    ["AT_LEAST(1, ALARM, a)", "expected ( at position 19"],
    ['ALARM("a)', "unexpected character at position 6"],
  ])("that is broken (`%s`) is refused with the position", (text, message) => {
    expect(() => parseRule(text)).toThrow(new SyntaxError(`${message} of the rule: ${text}`));
  });
});

const name = fc.constantFrom("down", "api-page-fast-long", "with space", "AND", "a(b)", 'a "b" \\');
const { rule: anyRule } = fc.letrec<{ rule: Rule; term: Rule }>((tie) => ({
  term: fc.oneof(
    fc.record({ op: fc.constant("state" as const), state: fc.constantFrom(...STATES), alarm: name }),
    fc.record({ op: fc.constant("constant" as const), value: fc.boolean() }),
    fc.array(name, { minLength: 1, maxLength: 4 }).chain((alarms) =>
      fc.record({
        op: fc.constant("atLeast" as const),
        least: fc.integer({ min: 1, max: alarms.length }),
        unit: fc.constantFrom("alarms" as const, "percent" as const),
        negated: fc.boolean(),
        state: fc.constantFrom(...STATES),
        alarms: fc.constant(alarms),
      }),
    ),
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

const quoted = (alarm: string): string => `"${alarm.replace(/["\\]/g, "\\$&")}"`;

/** Prints a rule with as few parentheses as its precedence allows. */
function written(rule: Rule, within = 0): string {
  switch (rule.op) {
    case "constant":
      return rule.value ? "TRUE" : "FALSE";
    case "state":
      return `${rule.state}(${quoted(rule.alarm)})`;
    case "atLeast": {
      const least = `${rule.least}${rule.unit === "percent" ? "%" : ""}`;
      const state = `${rule.negated ? "NOT " : ""}${rule.state}`;
      return `AT_LEAST(${least}, ${state}, (${rule.alarms.map(quoted).join(", ")}))`;
    }
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
