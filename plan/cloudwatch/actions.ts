import type { AlarmState, CompositeAlarmDefinition, TimeRange, Transition } from "./types.ts";

/** What holds an action back, in the words of DescribeAlarms (ActionsSuppressedBy). */
export type Suppression = "Alarm" | "WaitPeriod" | "ExtensionPeriod";

/** An action of a composite: taken, or held back from this moment on by something. */
export interface Action {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly alarm: string;
  /** The state that the action is for: it belongs to AlarmActions, OKActions or InsufficientDataActions. */
  readonly state: AlarmState;
  /** Null where the action is taken. */
  readonly suppressedBy: Suppression | null;
}

/** An action that is due, and when the period that holds it back runs out. */
interface Held {
  readonly state: AlarmState;
  readonly by: Suppression;
  readonly until: number;
}

/**
 * The actions of a composite, given its own transitions and those of its suppressor (null where it has none).
 * While the suppressor is in ALARM none is taken. Outside of that each transition starts a wait period, and the end
 * of the suppressor's ALARM an extension period; each takes the place of the one before, and at its end the action of
 * the state that the composite is in by then is taken. A change at the very end of a period still counts as within it.
 * What is held back stands as an entry of its own each time its reason changes.
 * Source: CloudWatch user guide, "Composite alarm action suppression". It leaves open what happens at the end of an
 * ALARM of the suppressor during which nothing was held back; nothing is taken then, as actions belong to transitions.
 */
export function actionsOf(input: {
  readonly composite: CompositeAlarmDefinition;
  readonly own: readonly Transition[];
  readonly suppressor: readonly Transition[] | null;
  readonly range: TimeRange;
  /** State of the suppressor before its first transition. @default where that came from, else not in ALARM */
  readonly suppressorInitially?: AlarmState;
}): Action[] {
  const { composite, own, suppressor, range } = input;
  const alarm = composite.AlarmName;
  if (composite.ActionsEnabled === false) return [];
  if (suppressor === null) return own.map(({ at, to }) => ({ at, alarm, state: to, suppressedBy: null }));
  const waitMs = (composite.ActionsSuppressorWaitPeriod ?? 0) * 1_000;
  const extensionMs = (composite.ActionsSuppressorExtensionPeriod ?? 0) * 1_000;
  const actions: Action[] = [];
  let held: Held | undefined;
  const takeDue = (before: number): void => {
    if (held === undefined || held.until >= before) return;
    actions.push({ at: held.until, alarm, state: held.state, suppressedBy: null });
    held = undefined;
  };
  const hold = (at: number, next: Omit<Held, "until">, forMs: number): void => {
    held = { ...next, until: at + forMs };
    // of what happens at one moment only the outcome counts
    if (actions.at(-1)?.at === at) actions.pop();
    if (forMs > 0) actions.push({ at, alarm, state: next.state, suppressedBy: next.by });
  };
  let suppressed = (input.suppressorInitially ?? suppressor[0]?.from) === "ALARM";
  for (const { at, to, own: isOwn } of inOrder(own, suppressor)) {
    takeDue(at);
    if (isOwn) {
      if (suppressed) hold(at, { state: to, by: "Alarm" }, Number.POSITIVE_INFINITY);
      else hold(at, { state: to, by: "WaitPeriod" }, waitMs);
      continue;
    }
    const was = suppressed;
    suppressed = to === "ALARM";
    if (held === undefined || suppressed === was) continue;
    if (suppressed) hold(at, { state: held.state, by: "Alarm" }, Number.POSITIVE_INFINITY);
    else hold(at, { state: held.state, by: "ExtensionPeriod" }, extensionMs);
  }
  takeDue(range.to + 1);
  return actions;
}

/** Both kinds of transitions by time; the suppressor first where they fall together. */
function inOrder(
  own: readonly Transition[],
  suppressor: readonly Transition[],
): { readonly at: number; readonly to: AlarmState; readonly own: boolean }[] {
  return [
    ...suppressor.map(({ at, to }) => ({ at, to, own: false })),
    ...own.map(({ at, to }) => ({ at, to, own: true })),
  ].sort((a, b) => a.at - b.at);
}
