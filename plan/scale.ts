import { RUN_MS } from "../catalog/run-schedule.ts";
import type { Roster, RosterTarget } from "../catalog/target.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { burnInput } from "./burn.ts";
import { infeasible } from "./feasible.ts";

/** The size of a fleet, what it asks for, and what the plan does about it. */
export interface ScalePlan {
  readonly servers: number;
  /** `1-3`, `4-10`, `11-20` or `over 20` servers, as the handbook counts. */
  readonly band: string;
  readonly advice: string;
  /** Runs of the one function that share the roster each minute, each with a part of the servers. */
  readonly shards: number;
  /** Servers that could be checked less often without a promise becoming unkeepable: names by interval in milliseconds. */
  readonly couldWait: readonly { readonly everyMs: number; readonly servers: readonly string[] }[];
}

/** Bands of the handbook below its last one, with the largest fleet of each. */
const BANDS = [
  { most: 3, band: "1-3", advice: "standard setup, nothing to tune" },
  {
    most: 10,
    band: "4-10",
    advice: "lengthen the interval of servers that bear it: less to pay for and to read",
  },
  {
    most: 20,
    band: "11-20",
    advice: "keep each environment a stack of its own, and look at one owner's servers at a time",
  },
] as const;
const LARGE = {
  band: "over 20",
  advice: "each run of the probe checks a part of the servers, so that it ends within its minute",
} as const;

/** Above so many servers no single run checks all of them: what is cut off or runs out of memory takes one part along. */
const ONE_RUN = 20;
/** Intervals that the advice tries, longest first. */
const INTERVALS_MS = [300_000, 120_000];

/** What the size of an environment asks for. */
export function planScale(environment: Environment, roster: Roster): ScalePlan {
  const { servers } = environment;
  const { band, advice } = BANDS.find(({ most }) => servers.length <= most) ?? LARGE;
  const waiting = servers.map((server) => ({
    name: server.name,
    longer: longerInterval(environment, server),
  }));
  return {
    servers: servers.length,
    band,
    advice,
    shards: shardsOf(roster),
    couldWait: INTERVALS_MS.map((everyMs) => ({
      everyMs,
      servers: waiting.flatMap(({ name, longer }) => (longer === everyMs ? [name] : [])),
    })).filter(({ servers: names }) => names.length > 0),
  };
}

/**
 * How many runs at once a roster needs so that each ends within its minute even when no server answers: each check then
 * holds one of the `concurrency` places until its timeout, twice where a failed check is repeated.
 */
export function shardsOf({ targets, concurrency = 100 }: Roster): number {
  const worstMs = targets.reduce((sum, target) => sum + worstCheckMs(target), 0);
  const forTime = Math.ceil(worstMs / (concurrency * RUN_MS));
  const forLoss = targets.length > ONE_RUN ? 2 : 1;
  return Math.max(1, forTime, forLoss);
}

function worstCheckMs({ timeoutMs, confirmMs, samples }: RosterTarget): number {
  return samples * (confirmMs === 0 ? timeoutMs : 2 * timeoutMs);
}

/** The longest interval above its own that every objective of a server bears; undefined where there is none. */
function longerInterval(environment: Environment, server: Server): number | undefined {
  const bears = (everyMs: number): boolean =>
    server.objectives.every(
      (objective) =>
        objective.sli === "latency" ||
        infeasible({
          ...burnInput(environment, server, objective),
          everyMs,
          windowMs: objective.window,
          leastEveryMs: everyMs,
        }) === undefined,
    );
  return INTERVALS_MS.find((everyMs) => everyMs > server.probe.every && bears(everyMs));
}
