import { catalogError, type Problem } from "../../catalog/errors.ts";
import { fieldOf, isRow, type Row } from "./fields.ts";
import { defaultTreatment } from "./judge.ts";
import { definitionProblems } from "./limits.ts";
import type { AlarmDefinitions, CompositeAlarmDefinition, MetricAlarmDefinition } from "./types.ts";

const CURE = "give what `aws cloudwatch describe-alarms` prints, or a list of alarms";

/** The fields that a state depends on; all others are left behind. */
const METRIC_FIELDS = [
  "AlarmName",
  "Namespace",
  "MetricName",
  "Dimensions",
  "Period",
  "Statistic",
  "ExtendedStatistic",
  "Metrics",
  "EvaluationPeriods",
  "DatapointsToAlarm",
  "Threshold",
  "ComparisonOperator",
  "TreatMissingData",
  "EvaluateLowSampleCountPercentile",
  "WarmUpConfiguration",
] as const satisfies readonly (keyof MetricAlarmDefinition)[];

const COMPOSITE_FIELDS = [
  "AlarmName",
  "AlarmRule",
  "ActionsEnabled",
  "ActionsSuppressor",
  "ActionsSuppressorWaitPeriod",
  "ActionsSuppressorExtensionPeriod",
] as const satisfies readonly (keyof CompositeAlarmDefinition)[];

/**
 * Alarms as `aws cloudwatch describe-alarms` prints them, or a bare list of them, with the documented defaults filled
 * in. Fields that no state depends on are ignored.
 * @throws RollcallError (catalog, exit 65) with everything that CloudWatch would refuse, placed at `place`.
 */
export function readDefinitions(json: unknown, place: string): AlarmDefinitions {
  const { MetricAlarms, CompositeAlarms } = listsOf(json, place);
  const problems = [
    ...MetricAlarms.flatMap((alarm, index) => noObject(alarm, { place, path: `MetricAlarms[${index}]` })),
    ...CompositeAlarms.flatMap((alarm, index) =>
      noObject(alarm, { place, path: `CompositeAlarms[${index}]` }),
    ),
  ];
  if (problems.length > 0) throw catalogError(problems);
  const rows = {
    MetricAlarms: MetricAlarms.filter(isRow).map((row) => withoutNulls(row)),
    CompositeAlarms: CompositeAlarms.filter(isRow).map((row) => withoutNulls(row)),
  };
  const refused = definitionProblems(rows, { place });
  if (refused.length > 0) throw catalogError(refused);
  return {
    // the limits have looked at the type of every field that is picked
    MetricAlarms: rows.MetricAlarms.map((row) =>
      withDefaults(source(row) as unknown as MetricAlarmDefinition),
    ),
    CompositeAlarms: rows.CompositeAlarms.map(
      (row) => pick(row, COMPOSITE_FIELDS) as unknown as CompositeAlarmDefinition,
    ),
  };
}

interface Lists {
  readonly MetricAlarms: readonly unknown[];
  readonly CompositeAlarms: readonly unknown[];
}

function listsOf(json: unknown, place: string): Lists {
  if (Array.isArray(json)) {
    const isComposite = (alarm: unknown): boolean =>
      isRow(alarm) && fieldOf(alarm, "AlarmRule") !== undefined;
    return {
      MetricAlarms: json.filter((alarm) => !isComposite(alarm)),
      CompositeAlarms: json.filter(isComposite),
    };
  }
  const metric = isRow(json) ? fieldOf(json, "MetricAlarms") : undefined;
  const composite = isRow(json) ? fieldOf(json, "CompositeAlarms") : undefined;
  if (metric === undefined && composite === undefined)
    throw catalogError([
      { place, path: "", rule: "has neither MetricAlarms nor CompositeAlarms", cure: CURE },
    ]);
  const lists = { MetricAlarms: metric ?? [], CompositeAlarms: composite ?? [] };
  const none = Object.entries(lists).filter(([, list]) => !Array.isArray(list));
  if (none.length > 0)
    throw catalogError(none.map(([path]) => ({ place, path, rule: "must be a list", cure: CURE })));
  return lists as Lists;
}

function noObject(alarm: unknown, at: Pick<Problem, "place" | "path">): Problem[] {
  return isRow(alarm) ? [] : [{ ...at, rule: "must be an object", cure: CURE }];
}

/** Without the fields that are null, which SDKs and exports write for one that is not there. */
function withoutNulls(row: Row, levels = 3): Row {
  const cleaned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((one) => (isRow(one) ? withoutNulls(one, levels - 1) : one));
    return isRow(value) ? withoutNulls(value, levels - 1) : value;
  };
  const given = Object.entries(row).filter(([, value]) => value !== null);
  // fromEntries defines its keys, so that a field of the name __proto__ stays one
  return Object.fromEntries(levels === 0 ? given : given.map(([name, value]) => [name, cleaned(value)]));
}

function withDefaults(definition: MetricAlarmDefinition): MetricAlarmDefinition {
  return {
    DatapointsToAlarm: definition.EvaluationPeriods,
    TreatMissingData: defaultTreatment(definition),
    ...definition,
  };
}

/** The picked fields of a metric alarm; an empty list of queries next to a metric is none. */
function source(row: Row): Row {
  const picked = pick(row, METRIC_FIELDS);
  if (fieldOf(row, "MetricName") === undefined) {
    const { Dimensions: _, ...math } = picked;
    return math;
  }
  const { Metrics: _, ...single } = picked;
  return { Dimensions: [], ...single };
}

function pick(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = fieldOf(row, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
