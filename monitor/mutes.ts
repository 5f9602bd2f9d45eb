import { usageError } from "../catalog/errors.ts";
import { FLEET } from "../catalog/names.ts";
import type { Environment } from "../catalog/types.ts";
import type { TimeRange } from "../plan/cloudwatch/types.ts";
import { type Muted, maintenanceIn, mergedWithin, type QuietTime, quietOf } from "../plan/maintenance.ts";
import { printable } from "../probes/classify.ts";

/** The longest mute, in milliseconds: what CloudWatch takes, so that a command means the same everywhere. */
export const MAX_MUTE_MS = 15 * 86_400_000;

/** A mute that somebody has asked for; its stretch is `from <= t < to`, in milliseconds since the epoch. */
export interface StoredMute extends TimeRange {
  readonly id: string;
  /** A server, or `fleet` for all of them. */
  readonly target: string;
  readonly reason: string;
}

/** The mutes of a history in SQLite that touch a range, given its end and its beginning. */
export const SELECT_MUTES = "SELECT * FROM mutes WHERE began < ? AND ends > ? ORDER BY began, id";

/** A mute from its row in a history. */
export function storedMute({
  id,
  target,
  reason,
  began,
  ends,
}: Readonly<Record<string, unknown>>): StoredMute {
  return {
    id: String(id),
    target: String(target),
    reason: String(reason),
    from: Number(began),
    to: Number(ends),
  };
}

/** Where mutes outlive the monitor. */
export interface MuteStore {
  /** Mutes that touch a range. */
  mutes(range: TimeRange): StoredMute[];
  saveMute(mute: StoredMute): void;
}

/** When the alarms of which server tell nobody: the maintenance of the catalog, and mutes by command. */
export class Mutes {
  readonly #environment: Environment;
  readonly #store: MuteStore;
  #announced: readonly QuietTime[] = [];

  constructor(input: { readonly environment: Environment; readonly store: MuteStore }) {
    this.#environment = input.environment;
    this.#store = input.store;
  }

  /**
   * Mutes a server, or all of them, from now on. It is kept at once and ends by itself.
   * @throws RollcallError (usage) for a server that is not here, no reason, or a length that is not legal.
   */
  begin(request: {
    readonly target: string;
    readonly reason: string;
    readonly forMs: number;
    readonly now: number;
  }): QuietTime {
    const { target, forMs, now } = request;
    this.#assertTarget(target);
    const reason = printable(request.reason);
    if (reason === "") {
      throw usageError({ place: target, rule: "a mute needs a reason", cure: "say it with --reason" });
    }
    if (!Number.isSafeInteger(forMs) || forMs < 1_000 || forMs > MAX_MUTE_MS) {
      throw usageError({
        place: target,
        rule: "a mute lasts from 1s to 15d",
        cure: "say how long with --for, such as 30m",
      });
    }
    const mute = {
      id: `${target}@${new Date(now).toISOString()}`,
      target,
      reason,
      from: now,
      to: now + forMs,
    };
    this.#store.saveMute(mute);
    return this.#quietTime(mute);
  }

  /** Ends the mutes of a server, or those of all servers; a maintenance of the catalog goes on. */
  end(target: string, now: number): QuietTime[] {
    this.#assertTarget(target);
    const active = this.#store.mutes({ from: now, to: now + 1 }).filter((mute) => mute.target === target);
    for (const mute of active) this.#store.saveMute({ ...mute, to: now });
    return active.map((mute) => this.#quietTime({ ...mute, to: now }));
  }

  /** What is on at a moment, in the order in which it began. */
  activeAt(now: number): QuietTime[] {
    return this.#timesIn({ from: now, to: now + 1 });
  }

  /** When within a range a composite tells nobody. */
  quiet(composite: Muted, range: TimeRange): TimeRange[] {
    const times = this.#timesIn(range);
    return times.length === 0 ? [] : quietOf({ environment: this.#environment, times, composite, range });
  }

  /** What of a range is not charged to a server's budgets, merged and in order. */
  exclusions(server: string, range: TimeRange): TimeRange[] {
    return mergedWithin(
      this.#timesIn(range).filter(({ servers }) => servers.includes(server)),
      range,
    );
  }

  /** What has begun and what has ended since it was asked the last time. */
  changes(now: number): { readonly began: readonly QuietTime[]; readonly ended: readonly QuietTime[] } {
    const before = this.#announced;
    const active = this.activeAt(now);
    this.#announced = active;
    const without = (all: readonly QuietTime[], known: readonly QuietTime[]): QuietTime[] =>
      all.filter(({ id }) => !known.some((one) => one.id === id));
    return { began: without(active, before), ended: without(before, active) };
  }

  #timesIn(range: TimeRange): QuietTime[] {
    const mutes = this.#store.mutes(range).map((mute) => this.#quietTime(mute));
    return [...maintenanceIn(this.#environment, range), ...mutes].sort((a, b) => a.from - b.from);
  }

  #quietTime({ id, target, reason, from, to }: StoredMute): QuietTime {
    const servers = target === FLEET ? this.#environment.servers.map(({ name }) => name) : [target];
    return { kind: "mute", id, name: target, servers, reason, from, to };
  }

  #assertTarget(target: string): void {
    const names = this.#environment.servers.map(({ name }) => name);
    if (target === FLEET || names.includes(target)) return;
    throw usageError({
      place: printable(target),
      rule: "there is no server of this name here",
      cure: `name one of ${names.join(", ")}, or ${FLEET}`,
    });
  }
}
