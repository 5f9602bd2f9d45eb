import { alarmsOf, parseRule, type Rule, ruleHolds } from "./composite-rule.ts";
import type { AlarmState, CompositeAlarmDefinition, TimeRange, Transition } from "./types.ts";

/** What became of an alarm over a stretch of time. */
export interface AlarmRun {
  /** Ascending in time. */
  readonly transitions: readonly Transition[];
  readonly final: AlarmState;
}

const MINUTE_MS = 60_000;
/** A reason names this many of the alarms that changed. */
const NAMED_CHANGES = 3;

/**
 * The transitions of composite alarms, given those of the metric alarms: a composite is evaluated at the first minute
 * after `range.from` and whenever one of its children changes, children before parents. It starts as
 * `initialOf` says, else in INSUFFICIENT_DATA, and never goes back there. Composites that depend on a cycle are
 * not evaluated, as in CloudWatch. Costs one evaluation for each change of a child.
 */
export function compositeTransitions(input: {
  readonly composites: readonly CompositeAlarmDefinition[];
  readonly metric: ReadonlyMap<string, AlarmRun>;
  readonly range: TimeRange;
  readonly initialOf?: (alarm: string) => AlarmState | undefined;
}): ReadonlyMap<string, AlarmRun> {
  const { composites, metric, range, initialOf = () => undefined } = input;
  const rules = new Map(composites.map(({ AlarmName, AlarmRule }) => [AlarmName, parseRule(AlarmRule)]));
  const childrenOf = new Map([...rules].map(([name, rule]) => [name, alarmsOf(rule)]));
  const initial = (name: string): AlarmState => initialOf(name) ?? "INSUFFICIENT_DATA";
  const runs = new Map<string, AlarmRun>(metric);
  for (const alarm of dependencyOrder(childrenOf).order) {
    const rule = rules.get(alarm);
    if (rule !== undefined) runs.set(alarm, runOf({ alarm, rule, runs, range, initial: initial(alarm) }));
  }
  return new Map(
    [...rules.keys()].map((name) => [name, runs.get(name) ?? { transitions: [], final: initial(name) }]),
  );
}

/**
 * Composites so that each comes after those that it names, given the children of each; and those that no order can
 * be given for, because they are part of a cycle or depend on one.
 */
export function dependencyOrder(childrenOf: ReadonlyMap<string, readonly string[]>): {
  readonly order: readonly string[];
  readonly unordered: readonly string[];
} {
  const parentsOf = new Map<string, string[]>();
  const waitsFor = new Map<string, number>();
  for (const [name, children] of childrenOf) {
    const composites = children.filter((child) => childrenOf.has(child));
    waitsFor.set(name, composites.length);
    for (const child of composites) {
      const parents = parentsOf.get(child);
      if (parents === undefined) parentsOf.set(child, [name]);
      else parents.push(name);
    }
  }
  // the list grows while it is walked: a parent is appended once the last of its children is ordered
  const order = [...childrenOf.keys()].filter((name) => waitsFor.get(name) === 0);
  for (const name of order) {
    for (const parent of parentsOf.get(name) ?? []) {
      const left = (waitsFor.get(parent) ?? 0) - 1;
      waitsFor.set(parent, left);
      if (left === 0) order.push(parent);
    }
  }
  return { order, unordered: [...childrenOf.keys()].filter((name) => (waitsFor.get(name) ?? 0) > 0) };
}

function runOf(input: {
  readonly alarm: string;
  readonly rule: Rule;
  readonly runs: ReadonlyMap<string, AlarmRun>;
  readonly range: TimeRange;
  readonly initial: AlarmState;
}): AlarmRun {
  const { alarm, rule, runs, range, initial } = input;
  const children = alarmsOf(rule).flatMap((name) => {
    const run = runs.get(name);
    return run === undefined ? [] : [{ name, run }];
  });
  const states = new Map(children.map(({ name, run }) => [name, run.transitions[0]?.from ?? run.final]));
  const changes = children.flatMap(({ run }) => run.transitions).sort((a, b) => a.at - b.at);
  const transitions: Transition[] = [];
  let state = initial;
  const evaluate = (at: number, changed: readonly Transition[]): void => {
    const to = ruleHolds(rule, (name) => states.get(name)) ? "ALARM" : "OK";
    if (to === state) return;
    transitions.push({ at, alarm, from: state, to, reason: reasonOf(to, changed) });
    state = to;
  };
  const first = Math.floor(range.from / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  let evaluated = first > range.to;
  for (let next = 0; next < changes.length; ) {
    const at = changes[next]?.at ?? 0;
    if (!evaluated && at > first) evaluate(first, []);
    const from = next;
    for (let change = changes[next]; change?.at === at; change = changes[next]) {
      states.set(change.alarm, change.to);
      next += 1;
    }
    evaluate(at, changes.slice(from, next));
    evaluated = true;
  }
  if (!evaluated) evaluate(first, []);
  return { transitions, final: state };
}

function reasonOf(to: AlarmState, changed: readonly Transition[]): string {
  const holds = to === "ALARM" ? "the rule holds" : "the rule does not hold";
  if (changed.length === 0) return `first evaluation: ${holds}`;
  const named = changed.slice(0, NAMED_CHANGES).map((change) => `${change.alarm} went to ${change.to}`);
  const others = changed.length - named.length;
  return `${[...named, ...(others === 0 ? [] : [`${others} more changed`])].join(", ")}: ${holds}`;
}
