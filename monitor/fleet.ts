import { messageOf, RollcallError, usageError } from "../catalog/errors.ts";
import type { Measures } from "../catalog/metrics.ts";
import type { RosterTarget } from "../catalog/target.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { rosterTarget } from "../plan/roster.ts";
import type { BreakerStore } from "../probes/breaker/state.ts";
import { check } from "../probes/check.ts";
import { measuresOf } from "../probes/measure.ts";
import type { Observation } from "../probes/result.ts";
import { createProber, type Prober } from "../probes/runners/prober.ts";
import { ProcessUsage } from "../probes/runners/process-usage.ts";
import { commandOf } from "./command.ts";
import { type Launched, launch } from "./launched.ts";
import { localTarget } from "./local-target.ts";

interface Member {
  readonly server: Server;
  readonly target: RosterTarget;
  /** Null where somebody else runs the server. */
  readonly launched: Launched | null;
  readonly usage: ProcessUsage;
}

export interface FleetEvents {
  changed(server: string, what: "started" | "stopped" | "exited", detail: string): void;
}

/** The servers of the local environment: started, probed, stopped, each by its name. */
export class Fleet {
  readonly #members: ReadonlyMap<string, Member>;
  readonly #environment: Environment;
  readonly #events: FleetEvents;
  readonly #breakers: BreakerStore;
  readonly #stopping = new AbortController();
  #prober: Prober | null = null;

  /** @throws RollcallError (unavailable) when a package is missing; nothing has been started then. */
  constructor(input: {
    readonly environment: Environment;
    readonly root: string;
    readonly state: string;
    readonly events: FleetEvents;
    /** Keeps the circuit breakers between two runs of the monitor. */
    readonly breakers: BreakerStore;
  }) {
    const { environment, root, state, events, breakers } = input;
    this.#environment = environment;
    this.#events = events;
    this.#breakers = breakers;
    this.#members = new Map(
      environment.servers.map((server) => [server.name, member(server, { root, state, events })]),
    );
  }

  /**
   * Starts every server that runs here. A taken port or a missing file is thrown; a server that merely does not
   * come up is a matter for its alarms.
   */
  async startAll(): Promise<void> {
    this.#prober = await this.#createProber();
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

  /** One probe of a server with its repetition, and what it measured. Throws before `startAll`. */
  async probe(name: string): Promise<{ readonly observation: Observation; readonly measures: Measures }> {
    const found = this.#members.get(name);
    if (found === undefined || this.#prober === null) throw new TypeError(`no server ${name} is started`);
    const { target, launched } = found;
    const observation = await this.#prober.probe(target, { signal: this.#stopping.signal });
    await this.#prober.save();
    const usage = found.usage.read(launched?.pid ?? null);
    return { observation, measures: { ...measuresOf(observation, target.objectiveRules), ...usage } };
  }

  /** The breakers of every path that was ever counted. */
  breakers(): ReturnType<Prober["breakers"]> {
    return this.#prober?.breakers() ?? [];
  }

  pidOf(name: string): number | null {
    return this.#members.get(name)?.launched?.pid ?? null;
  }

  /** Ends every child; never throws. */
  async stopAll(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#members.values()].map(({ launched }) => launched?.stop()));
    this.#prober?.close();
  }

  /** Sessions of what runs here are kept by the launched server; everything else is asked anew. */
  #createProber(): Promise<Prober> {
    const { name, control, pace } = this.#environment;
    const targets = [...this.#members.values()].map(({ target }) => target);
    return createProber({
      roster: { environment: name, targets, control, concurrency: pace.concurrency, jitterMs: pace.jitter },
      store: this.#breakers,
      ask: (target, options) => {
        const acquire = this.#members.get(target.server)?.launched?.acquire;
        return check(target, {
          ...options,
          allowLoopback: true,
          ...(acquire === undefined ? {} : { acquire }),
        });
      },
    });
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
  const usage = new ProcessUsage();
  if (server.run === null)
    return { server, target: rosterTarget(server, localTarget(server, null)), launched: null, usage };
  const command = commandOf(server, { root, state });
  const target = rosterTarget(server, localTarget(server, command));
  const exited = (detail: string): void => events.changed(server.name, "exited", detail);
  return { server, target, launched: launch({ server, target, command, exited }), usage };
}
