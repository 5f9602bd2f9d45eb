import type { Environment } from "../catalog/types.ts";
import { formatDuration } from "../catalog/units.ts";
import { type BurnWindow, burnWindows, failuresToPage, windowsOf } from "./burn.ts";
import { type FeasibilityInput, infeasible } from "./feasible.ts";
import { errorBudgetMs } from "./slo.ts";

/** One burn rate of one objective, as failures: what a person can count. */
export interface ExplainedTier {
  readonly name: string;
  readonly family: BurnWindow["family"];
  readonly factor: number;
  readonly longMs: number;
  readonly shortMs: number;
  /** Failed checks that both windows need: `failures of samples`. */
  readonly long: { readonly failures: number; readonly samples: number };
  readonly short: { readonly failures: number; readonly samples: number };
  /** Share of the budget that is spent when it first fires in a total outage, in percent. */
  readonly budgetPercent: number;
}

export interface ExplainedObjective {
  readonly server: string;
  readonly objective: string;
  readonly objectivePpm: number;
  readonly windowMs: number;
  /** Time between two checks. */
  readonly intervalMs: number;
  readonly budgetMs: number;
  readonly tiers: readonly ExplainedTier[];
}

/** One cell of the table of objectives and intervals; null where the sampling cannot carry the objective. */
export interface SamplingCell {
  readonly intervalMs: number;
  /** The fewest failed checks with which each tier fires, by the order of the rates. */
  readonly failures: readonly number[] | null;
  /** Fewest failed checks that page. */
  readonly toPage: number | null;
  readonly cure: string | null;
}

export interface SamplingRow {
  readonly objectivePpm: number;
  readonly cells: readonly SamplingCell[];
}

export interface Explanation {
  readonly environment: string;
  readonly tiers: readonly string[];
  readonly objectives: readonly ExplainedObjective[];
  readonly sampling: readonly SamplingRow[];
}

const OBJECTIVES_PPM = [990_000, 995_000, 999_000, 999_500, 999_900];
/** Runs and samples that give the columns of the table. */
const SAMPLING = [
  { everyMs: 60_000, samples: 6 },
  { everyMs: 60_000, samples: 2 },
  { everyMs: 60_000, samples: 1 },
  { everyMs: 300_000, samples: 1 },
];
const MONTH_MS = 30 * 86_400_000;

/** Why the alarms have the numbers they have: failures per tier, for each objective and for each sampling. */
export function explainPlan(environment: Environment): Explanation {
  const tiers = [...environment.burnRates].sort((a, b) => b.factor - a.factor).map(({ name }) => name);
  return {
    environment: environment.name,
    tiers,
    objectives: explainObjectives(environment),
    sampling: samplingTable(environment),
  };
}

/** The failures with which each burn rate of each objective fires. */
export function explainObjectives(environment: Environment): ExplainedObjective[] {
  return environment.servers.flatMap((server) =>
    server.objectives.flatMap((objective): ExplainedObjective[] => {
      if (objective.sli === "latency") return [];
      const intervalMs = server.probe.every / server.probe.samples;
      const budgetMs = errorBudgetMs(objective.objective, objective.window);
      return [
        {
          server: server.name,
          objective: objective.name,
          objectivePpm: objective.objective,
          windowMs: objective.window,
          intervalMs,
          budgetMs,
          tiers: burnWindows(environment, server, objective).map((window) =>
            tier(window, { intervalMs, budgetMs }),
          ),
        },
      ];
    }),
  );
}

function tier(
  { name, family, factor, long, short }: BurnWindow,
  { intervalMs, budgetMs }: { readonly intervalMs: number; readonly budgetMs: number },
): ExplainedTier {
  const failures = Math.max(long.failures, short.failures);
  return {
    name,
    family,
    factor,
    longMs: long.seconds * 1_000,
    shortMs: short.seconds * 1_000,
    long: { failures: long.failures, samples: long.samples },
    short: { failures: short.failures, samples: short.samples },
    budgetPercent: budgetMs === 0 ? 100 : Math.round((failures * intervalMs * 1_000) / budgetMs) / 10,
  };
}

/** Common objectives by how often a check comes, with the floor and the rates of the environment. */
function samplingTable(environment: Environment): SamplingRow[] {
  const [first] = environment.servers;
  if (first === undefined) return [];
  return OBJECTIVES_PPM.map((objectivePpm) => ({
    objectivePpm,
    cells: SAMPLING.map(({ everyMs, samples }): SamplingCell => {
      const input: FeasibilityInput = {
        objectivePpm,
        page: true,
        everyMs,
        samples,
        floor: first.floor,
        resolutionSeconds: environment.resolutionSeconds,
        rates: environment.burnRates,
        windowMs: MONTH_MS,
        leastEveryMs: environment.platform === "cloud" ? 60_000 : 1_000,
      };
      const intervalMs = everyMs / samples;
      const refused = infeasible(input);
      if (refused !== undefined) return { intervalMs, failures: null, toPage: null, cure: refused.cure };
      const windows = windowsOf(input);
      return {
        intervalMs,
        failures: windows.map(({ long, short }) => Math.max(long.failures, short.failures)),
        toPage: failuresToPage(windows, input.floor),
        cure: null,
      };
    }),
  }));
}

/** `9 of 60 in 1h and 2 of 5 in 5m`. */
export function tierText({ long, short, longMs, shortMs }: ExplainedTier): string {
  return `${long.failures} of ${long.samples} in ${formatDuration(longMs)} and ${short.failures} of ${short.samples} in ${formatDuration(shortMs)}`;
}
