import { resolve } from "node:path";
import { unavailableError, usageError } from "../catalog/errors.ts";
import { findRunning } from "../monitor/state-folder.ts";
import { askMonitor } from "./monitor-request.ts";

/** A mute that is on: of a server or `fleet`, or a maintenance by its name. */
export interface MuteLine {
  readonly kind: "maintenance" | "mute";
  readonly name: string;
  readonly reason: string;
  /** When it ends, ISO 8601; null where it comes back and its engine does not say. */
  readonly until: string | null;
}

/** Where mutes are kept: the monitor of a local environment, or CloudWatch. */
export interface MutePlace {
  begin(request: {
    readonly target: string;
    readonly reason: string;
    readonly forMs: number;
  }): Promise<{ until: string }>;
  /** How many mutes of a server, or of `fleet`, it has ended. */
  end(target: string): Promise<number>;
  list(): Promise<readonly MuteLine[]>;
}

/** The running monitor of a state folder. @throws RollcallError (unavailable) when none runs there. */
export function monitorPlace(state: string): MutePlace {
  const monitor = findRunning(resolve(state));
  if (monitor === undefined) {
    throw unavailableError({
      place: state,
      rule: "no monitor runs on this state folder",
      cure: "start it with `npm start`, or name its folder with --state",
    });
  }
  const ask = async (target: string, method: string, query: Record<string, string> = {}) => {
    const { ok, body } = await askMonitor(monitor, `/mute/${encodeURIComponent(target)}`, { method, query });
    if (!ok)
      throw usageError({
        place: target,
        // the place is named once
        rule: String(body.error ?? "the monitor refused").replace(`${target}: `, ""),
        cure: "see `rollcall mute --help`",
      });
    return body;
  };
  return {
    async begin({ target, reason, forMs }) {
      const body = await ask(target, "POST", { for: String(forMs / 1_000), reason });
      return { until: String(body.until) };
    },
    async end(target) {
      const { ended } = await ask(target, "DELETE");
      return Array.isArray(ended) ? ended.length : 0;
    },
    async list() {
      const { body } = await askMonitor(monitor, "/status/quiet");
      return (body.quiet ?? []) as readonly MuteLine[];
    },
  };
}
