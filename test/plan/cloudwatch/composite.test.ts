import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AlarmRun, compositeTransitions, dependencyOrder } from "../../../plan/cloudwatch/composite.ts";
import { parseRule, ruleHolds } from "../../../plan/cloudwatch/composite-rule.ts";
import type { AlarmState, CompositeAlarmDefinition, Transition } from "../../../plan/cloudwatch/types.ts";
import { composite } from "../../support/alarms.ts";

const MINUTE = 60_000;
const STATES = ["OK", "ALARM", "INSUFFICIENT_DATA"] as const;
const range = { from: 0, to: 30 * MINUTE };

/** The run of an alarm that begins in INSUFFICIENT_DATA: minute and new state of each transition. */
function run(
  alarm: string,
  ...steps: readonly (readonly [number, AlarmState])[]
): readonly [string, AlarmRun] {
  const transitions = steps.map(
    ([minute, to], index): Transition => ({
      at: minute * MINUTE,
      alarm,
      from: steps[index - 1]?.[1] ?? "INSUFFICIENT_DATA",
      to,
      reason: "",
    }),
  );
  return [alarm, { transitions, final: transitions.at(-1)?.to ?? "INSUFFICIENT_DATA" }];
}

/** Each transition as `minute: alarm from > to`. */
function told(runs: ReadonlyMap<string, AlarmRun>): string[] {
  return [...runs.values()].flatMap(({ transitions }) =>
    transitions.map(({ at, alarm, from, to }) => `${at / MINUTE}: ${alarm} ${from} > ${to}`),
  );
}

describe("a composite", () => {
  test("leaves INSUFFICIENT_DATA at the first minute and never goes back there", () => {
    const metric = new Map([run("a", [5, "ALARM"], [9, "INSUFFICIENT_DATA"])]);
    const runs = compositeTransitions({ composites: [composite("top", "ALARM(a)")], metric, range });
    expect(told(runs)).toEqual(["1: top INSUFFICIENT_DATA > OK", "5: top OK > ALARM", "9: top ALARM > OK"]);
    expect(runs.get("top")?.final).toBe("OK");
  });

  test("says which children changed, and when it was the first evaluation", () => {
    const metric = new Map(["a", "b", "c", "d", "e"].map((name) => run(name, [3, "ALARM"])));
    const rule = "ALARM(a) AND ALARM(b) AND ALARM(c) AND ALARM(d) AND ALARM(e)";
    const [first, second] = [
      ...compositeTransitions({ composites: [composite("top", rule)], metric, range }).values(),
    ].flatMap(({ transitions }) => transitions);
    expect(first?.reason).toBe("first evaluation: the rule does not hold");
    expect(second?.reason).toBe(
      "a went to ALARM, b went to ALARM, c went to ALARM, 2 more changed: the rule holds",
    );
  });

  test("starts where it is told to, and is then silent as long as its rule agrees", () => {
    const metric = new Map([run("a")]);
    const composites = [composite("top", "ALARM(a)")];
    const runs = compositeTransitions({ composites, metric, range, initialOf: () => "OK" });
    expect(runs.get("top")).toEqual({ transitions: [], final: "OK" });
  });

  test("is not evaluated in a stretch of time without a minute mark", () => {
    const composites = [composite("top", "TRUE")];
    const runs = compositeTransitions({ composites, metric: new Map(), range: { from: 1, to: MINUTE - 1 } });
    expect(runs.get("top")).toEqual({ transitions: [], final: "INSUFFICIENT_DATA" });
  });

  test("of composites is evaluated after them, whatever their order, in the same minute", () => {
    const metric = new Map([run("a", [4, "ALARM"])]);
    const composites = [composite("top", "ALARM(middle)"), composite("middle", "ALARM(a)")];
    expect(told(compositeTransitions({ composites, metric, range }))).toEqual([
      "1: top INSUFFICIENT_DATA > OK",
      "4: top OK > ALARM",
      "1: middle INSUFFICIENT_DATA > OK",
      "4: middle OK > ALARM",
    ]);
  });

  test("in a cycle, or above one, is not evaluated, as CloudWatch stops there", () => {
    const composites = [
      composite("a", "ALARM(b)"),
      composite("b", "NOT ALARM(a)"),
      composite("above", "NOT ALARM(a)"),
      composite("apart", "TRUE"),
    ];
    const runs = compositeTransitions({ composites, metric: new Map(), range });
    expect(told(runs)).toEqual(["1: apart INSUFFICIENT_DATA > ALARM"]);
    expect(runs.get("above")?.final).toBe("INSUFFICIENT_DATA");
  });

  test("takes a change between two minutes at its moment", () => {
    const metric = new Map([run("a", [0.5, "OK"], [1.5, "ALARM"])]);
    expect(told(compositeTransitions({ composites: [composite("top", "ALARM(a)")], metric, range }))).toEqual(
      ["0.5: top INSUFFICIENT_DATA > OK", "1.5: top OK > ALARM"],
    );
  });
});

test("an order puts children first and leaves out what no order can be given for", () => {
  const childrenOf = new Map([
    ["top", ["left", "right", "metric"]],
    ["right", ["left"]],
    ["left", []],
    ["x", ["y", "left"]],
    ["y", ["x"]],
    ["self", ["self"]],
  ]);
  expect(dependencyOrder(childrenOf)).toEqual({
    order: ["left", "right", "top"],
    unordered: ["x", "y", "self"],
  });
});

const METRICS = ["m0", "m1", "m2"];
const history = fc.array(fc.constantFrom<AlarmState>(...STATES), { minLength: 30, maxLength: 30 });

/** Composites c0, c1, ... whose rules name metric alarms and the composites before them. */
const anyComposites: fc.Arbitrary<CompositeAlarmDefinition[]> = fc
  .array(
    fc.array(fc.tuple(fc.constantFrom(...STATES), fc.nat(6), fc.boolean()), { minLength: 1, maxLength: 4 }),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .chain((rules) =>
    fc.tuple(fc.constant(rules), fc.array(fc.constantFrom(" AND ", " OR "), { minLength: 4, maxLength: 4 })),
  )
  .map(([rules, joins]) =>
    rules.map((terms, index) => {
      const names = [...METRICS, ...rules.slice(0, index).map((_, before) => `c${before}`)];
      const parts = terms.map(
        ([state, pick, negated]) => `${negated ? "NOT " : ""}${state}(${names[pick % names.length]})`,
      );
      return composite(`c${index}`, parts.join(joins[index]));
    }),
  );

/** The transitions of an alarm that is in `states[i]` from minute i + 1 on. */
function runThrough(alarm: string, states: readonly AlarmState[]): readonly [string, AlarmRun] {
  let from: AlarmState = "INSUFFICIENT_DATA";
  const steps = states.flatMap((to, index): (readonly [number, AlarmState])[] => {
    const isChange = to !== from;
    from = to;
    return isChange ? [[index + 1, to]] : [];
  });
  return run(alarm, ...steps);
}

test("composites change as if each were evaluated every minute, children first", () => {
  fc.assert(
    fc.property(anyComposites, fc.tuple(history, history, history), (composites, histories) => {
      const metric = new Map(METRICS.map((name, index) => runThrough(name, histories[index] ?? [])));
      const states = new Map<string, AlarmState>();
      const naive: string[] = [];
      for (let minute = 1; minute <= 30; minute += 1) {
        for (const [index, name] of METRICS.entries())
          states.set(name, histories[index]?.[minute - 1] ?? "INSUFFICIENT_DATA");
        for (const { AlarmName, AlarmRule } of composites) {
          const from = states.get(AlarmName) ?? "INSUFFICIENT_DATA";
          const to = ruleHolds(parseRule(AlarmRule), (name) => states.get(name)) ? "ALARM" : "OK";
          states.set(AlarmName, to);
          if (to !== from) naive.push(`${minute}: ${AlarmName} ${from} > ${to}`);
        }
      }
      // definitions in the other order, so that it is not the order of the file that counts
      const runs = compositeTransitions({ composites: [...composites].reverse(), metric, range });
      const byText = (a: string, b: string): number => a.localeCompare(b);
      expect(told(runs).sort(byText)).toEqual(naive.sort(byText));
      for (const [name, { final }] of runs) expect(final).toBe(states.get(name));
    }),
    { numRuns: 200 },
  );
});
