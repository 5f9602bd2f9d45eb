import { illegalRange } from "../periods.ts";
import {
  type Check,
  type FieldFault,
  type Fields,
  faultsOf,
  fieldOf,
  finite,
  flag,
  isRow,
  listOf,
  notEvaluated,
  objectOf,
  oneOf,
  type Row,
  shown,
  text,
  whole,
} from "./fields.ts";
import { mathProblem } from "./metric-math.ts";
import { parseStatistic } from "./statistic.ts";
import type { MetricQuery } from "./types.ts";

const STATISTICS = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];
const MAX_QUERIES = 20;
const MAX_OF_A_KIND = 10;
const CONTROL_FREE = { is: /^\P{Cc}*$/u, means: "must have no control characters" };
const QUERY_ID = { is: /^[a-z]\w*$/, means: "must begin with a small letter, then letters, digits and _" };
const NAMESPACE = { is: /^[^:]/, means: "must not begin with a colon" };
const MODEL = "it needs a model of the metric's past";
const COMPARISONS = [
  "GreaterThanThreshold",
  "GreaterThanOrEqualToThreshold",
  "LessThanThreshold",
  "LessThanOrEqualToThreshold",
];
const SIZES = ["Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes"];
const BITS = ["Bits", "Kilobits", "Megabits", "Gigabits", "Terabits"];
const UNITS = [
  ...["Seconds", "Microseconds", "Milliseconds", "Percent", "None"],
  ...[...SIZES, ...BITS, "Count"].flatMap((unit) => [unit, `${unit}/Second`]),
];
const ANOMALIES = [
  "LessThanLowerOrGreaterThanUpperThreshold",
  "LessThanLowerThreshold",
  "GreaterThanUpperThreshold",
];

/** What both kinds of alarms have. Source: service model of PutMetricAlarm and PutCompositeAlarm. */
export const COMMON: Fields = {
  AlarmName: { required: true, check: text(1, 255, CONTROL_FREE) },
  AlarmDescription: { check: text(0, 1_024) },
  ActionsEnabled: { check: flag },
  AlarmActions: { check: listOf(5, text(1, 1_024)) },
  OKActions: { check: listOf(5, text(1, 1_024)) },
  InsufficientDataActions: { check: listOf(5, text(1, 1_024)) },
};

const dimensions = listOf(
  30,
  objectOf({
    Name: { required: true, check: text(1, 255) },
    Value: { required: true, check: text(1, 1_024) },
  }),
);

/** Whatever the alarm looks at. */
const EVALUATION: Fields = {
  EvaluationCriteria: { check: notEvaluated("PromQL reads labels that a series does not have") },
  ThresholdMetricId: { check: notEvaluated(MODEL) },
  EvaluationWindow: { check: slidingWindow },
  ComparisonOperator: { required: true, check: comparison },
  EvaluationPeriods: { required: true, check: whole(1) },
  DatapointsToAlarm: { check: whole(1) },
  TreatMissingData: { check: oneOf("breaching", "notBreaching", "ignore", "missing") },
  EvaluateLowSampleCountPercentile: { check: oneOf("evaluate", "ignore") },
  WarmUpConfiguration: {
    check: objectOf({
      WarmUpPeriodDurationInMinutes: { required: true, check: whole(1, 2_880) },
      OnlyStartEvaluatingAfterWarmUpPeriodEnds: { check: flag },
    }),
  },
};

/** What tells a metric apart. */
export const METRIC: Fields = {
  Namespace: { required: true, check: text(1, 255, NAMESPACE) },
  MetricName: { required: true, check: text(1, 255) },
  Dimensions: { check: dimensions },
};

const SINGLE: Fields = {
  ...METRIC,
  Period: { required: true, check: period },
  Statistic: { check: oneOf(...STATISTICS) },
  ExtendedStatistic: { check: extendedStatistic },
  Unit: { check: oneOf(...UNITS) },
};

const METRIC_STAT: Fields = {
  Metric: { required: true, check: objectOf(METRIC) },
  Period: { required: true, check: period },
  Stat: { required: true, check: stat },
  Unit: { check: oneOf(...UNITS) },
};

/** Everything in a metric alarm that PutMetricAlarm would refuse, or that cannot be evaluated from series alone. */
export function metricFaults(row: Row): FieldFault[] {
  const queries = fieldOf(row, "Metrics");
  const single =
    fieldOf(row, "MetricName") !== undefined && (!Array.isArray(queries) || queries.length === 0);
  const common = [...faultsOf(row, COMMON), ...faultsOf(row, EVALUATION)];
  // what has no fixed threshold is named as what it is, and not by what it lacks
  if (["EvaluationCriteria", "ThresholdMetricId"].some((name) => fieldOf(row, name) !== undefined))
    return common;
  const source = single || queries === undefined ? singleFaults(row) : mathFaults(row, queries);
  const threshold = isAnomaly(fieldOf(row, "ComparisonOperator"))
    ? []
    : faultsOf(row, { Threshold: { required: true, check: finite } });
  return [...common, ...threshold, ...source, ...rangeFaults(row), ...sampleFaults(row)];
}

function singleFaults(row: Row): FieldFault[] {
  const statistics = ["Statistic", "ExtendedStatistic"].filter((name) => fieldOf(row, name) !== undefined);
  return [
    ...faultsOf(row, SINGLE),
    ...(statistics.length === 1
      ? []
      : [
          {
            path: "Statistic",
            rule: `${statistics.length === 0 ? "neither it nor" : "both it and"} ExtendedStatistic is given`,
            cure: "give exactly one of the two",
          },
        ]),
  ];
}

function mathFaults(row: Row, queries: unknown): FieldFault[] {
  const excluded = [
    "Namespace",
    "MetricName",
    "Dimensions",
    "Period",
    "Unit",
    "Statistic",
    "ExtendedStatistic",
  ]
    .filter((name) => !isEmpty(fieldOf(row, name)))
    .map((path) => ({ path, rule: "goes with no Metrics", cure: "write it in the MetricStat of a query" }));
  const at = (rule: string, cure: string): FieldFault => ({ path: "Metrics", rule, cure });
  if (!Array.isArray(queries) || queries.length === 0 || queries.length > MAX_QUERIES)
    return [...excluded, at(`must be a list of 1 to ${MAX_QUERIES} queries`, "give as many")];
  const faults = queries.flatMap((query, index) => queryFaults(query, `Metrics[${index}]`));
  if (faults.length > 0) return [...excluded, ...faults];
  const rows: readonly Row[] = queries.filter(isRow);
  const ids = rows.map((query) => fieldOf(query, "Id"));
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  const returned = rows.filter((query) => fieldOf(query, "ReturnData") !== false).length;
  const metrics = rows.filter((query) => fieldOf(query, "MetricStat") !== undefined).length;
  const most = Math.max(metrics, rows.length - metrics);
  const periods = [...new Set(rows.flatMap(periodsOf))];
  const wrong = [
    ...(twice === undefined
      ? []
      : [at(`Id ${shown(twice)} is given twice`, "give each query an Id of its own")]),
    ...(returned === 1
      ? []
      : [at(`${returned} queries return data`, "set ReturnData to false in all of them but one")]),
    ...(most <= MAX_OF_A_KIND
      ? []
      : [
          at(
            `has ${metrics} metrics and ${rows.length - metrics} expressions`,
            "CloudWatch takes 10 of each",
          ),
        ]),
    ...(periods.length <= 1
      ? []
      : [at(`has the periods ${periods.join(", ")}`, "give every query of an alarm the same Period")]),
  ];
  const math = wrong.length > 0 ? undefined : mathProblem(queries as readonly MetricQuery[]);
  return [...excluded, ...wrong, ...(math === undefined ? [] : [at(math, "mend the expression")])];
}

function queryFaults(query: unknown, at: string): FieldFault[] {
  if (!isRow(query)) return [{ path: at, rule: "must be an object", cure: "write it as { ... }" }];
  const expression = fieldOf(query, "Expression");
  const metric = fieldOf(query, "MetricStat");
  return [
    ...faultsOf(
      query,
      {
        Id: { required: true, check: text(1, 255, QUERY_ID) },
        Expression: { check: expressionText },
        ReturnData: { check: flag },
        Period: { check: period },
        MetricStat: { check: objectOf({}) },
      },
      `${at}.`,
    ),
    ...(isRow(metric) ? faultsOf(metric, METRIC_STAT, `${at}.MetricStat.`) : []),
    ...((expression === undefined) === (metric === undefined)
      ? [{ path: at, rule: "must have exactly one of MetricStat and Expression", cure: "give one of them" }]
      : []),
  ];
}

function rangeFaults(row: Row): FieldFault[] {
  const n = fieldOf(row, "EvaluationPeriods");
  const m = fieldOf(row, "DatapointsToAlarm");
  if (typeof n !== "number" || !Number.isSafeInteger(n) || n < 1) return [];
  const queries = fieldOf(row, "Metrics");
  const rows: readonly Row[] = Array.isArray(queries) ? queries.filter(isRow) : [];
  const periods = [row, ...rows]
    .flatMap(periodsOf)
    .filter((seconds) => illegalRange(seconds, 1) === undefined);
  const range = periods.length === 0 ? undefined : illegalRange(Math.max(...periods), n);
  return [
    ...(range === undefined
      ? []
      : [{ path: "EvaluationPeriods", rule: range, cure: "look at fewer periods, or at shorter ones" }]),
    ...(typeof m === "number" && m > n
      ? [
          {
            path: "DatapointsToAlarm",
            rule: `is ${m}, more than EvaluationPeriods (${n})`,
            cure: `give at most ${n}`,
          },
        ]
      : []),
  ];
}

function sampleFaults(row: Row): FieldFault[] {
  if (fieldOf(row, "EvaluateLowSampleCountPercentile") === undefined) return [];
  const queries = fieldOf(row, "Metrics");
  const stats = (Array.isArray(queries) ? queries.filter(isRow) : []).map((query) => {
    const metric = fieldOf(query, "MetricStat");
    return isRow(metric) ? fieldOf(metric, "Stat") : undefined;
  });
  return [fieldOf(row, "ExtendedStatistic"), ...stats].some(isPercentile)
    ? []
    : [
        {
          path: "EvaluateLowSampleCountPercentile",
          rule: "goes only with a percentile",
          cure: "leave it out, or look at a percentile",
        },
      ];
}

/** The periods that a query or an alarm of one metric gives. */
function periodsOf(row: Row): number[] {
  const metric = fieldOf(row, "MetricStat");
  return [fieldOf(row, "Period"), isRow(metric) ? fieldOf(metric, "Period") : undefined].filter(
    (seconds) => typeof seconds === "number",
  );
}

function period(value: unknown): ReturnType<Check> {
  const wrong = typeof value === "number" ? illegalRange(value, 1) : `Period ${shown(value)} is no number`;
  return wrong === undefined ? undefined : { rule: wrong, cure: "give 10, 20, 30 or a multiple of 60" };
}

/** The statistic of a query: plain or with a parameter. */
function stat(value: unknown): ReturnType<Check> {
  return typeof value === "string" && parseStatistic(value) !== undefined
    ? undefined
    : {
        rule: `is ${shown(value)}, no statistic that CloudWatch knows`,
        cure: "give one such as Average, p95, tm90, IQM, TM(10%:90%) or PR(:300)",
      };
}

function extendedStatistic(value: unknown): ReturnType<Check> {
  return typeof value === "string" && STATISTICS.includes(value)
    ? { rule: `is ${value}, which has no parameter`, cure: "give it as Statistic" }
    : stat(value);
}

function isPercentile(value: unknown): boolean {
  return typeof value === "string" && parseStatistic(value)?.kind === "percentile";
}

function expressionText(value: unknown): ReturnType<Check> {
  const fault = text(1, 2_048)(value);
  if (fault !== undefined || typeof value !== "string") return fault;
  if (/^\s*SELECT\s/i.test(value)) return notEvaluated("Metrics Insights reads metrics by query")(value);
  return /\bSEARCH\s*\(/i.test(value)
    ? {
        rule: "uses SEARCH, which CloudWatch takes in no alarm",
        cure: "name each metric in a query of its own",
      }
    : undefined;
}

function comparison(value: unknown): ReturnType<Check> {
  return isAnomaly(value) ? notEvaluated(MODEL)(value) : oneOf(...COMPARISONS)(value);
}

function isAnomaly(value: unknown): boolean {
  return typeof value === "string" && ANOMALIES.includes(value);
}

function slidingWindow(value: unknown): ReturnType<Check> {
  return isRow(value) && fieldOf(value, "WallClockWindow") !== undefined
    ? notEvaluated("a window by the wall clock needs the rules of a time zone")(value)
    : undefined;
}

/** DescribeAlarms prints an empty list where there is nothing. */
function isEmpty(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}
