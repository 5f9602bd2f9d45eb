import { describe, expect, test } from "vitest";
import { RollcallError } from "../../../catalog/errors.ts";
import { readDefinitions } from "../../../plan/cloudwatch/definitions.ts";
import { composite, mathAlarm, metricAlarm } from "../../support/alarms.ts";

function refusal(json: unknown): RollcallError {
  try {
    readDefinitions(json, "alarms.json");
  } catch (error) {
    if (error instanceof RollcallError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

const bare = {
  AlarmName: "bare",
  Namespace: "Shop",
  MetricName: "Orders",
  Period: 300,
  Statistic: "Sum",
  EvaluationPeriods: 3,
  Threshold: 1,
  ComparisonOperator: "LessThanThreshold",
};

/** As `aws cloudwatch describe-alarms` prints it, with what no state depends on. */
const printed = {
  MetricAlarms: [
    {
      ...bare,
      AlarmArn: "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:bare",
      AlarmConfigurationUpdatedTimestamp: "2026-11-21T00:00:00.000000+00:00",
      ActionsEnabled: true,
      OKActions: [],
      AlarmActions: ["arn:aws:sns:eu-west-1:123456789012:page"],
      InsufficientDataActions: [],
      StateValue: "INSUFFICIENT_DATA",
      StateReason: "Unchecked: Initial alarm creation",
      StateUpdatedTimestamp: "2026-11-21T00:00:00.000000+00:00",
      Tags: [],
    },
  ],
  CompositeAlarms: [
    {
      ...composite("top", "ALARM(bare)"),
      AlarmArn: "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:top",
      ActionsEnabled: false,
      StateValue: "OK",
    },
  ],
};

describe("definitions of alarms", () => {
  test("are read as DescribeAlarms prints them, with the documented defaults and nothing besides", () => {
    expect(readDefinitions(printed, "alarms.json")).toEqual({
      MetricAlarms: [{ ...bare, Dimensions: [], DatapointsToAlarm: 3, TreatMissingData: "missing" }],
      CompositeAlarms: [{ AlarmName: "top", AlarmRule: "ALARM(bare)", ActionsEnabled: false }],
    });
  });

  test("keep what is written instead of a default", () => {
    expect(readDefinitions({ MetricAlarms: [metricAlarm] }, "alarms.json").MetricAlarms).toEqual([
      metricAlarm,
    ]);
    expect(readDefinitions({ MetricAlarms: [mathAlarm] }, "alarms.json").MetricAlarms).toEqual([
      { ...mathAlarm, DatapointsToAlarm: 2, TreatMissingData: "missing" },
    ]);
  });

  test("ignore missing data of DynamoDB's metrics where nothing else is written", () => {
    const { Metrics = [] } = mathAlarm;
    const math = JSON.parse(
      JSON.stringify({ ...mathAlarm, Metrics }).replace('"Shop"', '"AWS/DynamoDB"'),
    ) as object;
    const single = { ...bare, Namespace: "AWS/DynamoDB" };
    const written = { ...single, AlarmName: "written", TreatMissingData: "breaching" };
    expect(
      readDefinitions([single, math, written], "alarms.json").MetricAlarms.map((one) => one.TreatMissingData),
    ).toEqual(["ignore", "ignore", "breaching"]);
  });

  test("take null for a field that is not there, in an alarm and in its queries", () => {
    const nulls = { Dimensions: null, ExtendedStatistic: null, Metrics: null, ThresholdMetricId: null };
    const [first, ...others] = mathAlarm.Metrics ?? [];
    const math = { ...mathAlarm, Period: null, Metrics: [{ ...first, MetricStat: null }, ...others] };
    const top = { ...composite("top", "ALARM(bare)"), ActionsSuppressor: null };
    const json = { MetricAlarms: [{ ...bare, ...nulls }, math], CompositeAlarms: [top] };
    expect(readDefinitions(json, "alarms.json")).toEqual(
      readDefinitions([bare, mathAlarm, composite("top", "ALARM(bare)")], "alarms.json"),
    );
    expect(refusal([{ ...bare, Threshold: null }]).problems).toMatchObject([{ path: "bare.Threshold" }]);
  });

  test("are read from a bare list, where a rule makes an alarm a composite", () => {
    const { MetricAlarms, CompositeAlarms } = readDefinitions(
      [composite("top", "ALARM(bare)"), bare],
      "alarms.json",
    );
    expect([MetricAlarms.length, CompositeAlarms.length]).toEqual([1, 1]);
    expect(readDefinitions([], "alarms.json")).toEqual({ MetricAlarms: [], CompositeAlarms: [] });
  });

  test("are refused with exit 65 and every problem at once, each with alarm, field, rule and cure", () => {
    const { exitCode, problems } = refusal({
      MetricAlarms: [
        { ...bare, Period: 45 },
        { ...bare, AlarmName: "other", Threshold: "1" },
      ],
      CompositeAlarms: [composite("top", "ALARM(gone)")],
    });
    expect(exitCode).toBe(65);
    expect(problems.map(({ place, path }) => `${place} ${path}`)).toEqual([
      "alarms.json bare.Period",
      "alarms.json other.Threshold",
      "alarms.json top.AlarmRule",
    ]);
    expect(problems.every(({ rule, cure }) => rule !== "" && cure !== "")).toBe(true);
  });

  test.each([
    [null, "", "neither MetricAlarms nor CompositeAlarms"],
    ["alarms", "", "neither MetricAlarms nor CompositeAlarms"],
    [{ Alarms: [] }, "", "neither MetricAlarms nor CompositeAlarms"],
    [{ MetricAlarms: {} }, "MetricAlarms", "must be a list"],
    [{ CompositeAlarms: [7] }, "CompositeAlarms[0]", "must be an object"],
    [[bare, "x"], "MetricAlarms[1]", "must be an object"],
  ])("are refused where they are no such thing: %j", (json, path, rule) => {
    expect(refusal(json).problems).toMatchObject([
      { place: "alarms.json", path, rule: expect.stringContaining(rule) },
    ]);
  });

  test("take a field from an alarm itself only, whatever it is called", () => {
    const text = JSON.stringify({ MetricAlarms: [{ ...bare, Period: undefined }] });
    const hostile: unknown = JSON.parse(text.replace('"AlarmName"', '"__proto__":{"Period":60},"AlarmName"'));
    expect(refusal(hostile).problems).toMatchObject([{ path: "bare.Period" }]);
    const named: unknown = JSON.parse(text.replace('"bare"', '"__proto__","Period":60'));
    expect(readDefinitions(named, "alarms.json").MetricAlarms[0]?.AlarmName).toBe("__proto__");
  });
});
