import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Action, actionsOf } from "../../../plan/cloudwatch/actions.ts";
import type { AlarmState, CompositeAlarmDefinition, Transition } from "../../../plan/cloudwatch/types.ts";

// The examples are those of the CloudWatch user guide, "Composite alarm action suppression": a unit of time is a
// second here, the wait period is 2 of them and the extension period 3.

const SECOND = 1_000;
const page: CompositeAlarmDefinition = {
  AlarmName: "page",
  AlarmRule: "TRUE",
  ActionsSuppressor: "deployment",
  ActionsSuppressorWaitPeriod: 2,
  ActionsSuppressorExtensionPeriod: 3,
};

/** Transitions from `first` on, each as the second and the new state. */
function path(first: AlarmState, ...steps: readonly (readonly [number, AlarmState])[]): Transition[] {
  return steps.map(([at, to], index) => ({
    at: at * SECOND,
    alarm: "any",
    from: steps[index - 1]?.[1] ?? first,
    to,
    reason: "",
  }));
}

/** Each action as `t2 ALARM` where it is taken and `t2 ALARM by WaitPeriod` where it is held back. */
function told(actions: readonly Action[]): string[] {
  return actions.map(
    ({ at, state, suppressedBy }) =>
      `t${at / SECOND} ${state}${suppressedBy === null ? "" : ` by ${suppressedBy}`}`,
  );
}

function actions(
  own: readonly Transition[],
  suppressor: readonly Transition[] | null,
  composite: CompositeAlarmDefinition = page,
): string[] {
  return told(actionsOf({ composite, own, suppressor, range: { from: 0, to: 20 * SECOND } }));
}

describe("actions of a composite with a suppressor", () => {
  test("wait for the suppressor (figure 1: wait period from t2 to t8, suppressor in ALARM at t4)", () => {
    const long = { ...page, ActionsSuppressorWaitPeriod: 6 };
    expect(actions(path("OK", [2, "ALARM"]), path("OK", [4, "ALARM"]), long)).toEqual([
      "t2 ALARM by WaitPeriod",
      "t4 ALARM by Alarm",
    ]);
  });

  test("wait for the composite (figure 2: extension period from t2 to t8, composite OK before its end)", () => {
    const long = { ...page, ActionsSuppressorExtensionPeriod: 6 };
    expect(actions(path("OK", [1, "ALARM"], [5, "OK"]), path("ALARM", [2, "OK"]), long)).toEqual([
      "t1 ALARM by Alarm",
      "t2 ALARM by ExtensionPeriod",
      "t5 OK by WaitPeriod",
      "t7 OK",
    ]);
  });

  test("example 1: are not suppressed after the wait period", () => {
    expect(actions(path("OK", [2, "ALARM"]), [])).toEqual(["t2 ALARM by WaitPeriod", "t4 ALARM"]);
  });

  test("example 2: are suppressed by the alarm before the wait period expires", () => {
    expect(actions(path("OK", [2, "ALARM"]), path("OK", [3, "ALARM"]))).toEqual([
      "t2 ALARM by WaitPeriod",
      "t3 ALARM by Alarm",
    ]);
  });

  test("example 3: a transition within the wait period starts a new one", () => {
    expect(actions(path("OK", [2, "ALARM"], [3, "OK"]), [])).toEqual([
      "t2 ALARM by WaitPeriod",
      "t3 OK by WaitPeriod",
      "t5 OK",
    ]);
  });

  test("example 4: are suppressed by an alarm that is there already", () => {
    expect(actions(path("OK", [2, "ALARM"]), path("OK", [1, "ALARM"]))).toEqual(["t2 ALARM by Alarm"]);
    const ever = {
      composite: page,
      own: path("OK", [2, "ALARM"]),
      suppressor: [],
      range: { from: 0, to: 9e9 },
    };
    expect(told(actionsOf({ ...ever, suppressorInitially: "ALARM" }))).toEqual(["t2 ALARM by Alarm"]);
  });

  test("example 5: are not suppressed after the extension period", () => {
    expect(actions(path("OK", [2, "ALARM"]), path("OK", [3, "ALARM"], [6, "OK"]))).toEqual([
      "t2 ALARM by WaitPeriod",
      "t3 ALARM by Alarm",
      "t6 ALARM by ExtensionPeriod",
      "t9 ALARM",
    ]);
  });

  test("example 6: a transition within the extension period starts a wait period", () => {
    const suppressor = path("OK", [3, "ALARM"], [6, "OK"]);
    expect(actions(path("OK", [2, "ALARM"], [7, "OK"]), suppressor)).toEqual([
      "t2 ALARM by WaitPeriod",
      "t3 ALARM by Alarm",
      "t6 ALARM by ExtensionPeriod",
      "t7 OK by WaitPeriod",
      "t9 OK",
    ]);
  });

  test("count a change at the very end of a period as within it", () => {
    expect(actions(path("OK", [2, "ALARM"]), path("OK", [4, "ALARM"]))).toEqual([
      "t2 ALARM by WaitPeriod",
      "t4 ALARM by Alarm",
    ]);
    expect(actions(path("OK", [2, "ALARM"], [9, "OK"]), path("ALARM", [6, "OK"]))).toEqual([
      "t2 ALARM by Alarm",
      "t6 ALARM by ExtensionPeriod",
      "t9 OK by WaitPeriod",
      "t11 OK",
    ]);
  });

  test("are extended when the suppressor leaves ALARM for want of data, and held again when it comes back", () => {
    const suppressor = path("ALARM", [5, "INSUFFICIENT_DATA"], [6, "OK"], [7, "ALARM"], [10, "OK"]);
    expect(actions(path("OK", [2, "ALARM"]), suppressor)).toEqual([
      "t2 ALARM by Alarm",
      "t5 ALARM by ExtensionPeriod",
      "t7 ALARM by Alarm",
      "t10 ALARM by ExtensionPeriod",
      "t13 ALARM",
    ]);
  });

  test("are none where a suppressor comes and goes and nothing was held back", () => {
    expect(actions(path("INSUFFICIENT_DATA", [1, "OK"]), path("OK", [6, "ALARM"], [9, "OK"]))).toEqual([
      "t1 OK by WaitPeriod",
      "t3 OK",
    ]);
  });

  test("are taken at once where both periods are 0, and never after the range", () => {
    const none = { ...page, ActionsSuppressorWaitPeriod: 0, ActionsSuppressorExtensionPeriod: 0 };
    const suppressor = path("OK", [3, "ALARM"], [6, "OK"]);
    expect(actions(path("OK", [2, "ALARM"], [4, "OK"]), suppressor, none)).toEqual([
      "t2 ALARM",
      "t4 OK by Alarm",
      "t6 OK",
    ]);
    expect(actions(path("OK", [19, "ALARM"]), [])).toEqual(["t19 ALARM by WaitPeriod"]);
  });
});

test("a composite without a suppressor acts on each transition, and one with its actions disabled never", () => {
  const own = path("INSUFFICIENT_DATA", [1, "OK"], [2, "ALARM"]);
  expect(actions(own, null)).toEqual(["t1 OK", "t2 ALARM"]);
  expect(actions(own, null, { ...page, ActionsEnabled: false })).toEqual([]);
});

test("no action is ever taken while the suppressor is in ALARM, and the last one taken is for a state that was", () => {
  const steps = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 12 });
  const flips = (at: readonly number[]): Transition[] =>
    path(
      "OK",
      ...[...at].sort((a, b) => a - b).map((t, index) => [t, index % 2 === 0 ? "ALARM" : "OK"] as const),
    );
  fc.assert(
    fc.property(steps, steps, (ownAt, suppressorAt) => {
      const own = flips(ownAt);
      const suppressor = flips(suppressorAt);
      const all = actionsOf({ composite: page, own, suppressor, range: { from: 0, to: 100 * SECOND } });
      const stateAt = (transitions: readonly Transition[], at: number): AlarmState =>
        transitions.findLast((one) => one.at <= at)?.to ?? "OK";
      for (const { at, state, suppressedBy } of all) {
        expect(stateAt(own, at)).toBe(state);
        if (suppressedBy === null) expect(stateAt(suppressor, at)).toBe("OK");
        if (suppressedBy === "Alarm") expect(stateAt(suppressor, at)).toBe("ALARM");
      }
      // what is held back in the end is held back by an alarm that is still there
      const last = all.at(-1);
      if (last !== undefined && last.suppressedBy !== null)
        expect(stateAt(suppressor, 100 * SECOND)).toBe("ALARM");
    }),
  );
});
