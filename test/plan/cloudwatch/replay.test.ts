import { describe, expect, test } from "vitest";
import { replayAlarms } from "../../../plan/cloudwatch/replay.ts";
import { metricKey, seriesFrom } from "../../../plan/cloudwatch/series.ts";
import type { MetricAlarmDefinition, MetricId, SeriesOf } from "../../../plan/cloudwatch/types.ts";
import { composite, metricAlarm } from "../../support/alarms.ts";

const MINUTE = 60_000;
const range = { from: 0, to: 10 * MINUTE };

const alarm = (AlarmName: string, MetricName: string): MetricAlarmDefinition => ({
  ...metricAlarm,
  AlarmName,
  MetricName,
  Dimensions: [],
  EvaluationPeriods: 1,
  DatapointsToAlarm: 1,
  Threshold: 0,
});

/** Metrics of the namespace Shop with one sample a minute: what was measured in minute 0, 1, ... */
function measured(metrics: Readonly<Record<string, readonly number[]>>): SeriesOf {
  const id = (MetricName: string): MetricId => ({ Namespace: "Shop", MetricName, Dimensions: [] });
  const series = new Map(
    Object.entries(metrics).map(([name, values]) => [
      metricKey(id(name)),
      seriesFrom(values.map((value, minute) => ({ at: minute * MINUTE, value }))),
    ]),
  );
  return (metric) => series.get(metricKey(metric));
}

describe("a replay", () => {
  const seriesOf = measured({
    Errors: [0, 0, 1, 1, 0, 0, 0, 0, 0, 0],
    Deployments: [0, 0, 0, 1, 1, 1, 0, 0, 0, 0],
  });
  const definitions = {
    MetricAlarms: [alarm("errors", "Errors"), alarm("deployment", "Deployments")],
    CompositeAlarms: [
      {
        ...composite("page", "ALARM(any)"),
        ActionsSuppressor: "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:deployment",
        ActionsSuppressorWaitPeriod: 60,
        ActionsSuppressorExtensionPeriod: 60,
      },
      composite("any", "ALARM(errors) OR FALSE"),
    ],
  };
  const { transitions, final, actions } = replayAlarms({ definitions, seriesOf, range });

  test("tells every transition by time, metric alarms before composites, each in the order of their definitions", () => {
    expect(transitions.map(({ at, alarm, from, to }) => `${at / MINUTE} ${alarm} ${from} > ${to}`)).toEqual([
      "1 errors INSUFFICIENT_DATA > OK",
      "1 deployment INSUFFICIENT_DATA > OK",
      "1 page INSUFFICIENT_DATA > OK",
      "1 any INSUFFICIENT_DATA > OK",
      "3 errors OK > ALARM",
      "3 page OK > ALARM",
      "3 any OK > ALARM",
      "4 deployment OK > ALARM",
      "5 errors ALARM > OK",
      "5 page ALARM > OK",
      "5 any ALARM > OK",
      "7 deployment ALARM > OK",
    ]);
  });

  test("tells the state of every alarm at the end", () => {
    expect(final).toEqual({ errors: "OK", deployment: "OK", page: "OK", any: "OK" });
  });

  test("tells the actions of the composites, and what their suppressors held back", () => {
    const told = actions.map(({ at, alarm, state, suppressedBy }) => [
      at / MINUTE,
      alarm,
      state,
      suppressedBy,
    ]);
    expect(told).toEqual([
      [1, "page", "OK", "WaitPeriod"],
      [1, "any", "OK", null],
      [2, "page", "OK", null],
      [3, "page", "ALARM", "WaitPeriod"],
      [3, "any", "ALARM", null],
      [4, "page", "ALARM", "Alarm"],
      [5, "page", "OK", "Alarm"],
      [5, "any", "OK", null],
      [7, "page", "OK", "ExtensionPeriod"],
      [8, "page", "OK", null],
    ]);
  });

  test("takes an alarm of any name, also of one that objects inherit", () => {
    const names = ["__proto__", "constructor", "toString"];
    const replay = replayAlarms({
      definitions: { MetricAlarms: [], CompositeAlarms: names.map((name) => composite(name, "TRUE")) },
      seriesOf,
      range,
    });
    expect(Object.entries(replay.final)).toEqual(names.map((name) => [name, "ALARM"]));
  });

  test("of alarms without any series leaves them in INSUFFICIENT_DATA where missing data is missing", () => {
    const silent = { ...alarm("silent", "Nothing"), TreatMissingData: "missing" } as const;
    const replay = replayAlarms({
      definitions: { MetricAlarms: [silent], CompositeAlarms: [] },
      seriesOf,
      range,
    });
    expect(replay).toEqual({ transitions: [], final: { silent: "INSUFFICIENT_DATA" }, actions: [] });
  });
});
