import { inMetricUnit } from "../../catalog/metrics.ts";
import type { Happening, Trace } from "../../catalog/trace.ts";
import { PPM } from "../../catalog/units.ts";
import { chance } from "./chance.ts";
import { type CheckState, isFailed } from "./measures.ts";
import type { Subject } from "./subject.ts";

/** What one check of a server found, and when it was made. */
export interface Check {
  readonly at: number;
  readonly state: CheckState;
}

/** The happenings of a trace that a server takes part in; `names` are all servers of the environment. */
export function happeningsOf(trace: Trace, server: string, names: readonly string[]): Happening[] {
  return trace.happenings.filter(({ servers }) => {
    if (servers === "all") return true;
    if ("first" in servers) return [...names].sort().slice(0, servers.first).includes(server);
    return servers.includes(server);
  });
}

/** When happenings begin, in milliseconds since the epoch: each of those that come back, once. */
export function beginnings(trace: Trace, happenings: readonly Happening[]): number[] {
  return happenings.map(({ at }) => trace.start + at).sort((a, b) => a - b);
}

/**
 * What a check that begins at `at` finds, or undefined where none is made or published. A failed one is repeated once,
 * as the probe does: what is over by then was a lost packet.
 */
export function checkAt(input: {
  readonly trace: Trace;
  readonly subject: Subject;
  readonly happenings: readonly Happening[];
  readonly at: number;
}): Check | undefined {
  const { trace, subject, happenings, at } = input;
  // what a share hits is drawn once a check, its repetition included
  const hits = happenings.filter(
    (one) =>
      one.share >= PPM ||
      chance(trace.seed, subject.server, trace.happenings.indexOf(one), at) * PPM < one.share,
  );
  const activeAt = (moment: number): Happening[] => hits.filter((one) => isActive(one, moment - trace.start));
  const active = activeAt(at);
  if (active.some(({ what }) => what === "silent")) return undefined;
  const state = stateIn(subject, active);
  const failed = isFailed(state.mcp) || (subject.hasRest && isFailed(state.rest));
  if (!failed || subject.confirmMs <= 0) return { at, state };
  const again = at + subject.confirmMs;
  return { at: again, state: { ...stateIn(subject, activeAt(again)), repeated: true } };
}

/** Whether something happens at a time from the start of its trace. */
export function isActive({ at, for: length, every, until }: Happening, time: number): boolean {
  if (time < at) return false;
  if (every === undefined) return time < at + length;
  const turn = Math.floor((time - at) / every) * every;
  return time - at - turn < length && at + turn < (until ?? Number.POSITIVE_INFINITY);
}

/** How a server is while these things happen to it; a later one has the last word. */
export function stateIn(subject: Subject, active: readonly Happening[]): CheckState {
  const values = new Map<string, number>();
  let state: CheckState = { ...WELL, ms: subject.usualMs, values };
  for (const one of active) {
    if (one.what === "fails") state = { ...state, mcp: one.class, rest: one.class };
    if (one.what === "mcp-fails") state = { ...state, mcp: one.class };
    if (one.what === "rest-fails") state = { ...state, rest: one.class };
    if (one.what === "refused") state = { ...state, mcp: "auth", rest: "auth" };
    if (one.what === "degraded") state = { ...state, weak: true };
    // an answer that comes after the deadline is none
    if (one.what === "slow" && one.latency >= subject.timeoutMs)
      state = { ...state, mcp: "timeout", rest: "timeout" };
    if (one.what === "slow") state = { ...state, ms: one.latency };
    if (one.what === "value")
      values.set(one.metric, typeof one.to === "number" ? one.to : inMetricUnit(one.metric, one.to));
  }
  return state;
}

const WELL = { mcp: "ok", rest: "ok", weak: false, repeated: false } as const;
