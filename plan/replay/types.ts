import type { Severity } from "../../catalog/shared.ts";
import type { AlarmRun } from "../cloudwatch/composite.ts";
import type { TimeRange } from "../cloudwatch/types.ts";
import type { CompositeKind } from "../types.ts";

/** Where the error budget of a promise stands at a moment. */
export interface BudgetStand {
  readonly objective: string;
  /** Millionths of the budget; more than a million when more is spent than there was. */
  readonly spentPpm: number;
  /** Milliseconds of failed time. */
  readonly spentMs: number;
  /** The step of the budget policy that is in force; null when none is. */
  readonly policy: string | null;
}

/** What became of the alarms of one server: all that is kept of it once its samples are gone. */
export interface ServerRun {
  readonly server: string;
  /** Metric alarms and composites, by name. */
  readonly alarms: ReadonlyMap<string, AlarmRun>;
  /** Of each moment at which one of its composites fired. */
  readonly budgetsAt: ReadonlyMap<number, readonly BudgetStand[]>;
  readonly budgetsAtEnd: readonly BudgetStand[];
  /** The first failed check after an hour without any, each time; milliseconds since the epoch. */
  readonly onsets: readonly number[];
}

/** Somebody who is told, and when. */
export interface Telling {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly level: string;
  readonly topic: string;
  readonly contacts: readonly string[];
}

/** Why an incident tells nobody, or tells somebody only later. */
export type HeldBack =
  | { readonly by: "alarm"; readonly alarm: string }
  | { readonly by: "wait" /** It was over before its wait period was. */; readonly alarm: string }
  | { readonly by: "maintenance" };

/** One time for which a composite was in ALARM. */
export interface Incident {
  /** A server, or `fleet`. */
  readonly server: string;
  readonly alarm: string;
  readonly tier: CompositeKind;
  readonly severity: Severity;
  readonly runbook: string;
  readonly firesAt: number;
  /** Null where it lasts beyond the end. */
  readonly clearsAt: number | null;
  /** The alarms by which its rule held when it fired; not those in ALARM that it does not need. */
  readonly because: readonly string[];
  /** When the outage began that it is about; null where no check had failed. */
  readonly onsetAt: number | null;
  /** Empty where nobody was told. */
  readonly told: readonly Telling[];
  readonly heldBack: readonly HeldBack[];
  readonly budgets: readonly BudgetStand[];
}

/** What a server's alarms came to. */
export interface ServerSummary {
  readonly server: string;
  /** Incidents of each tier that told somebody. */
  readonly told: Readonly<Record<CompositeKind, number>>;
  /** Incidents that told nobody. */
  readonly silenced: number;
  /** Milliseconds from the beginning of the outage to the first page; null without one. */
  readonly firstPageAfterMs: number | null;
  readonly budgets: readonly BudgetStand[];
}

/** What the alarms of an environment would have done over a stretch of time. */
export interface ReplayReport {
  readonly environment: string;
  readonly catalog: string;
  readonly range: TimeRange;
  /** By time, then in the order of the plan. */
  readonly incidents: readonly Incident[];
  /** In the order of the plan, the fleet first. */
  readonly servers: readonly ServerSummary[];
}
