import type { KubeApi } from "./kube-api.ts";
import { type Line, linesOf, safeLine, timedLine } from "./lines.ts";
import { backoff, type Pause } from "./pause.ts";
import type { ContainerView } from "./pods.ts";
import type { Position } from "./position.ts";

/** A line that may be shipped. */
export interface ContainerLine {
  readonly text: string;
  /** Nanoseconds since 1970. */
  readonly at: bigint;
  readonly cut: boolean;
}

export interface ContainerLogOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly position: Position;
  /** Whether its lines may hold metrics, and are trusted as they are. */
  readonly metrics: boolean;
  /** The container as it is now; null once its pod is gone. */
  readonly view: () => ContainerView | null;
  /** Resolves when the pod changes, or at the signal. */
  readonly changed: (signal: AbortSignal) => Promise<void>;
  /** Takes a line; the next is read when it resolves. */
  readonly deliver: (line: ContainerLine) => Promise<void>;
  readonly failed: (error: unknown) => void;
  /** Counts open streams. */
  readonly opened: (change: 1 | -1) => void;
  readonly pause: Pause;
  readonly signal: AbortSignal;
}

/** Far below the 256 KB that CloudWatch Logs takes as one event, and long for a line. */
const LONGEST_LINE = 16 * 1024;
/** Results of the probe are longer, and a metric that is cut is none. */
const LONGEST_METRICS = 200 * 1024;
/** The time that the kubelet puts before a line. */
const TIME_BYTES = 40;
/** A server may be silent for longer; the stream is then only opened again. */
const IDLE_MS = 15 * 60_000;
const CUT = " [cut]";

/** Reads the lines of one container through its restarts, until its pod is gone or the signal. */
export async function followContainer(options: ContainerLogOptions): Promise<void> {
  const { view, changed, failed, pause, signal } = options;
  let done: string | null = null;
  for (let attempt = 0; !signal.aborted; ) {
    const now = view();
    if (now === null) return;
    if (now.instance === null || now.instance === done) {
      await changed(signal);
      continue;
    }
    try {
      const { fresh, refused } = await readOnce(options);
      attempt = fresh && !refused ? 0 : attempt + 1;
      if (!now.running) {
        // it had ended before the stream began, so the stream was whole
        done = now.instance;
        continue;
      }
    } catch (error) {
      if (signal.aborted) return;
      attempt += 1;
      failed(error);
    }
    await either(signal, changed, (until) => pause(backoff(attempt), until));
  }
}

/** Reads until the stream ends; says whether a line was new, and whether it was the kubelet that gave up. */
async function readOnce(
  options: ContainerLogOptions,
): Promise<{ readonly fresh: boolean; readonly refused: boolean }> {
  const { api, namespace, pod, container, position, metrics, deliver, failed, opened, signal } = options;
  const since = position.resume();
  const query = new URLSearchParams({
    container,
    follow: "true",
    timestamps: "true",
    ...(since === null ? {} : { sinceTime: since }),
  });
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${query}`;
  const body = await api.open(path, { signal, idleMs: IDLE_MS });
  opened(1);
  let [fresh, refused] = [false, false];
  try {
    for await (const line of linesOf(body, (metrics ? LONGEST_METRICS : LONGEST_LINE) + TIME_BYTES)) {
      const found = timedLine(line.bytes.toString("latin1"));
      refused = found === null;
      if (found === null) {
        // the kubelet's own word, as its answer has begun; or the rest of a long line that began before what was asked for
        failed(new Error(`a line without a time: ${safeLine(line.bytes)}`));
        continue;
      }
      if (!position.isNew(found.at)) continue;
      fresh = true;
      const text = textOf(line, found.text.length, metrics);
      if (text !== "") await deliver({ text, at: found.at, cut: line.cut });
    }
  } finally {
    opened(-1);
    body.destroy();
  }
  return { fresh, refused };
}

function textOf({ bytes, cut }: Line, length: number, metrics: boolean): string {
  // the time before the line is ASCII, so characters of latin1 are bytes
  const own = bytes.subarray(bytes.length - length);
  const text = metrics ? own.toString("utf8").trimEnd() : safeLine(own);
  return cut ? `${text}${CUT}` : text;
}

/** Resolves with the first of two, and ends the other. */
async function either(
  signal: AbortSignal,
  ...waits: readonly ((signal: AbortSignal) => Promise<void>)[]
): Promise<void> {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  await Promise.race(waits.map((wait) => wait(until)));
  over.abort();
}
