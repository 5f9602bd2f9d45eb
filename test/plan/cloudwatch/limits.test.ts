import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { definitionProblems } from "../../../plan/cloudwatch/limits.ts";
import { composite, mathAlarm, metricAlarm, query } from "../../support/alarms.ts";

const place = "alarms.json";

/** `field: rule` of each problem of one metric alarm. */
function metricProblems(alarm: object): string[] {
  return definitionProblems({ MetricAlarms: [alarm], CompositeAlarms: [] }, { place }).map(
    ({ path, rule }) => `${path}: ${rule}`,
  );
}

function compositeProblems(...composites: readonly object[]): string[] {
  return definitionProblems({ MetricAlarms: [metricAlarm], CompositeAlarms: composites }, { place }).map(
    ({ path, rule }) => `${path}: ${rule}`,
  );
}

const { Statistic: _, ...noStatistic } = metricAlarm;
const extended = (ExtendedStatistic: string): object => ({ ...noStatistic, ExtendedStatistic });
const math = (...Metrics: readonly unknown[]): object => ({ ...mathAlarm, Metrics });
const [ratio] = mathAlarm.Metrics ?? [];

describe("a metric alarm", () => {
  test.each<readonly [string, object]>([
    ["a statistic", metricAlarm],
    ["metric math", mathAlarm],
    ["a name of 255 characters", { ...metricAlarm, AlarmName: "a".repeat(255) }],
    ["a whole day of minutes", { ...metricAlarm, EvaluationPeriods: 1_440 }],
    ["a week of hours", { ...metricAlarm, Period: 3_600, EvaluationPeriods: 168 }],
    ["a period of ten seconds", { ...metricAlarm, Period: 10 }],
    [
      "five actions",
      { ...metricAlarm, AlarmActions: Array.from({ length: 5 }, (_, i) => `arn:aws:sns:x:y:t${i}`) },
    ],
    [
      "thirty dimensions",
      { ...metricAlarm, Dimensions: Array.from({ length: 30 }, (_, i) => ({ Name: `d${i}`, Value: "v" })) },
    ],
    ["a threshold below zero", { ...metricAlarm, Threshold: -0.5 }],
    ["an empty list of queries beside a metric", { ...metricAlarm, Metrics: [] }],
    [
      "a percentile with few samples ignored",
      { ...extended("p99.9"), EvaluateLowSampleCountPercentile: "ignore" },
    ],
    ["a unit", { ...metricAlarm, Unit: "Megabytes/Second" }],
    ["what DescribeAlarms prints besides", { ...metricAlarm, AlarmArn: "arn", StateValue: "OK", Tags: 7 }],
    ...[
      "p0",
      "p100",
      "tm90",
      "wm99",
      "tc90",
      "ts90",
      "IQM",
      "TM(10%:90%)",
      "WM(:95%)",
      "PR(:300)",
      "PR(100:2000)",
      "TS(80%:)",
    ].map((name) => [`the statistic ${name}`, extended(name)] as const),
  ])("may have %s", (_, alarm) => {
    expect(metricProblems(alarm)).toEqual([]);
  });

  test.each([
    ["AlarmName", { AlarmName: "a".repeat(256) }, "is longer than 255 characters"],
    ["AlarmName", { AlarmName: "a\u0007b" }, "must have no control characters"],
    ["AlarmDescription", { AlarmDescription: "a".repeat(1_025) }, "is longer than 1024 characters"],
    ["Period", { Period: 45 }, "Period 45 is none of 10, 20, 30 and the multiples of 60"],
    ["Period", { Period: 0 }, "Period 0 is none of"],
    ["Period", { Period: -60 }, "Period -60 is none of"],
    ["Period", { Period: 60.5 }, "Period 60.5 is none of"],
    ["Period", { Period: "60" }, "Period 60 is no number"],
    ["EvaluationPeriods", { EvaluationPeriods: 1_441 }, "86460 s, more than the 86400 s"],
    ["EvaluationPeriods", { Period: 3_600, EvaluationPeriods: 169 }, "608400 s, more than the 604800 s"],
    ["EvaluationPeriods", { EvaluationPeriods: 0 }, "must be a whole number of at least 1"],
    ["EvaluationPeriods", { EvaluationPeriods: 2.5 }, "must be a whole number"],
    ["DatapointsToAlarm", { DatapointsToAlarm: 4 }, "is 4, more than EvaluationPeriods (3)"],
    ["DatapointsToAlarm", { DatapointsToAlarm: 0 }, "must be a whole number"],
    ["Threshold", { Threshold: undefined }, "is missing"],
    ["Threshold", { Threshold: null }, "must be a finite number"],
    ["Threshold", { Threshold: Number.POSITIVE_INFINITY }, "must be a finite number"],
    ["ComparisonOperator", { ComparisonOperator: undefined }, "is missing"],
    ["ComparisonOperator", { ComparisonOperator: ">" }, "is >, none of the values that CloudWatch knows"],
    [
      "ComparisonOperator",
      { ComparisonOperator: "LessThanLowerThreshold", Threshold: undefined },
      "is not evaluated here: it needs a model of the metric's past",
    ],
    ["ThresholdMetricId", { ThresholdMetricId: "band", Threshold: undefined }, "needs a model"],
    ["EvaluationCriteria", { EvaluationCriteria: {}, MetricName: undefined, Threshold: undefined }, "PromQL"],
    ["EvaluationWindow", { EvaluationWindow: { WallClockWindow: {} } }, "is not evaluated here"],
    ["Statistic", { Statistic: "Median" }, "is Median"],
    ["Statistic", { Statistic: undefined }, "neither it nor ExtendedStatistic"],
    ["Statistic", { ExtendedStatistic: "p95" }, "both it and ExtendedStatistic"],
    ["TreatMissingData", { TreatMissingData: "Missing" }, "is Missing"],
    ["Unit", { Unit: "Percent/Second" }, "is Percent/Second"],
    [
      "EvaluateLowSampleCountPercentile",
      { EvaluateLowSampleCountPercentile: "ignore" },
      "goes only with a percentile",
    ],
    ["Namespace", { Namespace: "" }, "is empty"],
    ["Namespace", { Namespace: ":x" }, "must not begin with a colon"],
    ["MetricName", { MetricName: "m".repeat(256) }, "is longer than 255 characters"],
    [
      "Dimensions",
      { Dimensions: Array.from({ length: 31 }, () => ({ Name: "a", Value: "b" })) },
      "has 31 entries",
    ],
    ["Dimensions", { Dimensions: [{ Name: "a", Value: "" }] }, "entry 0: Value is empty"],
    ["Dimensions", { Dimensions: [{ Name: "a", Value: "v".repeat(1_025) }] }, "longer than 1024 characters"],
    [
      "AlarmActions",
      { AlarmActions: Array.from({ length: 6 }, () => "arn") },
      "has 6 entries, and CloudWatch takes 5",
    ],
    [
      "WarmUpConfiguration",
      { WarmUpConfiguration: { WarmUpPeriodDurationInMinutes: 2_881 } },
      "from 1 to 2880",
    ],
    ["WarmUpConfiguration", { WarmUpConfiguration: {} }, "WarmUpPeriodDurationInMinutes is missing"],
  ])("is refused for its %s: %j", (field, change, rule) => {
    const problems = metricProblems({ ...metricAlarm, ...change });
    const name = "AlarmName" in change ? ".*" : "api-errors";
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name}\\.${field}: `))]);
    expect(problems[0]).toContain(rule);
  });

  test.each([
    "p101",
    "p",
    "tm",
    "P95",
    "TM(90%:10%)",
    "TM(10%:90)",
    "TM(:)",
    "TM(0%:101%)",
    "PR(1%:5%)",
    "Sum",
    "median",
  ])("is refused for the extended statistic %s", (name) => {
    expect(metricProblems(extended(name))).toEqual([
      expect.stringContaining("api-errors.ExtendedStatistic: "),
    ]);
  });

  test.each<readonly [string, readonly unknown[], string]>([
    ["Metrics", [], "must be a list of 1 to 20 queries"],
    [
      "Metrics",
      Array.from({ length: 21 }, (_, i) => query(`m${i}`, "x")),
      "must be a list of 1 to 20 queries",
    ],
    [
      "Metrics",
      [
        { ...ratio, Expression: "SUM(METRICS())" },
        ...Array.from({ length: 11 }, (_, i) => query(`m${i}`, "x")),
      ],
      "has 11 metrics and 1 expressions",
    ],
    ["Metrics", [ratio, query("errors", "a"), query("errors", "b")], "Id errors is given twice"],
    ["Metrics", [query("errors", "a")], "0 queries return data"],
    [
      "Metrics",
      [ratio, { ...query("errors", "a"), ReturnData: true }, query("requests", "b")],
      "2 queries return data",
    ],
    ["Metrics", [ratio, query("errors", "a")], "requests"],
    ["Metrics\\[0\\]\\.Id", [{ ...ratio, Id: "Ratio" }], "must begin with a small letter"],
    ["Metrics\\[0\\]\\.Id", [{ Expression: "1" }], "is missing"],
    ["Metrics\\[0\\]", [{ Id: "a" }], "must have exactly one of MetricStat and Expression"],
    ["Metrics\\[0\\]", [{ ...query("a", "x"), Expression: "b" }], "must have exactly one of"],
    ["Metrics\\[0\\]", ["m1"], "must be an object"],
    [
      "Metrics\\[0\\]\\.Expression",
      [{ ...ratio, Expression: "SEARCH('{Shop} x', 'Sum', 60)" }],
      "uses SEARCH",
    ],
    [
      "Metrics\\[0\\]\\.Expression",
      [{ ...ratio, Expression: "SELECT AVG(Errors) FROM Shop" }],
      "is not evaluated here: Metrics Insights",
    ],
    ["Metrics\\[0\\]\\.Expression", [{ ...ratio, Expression: `${"1+".repeat(1_024)}1` }], "longer than 2048"],
    ["Metrics", [{ ...ratio, Expression: "errors +" }, query("errors", "a")], ""],
  ])("is refused for its %s: %j", (field, queries, rule) => {
    const problems = metricProblems(math(...queries));
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^api-ratio\\.${field}: `))]);
    expect(problems[0]).toContain(rule);
  });

  test("is refused for a query with a wrong period, statistic or metric, each at its place", () => {
    const errors = query("errors", "Errors");
    const wrong = { Metric: { Namespace: "Shop" }, Period: 61, Stat: "Mean", Unit: "Clicks" };
    expect(
      metricProblems(math(ratio ?? {}, { ...errors, MetricStat: wrong }, query("requests", "x"))),
    ).toEqual([
      expect.stringContaining("api-ratio.Metrics[1].MetricStat.Metric: MetricName is missing"),
      expect.stringContaining("api-ratio.Metrics[1].MetricStat.Period: Period 61 is none of"),
      expect.stringContaining("api-ratio.Metrics[1].MetricStat.Stat: is Mean"),
      expect.stringContaining("api-ratio.Metrics[1].MetricStat.Unit: is Clicks"),
    ]);
  });

  test("is refused for queries of different periods", () => {
    const requests = query("requests", "Requests");
    const slow = { ...requests, MetricStat: { ...requests.MetricStat, Period: 300 } };
    expect(metricProblems(math(ratio ?? {}, query("errors", "Errors"), slow))).toEqual([
      expect.stringContaining("api-ratio.Metrics: has the periods 60, 300"),
    ]);
  });

  test("is refused for what goes with no metric math", () => {
    const { Threshold, EvaluationPeriods, ComparisonOperator, AlarmName } = mathAlarm;
    const both = {
      ...metricAlarm,
      Metrics: mathAlarm.Metrics,
      Threshold,
      EvaluationPeriods,
      ComparisonOperator,
      AlarmName,
    };
    expect(metricProblems(both).map((problem) => problem.split(":")[0])).toEqual(
      ["Namespace", "MetricName", "Dimensions", "Period", "Statistic"].map((field) => `api-ratio.${field}`),
    );
  });

  test("tells everything that is wrong at once, each with a cure", () => {
    const problems = definitionProblems(
      { MetricAlarms: [{ ...metricAlarm, Period: 45, EvaluationPeriods: 0 }, {}], CompositeAlarms: [] },
      { place },
    );
    const paths = problems.map(({ path }) => path);
    expect(paths).toContain("api-errors.Period");
    expect(paths).toContain("api-errors.EvaluationPeriods");
    expect(paths).toContain("MetricAlarms[1].AlarmName");
    expect(paths).toContain("MetricAlarms[1].ComparisonOperator");
    expect(problems.filter((one) => one.place !== place || one.rule === "" || one.cure === "")).toEqual([]);
  });

  test("may be anything at all and is judged without a crash, in messages that a terminal can show", () => {
    fc.assert(
      fc.property(
        fc.record(
          Object.fromEntries(
            [
              ...Object.keys(metricAlarm),
              "Metrics",
              "WarmUpConfiguration",
              "AlarmRule",
              "ActionsSuppressor",
              "__proto__",
            ].map((name) => [name, fc.jsonValue()]),
          ),
          { requiredKeys: [] },
        ),
        (alarm) => {
          const problems = definitionProblems({ MetricAlarms: [alarm], CompositeAlarms: [alarm] }, { place });
          expect(problems.length).toBeGreaterThan(0);
          for (const { path, rule } of problems) expect(path + rule).toMatch(/^[^\p{Cc}\u2028\u2029]*$/u);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("a composite", () => {
  const anyOf = (count: number): string =>
    Array.from({ length: count }, (_, index) => `ALARM(c${index})`).join(" OR ");
  const leaves = Array.from({ length: 101 }, (_, index) => composite(`c${index}`, "TRUE"));

  test("may have 100 children and a suppressor, by name and by ARN", () => {
    const suppressed = {
      ...composite("top", anyOf(100)),
      ActionsSuppressor: "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:api-errors",
      ActionsSuppressorWaitPeriod: 0,
      ActionsSuppressorExtensionPeriod: 60,
    };
    expect(compositeProblems(suppressed, ...leaves)).toEqual([]);
  });

  test.each([
    ["AlarmRule", { AlarmRule: undefined }, "is missing"],
    ["AlarmRule", { AlarmRule: "" }, "is empty"],
    ["AlarmRule", { AlarmRule: "x".repeat(10_241) }, "longer than 10240 characters (it has 10241"],
    ["AlarmRule", { AlarmRule: "ALARM(api-errors) AND" }, "the rule ends too early at position 21"],
    ["AlarmRule", { AlarmRule: anyOf(101) }, "its rule has 101 alarms; CloudWatch takes 100"],
    ["AlarmRule", { AlarmRule: "(TRUE) OR ".repeat(170).slice(0, -4) }, "its rule has 510 elements"],
    ["AlarmRule", { AlarmRule: "OK(api-erors)" }, "names api-erors, and there is no alarm of this name"],
    ["AlarmRule", { AlarmRule: "ALARM(top)" }, "names the alarm itself"],
    [
      "ActionsSuppressor",
      { ActionsSuppressor: "gone", ActionsSuppressorWaitPeriod: 1, ActionsSuppressorExtensionPeriod: 1 },
      "names gone",
    ],
    [
      "ActionsSuppressorWaitPeriod",
      { ActionsSuppressor: "c0", ActionsSuppressorExtensionPeriod: 1 },
      "is missing",
    ],
    [
      "ActionsSuppressorExtensionPeriod",
      { ActionsSuppressor: "c0", ActionsSuppressorWaitPeriod: 1, ActionsSuppressorExtensionPeriod: -1 },
      "of at least 0",
    ],
    ["ActionsEnabled", { ActionsEnabled: "yes" }, "must be true or false"],
  ])("is refused for its %s: %j", (field, change, rule) => {
    const problems = compositeProblems({ ...composite("top", "TRUE"), ...change }, ...leaves);
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^top\\.${field}: `))]);
    expect(problems[0]).toContain(rule);
  });

  test("may name alarms from elsewhere where they are known", () => {
    const rule = {
      MetricAlarms: [],
      CompositeAlarms: [composite("top", "ALARM(there) OR ALARM(not-there)")],
    };
    expect(definitionProblems(rule, { place, isKnown: (name) => name === "there" })).toMatchObject([
      { path: "top.AlarmRule", rule: expect.stringContaining("names not-there") },
    ]);
  });

  test("is refused in a cycle, each cycle once and by name; what only leads there is not part of it", () => {
    expect(
      compositeProblems(
        composite("leads-there", "ALARM(a)"),
        composite("a", "ALARM(b)"),
        composite("b", "OK(c) AND ALARM(api-errors)"),
        composite("c", "NOT ALARM(a)"),
        composite("d", "ALARM(e)"),
        composite("e", "ALARM(d)"),
      ),
    ).toEqual([
      "a.AlarmRule: is part of a cycle, which CloudWatch does not evaluate: a -> b -> c -> a",
      "d.AlarmRule: is part of a cycle, which CloudWatch does not evaluate: d -> e -> d",
    ]);
  });

  test("is refused under a name that another alarm has", () => {
    expect(compositeProblems(composite("api-errors", "TRUE"))).toEqual([
      "api-errors.AlarmName: is the name of more than one alarm",
    ]);
  });
});
