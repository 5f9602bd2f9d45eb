import { ApiError, type KubeApi } from "./kube-api.ts";
import { linesOf } from "./lines.ts";
import { backoff, type Pause } from "./pause.ts";

/** One container of a pod, as far as its lines are concerned. */
export interface ContainerView {
  readonly name: string;
  /** The run whose lines the API gives now; null while there is none. */
  readonly instance: string | null;
  readonly running: boolean;
}

export interface PodView {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Value of its label `app`. */
  readonly app: string;
  readonly containers: readonly ContainerView[];
}

/** Who hears of pods. */
export interface PodListener {
  /** All that there are; any other is gone. */
  all(pods: readonly PodView[]): void;
  changed(pod: PodView): void;
  gone(pod: PodView): void;
}

export interface WatchOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly selector: string;
  readonly listener: PodListener;
  readonly pause: Pause;
  readonly signal: AbortSignal;
  readonly failed: (error: unknown) => void;
}

/** Pods in one page of a list. */
const PAGE = 200;
/** The API server ends a watch after this; the client, when it does not. */
const WATCH_SECONDS = 300;
const IDLE_MS = (WATCH_SECONDS + 60) * 1_000;
const LIST_MS = 60_000;
/** A page of pods, and one pod, is never as large. */
const LONGEST_PAGE = 64 * 1024 * 1024;
const LONGEST_EVENT = 4 * 1024 * 1024;
const GONE = 410;

/** Tells of the pods of one namespace until the signal. What fails is tried again, from a new list. */
export async function watchPods(options: WatchOptions): Promise<void> {
  const { listener, pause, signal, failed } = options;
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const { pods, version } = await list(options);
      listener.all(pods);
      for (let at = version; !signal.aborted; ) {
        at = await watch(options, at);
        attempt = 0;
      }
    } catch (error) {
      if (signal.aborted) return;
      // a version that is too old is no failure: the API server keeps a few minutes of changes
      if (!(error instanceof ApiError && error.status === GONE)) failed(error);
      await pause(backoff(attempt), signal);
    }
  }
}

async function list(options: WatchOptions): Promise<{ readonly pods: PodView[]; readonly version: string }> {
  const pods: PodView[] = [];
  for (let next = ""; ; ) {
    const query = { limit: String(PAGE), ...(next === "" ? {} : { continue: next }) };
    const { metadata, items } = record(await json(options, query));
    const { continue: more, resourceVersion } = record(metadata);
    pods.push(...(Array.isArray(items) ? items.map(podView) : []).filter((pod) => pod !== null));
    if (typeof more !== "string" || more === "") return { pods, version: String(resourceVersion) };
    next = more;
  }
}

async function json({ api, namespace, selector, signal }: WatchOptions, query: Record<string, string>) {
  const body = await api.open(path({ namespace, selector, query }), { signal, idleMs: LIST_MS });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > LONGEST_PAGE) throw new Error(`a page of pods has over ${LONGEST_PAGE} bytes`);
    chunks.push(bytes);
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
}

/** Tells of changes since a version until the API server ends the watch; returns the version to go on from. */
async function watch(options: WatchOptions, version: string): Promise<string> {
  const { api, namespace, selector, listener, signal } = options;
  const query = {
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: version,
    timeoutSeconds: String(WATCH_SECONDS),
  };
  const body = await api.open(path({ namespace, selector, query }), { signal, idleMs: IDLE_MS });
  let last = version;
  for await (const { bytes, cut } of linesOf(body, LONGEST_EVENT)) {
    if (cut) throw new Error(`an event of the watch has over ${LONGEST_EVENT} bytes`);
    const { type, object } = record(JSON.parse(bytes.toString("utf8")));
    if (type === "ERROR") {
      const { code, message } = record(object);
      throw new ApiError(Number(code), String(message).slice(0, 200));
    }
    last = String(record(record(object).metadata).resourceVersion ?? last);
    const pod = type === "BOOKMARK" ? null : podView(object);
    if (pod !== null) type === "DELETED" ? listener.gone(pod) : listener.changed(pod);
  }
  return last;
}

function path(input: {
  readonly namespace: string;
  readonly selector: string;
  readonly query: Readonly<Record<string, string>>;
}): string {
  const query = new URLSearchParams({ labelSelector: input.selector, ...input.query });
  return `/api/v1/namespaces/${encodeURIComponent(input.namespace)}/pods?${query}`;
}

function podView(pod: unknown): PodView | null {
  const { metadata, status } = record(pod);
  const { uid, name, namespace, labels } = record(metadata);
  const { app } = record(labels);
  if (typeof uid !== "string" || typeof name !== "string" || typeof namespace !== "string") return null;
  const { initContainerStatuses, containerStatuses } = record(status);
  return {
    uid,
    name,
    namespace,
    app: typeof app === "string" ? app : "",
    containers: [initContainerStatuses, containerStatuses].flatMap((statuses) =>
      Array.isArray(statuses) ? statuses.map(containerView) : [],
    ),
  };
}

/** The run that the kubelet gives the lines of: the one that runs, else the one that ended last. */
function containerView(status: unknown): ContainerView {
  const { name, state, lastState, containerID } = record(status);
  const { running, terminated } = record(state);
  if (isRecord(running)) return { name: String(name), instance: String(containerID), running: true };
  const ended = isRecord(terminated) ? terminated : record(record(lastState).terminated);
  const instance = typeof ended.containerID === "string" ? ended.containerID : null;
  return { name: String(name), instance, running: false };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}
