import type { Classified } from "../classify.ts";
import type { Status } from "../result.ts";
import { Circuit, type CircuitSettings, type CircuitVerdict } from "./circuit.ts";
import type { BreakerPath, BreakerSnapshot } from "./state.ts";

/** What each path reports instead of being asked; null for a path that is asked. */
export type Withheld = Readonly<Record<BreakerPath, Classified | null>>;

/** Every path is asked. */
export const NOTHING_WITHHELD: Withheld = { mcp: null, rest: null };

/** What a breaker learns from a result. */
export type CountedResult = { readonly status: Status } & Readonly<Record<BreakerPath, CircuitVerdict>>;

/** One check of one server, its repetition included. */
export interface Pass {
  readonly withheld: Withheld;
  /**
   * Ends the pass; to be called once, whatever happened. Null and the status `unknown` say nothing of the
   * server: they count neither way, and a trial that ended so is due again at once.
   */
  leave(result: CountedResult | null): Promise<void>;
}

/** The circuit breakers of all paths of all servers. */
export interface PathBreaker {
  /**
   * Decides which paths of a server are asked now. The pass is to be left with what came out in the end,
   * after the repetition and the question to our own network: neither a lost packet nor our own outage opens
   * a breaker.
   */
  enter(server: string): Pass;
  /** Every path that was ever counted, by server and path. */
  snapshots(): readonly BreakerSnapshot[];
}

/**
 * Breakers per server and path: after `failures` failed checks in a row a path is left alone for `restMs`,
 * then one trial decides. A breaker never mends a number: while it is open the path still reports its last
 * failure, so availability stays 0, alarms stay as they are, and recovery is seen by the first check after
 * `restMs`. It only spares a sick server the questions, and the run the timeout. A refusal is an answer and
 * never opens it.
 */
export function createBreakers({
  settingsOf,
  initial = [],
  now,
}: {
  /** Null, or 0 failures, for a path that has no breaker or is not there; its earlier state is forgotten. */
  readonly settingsOf: (server: string, path: BreakerPath) => CircuitSettings | null;
  /** What an earlier process left. @default every breaker is closed */
  readonly initial?: readonly BreakerSnapshot[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}): PathBreaker {
  const circuits = new Map<string, Circuit>();
  const kept = new Map(initial.map((snapshot) => [keyOf(snapshot.server, snapshot.path), snapshot]));
  const circuitOf = (server: string, path: BreakerPath): Circuit | null => {
    const settings = settingsOf(server, path);
    if (settings === null || settings.failures < 1) return null;
    const key = keyOf(server, path);
    const snapshot = kept.get(key);
    const circuit =
      circuits.get(key) ??
      new Circuit({ server, path, settings, ...(snapshot === undefined ? {} : { snapshot }) });
    circuits.set(key, circuit);
    return circuit;
  };
  for (const { server, path } of kept.values()) circuitOf(server, path);
  return {
    enter: (server) => {
      const at = now();
      const mcp = circuitOf(server, "mcp")?.enter(at);
      const rest = circuitOf(server, "rest")?.enter(at);
      return {
        withheld: { mcp: mcp?.withheld ?? null, rest: rest?.withheld ?? null },
        leave: async (result) => {
          const counted = result === null || result.status === "unknown" ? null : result;
          await Promise.all([mcp?.leave(counted?.mcp ?? null), rest?.leave(counted?.rest ?? null)]);
        },
      };
    },
    snapshots: () =>
      [...circuits.entries()]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .flatMap(([, circuit]) => circuit.snapshot() ?? []),
  };
}

function keyOf(server: string, path: BreakerPath): string {
  return `${server} ${path}`;
}
