import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alarmProblems } from "../../plan/limits.ts";
import { illegalRange, legalPeriod } from "../../plan/periods.ts";
import type { ServerPlan } from "../../plan/types.ts";
import { server } from "../support/sample-plan.ts";

describe("a period", () => {
  test.each([
    [1, 10],
    [10, 10],
    [11, 20],
    [30, 30],
    [31, 60],
    [60, 60],
    [61, 120],
    [259_200, 259_200],
  ])("of %i s becomes %i s", (asked, legal) => {
    expect(legalPeriod(asked)).toBe(legal);
  });

  test("is always one that CloudWatch takes, and never shorter than asked", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 604_800 }), (asked) => {
        const period = legalPeriod(asked);
        expect(period).toBeGreaterThanOrEqual(asked);
        expect(illegalRange(period, 1) ?? "").not.toContain("is none of");
      }),
    );
  });

  test.each([
    [60, 1_440, undefined],
    [60, 1_441, "86460 s, more than the 86400 s"],
    [3_600, 168, undefined],
    [3_600, 169, "608400 s, more than the 604800 s"],
    [45, 1, "Period 45 is none of 10, 20, 30 and the multiples of 60"],
    [0, 1, "Period 0 is none of"],
  ])("of %i s, %i times, is judged by the range that it makes", (period, n, refused) => {
    const reason = illegalRange(period, n);
    if (refused === undefined) expect(reason).toBeUndefined();
    else expect(reason).toContain(refused);
  });
});

describe("what CloudWatch would refuse", () => {
  const [alarm] = server.alarms;
  const [composite] = server.composites;
  if (alarm === undefined || composite === undefined) throw new Error("the sample has no alarm");

  const withAlarm = (change: object): ServerPlan => ({
    ...server,
    alarms: [{ ...alarm, definition: { ...alarm.definition, ...change } }],
  });
  const withRule = (AlarmRule: string): ServerPlan => ({
    ...server,
    composites: [{ ...composite, definition: { ...composite.definition, AlarmRule } }],
  });
  const any = (count: number): string =>
    Array.from({ length: count }, (_, index) => `ALARM("a${index}")`).join(" OR ");

  test("is nothing in a server that is within the limits", () => {
    expect(alarmProblems(server, `stacks/servers/${server.server}.yaml`)).toEqual([]);
    expect(alarmProblems(withRule(any(100)), "stacks").length).toBe(0);
  });

  test.each([
    [
      "a range of more than a day",
      withAlarm({ EvaluationPeriods: 1_441 }),
      "EvaluationPeriods",
      "86460 s, more than the 86400 s",
    ],
    ["a name of 256 characters", withAlarm({ AlarmName: "a".repeat(256) }), "AlarmName", "longer than 255"],
    ["a composite of 101 alarms", withRule(any(101)), "AlarmRule", "its rule has 101 alarms"],
    [
      "a rule of 10,241 characters",
      withRule(`ALARM("${"a".repeat(10_232)}")`),
      "AlarmRule",
      "10241 characters",
    ],
    [
      "a rule of 501 elements",
      withRule(`${"(".repeat(250)}${any(1)}${")".repeat(250)}`),
      "AlarmRule",
      "its rule has 501 elements",
    ],
    ["a rule that is none", withRule("ALARM(a) AND"), "AlarmRule", "ends too early at position 12"],
    ["an unheard statistic", withAlarm({ Statistic: "Median" }), "Statistic", "is Median"],
  ])("is %s, named with its field and its cure", (_, plan, field, rule) => {
    const [problem, ...others] = alarmProblems(plan, `stacks/servers/${plan.server}.yaml`);
    expect(others).toEqual([]);
    expect(problem?.place).toBe("stacks/servers/library.yaml");
    expect(problem?.path).toMatch(new RegExp(`.\\.${field}$`));
    expect(problem?.rule).toContain(rule);
    expect(problem?.cure).not.toBe("");
  });
});
