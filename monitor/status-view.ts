import type { AlarmState } from "../plan/cloudwatch/types.ts";
import type { QuietTime } from "../plan/maintenance.ts";
import type { StatusSite } from "../plan/status.ts";
import type { CheckResult } from "../probes/result.ts";

/** What the status API is made from, wherever it is served: the local monitor, a function in AWS, pods of a cluster. */
export interface StatusView {
  readonly site: StatusSite;
  /** What is known now, read once for an answer. */
  read(): Promise<StatusReading>;
  /** Of the events after an id the newest, at most `limit`, oldest first. */
  events(after: number, limit: number): Promise<readonly NumberedEvent[]>;
}

/** How the servers and alarms of a site are at one moment. */
export interface StatusReading {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The newest result of a server; undefined where none is young enough to say how it is now. */
  result(server: string): CheckResult | undefined;
  /** Process id of a server that runs here; null where it does not. */
  pid(server: string): number | null;
  /** The state of an alarm; undefined where it is not known, and for one that is not there. */
  alarm(name: string): AlarmReading | undefined;
  /** Whether states of alarms can be read here at all. */
  readonly knowsAlarms: boolean;
  readonly quiet: readonly QuietTime[];
  /** How many results are kept, and since when (milliseconds since the epoch). */
  readonly history: { readonly results: number; readonly since: number | null };
  /** When the process that answers has started, in milliseconds since the epoch. */
  readonly startedAt: number;
}

export interface AlarmReading {
  readonly state: AlarmState;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly reason: string;
}

/** An event with an id that is greater than those of the events before it. */
export interface NumberedEvent {
  readonly id: number;
  readonly event: unknown;
}
