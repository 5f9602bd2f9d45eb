import { dueLevels } from "../plan/escalate.ts";
import type { LevelPlan, Plan, PlannedComposite } from "../plan/types.ts";
import type { AlarmDesk } from "./alarm-desk.ts";
import type { Message } from "./messages.ts";
import type { Store, StoredIncident } from "./store.ts";

/** Tells people of incidents level by level, each level once, and tells them again when it is over. */
export class Escalator {
  readonly #plan: Plan;
  readonly #store: Store;
  readonly #desk: AlarmDesk;
  readonly #tell: (message: Message) => void;
  readonly #open: Map<string, StoredIncident>;

  constructor(input: {
    readonly plan: Plan;
    readonly store: Store;
    readonly desk: AlarmDesk;
    readonly tell: (message: Message) => void;
  }) {
    this.#plan = input.plan;
    this.#store = input.store;
    this.#desk = input.desk;
    this.#tell = input.tell;
    this.#open = new Map(input.store.openIncidents().map((incident) => [incident.alarm, incident]));
  }

  /**
   * Brings the incidents into line with the composites' states, then tells every level whose time has come. It goes
   * by states and not by transitions, so that an incident whose beginning could not be written is not lost.
   */
  advance(now: number): void {
    for (const composite of this.#plan.servers.flatMap(({ composites }) => composites)) {
      const state = this.#desk.stateOf(composite.definition.AlarmName);
      if (state?.state === "ALARM") this.#begin(composite, state.since);
      else this.#end(composite, now);
    }
    for (const incident of this.#open.values()) this.#escalate(incident, now);
  }

  #begin(composite: PlannedComposite, at: number): void {
    const alarm = composite.definition.AlarmName;
    if (this.#open.has(alarm)) return;
    this.#keep({ id: `${alarm}@${new Date(at).toISOString()}`, alarm, openedAt: at, told: [] });
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
    for (const level of dueLevels(escalation, incident, now)) {
      const told = [...(this.#open.get(incident.alarm)?.told ?? []), level.level];
      // kept before it is sent: after a crash a level is told late rather than twice
      this.#keep({ ...incident, told });
      this.#send({ kind: told.length === 1 ? "alarm" : "escalation", composite, incident, level, at: now });
    }
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
      because: this.#desk.childrenInAlarm(composite).map(({ name, reason }) => `${name}: ${reason}`),
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
    return this.#plan.servers
      .flatMap(({ composites }) => composites)
      .find(({ definition }) => definition.AlarmName === alarm);
  }
}
