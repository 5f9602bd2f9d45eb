import { type Floor, formatDuration, formatPercent, PPM } from "../catalog/units.ts";

/** The part of a budget that the smallest page may cost: more would be found out too late to help. */
const MAX_SHARE_OF_BUDGET = 0.1;
/** The most samples that the catalog takes for one run. */
const MAX_SAMPLES = 6;

/** How long a promise may be broken within its window, in milliseconds: 99.9 % over 30 d allows 43.2 min. */
export function errorBudgetMs(objectivePpm: number, windowMs: number): number {
  return ((PPM - objectivePpm) * windowMs) / PPM;
}

/**
 * The success ratio below which a budget burns `factor` times faster than allowed: 1 - factor x budget.
 * Computed in millionths, so that 99.9 % at 14.4 gives 0.9856 and not a float beside it.
 * Source: The Site Reliability Workbook, chapter 5, multiwindow multi-burn-rate alerts.
 */
export function burnThreshold(objectivePpm: number, factor: number): number {
  return Math.round(PPM - factor * (PPM - objectivePpm)) / PPM;
}

/**
 * How many of `points` points must fail before the short window says "still burning":
 * max(floor(factor x budget x points) + 1, floor), one more than the floor in windows that are longer than it.
 * Without the floor a single lost probe a minute pages for every objective above 99.884 %.
 */
export function failuresNeeded(input: {
  readonly objectivePpm: number;
  readonly factor: number;
  readonly points: number;
  readonly floor: Floor;
}): number {
  const { objectivePpm, factor, points, floor } = input;
  const byRatio = Math.floor((factor * (PPM - objectivePpm) * points) / PPM) + 1;
  const byFloor = points > floor.n ? floor.m + 1 : floor.m;
  return Math.min(points, Math.max(byRatio, byFloor));
}

/** Why an objective cannot be kept by its sampling, with what would; undefined when it can. */
export interface Infeasible {
  readonly rule: string;
  readonly cure: string;
}

/**
 * An objective is refused when the fewest failed samples that may page already cost more than a tenth of
 * its budget, or when a burn rate asks for more failures than there can be.
 */
export function infeasible(input: {
  readonly objectivePpm: number;
  readonly windowMs: number;
  readonly everyMs: number;
  readonly samples: number;
  readonly floor: Floor;
  readonly factors: readonly number[];
  /** The shortest time between runs that the environment's runners can keep, in milliseconds. */
  readonly leastEveryMs: number;
}): Infeasible | undefined {
  const { objectivePpm, windowMs, everyMs, samples, floor, factors } = input;
  const budget = errorBudgetMs(objectivePpm, windowMs);
  const steepest = Math.max(0, ...factors);
  if (steepest * (PPM - objectivePpm) >= PPM) {
    const least = formatPercent(Math.floor(PPM - PPM / steepest) + 1);
    return {
      rule: `a burn rate of ${steepest} can never be reached with ${formatPercent(objectivePpm)}`,
      cure: `promise at least ${least}, or take the burn rate out of shared.yaml`,
    };
  }
  const interval = everyMs / samples;
  if (floor.m * interval <= budget * MAX_SHARE_OF_BUDGET) return undefined;
  const share = budget === 0 ? "all" : `${Math.round((1000 * floor.m * interval) / budget) / 10} %`;
  return {
    rule: `${formatPercent(objectivePpm)} in ${formatDuration(windowMs)} cannot be kept by a sample every ${formatDuration(interval)}: the ${floor.m} failures that page cost ${share} of the budget`,
    cure: remedy({ ...input, needed: (budget * MAX_SHARE_OF_BUDGET) / floor.m, steepest }),
  };
}

/** Every way out that this function's caller would accept: more samples, more runs, or a weaker promise. */
function remedy(input: {
  /** Longest time between samples that carries the promise, in milliseconds. */
  readonly needed: number;
  readonly steepest: number;
  readonly leastEveryMs: number;
  readonly everyMs: number;
  readonly samples: number;
  readonly windowMs: number;
  readonly floor: Floor;
}): string {
  const { needed, steepest, leastEveryMs, everyMs, samples, windowMs, floor } = input;
  const wanted = needed > 0 ? Math.ceil(everyMs / needed) : Number.POSITIVE_INFINITY;
  const budget = (floor.m * everyMs) / samples / MAX_SHARE_OF_BUDGET;
  const exact = Math.floor(PPM - (budget * PPM) / windowMs);
  const weaker = exact - (exact % 100);
  const ways = [
    ...(wanted <= MAX_SAMPLES ? [`set probe.samples: ${wanted}`] : []),
    ...(wanted > MAX_SAMPLES && needed >= leastEveryMs
      ? [`probe at least every ${formatDuration(Math.floor(needed / 1_000) * 1_000)}`]
      : []),
    ...(weaker > 0 && steepest * (PPM - weaker) < PPM ? [`promise ${formatPercent(weaker)} or less`] : []),
  ];
  return ways.length > 0 ? ways.join(", or ") : "give it a longer window, or lower the environment's floor";
}
