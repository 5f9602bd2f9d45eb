import { describe, expect, test } from "vitest";
import {
  evaluateAlarm,
  evaluationMark,
  metricsOf,
  metricTransitions,
  periodOf,
} from "../../../plan/cloudwatch/metric-alarm.ts";
import { seriesFrom } from "../../../plan/cloudwatch/series.ts";
import type {
  ComparisonOperator,
  MetricAlarmDefinition,
  Series,
  TreatMissingData,
} from "../../../plan/cloudwatch/types.ts";

import { base, MINUTE_MS, mathAlarm, NOON } from "../../support/metric-alarms.ts";

// Holds the documented semantics; that CloudWatch keeps to its own documentation is not proved here.

/** One sample at the half of each minute from noon on; undefined leaves the minute out. */
function eachMinute(...values: readonly (number | undefined)[]): Series {
  return seriesFrom(
    values.flatMap((value, minute) =>
      value === undefined ? [] : [{ at: NOON + (minute + 0.5) * MINUTE_MS, value }],
    ),
  );
}

function run(definition: MetricAlarmDefinition, series: Series, minutes: number) {
  const range = { from: NOON, to: NOON + minutes * MINUTE_MS };
  const { transitions, final } = metricTransitions({ definition, seriesOf: () => series, range });
  const moves = transitions.map(({ at, to }) => [(at - NOON) / MINUTE_MS, to] as const);
  return { moves, final, reasons: transitions.map(({ reason }) => reason) };
}

describe("[CARD-05] the evaluations", () => {
  test.each([
    { what: "each minute", period: 60, n: 5, step: MINUTE_MS },
    { what: "each minute up to a day", period: 86_400, n: 1, step: MINUTE_MS },
    { what: "each hour beyond a day", period: 259_200, n: 1, step: 60 * MINUTE_MS },
    { what: "every ten seconds at high resolution", period: 10, n: 5, step: 10_000 },
    { what: "every ten seconds at thirty", period: 30, n: 5, step: 10_000 },
  ])("are $what", ({ period, n, step }) => {
    const definition = { ...base, Period: period, EvaluationPeriods: n };
    expect(evaluationMark(definition, NOON + step - 1)).toBe(NOON);
    expect(evaluationMark(definition, NOON + step)).toBe(NOON + step);
  });

  test("see a window of five minutes slide each minute", () => {
    const values = Array.from({ length: 20 }, (_, minute) => (minute >= 5 && minute < 10 ? 1 : 0));
    const { moves } = run({ ...base, Period: 300 }, eachMinute(...values), 20);
    expect(moves).toEqual([
      [1, "OK"],
      [8, "ALARM"],
      [13, "OK"],
    ]);
  });

  test("are those after the beginning, up to and with the end; a sample on a mark belongs to the next", () => {
    const series = seriesFrom([{ at: NOON, value: 1 }]);
    const definition: MetricAlarmDefinition = { ...base, TreatMissingData: "notBreaching" };
    const seen = (from: number, to: number) =>
      metricTransitions({ definition, seriesOf: () => series, range: { from, to }, initial: "OK" }).final;
    expect(seen(NOON - MINUTE_MS, NOON)).toBe("OK");
    expect(seen(NOON - MINUTE_MS, NOON + MINUTE_MS - 1)).toBe("OK");
    expect(seen(NOON - MINUTE_MS, NOON + MINUTE_MS)).toBe("ALARM");
    expect(seen(NOON + MINUTE_MS, NOON + MINUTE_MS)).toBe("OK");
  });

  test.each<[ComparisonOperator, readonly boolean[]]>([
    ["GreaterThanThreshold", [false, false, true]],
    ["GreaterThanOrEqualToThreshold", [false, true, true]],
    ["LessThanThreshold", [true, false, false]],
    ["LessThanOrEqualToThreshold", [true, true, false]],
  ])("compare by %s", (ComparisonOperator, expected) => {
    const definition = { ...base, Threshold: 2, ComparisonOperator };
    const states = [1, 2, 3].map((value) => run(definition, eachMinute(value), 1).final);
    expect(states).toEqual(expected.map((breaches) => (breaches ? "ALARM" : "OK")));
  });

  test("refuse a definition that CloudWatch would not take", () => {
    expect(() => run({ ...base, Period: 45 }, eachMinute(1), 1)).toThrow(RangeError);
    expect(() => run({ ...base, Statistic: "Median" }, eachMinute(1), 1)).toThrow(/Median/);
    const { Statistic: _, ...without } = base;
    expect(() => run(without, eachMinute(1), 1)).toThrow(/statistic/);
    expect(() => run(mathAlarm("SEARCH('x')"), eachMinute(1), 1)).toThrow(/SEARCH/);
  });

  test("name their metrics and their period", () => {
    expect(periodOf(base)).toBe(60);
    expect(metricsOf(base)).toEqual([{ Namespace: "Rollcall", MetricName: "Unhealthy", Dimensions: [] }]);
    expect(periodOf(mathAlarm("a", { period: 300 }))).toBe(300);
    expect(metricsOf(mathAlarm("a + b")).map(({ MetricName }) => MetricName)).toEqual(["a", "b"]);
  });
});

describe("metric math", () => {
  const heartbeat = mathAlarm("FILL(a, 0)");

  test("FILL counts an empty period as zero at once, so that a lost heartbeat is told after three minutes", () => {
    const { moves } = run(heartbeat, eachMinute(...Array.from({ length: 10 }, () => 1)), 20);
    expect(moves).toEqual([
      [1, "ALARM"],
      [3, "OK"],
      [13, "ALARM"],
    ]);
  });

  test("FILL is in ALARM where there has never been data", () => {
    const input = { definition: heartbeat, at: NOON, previous: "OK", seriesOf: () => undefined } as const;
    expect(evaluateAlarm(input).state).toBe("ALARM");
  });

  test("a number over one series is over the evaluation range, and not over all there is", () => {
    const definition = mathAlarm("a - AVG(a)", {
      EvaluationPeriods: 1,
      DatapointsToAlarm: 1,
      Threshold: 0,
      ComparisonOperator: "GreaterThanThreshold",
    });
    // the last point is above the average of the last three, and far below that of all
    expect(run(definition, eachMinute(900, 900, 900, 1, 1, 2), 6).final).toBe("ALARM");
    expect(run(definition, eachMinute(900, 900, 900, 1, 2, 1), 6).final).toBe("OK");
    const series = eachMinute(900, 900, 900, 1, 1, 2);
    const input = { definition, at: NOON + 6 * MINUTE_MS, seriesOf: () => series } as const;
    expect(evaluateAlarm({ ...input, previous: "OK" }).state).toBe("ALARM");
  });
});

describe("percentiles of few samples", () => {
  const p99: MetricAlarmDefinition = {
    AlarmName: "p99",
    Namespace: "Rollcall",
    MetricName: "Latency",
    Period: 60,
    ExtendedStatistic: "p99",
    EvaluationPeriods: 2,
    DatapointsToAlarm: 1,
    Threshold: 5,
    ComparisonOperator: "GreaterThanThreshold",
    TreatMissingData: "notBreaching",
    EvaluateLowSampleCountPercentile: "ignore",
  };
  const dense = (count: number) =>
    seriesFrom(Array.from({ length: count }, (_, index) => ({ at: NOON + index * 50, value: 9 })));
  const stateAfter = (definition: MetricAlarmDefinition, count: number) =>
    evaluateAlarm({
      definition,
      at: NOON + MINUTE_MS,
      previous: "INSUFFICIENT_DATA",
      seriesOf: () => dense(count),
    });

  test.each([
    ["p99", 1_000],
    ["p99.9", 10_000],
    ["p50", 20],
    ["p1", 1_000],
  ])("%s is significant from %d on, and before that the state is kept", (ExtendedStatistic, enough) => {
    const closer = (count: number) =>
      seriesFrom(Array.from({ length: count }, (_, index) => ({ at: NOON + index, value: 9 })));
    const definition = { ...p99, ExtendedStatistic };
    const seen = (count: number) =>
      metricTransitions({
        definition,
        seriesOf: () => closer(count),
        range: { from: NOON, to: NOON + MINUTE_MS },
      }).final;
    expect(seen(enough)).toBe("ALARM");
    expect(seen(enough - 1)).toBe("INSUFFICIENT_DATA");
  });

  test("is told as the reason that the state is kept", () => {
    expect(stateAfter(p99, 999)).toEqual({
      state: "INSUFFICIENT_DATA",
      reason: "State kept: 999 samples are too few for p99 (1000 needed).",
    });
    expect(stateAfter(p99, 1_000).state).toBe("ALARM");
  });

  test("is no matter where there is none at all, or where it is not asked for", () => {
    expect(stateAfter(p99, 0).state).toBe("OK");
    expect(stateAfter({ ...p99, EvaluateLowSampleCountPercentile: "evaluate" }, 1).state).toBe("ALARM");
    expect(stateAfter({ ...p99, ExtendedStatistic: "p100" }, 1).state).toBe("ALARM");
  });
});

describe("a warm-up", () => {
  const failing = eachMinute(...Array.from({ length: 60 }, () => 1));
  const warmUp = (minutes: number, isWaitedOut?: boolean) => ({
    WarmUpConfiguration: {
      WarmUpPeriodDurationInMinutes: minutes,
      ...(isWaitedOut === undefined ? {} : { OnlyStartEvaluatingAfterWarmUpPeriodEnds: isWaitedOut }),
    },
  });

  test("that is to be waited out keeps the state until its end", () => {
    expect(run({ ...base, ...warmUp(30, true) }, failing, 60).moves).toEqual([[30, "ALARM"]]);
  });

  test("counts from the creation where that is known", () => {
    const { transitions } = metricTransitions({
      definition: { ...base, ...warmUp(30, true) },
      seriesOf: () => failing,
      range: { from: NOON, to: NOON + 60 * MINUTE_MS },
      created: NOON - 10 * MINUTE_MS,
    });
    expect(transitions.map(({ at }) => at)).toEqual([NOON + 20 * MINUTE_MS]);
  });

  test("ends early, as documented, once data has filled the evaluation periods", () => {
    // created at 12:00, first data at 12:04, a window of fifteen minutes: about 12:19
    const series = eachMinute(...Array.from({ length: 40 }, (_, minute) => (minute < 4 ? undefined : 1)));
    const definition = { ...base, Period: 300, EvaluationPeriods: 3, ...warmUp(30) };
    expect(run(definition, series, 40).moves).toEqual([[19, "ALARM"]]);
    expect(run({ ...definition, ...warmUp(12) }, series, 40).moves).toEqual([
      [12, "OK"],
      [15, "ALARM"],
    ]);
  });

  test("ends at once where there was data before", () => {
    const definition = { ...base, EvaluationPeriods: 3, ...warmUp(30) };
    const { transitions } = metricTransitions({
      definition,
      seriesOf: () => failing,
      range: { from: NOON + 20 * MINUTE_MS, to: NOON + 60 * MINUTE_MS },
    });
    expect(transitions.map(({ at }) => at)).toEqual([NOON + 21 * MINUTE_MS]);
  });

  test("lasts to its end where no data comes", () => {
    const definition: MetricAlarmDefinition = { ...base, TreatMissingData: "breaching", ...warmUp(30) };
    expect(run(definition, eachMinute(), 60).moves).toEqual([[30, "ALARM"]]);
  });
});

describe("a reason", () => {
  const definition: MetricAlarmDefinition = {
    ...base,
    EvaluationPeriods: 5,
    DatapointsToAlarm: 3,
    Threshold: 1,
    ComparisonOperator: "LessThanThreshold",
  };

  test("names the datapoints that say so, newest first, with the times at which their periods begin", () => {
    const { reasons } = run(definition, eachMinute(1, 1, 1, 1, 1, 0, 0.25, 1, 0), 9);
    expect(reasons.at(-1)).toBe(
      "Threshold Crossed: 3 out of the last 5 datapoints [0.0 (21/11/26 12:08:00), 0.25 (21/11/26 12:06:00), " +
        "0.0 (21/11/26 12:05:00)] were less than the threshold (1.0) (minimum 3 datapoints for OK -> ALARM " +
        "transition).",
    );
  });

  test("of a way back counts the others, and what the way back takes", () => {
    const { reasons } = run(
      { ...definition, EvaluationPeriods: 2, DatapointsToAlarm: 2 },
      eachMinute(0, 0, 1),
      3,
    );
    expect(reasons.at(-1)).toBe(
      "Threshold Crossed: 1 out of the last 2 datapoints [1.0 (21/11/26 12:02:00)] was not less than the " +
        "threshold (1.0) (minimum 1 datapoint for ALARM -> OK transition).",
    );
  });

  test.each<[TreatMissingData, string]>([
    [
      "breaching",
      "Threshold Crossed: no datapoints were received for 5 periods and 5 missing datapoints were treated as " +
        "[Breaching].",
    ],
    [
      "notBreaching",
      "Threshold Crossed: no datapoints were received for 5 periods and 5 missing datapoints were treated as " +
        "[NonBreaching].",
    ],
    ["missing", "Insufficient Data: 5 datapoints were unknown."],
    ["ignore", "Insufficient Data: 5 datapoints were unknown and the state is kept."],
  ])("of no data treated as %s says so", (treat, reason) => {
    const input = { at: NOON, previous: "OK", seriesOf: () => undefined } as const;
    expect(evaluateAlarm({ ...input, definition: { ...definition, TreatMissingData: treat } }).reason).toBe(
      reason,
    );
  });

  test("says how many of its points are filled", () => {
    const series = eachMinute(0, 0);
    const { reason } = evaluateAlarm({
      definition: { ...definition, TreatMissingData: "breaching" },
      at: NOON + 2 * MINUTE_MS,
      previous: "OK",
      seriesOf: () => series,
    });
    expect(reason).toContain("2 out of the last 5 datapoints");
    expect(reason).toContain("and 3 missing datapoints were treated as [Breaching]");
  });

  test("is never longer than CloudWatch takes", () => {
    const long = {
      ...definition,
      EvaluationPeriods: 400,
      DatapointsToAlarm: 400,
      Threshold: 0.1234567890123456,
    };
    const values = Array.from({ length: 400 }, (_, index) => -1e300 / (index + 3));
    const { reasons } = run(long, eachMinute(...values), 400);
    for (const reason of reasons) expect(reason.length).toBeLessThanOrEqual(1_023);
    expect(reasons.at(-1)).toMatch(/, \.\.\.\] were less than .* transition\)\.$/);
  });
});
