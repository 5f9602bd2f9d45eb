import type { FollowedApp, FollowerPlan } from "../../plan/logs.ts";
import { followContainer } from "./container-log.ts";
import type { Counts } from "./counts.ts";
import type { Forward } from "./forward.ts";
import type { KubeApi } from "./kube-api.ts";
import type { Pause } from "./pause.ts";
import { type ContainerView, type PodListener, type PodView, watchPods } from "./pods.ts";
import { Position } from "./position.ts";

export interface TrackerOptions {
  readonly plan: Pick<FollowerPlan, "selector" | "apps">;
  readonly api: KubeApi;
  readonly forward: Pick<Forward, "write">;
  readonly counts: Counts;
  /** Hears of what failed, and of what. */
  readonly tell: (what: string, error: unknown) => void;
  readonly now: () => number;
  readonly pause: Pause;
  /** Containers that are followed at once. */
  readonly most?: number;
}

/**
 * Before a start lines are read for so long: what another process did not ship, what was lost with its pod's buffers,
 * and some of what was shipped. Kubernetes gives the pods of a lost node up after five minutes, and the next must start.
 */
const LOOK_BACK_MS = 600_000;
/** A pod that is gone may still be read to its end for so long. */
const LAST_LINES_MS = 10_000;
const MOST = 2_000;

interface Entry {
  readonly app: FollowedApp;
  pod: PodView;
  gone: boolean;
  /** Ends its streams. */
  readonly over: AbortController;
  readonly followed: Set<string>;
  readonly refused: Set<string>;
  waiting: (() => void)[];
}

/** Follows the lines of every container of every pod that the plan names, as pods come and go. */
export class Tracker {
  readonly #options: TrackerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #apps: ReadonlyMap<string, FollowedApp>;
  readonly #namespaces: ReadonlySet<string>;
  readonly #listed = new Set<string>();
  /** Namespaces whose pods could not be asked for since. */
  readonly #lost = new Set<string>();
  #followed = 0;

  constructor(options: TrackerOptions) {
    this.#options = options;
    const { apps } = options.plan;
    this.#apps = new Map(apps.map((one) => [`${one.namespace}/${one.app}`, one]));
    this.#namespaces = new Set(apps.map(({ namespace }) => namespace));
  }

  /** Whether the pods of every namespace are known. */
  get ready(): boolean {
    return this.#listed.size === this.#namespaces.size;
  }

  /** Whether the pods of every namespace are known, and still heard of. */
  get current(): boolean {
    return this.ready && this.#lost.size === 0;
  }

  /** Follows until the signal; resolves when nothing is read any more. */
  async run(signal: AbortSignal): Promise<void> {
    const { plan, api, counts, tell, pause } = this.#options;
    await Promise.all(
      [...this.#namespaces].map((namespace) =>
        watchPods({
          api,
          namespace,
          selector: plan.selector,
          pause,
          signal,
          listener: this.#listener(namespace, signal),
          failed: (error) => {
            counts.watchErrors += 1;
            this.#lost.add(namespace);
            tell(`pods of ${namespace}`, error);
          },
        }),
      ),
    );
    await Promise.all(this.#tasks);
  }

  #listener(namespace: string, signal: AbortSignal): PodListener {
    return {
      all: (pods) => {
        const first = !this.#listed.has(namespace);
        this.#listed.add(namespace);
        this.#lost.delete(namespace);
        const there = new Set(pods.map(({ uid }) => uid));
        for (const entry of [...this.#entries.values()])
          if (entry.pod.namespace === namespace && !there.has(entry.pod.uid)) this.#gone(entry, signal);
        // pods that come later are read from their beginning
        const sinceMs = first ? this.#options.now() - LOOK_BACK_MS : null;
        for (const pod of pods) this.#seen(pod, sinceMs, signal);
      },
      changed: (pod) => this.#seen(pod, null, signal),
      gone: (pod) => {
        const entry = this.#entries.get(pod.uid);
        if (entry === undefined) return;
        entry.pod = pod;
        this.#gone(entry, signal);
      },
    };
  }

  #seen(pod: PodView, sinceMs: number | null, signal: AbortSignal): void {
    const app = this.#apps.get(`${pod.namespace}/${pod.app}`);
    if (app === undefined) return;
    const entry = this.#entries.get(pod.uid) ?? newEntry(app, pod);
    entry.pod = pod;
    this.#entries.set(pod.uid, entry);
    for (const { name } of pod.containers) this.#follow(entry, name, sinceMs, signal);
    wake(entry);
  }

  #follow(entry: Entry, container: string, sinceMs: number | null, signal: AbortSignal): void {
    const { most = MOST, counts } = this.#options;
    if (entry.followed.has(container)) return;
    if (this.#followed >= most) {
      if (!entry.refused.has(container)) counts.refused += 1;
      entry.refused.add(container);
      return;
    }
    if (entry.refused.delete(container)) counts.refused -= 1;
    entry.followed.add(container);
    this.#followed += 1;
    const task = this.#read(entry, container, sinceMs, AbortSignal.any([signal, entry.over.signal]));
    const ended = task.finally(() => {
      this.#followed -= 1;
      this.#tasks.delete(ended);
    });
    this.#tasks.add(ended);
  }

  async #read(entry: Entry, container: string, sinceMs: number | null, signal: AbortSignal): Promise<void> {
    const { api, forward, counts, tell, pause } = this.#options;
    const { app, pod } = entry;
    const stream = `${app.stream}/${pod.name}/${container}`;
    await followContainer({
      api,
      namespace: pod.namespace,
      pod: pod.name,
      container,
      metrics: app.metrics,
      position: new Position(sinceMs),
      view: () => (entry.gone ? null : containerOf(entry.pod, container)),
      changed: (until) => changeOf(entry, until),
      deliver: async ({ text, at, cut }) => {
        if (cut) counts.cut += 1;
        await forward.write({ tag: app.tag, stream, log: text, at }, signal);
      },
      failed: (error) => {
        counts.streamErrors += 1;
        tell(`lines of ${stream}`, error);
      },
      opened: (change) => {
        counts.streams += change;
      },
      pause,
      signal,
    });
  }

  #gone(entry: Entry, signal: AbortSignal): void {
    entry.gone = true;
    this.#entries.delete(entry.pod.uid);
    this.#options.counts.refused -= entry.refused.size;
    wake(entry);
    void this.#options.pause(LAST_LINES_MS, signal).then(() => entry.over.abort());
  }
}

function newEntry(app: FollowedApp, pod: PodView): Entry {
  return {
    app,
    pod,
    gone: false,
    over: new AbortController(),
    followed: new Set(),
    refused: new Set(),
    waiting: [],
  };
}

function containerOf({ containers }: PodView, name: string): ContainerView {
  return containers.find((one) => one.name === name) ?? { name, instance: null, running: false };
}

function wake(entry: Entry): void {
  const { waiting } = entry;
  entry.waiting = [];
  for (const one of waiting) one();
}

function changeOf(entry: Entry, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      signal.removeEventListener("abort", end);
      entry.waiting = entry.waiting.filter((one) => one !== end);
      resolve();
    };
    signal.addEventListener("abort", end, { once: true });
    entry.waiting.push(end);
  });
}
