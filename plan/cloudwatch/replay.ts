import { type Action, actionsOf } from "./actions.ts";
import { createColumns } from "./columns.ts";
import { type AlarmRun, compositeTransitions } from "./composite.ts";
import { alarmNameOf } from "./composite-rule.ts";
import { metricTransitions } from "./metric-alarm.ts";
import type { AlarmDefinitions, AlarmState, SeriesOf, TimeRange, Transition } from "./types.ts";

/** What a set of alarms would have done. */
export interface Replay {
  /** By time; at one moment metric alarms before composites, each in the order of their definitions. */
  readonly transitions: readonly Transition[];
  /** The state of every alarm at the end, by its name. */
  readonly final: Readonly<Record<string, AlarmState>>;
  /** Actions of the composites, taken and held back, by time. */
  readonly actions: readonly Action[];
}

/**
 * What alarms would have done over a stretch of time, as CloudWatch documents their evaluation; every alarm starts in
 * INSUFFICIENT_DATA. Takes definitions that are within the limits (`readDefinitions`, `definitionProblems`).
 */
export function replayAlarms(input: {
  readonly definitions: AlarmDefinitions;
  readonly seriesOf: SeriesOf;
  readonly range: TimeRange;
}): Replay {
  const { definitions, seriesOf, range } = input;
  const columns = createColumns(seriesOf);
  const metric = new Map<string, AlarmRun>(
    definitions.MetricAlarms.map((definition) => [
      definition.AlarmName,
      metricTransitions({ definition, seriesOf, range, columns }),
    ]),
  );
  const composites = compositeTransitions({ composites: definitions.CompositeAlarms, metric, range });
  const runs = new Map([...metric, ...composites]);
  return {
    transitions: byTime([...runs.values()].flatMap(({ transitions }) => transitions)),
    // fromEntries defines its keys, so that an alarm of the name __proto__ is one like any other
    final: Object.fromEntries([...runs].map(([name, { final }]) => [name, final])),
    actions: byTime(
      definitions.CompositeAlarms.flatMap((composite) => actionsIn({ composite, runs, range })),
    ),
  };
}

function actionsIn(input: {
  readonly composite: AlarmDefinitions["CompositeAlarms"][number];
  readonly runs: ReadonlyMap<string, AlarmRun>;
  readonly range: TimeRange;
}): Action[] {
  const { composite, runs, range } = input;
  const { AlarmName, ActionsSuppressor } = composite;
  const own = runs.get(AlarmName)?.transitions ?? [];
  const suppressor = ActionsSuppressor === undefined ? undefined : runs.get(alarmNameOf(ActionsSuppressor));
  return actionsOf({ composite, own, suppressor: suppressor?.transitions ?? null, range });
}

/** Sorted by time; what falls together keeps its order. */
function byTime<T extends { readonly at: number }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => a.at - b.at);
}
