import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileMath, mathProblem } from "../../../plan/cloudwatch/metric-math.ts";
import type { MetricQuery } from "../../../plan/cloudwatch/types.ts";

// Holds what the user guide says of metric math; where it says nothing, the comment of the function does.

const START = Date.UTC(2026, 10, 22, 23, 58);
const _ = Number.NaN;

function metric(Id: string, Period = 60): MetricQuery {
  const Metric = { Namespace: "Rollcall", MetricName: Id, Dimensions: [] };
  return { Id, ReturnData: false, MetricStat: { Metric, Period, Stat: "Sum" } };
}

/** The points of an expression over the metrics m1, m2, m3, one minute apart. */
function points(expression: string, ...columns: readonly (readonly number[])[]): number[] {
  const program = compileMath([
    { Id: "e1", Expression: expression },
    ...columns.map((_column, index) => metric(`m${index + 1}`)),
  ]);
  const length = columns[0]?.length ?? 0;
  const frame = { length, period: 60, timeOf: (index: number) => START + index * 60_000 };
  return [
    ...program.evaluate(
      columns.map((column) => Float64Array.from(column)),
      frame,
    ),
  ];
}

function problem(expression: string): string | undefined {
  return mathProblem([{ Id: "e1", Expression: expression }, metric("m1"), metric("m2")]);
}

describe("[CARD-05] operators", () => {
  test.each([
    ["m1 + m2 * 2", [15, 19]],
    ["(m1 + m2) * 2", [16, 22]],
    ["-m1 ^ 2 + 1", [0, -8]],
    ["2 ^ 3 ^ 2 + m1 * 0", [512, 512]],
    ["10 - 4 - 3 + m1 * 0", [3, 3]],
    ["m1 - -m2", [8, 11]],
    ["m2 / 2 + .5", [4, 4.5]],
    ["1.5e1 + m1*0", [15, 15]],
    ["m1 > 1 AND m2 > 7 OR m1 == 1", [1, 1]],
    ["m1 > 1 && m2 > 7 || m1 != 1", [0, 1]],
    ["m1 <= 1", [1, 0]],
    ["m1 >= 3", [0, 1]],
    ["m1 < 3", [1, 0]],
  ])("%s", (expression, expected) => {
    expect(points(expression, [1, 3], [7, 8])).toEqual(expected);
  });

  test("compare the missing point of one of two series as 0, as the documented table has it", () => {
    const columns = [
      [30, 20, 0, 0],
      [20, _, 20, _],
    ];
    expect(points("m1 < m2", ...columns)).toEqual([0, 0, 1, 0]);
    expect(points("m1 >= 30", ...columns)).toEqual([1, 0, 0, 0]);
    expect(points("m1 > 15 AND m2 > 15", ...columns)).toEqual([1, 0, 0, 0]);
  });

  test("add, subtract, multiply and divide the missing point of one of two series as 0, as documented", () => {
    const columns = [
      [30, 20, _, _],
      [20, _, 20, _],
    ];
    expect(points("m1 + m2", ...columns)).toEqual([50, 20, 20, _]);
    expect(points("m1 - m2", ...columns)).toEqual([10, 20, -20, _]);
    expect(points("m1 * m2", ...columns)).toEqual([600, 0, 0, _]);
    expect(points("m1 / m2", ...columns)).toEqual([1.5, _, 0, _]);
    expect(points("FILL(m1, 40) / m2", ...columns)).toEqual([1.5, _, 2, _]);
  });

  test("have no point where neither series has one, nor of a missing point and a number", () => {
    expect(points("m1 + m2", [_, 1], [_, 2])).toEqual([_, 3]);
    expect(points("m1 + 1", [_, 1])).toEqual([_, 2]);
    expect(points("-m1", [_, 1])).toEqual([_, -1]);
    expect(points("m1 > 0", [_, 1])).toEqual([_, 1]);
  });

  test("drop a division by zero and what is no number", () => {
    expect(points("m1 / m2", [1, 0, 1], [0, 0, _])).toEqual([_, _, _]);
    expect(points("m1 ^ 0.5", [-1, 4])).toEqual([_, 2]);
    expect(points("LOG(m1)", [0, 1])).toEqual([_, 0]);
  });
});

describe("IF", () => {
  const columns = [
    [1, 1, 0, 0, _],
    [30, _, 0, 0, 30],
    [0, 0, 20, _, 20],
  ];
  test.each([
    ["IF(m1, m2, m3)", [30, 0, 20, _, _]],
    ["IF(m1, 5, m3)", [5, 5, 20, _, _]],
    ["IF(m1, m2, 5)", [30, 0, 5, 5, _]],
    ["IF(m1, m2)", [30, 0, _, _, _]],
    ["IF(1, m2, m3)", [30, _, 0, 0, 30]],
    ["IF(0, m2, m3)", [0, 0, 20, _, 20]],
    ["IF(0, m2)", [_, _, _, _, _]],
    ["IF(m2 < 30, 10, 2)", [2, _, 10, 10, 2]],
  ])("%s is as documented", (expression, expected) => {
    expect(points(expression, ...columns)).toEqual(expected);
  });
});

describe("functions", () => {
  test.each([
    ["FILL(m1, 0)", [0, 2, 0, 0, 8]],
    ["FILL(m1, m2)", [1, 2, 1, 1, 8]],
    ["FILL(m1, REPEAT)", [_, 2, 2, 2, 8]],
    ["FILL(m1, LINEAR)", [_, 2, 4, 6, 8]],
    ["FILL(m1, MIN(m1))", [2, 2, 2, 2, 8]],
    ["DIFF(m1)", [_, _, _, _, 6]],
    ["DIFF_TIME(m1)", [_, _, _, _, 180]],
    ["RATE(m1)", [_, _, _, _, 6 / 180]],
    ["RUNNING_SUM(m1)", [_, 2, _, _, 10]],
    ["m1 - AVG(m1)", [_, -3, _, _, 3]],
    ["TIME_SERIES(SUM(m1))", [10, 10, 10, 10, 10]],
    ["m2 * STDDEV(m1)", [3, 3, 3, 3, 3]],
    ["m2 * MAX(m1) - DATAPOINT_COUNT(m1)", [6, 6, 6, 6, 6]],
    ["SUM([m1, m2])", [1, 3, 1, 1, 9]],
    ["AVG([m1, m2])", [0.5, 1.5, 0.5, 0.5, 4.5]],
    ["MIN(METRICS())", [1, 1, 1, 1, 1]],
    ["MAX(METRICS())", [1, 2, 1, 1, 8]],
    ["STDDEV([m1, m2])", [0, 0.5, 0, 0, 3.5]],
    ["DATAPOINT_COUNT([m1, m2])", [1, 2, 1, 1, 2]],
    ['SUM(METRICS("2"))', [1, 1, 1, 1, 1]],
    ["SUM(METRICS() * 2)", [2, 6, 2, 2, 18]],
    ["SUM(-[m1, m2])", [-1, -3, -1, -1, -9]],
    ["FIRST([m2, m1])", [1, 1, 1, 1, 1]],
    ["LAST([m1, m2])", [1, 1, 1, 1, 1]],
    ["m2 * METRIC_COUNT(METRICS())", [2, 2, 2, 2, 2]],
    ["m2 / PERIOD(m1)", [1 / 60, 1 / 60, 1 / 60, 1 / 60, 1 / 60]],
    ["MINUTE(m1)", [58, 59, 0, 1, 2]],
    ["HOUR(m1)", [23, 23, 0, 0, 0]],
    ["DAY(m1)", [7, 7, 1, 1, 1]],
    ["DATE(m1)", [22, 22, 23, 23, 23]],
    ["MONTH(m1) + YEAR(m1)", [2037, 2037, 2037, 2037, 2037]],
    ["EPOCH(m1) - 1795391880", [0, 60, 120, 180, 240]],
    ["ABS(0 - m1)", [_, 2, _, _, 8]],
    ["CEIL(m1 / 3)", [_, 1, _, _, 3]],
    ["FLOOR(m1 / 3)", [_, 0, _, _, 2]],
    ["LOG10(m1 * 50)", [_, 2, _, _, Math.log10(400)]],
  ])("%s", (expression, expected) => {
    expect(points(expression, [_, 2, _, _, 8], [1, 1, 1, 1, 1])).toEqual(expected);
  });

  test("an expression may name others, and says whether its points depend on the evaluation range", () => {
    const program = (Expression: string) =>
      compileMath([
        { Id: "e2", Expression: "e1 * 2" },
        { Id: "e1", Expression, ReturnData: false },
        metric("m1"),
        metric("m2"),
      ]);
    for (const one of ["FILL(m1, 0)", "m1 / m2", "SUM([m1, m2])", "IF(m1 > 1, m2)", "HOUR(m1)"])
      expect(program(one).ranged, one).toBe(false);
    for (const one of ["FILL(m1, REPEAT)", "m1 - AVG(m1)", "RATE(m1)", "RUNNING_SUM(m1)", "DIFF(m1)"])
      expect(program(one).ranged, one).toBe(true);
  });
});

describe("what is refused", () => {
  test.each([
    ["m1 +", "the end"],
    ["m1 m2", '"m2"'],
    ["(m1", '")"'],
    ["m1 # 2", '"# 2"'],
    ["m9 + 1", "m9"],
    ["e1 + m1", "depends on itself"],
    ["SEARCH('{Rollcall} x', 'Sum', 60)", "SEARCH"],
    ["ANOMALY_DETECTION_BAND(m1)", "ANOMALY_DETECTION_BAND"],
    ["SORT(METRICS(), AVG, DESC)", "SORT"],
    ["SQRT(m1)", "SQRT"],
    ["sum(m1)", "sum"],
    ["constructor(m1)", "constructor"],
    ["SUM(m1)", "TIME_SERIES"],
    ["5", "TIME_SERIES"],
    ["METRICS()", "list"],
    ["[m1, m2] + [m1, m2]", "list"],
    ["SUM([m1, 2])", "list"],
    ["SUM(m1, m2)", "1 argument"],
    ["FILL(m1, BACKWARD)", "BACKWARD"],
    ["m1 + REPEAT", "+"],
    ["PERIOD(m1 + 1) + m1", "PERIOD"],
    ["IF(1, 2, 3)", "IF"],
    [`${"(".repeat(80)}m1${")".repeat(80)}`, "nested"],
    [`m1 + ${"1".repeat(2_100)}`, "2048"],
  ])("%s", (expression, part) => {
    expect(problem(expression)).toMatch(/^e1: /);
    expect(problem(expression)).toContain(part);
  });

  test.each<[string, readonly MetricQuery[], string]>([
    [
      "two lines that return data",
      [
        { Id: "a", Expression: "m1" },
        { ...metric("m1"), ReturnData: true },
      ],
      "2",
    ],
    ["none", [metric("m1")], "0"],
    ["an id twice", [{ Id: "a", Expression: "m1" }, metric("m1"), metric("m1")], "twice"],
    ["an id in capitals", [{ Id: "A", Expression: "m1" }, metric("m1")], '"A"'],
    ["two periods", [{ Id: "a", Expression: "m1 + m2" }, metric("m1"), metric("m2", 300)], "60 and 300"],
    ["no metric", [{ Id: "a", Expression: "TIME_SERIES(1)" }], "names a metric"],
    ["neither expression nor metric", [{ Id: "a" }], "either"],
  ])("%s", (_name, queries, part) => {
    expect(mathProblem(queries)).toContain(part);
  });

  test("whatever is written, it is either evaluated or refused in words", () => {
    const part = fc.constantFrom(
      "m1",
      "m2",
      "1",
      "+",
      "-",
      "(",
      ")",
      "[",
      "]",
      ",",
      "SUM",
      "FILL",
      "IF",
      "0",
      "<",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const expression = parts.join(" ");
        const said = problem(expression);
        if (said === undefined) expect(points(expression, [1, _], [2, 3])).toHaveLength(2);
        else expect(said).toMatch(/^(e1: .|exactly)/);
      }),
    );
  });

  test("a sound alarm is not refused", () => {
    expect(problem("FILL(m1, 0) / m2")).toBeUndefined();
  });
});
