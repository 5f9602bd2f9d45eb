import { readFileSync } from "node:fs";
import { messageOf, RollcallError, usageError } from "../catalog/errors.ts";
import type { CheckTarget } from "../catalog/target.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { check } from "../probes/check.ts";
import type { Observation } from "../probes/result.ts";
import { commandOf } from "./command.ts";
import { type Launched, launch } from "./launched.ts";
import { localTarget } from "./local-target.ts";

interface Member {
  readonly server: Server;
  readonly target: CheckTarget;
  /** Null where somebody else runs the server. */
  readonly launched: Launched | null;
}

export interface FleetEvents {
  changed(server: string, what: "started" | "stopped" | "exited", detail: string): void;
}

/** The servers of the local environment: started, probed, stopped, each by its name. */
export class Fleet {
  readonly #members: ReadonlyMap<string, Member>;
  readonly #events: FleetEvents;

  /** @throws RollcallError (unavailable) when a package is missing; nothing has been started then. */
  constructor(input: {
    readonly environment: Environment;
    readonly root: string;
    readonly state: string;
    readonly events: FleetEvents;
  }) {
    const { environment, root, state, events } = input;
    this.#events = events;
    this.#members = new Map(
      environment.servers.map((server) => [server.name, member(server, { root, state, events })]),
    );
  }

  /**
   * Starts every server that runs here. A taken port or a missing file is thrown; a server that merely does not
   * come up is a matter for its alarms.
   */
  async startAll(): Promise<void> {
    const started = await Promise.allSettled([...this.#members.keys()].map((name) => this.start(name)));
    for (const result of started) {
      if (result.status === "rejected" && result.reason instanceof RollcallError) throw result.reason;
    }
  }

  async start(name: string): Promise<void> {
    const { launched } = this.#launched(name);
    if (launched.pid !== null) return;
    try {
      await launched.start();
      this.#events.changed(name, "started", `process ${launched.pid ?? "?"}`);
    } catch (error) {
      if (error instanceof RollcallError) throw error;
      this.#events.changed(name, "exited", `it did not start: ${messageOf(error)}`);
    }
  }

  /** Kills a server as a crash would. @throws RollcallError (usage) when there is none of this name here. */
  async kill(name: string): Promise<void> {
    const { launched } = this.#launched(name);
    await launched.kill();
  }

  /** One probe of a server; never throws. */
  async probe(
    name: string,
  ): Promise<{ readonly observation: Observation; readonly memoryBytes: number | null }> {
    const found = this.#members.get(name);
    if (found === undefined) throw new TypeError(`no server ${name}`);
    const { target, launched } = found;
    const acquire = launched?.acquire;
    const observation = await check(target, {
      allowLoopback: true,
      ...(acquire === undefined ? {} : { acquire }),
    });
    return { observation, memoryBytes: residentBytes(launched?.pid ?? null) };
  }

  pidOf(name: string): number | null {
    return this.#members.get(name)?.launched?.pid ?? null;
  }

  /** Ends every child; never throws. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#members.values()].map(({ launched }) => launched?.stop()));
  }

  #launched(name: string): Member & { readonly launched: Launched } {
    const found = this.#members.get(name);
    const names = [...this.#members].flatMap(([one, { launched }]) => (launched === null ? [] : [one]));
    if (found?.launched == null) {
      throw usageError({
        place: name,
        rule: "there is no server of this name that runs here",
        cure: `name one of ${names.join(", ")}`,
      });
    }
    return { ...found, launched: found.launched };
  }
}

function member(
  server: Server,
  { root, state, events }: { root: string; state: string; events: FleetEvents },
): Member {
  if (server.run === null) return { server, target: localTarget(server, null), launched: null };
  const command = commandOf(server, { root, state });
  const target = localTarget(server, command);
  const exited = (detail: string): void => events.changed(server.name, "exited", detail);
  return { server, target, launched: launch({ server, target, command, exited }) };
}

/** Resident memory of a process; null where the system does not tell (only Linux does, in /proc). */
function residentBytes(pid: number | null): number | null {
  if (pid === null || process.platform !== "linux") return null;
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kib === undefined ? null : Number(kib) * 1_024;
  } catch {
    return null;
  }
}
