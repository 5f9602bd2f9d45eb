import type { TimeRange } from "../plan/cloudwatch/types.ts";
import { dueLevels } from "../plan/escalate.ts";
import type { LevelPlan, Plan, PlannedComposite } from "../plan/types.ts";
import type { AlarmDesk } from "./alarm-desk.ts";
import type { Message } from "./messages.ts";
import type { Store, StoredIncident } from "./store.ts";

/** When within a range a composite tells nobody, in order and without overlaps. */
export type QuietOf = (composite: PlannedComposite, range: TimeRange) => readonly TimeRange[];

/**
 * Tells people of incidents level by level, each level once, and tells them again when it is over. While a composite
 * is quiet it begins no incident and tells no level: what is still wrong at the end is told then, as CloudWatch does
 * when a mute rule ends, and the time of the levels goes on from where it stood.
 */
export class Escalator {
  readonly #plan: Plan;
  readonly #store: Store;
  readonly #desk: AlarmDesk;
  readonly #tell: (message: Message) => void;
  readonly #quietOf: QuietOf;
  readonly #open: Map<string, StoredIncident>;

  constructor(input: {
    readonly plan: Plan;
    readonly store: Store;
    readonly desk: AlarmDesk;
    readonly tell: (message: Message) => void;
    /** @default never */
    readonly quietOf?: QuietOf;
  }) {
    this.#plan = input.plan;
    this.#store = input.store;
    this.#desk = input.desk;
    this.#tell = input.tell;
    this.#quietOf = input.quietOf ?? (() => []);
    this.#open = new Map(input.store.openIncidents().map((incident) => [incident.alarm, incident]));
  }

  /**
   * Brings the incidents into line with the composites' states, then tells every level whose time has come. It goes
   * by states and not by transitions, so that an incident whose beginning could not be written is not lost.
   */
  advance(now: number): void {
    for (const composite of this.#acting()) {
      const state = this.#desk.stateOf(composite.definition.AlarmName);
      if (state?.state === "ALARM") this.#begin(composite, { since: state.since, now });
      else this.#end(composite, now);
    }
    for (const incident of this.#open.values()) this.#escalate(incident, now);
  }

  #begin(
    composite: PlannedComposite,
    { since, now }: { readonly since: number; readonly now: number },
  ): void {
    const alarm = composite.definition.AlarmName;
    if (this.#open.has(alarm)) return;
    if (this.#isQuiet(composite, now)) return;
    // an incident begins when it may be told: each level has its own time from then on
    const openedAt = this.#heldUntil(composite, since);
    if (openedAt > now) return;
    this.#keep({ id: `${alarm}@${new Date(openedAt).toISOString()}`, alarm, openedAt, told: [] });
  }

  /**
   * Until when a suppressor holds a composite back that fires since a moment: while it is in ALARM itself, for its
   * extension after that, and at first for the time that it may need to go there. Milliseconds since the epoch.
   */
  #heldUntil({ definition }: PlannedComposite, since: number): number {
    const {
      ActionsSuppressor: name,
      ActionsSuppressorWaitPeriod: wait = 0,
      ActionsSuppressorExtensionPeriod: extension = 0,
    } = definition;
    const suppressor = name === undefined ? undefined : this.#desk.stateOf(name);
    if (suppressor === undefined) return since;
    if (suppressor.state === "ALARM") return Number.POSITIVE_INFINITY;
    // its newest change was the end of an ALARM, unless it is from before the composite fired
    if (suppressor.since > since) return suppressor.since + extension * 1_000;
    return since + wait * 1_000;
  }

  #end(composite: PlannedComposite, at: number): void {
    const alarm = composite.definition.AlarmName;
    const incident = this.#open.get(alarm);
    if (incident === undefined) return;
    this.#store.saveIncident(incident, at);
    this.#open.delete(alarm);
    for (const level of this.#levelsOf(composite)) {
      if (incident.told.includes(level.level))
        this.#send({ kind: "resolved", composite, incident, level, at });
    }
  }

  #escalate(incident: StoredIncident, now: number): void {
    const composite = this.#compositeOf(incident.alarm);
    const escalation = this.#plan.escalations.find((one) => one.escalation === composite?.escalation);
    if (composite === undefined || escalation === undefined) {
      // the catalog no longer has the alarm: nothing could ever end its incident
      this.#open.delete(incident.alarm);
      this.#store.saveIncident(incident, now);
      return;
    }
    if (this.#isQuiet(composite, now)) return;
    const quiet = this.#quietOf(composite, { from: incident.openedAt, to: now });
    const paused = quiet.reduce((sum, { from, to }) => sum + to - from, 0);
    const progress = { ...incident, openedAt: incident.openedAt + paused };
    const { escalates } = composite;
    for (const level of dueLevels({ escalation, escalates, incident: progress, now })) {
      const told = [...(this.#open.get(incident.alarm)?.told ?? []), level.level];
      // kept before it is sent: after a crash a level is told late rather than twice
      this.#keep({ ...incident, told });
      this.#send({ kind: told.length === 1 ? "alarm" : "escalation", composite, incident, level, at: now });
    }
  }

  #isQuiet(composite: PlannedComposite, now: number): boolean {
    return this.#quietOf(composite, { from: now, to: now + 1 }).length > 0;
  }

  #send(input: {
    readonly kind: Message["kind"];
    readonly composite: PlannedComposite;
    readonly incident: StoredIncident;
    readonly level: LevelPlan;
    readonly at: number;
  }): void {
    const { kind, composite, incident, level, at } = input;
    this.#tell({
      type: "message",
      at: new Date(at).toISOString(),
      kind,
      environment: this.#plan.environment,
      server: composite.server,
      incident: incident.id,
      alarm: composite.definition.AlarmName,
      severity: composite.severity,
      level: level.level,
      to: level.subscriptions.map(({ channel, endpoint }) => `${channel} ${endpoint}`),
      because: this.#desk.causesOf(composite).map(({ name, reason }) => `${name}: ${reason}`),
      text: composite.definition.AlarmDescription,
      runbook: composite.runbook,
      elapsedMs: at - incident.openedAt,
    });
  }

  #keep(incident: StoredIncident): void {
    this.#store.saveIncident(incident, null);
    this.#open.set(incident.alarm, incident);
  }

  #levelsOf(composite: PlannedComposite): readonly LevelPlan[] {
    return this.#plan.escalations.find(({ escalation }) => escalation === composite.escalation)?.levels ?? [];
  }

  #compositeOf(alarm: string): PlannedComposite | undefined {
    return this.#acting().find(({ definition }) => definition.AlarmName === alarm);
  }

  /** Every composite that tells somebody, of the servers and of the fleet. */
  #acting(): PlannedComposite[] {
    return [...this.#plan.servers, this.#plan.fleet]
      .flatMap(({ composites }) => composites)
      .filter(({ definition }) => definition.ActionsEnabled);
  }
}
