import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Problem, RollcallError } from "../../catalog/errors.ts";
import { replayDefinitions } from "../../ops/replay-definitions.ts";
import { composite, metricAlarm } from "../support/alarms.ts";
import { type Ended, type Folder, rollcall, temporaryFolder, twoAtATime } from "../support/cli.ts";

// `rollcall replay` with files: the command runs in a process of its own each time.

let folder: Folder;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

const alarms = {
  MetricAlarms: [{ ...metricAlarm, EvaluationPeriods: 1, DatapointsToAlarm: 1, StateValue: "OK" }],
  CompositeAlarms: [composite("page", "ALARM(api-errors)")],
};

const point = (minute: number, value: number): readonly [string, number] => [
  new Date(Date.UTC(2026, 10, 21, 12, minute)).toISOString(),
  value,
];

const errors = { Namespace: "Shop", MetricName: "Errors", Dimensions: metricAlarm.Dimensions };
const series = {
  start: "2026-11-21T12:00:00Z",
  end: "2026-11-21T13:05:00+01:00",
  metrics: [{ ...errors, points: [0, 0, 9, 0, 0].map((value, minute) => point(minute, value)) }],
};

let files = 0;
/** Writes a file of a test and returns its path. */
function file(content: unknown): string {
  files += 1;
  const name = `file-${files}.json`;
  folder.write(new Map([[name, typeof content === "string" ? content : JSON.stringify(content)]]));
  return join(folder.path, name);
}

function replay(input: { alarms?: unknown; series?: unknown }, ...more: readonly string[]): Promise<Ended> {
  const definitions = file(input.alarms ?? alarms);
  return rollcall([
    "replay",
    "--definitions",
    definitions,
    "--series",
    file(input.series ?? series),
    ...more,
  ]);
}

/** The problems that the command would print. */
function refusal(input: { alarms?: unknown; series?: unknown }): readonly Problem[] {
  const [definitions, samples] = [file(input.alarms ?? alarms), file(input.series ?? series)];
  try {
    replayDefinitions({ definitions, series: samples, format: "json", actions: false });
  } catch (error) {
    if (error instanceof RollcallError && error.exitCode === 65) return error.problems;
    throw error;
  }
  return [];
}

describe("rollcall replay", () => {
  test("prints transitions and final states as one JSON document and nothing else", async () => {
    const { code, stdout, stderr } = await replay({}, "--format", "json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const at = (minute: number): string => `2026-11-21T12:0${minute}:00.000Z`;
    const reason = expect.stringMatching(/./) as unknown;
    expect(JSON.parse(stdout)).toEqual({
      transitions: [
        { at: at(1), alarm: "api-errors", from: "INSUFFICIENT_DATA", to: "OK", reason },
        { at: at(1), alarm: "page", from: "INSUFFICIENT_DATA", to: "OK", reason },
        { at: at(3), alarm: "api-errors", from: "OK", to: "ALARM", reason },
        { at: at(3), alarm: "page", from: "OK", to: "ALARM", reason },
        { at: at(4), alarm: "api-errors", from: "ALARM", to: "OK", reason },
        { at: at(4), alarm: "page", from: "ALARM", to: "OK", reason },
      ],
      final: { "api-errors": "OK", page: "OK" },
    });
  });

  test("adds the actions where they are asked for, and prints a table for people", async () => {
    const [json, table] = await twoAtATime([["--format", "json", "--actions"], ["--actions"]], (more) =>
      replay({}, ...more),
    );
    expect(JSON.parse(json?.stdout ?? "")).toMatchObject({
      actions: [
        { at: "2026-11-21T12:01:00.000Z", alarm: "page", state: "OK", suppressedBy: null },
        { at: "2026-11-21T12:03:00.000Z", alarm: "page", state: "ALARM", suppressedBy: null },
        { at: "2026-11-21T12:04:00.000Z", alarm: "page", state: "OK", suppressedBy: null },
      ],
    });
    expect(table?.code).toBe(0);
    expect(table?.stdout).toMatch(
      /^ {2}2026-11-21T12:03:00Z +page +OK -> ALARM +api-errors went to ALARM: the rule holds$/m,
    );
    expect(table?.stdout).toMatch(/^ {2}2026-11-21T12:03:00Z +page +ALARM +taken$/m);
    expect(table?.stdout.trimEnd().split("\n").at(-1)).toBe("in the end: 0 ALARM, 2 OK, 0 INSUFFICIENT_DATA");
  });

  test("takes a bare list, dimensions in any order, samples in any order, and puts together a metric given twice", async () => {
    const two = [
      { Name: "a", Value: "1" },
      { Name: "b", Value: "2" },
    ];
    const [first, ...others] = series.metrics.flatMap((one) => one.points);
    const split = {
      note: 'a bracket and a key in a text are nothing: " [ {"metrics": [ \\',
      metrics: [
        { ...errors, Dimensions: two, points: others.reverse() },
        { ...errors, MetricName: "Unused", points: [] },
        { points: [first], ...errors, Dimensions: [...two].reverse() },
      ],
      end: series.end,
      start: series.start,
    };
    const definition = { ...alarms.MetricAlarms[0], Dimensions: two };
    const [ended, plain] = await twoAtATime(
      [{ alarms: [definition], series: split }, { alarms: { MetricAlarms: alarms.MetricAlarms } }],
      (input) => replay(input, "--format", "json"),
    );
    expect(ended?.code).toBe(0);
    expect(ended?.stdout).toBe(plain?.stdout);
  });

  test("takes moments with any offset from UTC or none, and null for no dimensions", async () => {
    const moments = [
      "2026-11-21T12:00:30.5+0000",
      "2026-11-21T14:00:59.123456+02:00",
      "2026-11-21T12:00Z",
      "2026-11-21T12:00:10",
    ];
    const points = moments.map((at) => [at, 2]);
    const alarm = { ...metricAlarm, Dimensions: [], EvaluationPeriods: 1, DatapointsToAlarm: 1 };
    const { code, stdout } = await replay(
      { alarms: [alarm], series: { ...series, metrics: [{ ...errors, Dimensions: null, points }] } },
      "--format",
      "json",
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      transitions: [{ at: "2026-11-21T12:01:00.000Z", to: "ALARM" }, { to: "OK" }],
    });
  });

  const metric = (change: object): object => ({ ...series, metrics: [{ ...series.metrics[0], ...change }] });
  const points = (...list: readonly unknown[]): object => metric({ points: [point(0, 1), ...list] });
  test.each([
    [
      "a metric alarm",
      { alarms: [{ ...metricAlarm, Period: 45 }] },
      "api-errors.Period",
      "is none of 10, 20, 30",
    ],
    ["a composite", { alarms: [composite("page", "ALARM(gone)")] }, "page.AlarmRule", "names gone"],
    ["alarms that are no JSON", { alarms: "{" }, "", "is not JSON"],
    ["alarms of another form", { alarms: {} }, "", "neither MetricAlarms nor CompositeAlarms"],
    ["series that are no JSON", { series: '{"start": }' }, "", "is not JSON"],
    ["series cut off", { series: JSON.stringify(series).slice(0, -40) }, "", "is not JSON"],
    ["a metric that is no JSON", { series: '{"metrics": [{"Namespace": }]}' }, "metrics[0]", "is not JSON"],
    ["a comma too much", { series: '{"metrics": [{},]}' }, "metrics[1]", "is not JSON"],
    ["a list of series", { series: [series] }, "", "must be an object"],
    ["no start", { series: { ...series, start: undefined } }, "start", "is missing"],
    [
      "a start that is words",
      { series: { ...series, start: "21 November 2026" } },
      "start",
      "no moment of ISO 8601",
    ],
    [
      "a day that is not",
      { series: { ...series, end: "2026-02-30T12:00:00Z" } },
      "end",
      "no moment of ISO 8601",
    ],
    [
      "a start after the end",
      { series: { ...series, start: "2027-01-01T00:00:00Z" } },
      "start",
      "is after the end",
    ],
    ["no metrics", { series: { ...series, metrics: undefined } }, "metrics", "must be a list"],
    ["metrics that are no list", { series: { ...series, metrics: {} } }, "metrics", "must be a list"],
    [
      "a metric without its name",
      { series: metric({ MetricName: undefined }) },
      "metrics[0].MetricName",
      "is missing",
    ],
    [
      "dimensions of another form",
      { series: metric({ Dimensions: { a: "b" } }) },
      "metrics[0].Dimensions",
      "must be a list",
    ],
    ["points of another form", { series: metric({ points: {} }) }, "metrics[0].points", "must be a list"],
    [
      "a moment in milliseconds",
      { series: points([1_700_000_000_000, 1]) },
      "metrics[0].points[1][0]",
      "no moment of ISO 8601",
    ],
    [
      "a value that is none",
      { series: points([series.start, "1"]) },
      "metrics[0].points[1][1]",
      "must be a finite number",
    ],
    [
      "a point of three",
      { series: points([series.start, 1, 2]) },
      "metrics[0].points[1]",
      "no pair of moment and value",
    ],
  ])("refuses %s, at its place and with a cure", (_, input, path, rule) => {
    const [one] = refusal(input);
    expect(one).toMatchObject({ place: expect.stringMatching(/file-\d+\.json$/) as unknown, path });
    expect(one?.rule).toContain(rule);
    expect(one?.cure).not.toBe("");
  });

  test("exits 65 for what it refuses, and names every field at once", async () => {
    const refused = {
      alarms: { MetricAlarms: [{ ...metricAlarm, Period: 45, Threshold: "5" }] },
    };
    const [json, plain] = await twoAtATime([["--format", "json"], []], (more) => replay(refused, ...more));
    expect(json).toMatchObject({ code: 65, stdout: "" });
    expect(JSON.parse(json?.stderr ?? "")).toMatchObject({
      exitCode: 65,
      problems: [{ path: "api-errors.Threshold" }, { path: "api-errors.Period" }],
    });
    expect(plain).toMatchObject({ code: 65, stdout: "" });
    expect(plain?.stderr).toMatch(
      /^.+\.json {2}api-errors\.Period: Period 45 is none of 10, 20, 30 .+; give 10/m,
    );
  });

  test("says that a file is not there, and what has to be given", async () => {
    const [gone, none, half, environment, both] = await twoAtATime(
      [
        ["replay", "--definitions", join(folder.path, "gone.json"), "--series", "x"],
        ["replay"],
        ["replay", "--definitions", "x"],
        ["replay", "local"],
        ["replay", "local", "--definitions", "x", "--series", "y"],
      ],
      (args) => rollcall(args),
    );
    expect(gone?.code).toBe(65);
    expect(gone?.stderr).toContain("gone.json: cannot be read");
    for (const ended of [none, half]) expect(ended?.stderr).toContain("give --definitions and --series");
    expect(environment?.stderr).toContain("give --trace with a name or a file, or --last");
    expect(both?.stderr).toContain("an environment goes with no --definitions and no --series");
    for (const ended of [none, half, environment, both]) expect(ended?.code).toBe(64);
    expect(half?.stderr).toContain("rollcall replay: --series is missing");
  });
});
