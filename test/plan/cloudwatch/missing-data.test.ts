import { describe, expect, test } from "vitest";
import { evaluateAlarm } from "../../../plan/cloudwatch/metric-alarm.ts";
import { seriesFrom } from "../../../plan/cloudwatch/series.ts";
import type {
  AlarmState,
  MetricAlarmDefinition,
  Series,
  TreatMissingData,
} from "../../../plan/cloudwatch/types.ts";
import { base, MINUTE_MS, NOON } from "../../support/metric-alarms.ts";

// Holds the documented semantics; that CloudWatch keeps to its own documentation is not proved here.

const TREATMENTS = ["missing", "ignore", "breaching", "notBreaching"] as const;

/** A state that the alarm is in before, and that none of the rows would come to by itself. */
const KEPT = "KEPT" as AlarmState;
const NO_DATA = "INSUFFICIENT_DATA";

/** Each row says itself how missing data is treated. */
const { TreatMissingData: _, ...untreated } = base;
const alarm: MetricAlarmDefinition = { ...untreated, EvaluationPeriods: 3, Threshold: 1 };

/** Samples as the user guide draws them, newest right: `0` is well, `X` breaches, `-` is missing. */
function drawn(row: string): Series {
  const marks = row.split(" ");
  return seriesFrom(
    marks.flatMap((mark, index) =>
      mark === "-" ? [] : [{ at: NOON - (marks.length - index) * MINUTE_MS, value: mark === "X" ? 1 : 0 }],
    ),
  );
}

function stateOf(row: string, overrides: Partial<MetricAlarmDefinition>): AlarmState {
  const series = drawn(row);
  const definition = { ...alarm, ...overrides };
  return evaluateAlarm({ definition, at: NOON, previous: KEPT, seriesOf: () => series }).state;
}

function eachTreatment(rows: readonly (readonly string[])[]) {
  return rows.flatMap(([row = "", ...states]) =>
    TREATMENTS.map((treat, column) => ({ row, treat, state: states[column] })),
  );
}

describe("[CARD-05] the documented table of a 3 of 3 alarm", () => {
  const cases = eachTreatment([
    ["0 - X - X", "OK", "OK", "OK", "OK"],
    ["0 - - - -", "OK", "OK", "OK", "OK"],
    ["- - - - -", NO_DATA, KEPT, "ALARM", "OK"],
    ["0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"],
    ["- - - - 0", "OK", "OK", "OK", "OK"],
    ["- - X - -", "ALARM", KEPT, "ALARM", "OK"],
  ]);
  test.each(cases)("`$row` treated as $treat is $state", ({ row, treat, state }) => {
    expect(stateOf(row, { DatapointsToAlarm: 3, TreatMissingData: treat })).toBe(state);
  });
});

describe("[CARD-05] the documented table of a 2 of 3 alarm", () => {
  const cases = eachTreatment([
    ["0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"],
    ["0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"],
    ["0 - X - -", "OK", "OK", "ALARM", "OK"],
    ["- - - - 0", "OK", "OK", "ALARM", "OK"],
    ["- - - X -", "ALARM", KEPT, "ALARM", "OK"],
  ]);
  test.each(cases)("`$row` treated as $treat is $state", ({ row, treat, state }) => {
    expect(stateOf(row, { DatapointsToAlarm: 2, TreatMissingData: treat })).toBe(state);
  });
});

describe("what the user guide says in words", () => {
  test.each(["- - - - X", "- - - X -"])("`%s` does not go into ALARM at once with 3 of 3", (row) => {
    expect(stateOf(row, { TreatMissingData: "missing" })).toBe("OK");
  });

  test("the second row of its table is in ALARM one period later where gaps breach", () => {
    expect(stateOf("0 - - - - -", { TreatMissingData: "breaching" })).toBe("ALARM");
  });

  test("a breach counts as old enough anywhere in the evaluation range, not in the newest points alone", () => {
    for (const row of ["- X - - -", "X - - - -"]) {
      expect(stateOf(row, { TreatMissingData: "missing" })).toBe("ALARM");
      expect(stateOf(row, { TreatMissingData: "ignore" })).toBe(KEPT);
    }
    expect(stateOf("X - - - - -", { TreatMissingData: "missing" })).toBe(NO_DATA);
  });

  test("where nothing of the newest is missing, older points do not count", () => {
    expect(stateOf("X X 0 0 0", { DatapointsToAlarm: 1 })).toBe("OK");
  });

  test("with one gap the newest real points decide, and one older is too many", () => {
    expect(stateOf("X 0 - 0 0", { DatapointsToAlarm: 1 })).toBe("OK");
    expect(stateOf("0 X - 0 0", { DatapointsToAlarm: 1 })).toBe("ALARM");
  });

  test("as many breaches as are needed are an ALARM, however few points are real", () => {
    for (const treat of TREATMENTS)
      expect(stateOf("- - - X -", { DatapointsToAlarm: 1, TreatMissingData: treat })).toBe("ALARM");
  });

  test.each<[string, TreatMissingData | undefined, AlarmState]>([
    ["Rollcall", undefined, NO_DATA],
    ["AWS/DynamoDB", undefined, KEPT],
    ["AWS/DynamoDB", "notBreaching", "OK"],
  ])("no data in %s, treated as %s, is %s", (Namespace, treat, state) => {
    const overrides = treat === undefined ? { Namespace } : { Namespace, TreatMissingData: treat };
    expect(stateOf("- - - - -", overrides)).toBe(state);
  });
});
