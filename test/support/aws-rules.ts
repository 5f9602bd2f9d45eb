import type { AwsRecord } from "./aws-records.ts";
import { asArray, asNumber, asRecord, asString, type JsonRecord } from "./json.ts";
import type { CheckFailure } from "./provider.ts";
import { hasUnknown } from "./provider-values.ts";

const RETENTION_DAYS = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
const COMPARISONS = [
  "GreaterThanOrEqualToThreshold",
  "GreaterThanThreshold",
  "LessThanThreshold",
  "LessThanOrEqualToThreshold",
  "LessThanLowerOrGreaterThanUpperThreshold",
  "LessThanLowerThreshold",
  "GreaterThanUpperThreshold",
];
const MISSING_DATA = ["missing", "ignore", "breaching", "notBreaching"];
const BILLING = ["PAY_PER_REQUEST", "PROVISIONED"];
const RULE_WORDS = ["AND", "OR", "NOT", "TRUE", "FALSE", "ALARM", "OK", "INSUFFICIENT_DATA", "AT_LEAST"];
const HOUR_S = 3600;
const DAY_S = 86_400;

type Rule = (inputs: JsonRecord) => readonly CheckFailure[];

const RULES: Readonly<Record<string, Rule>> = {
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": checkComposite,
  "aws:cloudwatch/dashboard:Dashboard": ({ dashboardBody }) => checkJson("dashboardBody", dashboardBody),
  "aws:cloudwatch/logGroup:LogGroup": checkLogGroup,
  "aws:cloudwatch/metricAlarm:MetricAlarm": checkMetricAlarm,
  "aws:dynamodb/table:Table": checkTable,
  "aws:iam/role:Role": ({ assumeRolePolicy }) => checkJson("assumeRolePolicy", assumeRolePolicy),
  "aws:iam/rolePolicy:RolePolicy": ({ policy }) => checkJson("policy", policy),
  "aws:lambda/function:Function": checkFunction,
  "aws:scheduler/schedule:Schedule": checkSchedule,
  "aws:sfn/stateMachine:StateMachine": ({ definition }) => checkJson("definition", definition),
};

/** What AWS would refuse of these inputs; values that a preview does not know yet are not judged. */
export function refusalsOf({
  type,
  inputs,
}: {
  readonly type: string;
  readonly inputs: JsonRecord;
}): readonly CheckFailure[] {
  const known = Object.fromEntries(Object.entries(inputs).filter(([, value]) => !hasUnknown(value)));
  return RULES[type]?.(known) ?? [];
}

/** Why this record cannot go now: CloudWatch keeps an alarm that a composite still names. */
export function refusalOfDelete({ type, id }: AwsRecord, records: readonly AwsRecord[]): string | undefined {
  if (!type.startsWith("aws:cloudwatch/") || !type.endsWith("Alarm")) return undefined;
  const holder = records.find(({ inputs }) => namesInRule(asString(inputs.alarmRule) ?? "").includes(id));
  return holder && `the alarm ${id} is still named by the composite alarm ${holder.id}`;
}

/** The alarms that a composite's rule names, by name or by ARN, quoted or bare. */
export function namesInRule(rule: string): readonly string[] {
  const quoted = [...rule.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? "");
  const bare = rule
    .replaceAll(/"[^"]*"/g, " ")
    .split(/[\s(),]+/)
    .filter((word) => word !== "" && !RULE_WORDS.includes(word) && !/^\d+%?$/.test(word));
  return [...quoted, ...bare].map((name) => name.replace(/^arn:.*:alarm:/, ""));
}

function checkMetricAlarm(inputs: JsonRecord): readonly CheckFailure[] {
  const evaluations = asNumber(inputs.evaluationPeriods);
  const queries = asArray(inputs.metricQueries).map(asRecord);
  const periods = [
    inputs.period,
    ...queries.flatMap(({ period, metric }) => [period, asRecord(metric).period]),
  ];
  const returning = queries.filter(({ returnData }) => returnData === true);
  return [
    ...checkName("name", inputs.name),
    ...checkActions(inputs),
    ...unless(evaluations === undefined || evaluations >= 1, "evaluationPeriods", "must be 1 or more"),
    ...unless(
      (asNumber(inputs.datapointsToAlarm) ?? 1) <= (evaluations ?? Number.POSITIVE_INFINITY),
      "datapointsToAlarm",
      "must not be more than evaluationPeriods",
    ),
    ...unless(isOneOf(COMPARISONS, inputs.comparisonOperator), "comparisonOperator", "is none that exists"),
    ...unless(isOneOf(MISSING_DATA, inputs.treatMissingData), "treatMissingData", "is none that exists"),
    ...unless(
      queries.length === 0 || inputs.metricName === undefined,
      "metricQueries",
      "cannot stand beside metricName",
    ),
    ...unless(
      queries.length === 0 || returning.length === 1,
      "metricQueries",
      "exactly one query must return data",
    ),
    ...periods.flatMap((period) => checkPeriod(asNumber(period), evaluations)),
  ];
}

function checkPeriod(period: number | undefined, evaluations = 1): readonly CheckFailure[] {
  if (period === undefined) return [];
  const window = period * evaluations;
  const longest = period < HOUR_S ? DAY_S : 7 * DAY_S;
  return [
    ...unless(
      [10, 20, 30].includes(period) || (period > 0 && period % 60 === 0),
      "period",
      `${period} is neither 10, 20, 30 nor a multiple of 60`,
    ),
    ...unless(
      window <= longest,
      "evaluationPeriods",
      `${evaluations} of ${period} s are more than ${longest} s`,
    ),
  ];
}

function checkComposite(inputs: JsonRecord): readonly CheckFailure[] {
  const rule = asString(inputs.alarmRule);
  const names = new Set(namesInRule(rule ?? ""));
  return [
    ...checkName("alarmName", inputs.alarmName),
    ...checkActions(inputs),
    ...unless((rule?.length ?? 0) <= 10_240, "alarmRule", `has ${rule?.length} characters, more than 10240`),
    ...unless(names.size <= 100, "alarmRule", `names ${names.size} alarms, more than 100`),
    ...unless(
      rule === undefined || rule.split("(").length === rule.split(")").length,
      "alarmRule",
      "has brackets that do not match",
    ),
  ];
}

function checkActions(inputs: JsonRecord): readonly CheckFailure[] {
  return [
    ...["alarmActions", "okActions", "insufficientDataActions"].flatMap((key) =>
      unless(asArray(inputs[key]).length <= 5, key, "takes at most 5 actions"),
    ),
    ...unless(
      (asString(inputs.alarmDescription)?.length ?? 0) <= 1024,
      "alarmDescription",
      "is over 1024 characters",
    ),
  ];
}

function checkLogGroup({ retentionInDays }: JsonRecord): readonly CheckFailure[] {
  const days = asNumber(retentionInDays);
  return unless(
    days === undefined || RETENTION_DAYS.includes(days),
    "retentionInDays",
    `${days} is none of ${RETENTION_DAYS.join(", ")}`,
  );
}

function checkTable(inputs: JsonRecord): readonly CheckFailure[] {
  const { name, billingMode, hashKey, attributes } = inputs;
  const declared = asArray(attributes).map((attribute) => asRecord(attribute).name);
  const indexes = asArray(inputs.globalSecondaryIndexes).map(asRecord);
  const keys = new Set([inputs, ...indexes].flatMap((of) => [of.hashKey, of.rangeKey]));
  keys.delete(undefined);
  return [
    ...unless(
      name === undefined || /^[\w.-]{3,255}$/.test(asString(name) ?? ""),
      "name",
      "must be 3 to 255 letters, digits, -, _ and .",
    ),
    ...unless(isOneOf(BILLING, billingMode), "billingMode", "is none that exists"),
    // AWS refuses attributes that are no keys
    ...unless(
      hashKey === undefined || (declared.length === keys.size && declared.every((key) => keys.has(key))),
      "attributes",
      `must be ${[...keys].join(" and ")} and nothing else`,
    ),
  ];
}

function checkFunction({ timeout, memorySize, name }: JsonRecord): readonly CheckFailure[] {
  return [
    ...unless(isWithin(timeout, 1, 900), "timeout", "must be 1 to 900 seconds"),
    ...unless(isWithin(memorySize, 128, 10_240), "memorySize", "must be 128 to 10240 MiB"),
    ...unless(
      /^[\w-]{0,64}$/.test(asString(name) ?? ""),
      "name",
      "must be up to 64 letters, digits, - and _",
    ),
  ];
}

function checkSchedule({ scheduleExpression }: JsonRecord): readonly CheckFailure[] {
  const expression = asString(scheduleExpression);
  return unless(
    expression === undefined ||
      /^(rate\([1-9]\d* (minute|hour|day)s?\)|cron\(\S+( \S+){5}\)|at\(\S+\))$/.test(expression),
    "scheduleExpression",
    `${expression} is no rate(), cron() or at()`,
  );
}

function checkName(property: string, value: unknown): readonly CheckFailure[] {
  return unless((asString(value)?.length ?? 0) <= 255, property, "is over 255 characters");
}

function checkJson(property: string, value: unknown): readonly CheckFailure[] {
  if (typeof value !== "string") return [];
  try {
    JSON.parse(value);
    return [];
  } catch {
    return [{ property, reason: "is no JSON document" }];
  }
}

function unless(holds: boolean, property: string, reason: string): readonly CheckFailure[] {
  return holds ? [] : [{ property, reason }];
}

function isOneOf(allowed: readonly string[], value: unknown): boolean {
  return value === undefined || allowed.includes(String(value));
}

function isWithin(value: unknown, low: number, high: number): boolean {
  const number = asNumber(value);
  return number === undefined || (number >= low && number <= high);
}
