import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AlarmState, evaluateAlarm, evaluationMark, judge, type Sample } from "../../plan/evaluate.ts";
import type { ComparisonOperator, MetricAlarm, Statistic, TreatMissingData } from "../../plan/types.ts";

// Holds the documented semantics; that CloudWatch keeps to its own documentation is not proved here.

const MINUTE_MS = 60_000;
const NOON = Date.UTC(2026, 10, 21, 12);

type WithStatistic = Extract<MetricAlarm, { Statistic: Statistic }>;

function alarm(overrides: Partial<WithStatistic> = {}): WithStatistic {
  return {
    AlarmName: "test",
    AlarmDescription: "",
    ActionsEnabled: false,
    Namespace: "Rollcall",
    MetricName: "Unhealthy",
    Dimensions: [],
    Period: 60,
    Statistic: "Average",
    EvaluationPeriods: 3,
    DatapointsToAlarm: 3,
    Threshold: 1,
    ComparisonOperator: "GreaterThanOrEqualToThreshold",
    TreatMissingData: "missing",
    ...overrides,
  };
}

const heartbeat: MetricAlarm = {
  AlarmName: "heartbeat",
  AlarmDescription: "",
  ActionsEnabled: false,
  EvaluationPeriods: 5,
  DatapointsToAlarm: 3,
  Threshold: 1,
  ComparisonOperator: "LessThanThreshold",
  TreatMissingData: "breaching",
  Metrics: [
    { Id: "filled", Expression: "FILL(raw, 0)", ReturnData: true },
    {
      Id: "raw",
      ReturnData: false,
      MetricStat: {
        Metric: { Namespace: "Rollcall", MetricName: "ProbeRuns", Dimensions: [] },
        Period: 60,
        Stat: "Sum",
      },
    },
  ],
};

/** The state at a moment, of samples that are served as a store would: only those of the range asked for. */
function stateAt(
  definition: MetricAlarm,
  at: number,
  samples: readonly Sample[],
  previous: AlarmState = "OK",
): AlarmState {
  const inRange = ({ from, to }: { from: number; to: number }) =>
    samples.filter((sample) => sample.at >= from && sample.at < to);
  return evaluateAlarm({ definition, at, previous, samples: (_, range) => inRange(range) }).state;
}

/** Points as the user guide draws them, oldest first: `0` is well, `X` breaches, `-` is missing. */
const drawn = (row: string): (number | undefined)[] =>
  row.split(" ").map((mark) => (mark === "-" ? undefined : mark === "X" ? 1 : 0));

/** A state that the alarm is in before, and that none of the rows would come to by itself. */
const KEPT = "KEPT" as AlarmState;
const TREATMENTS = ["missing", "ignore", "breaching", "notBreaching"] as const;

describe.each([
  {
    title: "3 of 3",
    m: 3,
    rows: [
      ["0 - X - X", "OK", "OK", "OK", "OK"],
      ["0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"],
      ["- - - - 0", "OK", "OK", "OK", "OK"],
      ["- - - - -", "INSUFFICIENT_DATA", KEPT, "ALARM", "OK"],
      ["- - X - -", "ALARM", KEPT, "ALARM", "OK"],
    ],
  },
  {
    title: "2 of 3",
    m: 2,
    rows: [
      ["0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"],
      ["0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"],
      ["0 - X - -", "OK", "OK", "ALARM", "OK"],
      ["- - - - 0", "OK", "OK", "ALARM", "OK"],
      ["- - - X -", "ALARM", KEPT, "ALARM", "OK"],
    ],
  },
])("missing data, $title", ({ m, rows }) => {
  const cases = rows.flatMap(([row = "", ...states]) =>
    TREATMENTS.map((treat, column) => ({ row, treat, state: states[column] ?? "" })),
  );

  test.each(cases)("`$row` treated as $treat is $state", ({ row, treat, state }) => {
    const definition = alarm({ DatapointsToAlarm: m, TreatMissingData: treat });
    expect(judge({ definition, points: drawn(row), previous: KEPT }).state).toBe(state);
  });
});

describe("the window", () => {
  const five = alarm({ Period: 300, EvaluationPeriods: 1, DatapointsToAlarm: 1, Threshold: 0.5 });
  /** Fails from five past to ten past twelve, one sample a minute at its half. */
  const samples = Array.from({ length: 30 }, (_, minute) => ({
    at: NOON + minute * MINUTE_MS + MINUTE_MS / 2,
    value: minute >= 5 && minute < 10 ? 1 : 0,
  }));

  test("of five minutes slides each minute", () => {
    const states = Array.from({ length: 12 }, (_, minute) =>
      stateAt(five, NOON + (minute + 4) * MINUTE_MS, samples),
    );
    const bad = [0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0];
    expect(states).toEqual(bad.map((one) => (one === 1 ? "ALARM" : "OK")));
  });

  test("does not look beyond its mark, nor at a sample that lies on it", () => {
    const one = alarm({ EvaluationPeriods: 1, DatapointsToAlarm: 1, TreatMissingData: "notBreaching" });
    const onTheMark = [{ at: NOON, value: 1 }];
    expect(stateAt(one, NOON + 59_999, onTheMark)).toBe("OK");
    expect(stateAt(one, NOON + MINUTE_MS, onTheMark)).toBe("ALARM");
  });

  test.each([
    { what: "each minute", period: 60, n: 5, step: MINUTE_MS },
    { what: "each minute up to a day", period: 86_400, n: 1, step: MINUTE_MS },
    { what: "each hour beyond a day", period: 259_200, n: 1, step: 60 * MINUTE_MS },
    { what: "every ten seconds at high resolution", period: 10, n: 5, step: 10_000 },
    { what: "every ten seconds at thirty", period: 30, n: 5, step: 10_000 },
  ])("is judged $what", ({ period, n, step }) => {
    const definition = alarm({ Period: period, EvaluationPeriods: n });
    expect(evaluationMark(definition, NOON + step - 1)).toBe(NOON);
    expect(evaluationMark(definition, NOON + step)).toBe(NOON + step);
  });
});

describe("FILL", () => {
  const beats = (silentFrom: number): Sample[] =>
    Array.from({ length: silentFrom }, (_, minute) => ({ at: NOON + minute * MINUTE_MS, value: 1 }));

  test("counts an empty period as zero at once, so that a lost heartbeat is told after three minutes", () => {
    const states = [9, 10, 11, 12, 13].map((minute) =>
      stateAt(heartbeat, NOON + minute * MINUTE_MS, beats(10)),
    );
    expect(states).toEqual(["OK", "OK", "OK", "OK", "ALARM"]);
  });

  test("is in ALARM where there has never been data", () => {
    expect(stateAt(heartbeat, NOON, [])).toBe("ALARM");
  });
});

describe("one datapoint", () => {
  const values = [4, 1, 3, 2];
  const samples = values.map((value, index) => ({ at: NOON + index * 1_000, value }));
  /** Whether the datapoint equals a value: it is neither under nor over it. */
  const equals = (value: number, one: (threshold: number, operator: ComparisonOperator) => MetricAlarm) =>
    stateAt(one(value, "GreaterThanThreshold"), NOON + MINUTE_MS, samples) === "OK" &&
    stateAt(one(value, "LessThanThreshold"), NOON + MINUTE_MS, samples) === "OK";
  const single = { EvaluationPeriods: 1, DatapointsToAlarm: 1 } as const;

  test.each([
    ["Average", 2.5],
    ["Sum", 10],
    ["Minimum", 1],
    ["Maximum", 4],
    ["SampleCount", 4],
  ] as const)("has the statistic %s", (Statistic, value) => {
    expect(
      equals(value, (Threshold, ComparisonOperator) =>
        alarm({ ...single, Statistic, Threshold, ComparisonOperator }),
      ),
    ).toBe(true);
  });

  test.each([
    ["p0", 1],
    ["p50", 2.5],
    ["p90", 3.7],
    ["p100", 4],
  ])("has the percentile %s, interpolated between ranks", (ExtendedStatistic, value) => {
    expect(
      equals(value, (Threshold, ComparisonOperator) => {
        const { Statistic: _, ...rest } = alarm({ ...single, Threshold, ComparisonOperator });
        return { ...rest, ExtendedStatistic };
      }),
    ).toBe(true);
  });

  test.each([
    ["GreaterThanThreshold", [false, false, true]],
    ["GreaterThanOrEqualToThreshold", [false, true, true]],
    ["LessThanThreshold", [true, false, false]],
    ["LessThanOrEqualToThreshold", [true, true, false]],
  ] as const)("is compared by %s", (ComparisonOperator, expected) => {
    const definition = alarm({ ...single, Threshold: 2, ComparisonOperator });
    const states = [1, 2, 3].map((value) => stateAt(definition, NOON + MINUTE_MS, [{ at: NOON, value }]));
    expect(states).toEqual(expected.map((breaches) => (breaches ? "ALARM" : "OK")));
  });
});

describe("with data in every period", () => {
  test("the state is a plain count of the newest N, whatever missing data is treated as", () => {
    const scene = fc.integer({ min: 1, max: 8 }).chain((n) =>
      fc.record({
        n: fc.constant(n),
        m: fc.integer({ min: 1, max: n }),
        bad: fc.array(fc.boolean(), { minLength: n + 2, maxLength: n + 2 }),
        TreatMissingData: fc.constantFrom<TreatMissingData>(...TREATMENTS),
      }),
    );
    fc.assert(
      fc.property(scene, ({ n, m, bad, TreatMissingData }) => {
        const definition = alarm({ EvaluationPeriods: n, DatapointsToAlarm: m, TreatMissingData });
        const samples = bad.map((isBad, index) => ({
          at: NOON + index * MINUTE_MS + 1_000,
          value: isBad ? 1 : 0,
        }));
        const naive = bad.slice(-n).filter(Boolean).length >= m ? "ALARM" : "OK";
        expect(stateAt(definition, NOON + bad.length * MINUTE_MS, samples)).toBe(naive);
      }),
    );
  });
});
