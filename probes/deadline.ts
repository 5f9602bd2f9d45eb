import { ProbeFault } from "./classify.ts";

/**
 * How long work that was aborted may take to say where it stood, in milliseconds: as long as a child may take to end
 * after it was told to (child.ts).
 */
const LAST_WORDS_MS = 750;

/** The end of a time, which work can be bound to. */
export interface Deadline {
  /** Aborts when the time is over; its reason is a ProbeFault of class timeout. */
  readonly signal: AbortSignal;
  /** The work, or the ProbeFault of class timeout a moment after the time is over. */
  bounded<T>(work: Promise<T>): Promise<T>;
  /** The time no longer matters. */
  cancel(): void;
}

/** Starts a time of `ms` milliseconds; an outer signal ends it early. */
export function startDeadline(ms: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => undefined);
  let lastWords: NodeJS.Timeout | undefined;
  const end = (reason: unknown): void => {
    if (controller.signal.aborted) return;
    controller.abort(reason);
    // what is aborted knows better where it stood than a clock does
    lastWords = setTimeout(() => over.reject(reason), LAST_WORDS_MS);
  };
  const timer = setTimeout(() => end(new ProbeFault("timeout", `no answer within ${ms} ms`)), ms);
  const onOuter = (): void => end(outer?.reason);
  outer?.addEventListener("abort", onOuter, { once: true });
  if (outer?.aborted === true) onOuter();
  /** Afterwards only failures are still heard: what succeeds too late has not succeeded. */
  const inTime = <T>(value: T): T => {
    controller.signal.throwIfAborted();
    return value;
  };
  return {
    signal: controller.signal,
    bounded: (work) => Promise.race([work.then(inTime), over.promise]),
    cancel: () => {
      clearTimeout(timer);
      clearTimeout(lastWords);
      outer?.removeEventListener("abort", onOuter);
    },
  };
}
