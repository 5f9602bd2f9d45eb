import type { Problem } from "../../catalog/errors.ts";
import { compositeFaults, cycleFaults } from "./composite-limits.ts";
import { type FieldFault, fieldOf, type Row, shown } from "./fields.ts";
import { metricFaults } from "./metric-limits.ts";

/** Alarms of which nothing is known yet but that they are objects. */
export interface UncheckedDefinitions {
  readonly MetricAlarms: readonly object[];
  readonly CompositeAlarms: readonly object[];
}

/**
 * Everything that PutMetricAlarm and PutCompositeAlarm would refuse in a set of alarms, and what cannot be evaluated
 * from series alone. Each problem stands at `place`, with the alarm and its field as path (`api-errors.Period`);
 * an alarm without a usable name is told by its index (`MetricAlarms[2].AlarmName`).
 */
export function definitionProblems(
  definitions: UncheckedDefinitions,
  {
    place,
    isKnown = () => false,
  }: {
    readonly place: string;
    /** Alarms outside of these definitions that a composite may name. @default none */
    readonly isKnown?: (alarm: string) => boolean;
  },
): Problem[] {
  const metric = definitions.MetricAlarms.map(asRow);
  const composite = definitions.CompositeAlarms.map(asRow);
  const names = new Set([...metric, ...composite].map((row) => fieldOf(row, "AlarmName")));
  const known = (alarm: string): boolean => names.has(alarm) || isKnown(alarm);
  const problem = (alarm: string, { path, rule, cure }: FieldFault): Problem => ({
    place,
    path: `${alarm}.${path}`,
    rule,
    cure,
  });
  return [
    ...metric.flatMap((row, index) =>
      metricFaults(row).map((fault) => problem(labelOf(row, `MetricAlarms[${index}]`), fault)),
    ),
    ...composite.flatMap((row, index) =>
      compositeFaults(row, known).map((fault) => problem(labelOf(row, `CompositeAlarms[${index}]`), fault)),
    ),
    ...cycleFaults(composite).map((fault) => problem(shown(fault.alarm), fault)),
    ...sameNames([...metric, ...composite]).map((alarm) =>
      problem(shown(alarm), {
        path: "AlarmName",
        rule: "is the name of more than one alarm",
        cure: "give each alarm a name of its own",
      }),
    ),
  ];
}

/** What a person knows an alarm by. */
function labelOf(row: Row, place: string): string {
  const name = fieldOf(row, "AlarmName");
  return typeof name === "string" && name !== "" ? shown(name) : place;
}

function sameNames(rows: readonly Row[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const row of rows) {
    const name = fieldOf(row, "AlarmName");
    if (typeof name !== "string") continue;
    if (seen.has(name)) twice.add(name);
    seen.add(name);
  }
  return [...twice];
}

function asRow(value: object): Row {
  return value as Row;
}
