import type { ProbeFault } from "../classify.ts";

/** A signal that follows another one and can end before it. */
export interface Bound {
  readonly signal: AbortSignal;
  abort(reason: ProbeFault): void;
  /** Lets go of the outer signal and the timer. */
  release(): void;
}

/** A signal that aborts with the outer one, or with the fault after so many milliseconds (null: never). */
export function bound(outer: AbortSignal, ms: number | null, fault: () => ProbeFault): Bound {
  const controller = new AbortController();
  const follow = (): void => controller.abort(outer.reason);
  const timer = ms === null ? null : setTimeout(() => controller.abort(fault()), ms);
  outer.addEventListener("abort", follow, { once: true });
  if (outer.aborted) follow();
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release() {
      if (timer !== null) clearTimeout(timer);
      outer.removeEventListener("abort", follow);
    },
  };
}
