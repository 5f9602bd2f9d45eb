import { causesOf } from "../plan/causes.ts";
import { dependencyOrder } from "../plan/cloudwatch/composite.ts";
import { alarmsOf, parseRule, type Rule, ruleHolds } from "../plan/cloudwatch/composite-rule.ts";
import { evaluateAlarm, evaluationMark } from "../plan/cloudwatch/metric-alarm.ts";
import type { AlarmState } from "../plan/cloudwatch/types.ts";
import type { MetricAlarm, Plan, PlannedAlarm, PlannedComposite } from "../plan/types.ts";
import type { Store, StoredAlarm } from "./store.ts";

/** An alarm that changed its state. */
export interface Transition {
  readonly at: number;
  readonly alarm: string;
  readonly server: string;
  readonly from: AlarmState;
  readonly to: AlarmState;
  readonly reason: string;
  /** Set for composites: the only transitions that anybody is told of. */
  readonly composite: PlannedComposite | null;
}

interface Composite {
  readonly planned: PlannedComposite;
  readonly rule: Rule;
}

interface Watched {
  readonly planned: PlannedAlarm;
  /** The mark up to which it has been evaluated. */
  mark: number;
}

/** Evaluates the plan's alarms against the store: the same data and the same rules as CloudWatch would. */
export class AlarmDesk {
  readonly #store: Store;
  readonly #startedAt: number;
  readonly #watched: readonly Watched[];
  /** By name, each after those that it names. */
  readonly #composites: ReadonlyMap<string, Composite>;
  readonly #states: Map<string, StoredAlarm>;

  constructor(input: { readonly plan: Plan; readonly store: Store; readonly startedAt: number }) {
    this.#store = input.store;
    this.#startedAt = input.startedAt;
    const all = [...input.plan.servers, input.plan.fleet];
    this.#watched = all.flatMap(({ alarms }) => alarms.map((planned) => ({ planned, mark: 0 })));
    this.#composites = inOrder(all.flatMap(({ composites }) => composites));
    this.#states = new Map(input.store.alarms().map((alarm) => [alarm.name, alarm]));
  }

  /** Brings every alarm to the state it has at `now` and says what changed, metric alarms first. */
  evaluate(now: number): Transition[] {
    const metric = this.#watched.flatMap((watched) => this.#evaluateMetric(watched, now));
    const composite = [...this.#composites.values()].flatMap(({ planned, rule }) => {
      const holds = ruleHolds(rule, (name) => this.#states.get(name)?.state);
      const because = this.causesOf(planned).map(({ name }) => name);
      const reason = holds ? `in ALARM: ${because.join(", ")}` : "its rule does not hold";
      return this.#move({
        at: now,
        name: planned.definition.AlarmName,
        server: planned.server,
        to: holds ? "ALARM" : "OK",
        reason,
        composite: planned,
      });
    });
    return [...metric, ...composite.map((transition) => this.#withSuppressor(transition))];
  }

  stateOf(name: string): StoredAlarm | undefined {
    return this.#states.get(name);
  }

  /** The metric alarms by which a composite is in ALARM now, itself or through composites; none while it is not. */
  causesOf(composite: PlannedComposite): StoredAlarm[] {
    const found = this.#composites.get(composite.definition.AlarmName);
    if (found === undefined) return [];
    const names = causesOf(found.rule, {
      stateOf: (name) => this.#states.get(name)?.state,
      ruleOf: (name) => this.#composites.get(name)?.rule,
    });
    return names.flatMap((name) => this.#states.get(name) ?? []);
  }

  /** Says what tells instead of a composite: who reads that it is in ALARM and was told nothing must see why. */
  #withSuppressor(transition: Transition): Transition {
    const suppressor = transition.composite?.definition.ActionsSuppressor;
    const isHeld = suppressor !== undefined && this.stateOf(suppressor)?.state === "ALARM";
    if (!isHeld || transition.to !== "ALARM") return transition;
    return { ...transition, reason: `${transition.reason}; ${suppressor} tells instead` };
  }

  #evaluateMetric(watched: Watched, now: number): Transition[] {
    const { definition, server } = watched.planned;
    const mark = evaluationMark(definition, now);
    if (mark === watched.mark) return [];
    const name = definition.AlarmName;
    const current = this.#states.get(name) ?? this.#create(name, now);
    if (this.#warmsUp(definition, current, now)) return [];
    const { state, reason } = evaluateAlarm({
      definition,
      at: now,
      previous: current.state,
      // one server's metrics differ by their names alone
      seriesOf: ({ MetricName }, { from, to }) =>
        this.#store.samples({ server, metric: MetricName, from, to }),
    });
    const moved = this.#move({ at: now, name, server, to: state, reason, composite: null });
    // only now: an evaluation that failed is tried again
    watched.mark = mark;
    return moved;
  }

  /**
   * A warm-up counts from the alarm's creation. Where empty periods count as zero it counts from the start of
   * this monitor: a gap while nobody watched is not a lost heartbeat.
   */
  #warmsUp(definition: MetricAlarm, alarm: StoredAlarm, now: number): boolean {
    const minutes = definition.WarmUpConfiguration?.WarmUpPeriodDurationInMinutes ?? 0;
    const from = "Metrics" in definition ? this.#startedAt : alarm.created;
    return now < from + minutes * 60_000;
  }

  #create(name: string, now: number): StoredAlarm {
    const alarm: StoredAlarm = {
      name,
      state: "INSUFFICIENT_DATA",
      since: now,
      reason: "not evaluated yet",
      created: now,
    };
    this.#states.set(name, alarm);
    this.#store.saveAlarm(alarm);
    return alarm;
  }

  #move(change: {
    readonly at: number;
    readonly name: string;
    readonly server: string;
    readonly to: AlarmState;
    readonly reason: string;
    readonly composite: PlannedComposite | null;
  }): Transition[] {
    const { at, name, server, to, reason, composite } = change;
    const current = this.#states.get(name) ?? this.#create(name, at);
    if (current.state === to) {
      // what is served says why it is so now; only a change is worth a write
      this.#states.set(name, { ...current, reason });
      return [];
    }
    const next: StoredAlarm = { ...current, state: to, since: at, reason };
    this.#store.saveAlarm(next);
    this.#states.set(name, next);
    return [{ at, alarm: name, server, from: current.state, to, reason, composite }];
  }
}

function inOrder(composites: readonly PlannedComposite[]): Map<string, Composite> {
  const parsed = new Map(
    composites.map((planned) => {
      const { AlarmName, AlarmRule } = planned.definition;
      return [AlarmName, { planned, rule: parseRule(AlarmRule) }] as const;
    }),
  );
  const { order } = dependencyOrder(new Map([...parsed].map(([name, { rule }]) => [name, alarmsOf(rule)])));
  return new Map(
    order.flatMap((name) => {
      const one = parsed.get(name);
      return one === undefined ? [] : [[name, one] as const];
    }),
  );
}
