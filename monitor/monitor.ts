import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../catalog/errors.ts";
import { FLEET } from "../catalog/names.ts";
import type { Environment } from "../catalog/types.ts";
import type { QuietTime } from "../plan/maintenance.ts";
import type { Plan } from "../plan/types.ts";
import type { CheckResult } from "../probes/result.ts";
import { AlarmDesk, type Transition } from "./alarm-desk.ts";
import { Escalator } from "./escalator.ts";
import { Exposition } from "./exposition.ts";
import { Fleet } from "./fleet.ts";
import { fileSink, type Message, type MonitorEvent, type Sink, sendToAll } from "./messages.ts";
import { Mutes } from "./mutes.ts";
import { Store } from "./store.ts";

const DAY_MS = 86_400_000;
const PRUNE_EVERY_MS = 3_600_000;
/** Evaluation comes a moment after its mark, so that probes due at the mark can be in. */
const AFTER_MARK_MS = 200;

export interface MonitorInput {
  readonly environment: Environment;
  readonly plan: Plan;
  /** The folder that holds stacks/ and node_modules/. */
  readonly root: string;
  /** Where history and messages are kept. */
  readonly state: string;
  /** Sinks besides the file of the state folder. */
  readonly sinks: readonly Sink[];
  /** Gets everything that happens, as it happens. */
  readonly emit: (event: MonitorEvent) => void;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** The local environment: launches, probes on schedule, evaluates the plan's alarms, escalates, remembers. */
export class Monitor {
  readonly environment: Environment;
  readonly plan: Plan;
  readonly store: Store;
  readonly desk: AlarmDesk;
  readonly fleet: Fleet;
  readonly exposition: Exposition;
  readonly mutes: Mutes;
  readonly startedAt: number;
  readonly #emit: (event: MonitorEvent) => void;
  readonly #sinks: readonly Sink[];
  readonly #escalator: Escalator;
  readonly #now: () => number;
  readonly #stopping = new AbortController();
  readonly #latest = new Map<string, CheckResult>();
  readonly #pending = new Set<Promise<void>>();
  #loops: readonly Promise<void>[] = [];

  /** @throws RollcallError (unavailable) when the history or a server's package cannot be used. */
  constructor(input: MonitorInput) {
    const { environment, plan, root, state } = input;
    this.environment = environment;
    this.plan = plan;
    this.#now = input.now ?? Date.now;
    this.#emit = (event) => {
      input.emit(event);
      try {
        this.store.addEvent(this.#now(), event);
      } catch (error) {
        // a full disk must not end the watch
        const what = `the event was not kept (${messageOf(error)})`;
        input.emit({ type: "problem", at: this.#iso(), what });
      }
    };
    this.startedAt = this.#now();
    this.fleet = new Fleet({
      environment,
      root,
      state,
      // the history is opened last: a fleet that cannot be made leaves none behind
      breakers: {
        load: () => this.store.breakers.load(),
        save: (snapshots) => this.store.breakers.save(snapshots),
      },
      events: {
        changed: (server, what, detail) =>
          this.#emit({ type: "server", at: this.#iso(), server, what, detail }),
      },
    });
    this.store = new Store(state);
    this.desk = new AlarmDesk({ plan, store: this.store, startedAt: this.startedAt });
    this.mutes = new Mutes({ environment, store: this.store });
    this.exposition = new Exposition(environment.name, { breakers: () => this.fleet.breakers() });
    this.#sinks = [fileSink(join(state, "messages.ndjson")), ...input.sinks];
    this.#escalator = new Escalator({
      plan,
      store: this.store,
      desk: this.desk,
      tell: (message) => this.#tell(message),
      quietOf: (composite, range) => this.mutes.quiet(composite, range),
    });
  }

  /** Starts the servers and the schedules; resolves when each server has had its first probe. */
  async start(): Promise<void> {
    await this.fleet.startAll();
    const names = this.environment.servers.map(({ name }) => name);
    await Promise.all(names.map((name) => this.#probe(name)));
    this.#evaluate();
    this.#exposeAlarms();
    this.#loops = [
      ...this.environment.servers.map(({ name, probe }) =>
        this.#probeLoop(name, probe.every / probe.samples),
      ),
      this.#evaluateLoop(),
      this.#pruneLoop(),
    ];
  }

  /** The newest result of a server, of this run or of the history. */
  latest(server: string): CheckResult | undefined {
    return this.#latest.get(server) ?? this.store.latest(server);
  }

  /** Stops a server as a crash would, and starts it again later; `restartMs` null leaves it stopped. */
  async drillStop(server: string, restartMs: number | null): Promise<void> {
    await this.fleet.kill(server);
    if (restartMs === null) return;
    this.#track(
      sleep(restartMs, undefined, { signal: this.#stopping.signal }).then(
        () => this.fleet.start(server),
        () => undefined,
      ),
    );
  }

  /** What is quiet now: the maintenance of the catalog, and mutes. */
  quietNow(): readonly QuietTime[] {
    return this.mutes.activeAt(this.#now());
  }

  /** Mutes a server, or `fleet`, from now on. @throws RollcallError (usage) when it cannot be muted so. */
  mute(request: { readonly target: string; readonly reason: string; readonly forMs: number }): QuietTime {
    const begun = this.mutes.begin({ ...request, now: this.#now() });
    this.#announceQuiet();
    return begun;
  }

  /** Ends the mutes of a server, or of `fleet`. @throws RollcallError (usage) when there is no such server. */
  unmute(target: string): readonly QuietTime[] {
    const ended = this.mutes.end(target, this.#now());
    this.#announceQuiet();
    return ended;
  }

  /** Ends the schedules and every child, then closes the history. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#loops);
    await this.fleet.stopAll();
    await Promise.allSettled([...this.#pending]);
    this.store.close();
  }

  async #probe(server: string): Promise<void> {
    const { observation, measures } = await this.fleet.probe(server);
    if (this.#stopping.signal.aborted) return;
    const { result } = observation;
    const before = this.latest(server)?.status ?? null;
    this.store.record({ at: Date.parse(result.checkedAt), result, measures });
    this.exposition.publish(observation, measures);
    this.#latest.set(server, result);
    if (before !== result.status)
      this.#emit({ type: "status", at: this.#iso(), server, from: before, to: result.status, result });
  }

  #evaluate(): void {
    const now = this.#now();
    const transitions = this.desk.evaluate(now);
    for (const transition of transitions) this.#report(transition);
    this.#announceQuiet();
    this.#escalator.advance(now);
  }

  #announceQuiet(): void {
    const { began, ended } = this.mutes.changes(this.#now());
    for (const time of ended) this.#emitQuiet("ended", time);
    for (const time of began) this.#emitQuiet("began", time);
  }

  #emitQuiet(what: "began" | "ended", { kind, name, servers, reason, to }: QuietTime): void {
    const [only, ...more] = servers;
    const server = only === undefined || more.length > 0 ? FLEET : only;
    // one that a command has ended ended before its time
    const until = new Date(what === "began" ? to : Math.min(to, this.#now())).toISOString();
    this.#emit({ type: "quiet", at: this.#iso(), server, what, kind, name, servers, reason, until });
  }

  /** Shows every alarm from the start, those of the history and those that warm up too. */
  #exposeAlarms(): void {
    for (const { alarms, composites } of [...this.plan.servers, this.plan.fleet]) {
      for (const { server, definition } of [...alarms, ...composites]) {
        const state = this.desk.stateOf(definition.AlarmName)?.state ?? "INSUFFICIENT_DATA";
        this.exposition.setAlarm(server, definition.AlarmName, state);
      }
    }
  }

  #report({ at, alarm, server, from, to, reason, composite }: Transition): void {
    this.exposition.setAlarm(server, alarm, to);
    this.#emit({
      type: "transition",
      at: new Date(at).toISOString(),
      server,
      alarm,
      composite: composite !== null,
      acts: composite?.definition.ActionsEnabled ?? false,
      from,
      to,
      reason,
    });
  }

  #tell(message: Message): void {
    this.#emit(message);
    const problem = (what: string): void => this.#emit({ type: "problem", at: this.#iso(), what });
    this.#track(sendToAll(this.#sinks, message, problem));
  }

  /** Probes at fixed moments, so that a slow answer does not shift the next one; a missed moment is left out. */
  async #probeLoop(server: string, every: number): Promise<void> {
    const origin = this.#now();
    await this.#repeat(
      (now) => origin + (Math.floor((now - origin) / every) + 1) * every - now,
      () => this.#probe(server),
    );
  }

  async #evaluateLoop(): Promise<void> {
    const step = Math.min(60, this.environment.resolutionSeconds) * 1_000;
    await this.#repeat(
      (now) => step - (now % step) + AFTER_MARK_MS,
      () => this.#evaluate(),
    );
  }

  async #pruneLoop(): Promise<void> {
    const keep = this.plan.retention.historyDays * DAY_MS;
    this.store.prune(this.#now() - keep);
    await this.#repeat(
      () => PRUNE_EVERY_MS,
      () => this.store.prune(this.#now() - keep),
    );
  }

  async #repeat(wait: (now: number) => number, work: () => void | Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await sleep(wait(this.#now()), undefined, { signal });
        await work();
      } catch (error) {
        if (signal.aborted) return;
        this.#emit({ type: "problem", at: this.#iso(), what: messageOf(error) });
      }
    }
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => this.#emit({ type: "problem", at: this.#iso(), what: messageOf(error) }))
      .finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }

  #iso(): string {
    return new Date(this.#now()).toISOString();
  }
}
