import type { Span } from "./spans.ts";

/** Two windows of error ratio that must both be over a limit for an alert to fire. */
export interface WindowPair {
  readonly factor: number;
  /** Minutes. */
  readonly long: number;
  /** Minutes. */
  readonly short: number;
  /** Minutes that it must hold before it fires (`for`). */
  readonly hold: number;
}

/** How a system writes its comparison; floats differ by it. */
export interface RatioForm {
  /** The error ratio of a window with `failed` of `count` checks. */
  ratio(failed: number, count: number): number;
  limit(factor: number): number;
}

/**
 * When a pair of windows fires on one check a minute, by exact window arithmetic: running sums, and for each window
 * the fewest failures that are over its limit. As Prometheus does it: `(t - window, t]`, a window that is not full yet
 * is averaged over what it has, and `for` counts from the first evaluation that holds.
 */
export function firing(input: {
  readonly failed: Uint8Array;
  readonly pair: WindowPair;
  readonly form: RatioForm;
  /** Seconds into each minute at which the check of that minute is first evaluated; 60 is the next full minute. */
  readonly evaluatedAt: number;
}): Span[] {
  const { failed, pair, form, evaluatedAt } = input;
  const sums = runningSums(failed);
  const long = fewestOver(pair.long, form, pair.factor);
  const short = fewestOver(pair.short, form, pair.factor);
  const spans: Span[] = [];
  let held = 0;
  let from: number | undefined;
  for (let at = 0; at < failed.length; at += 1) {
    if (isOver(sums, at, long) && isOver(sums, at, short)) {
      if (held === pair.hold) from = at * 60 + evaluatedAt;
      held += 1;
    } else {
      if (from !== undefined) spans.push({ from, to: at * 60 + evaluatedAt });
      from = undefined;
      held = 0;
    }
  }
  if (from !== undefined) spans.push({ from, to: Number.POSITIVE_INFINITY });
  return spans;
}

/** Entry `i` counts the failures before minute `i`. */
function runningSums(failed: Uint8Array): Int32Array {
  const sums = new Int32Array(failed.length + 1);
  let total = 0;
  for (let at = 0; at < failed.length; at += 1) {
    total += failed[at] ?? 0;
    sums[at + 1] = total;
  }
  return sums;
}

function isOver(sums: Int32Array, at: number, fewest: Int32Array): boolean {
  const count = Math.min(at + 1, fewest.length - 1);
  const failures = (sums[at + 1] ?? 0) - (sums[at + 1 - count] ?? 0);
  return failures >= (fewest[count] ?? 0);
}

const kept = new WeakMap<RatioForm, Map<string, Int32Array>>();

/** For each number of checks up to the window's, the fewest failures that are over the limit. */
function fewestOver(window: number, form: RatioForm, factor: number): Int32Array {
  const ofForm = kept.get(form) ?? new Map<string, Int32Array>();
  kept.set(form, ofForm);
  const key = `${window} ${factor}`;
  const known = ofForm.get(key);
  if (known !== undefined) return known;
  const limit = form.limit(factor);
  const fewest = new Int32Array(window + 1);
  for (let count = 1; count <= window; count += 1) {
    let failures = fewest[count - 1] ?? 0;
    while (failures <= count && !(form.ratio(failures, count) > limit)) failures += 1;
    fewest[count] = failures;
  }
  ofForm.set(key, fewest);
  return fewest;
}
