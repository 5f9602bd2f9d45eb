import { formatDuration, formatPercent, PPM } from "../catalog/units.ts";
import { type BurnInput, failuresToPage, windowsOf } from "./burn.ts";
import { errorBudgetMs } from "./slo.ts";

/** The part of a budget that the smallest page may cost: more would be found out too late to help. */
const MAX_SHARE_OF_BUDGET = 0.1;
/** The most samples that the catalog takes for one run. */
const MAX_SAMPLES = 6;
/** Ways of probing more often that a cure may name, in milliseconds. */
const INTERVALS_MS = [600, 300, 240, 180, 120, 60, 30, 20, 15, 10, 5, 2, 1].map((seconds) => seconds * 1_000);
/** A weaker promise that a cure names is a multiple of 0.01 %, each with so much more of a budget than the one before. */
const STEP_PPM = 100;
const GROWTH = 1.05;

/** An objective with how it is sampled, and the shortest time between runs that the runners can keep. */
export type FeasibilityInput = BurnInput & { readonly windowMs: number; readonly leastEveryMs: number };

/** Why an objective cannot be kept by its sampling, with what would. */
export interface Infeasible {
  readonly rule: string;
  readonly cure: string;
}

/**
 * An objective is refused when the fewest failed samples that may page already cost more than a tenth of its budget,
 * or when a burn rate asks for more failures than there can be; undefined when it is neither.
 */
export function infeasible(input: FeasibilityInput): Infeasible | undefined {
  const { objectivePpm, windowMs, everyMs, samples } = input;
  const steepest = steepestFactor(input);
  if (steepest * (PPM - objectivePpm) >= PPM) {
    const least = formatPercent(Math.floor(PPM - PPM / steepest) + 1);
    return {
      rule: `a burn rate of ${steepest} can never be reached with ${formatPercent(objectivePpm)}`,
      cure: `promise at least ${least}, or take the burn rate out of shared.yaml`,
    };
  }
  if (!costsTooMuch(input)) return undefined;
  const failures = failuresOf(input);
  const interval = everyMs / samples;
  const budget = errorBudgetMs(objectivePpm, windowMs);
  const share = budget === 0 ? "all" : `${Math.round((1000 * failures * interval) / budget) / 10} %`;
  return {
    rule: `${formatPercent(objectivePpm)} in ${formatDuration(windowMs)} cannot be kept by a sample every ${formatDuration(interval)}: the ${failures} failures that page cost ${share} of the budget`,
    cure: remedy(input),
  };
}

function costsTooMuch(input: FeasibilityInput): boolean {
  if (!input.page) return false;
  const cost = (failuresOf(input) * input.everyMs) / input.samples;
  return cost > errorBudgetMs(input.objectivePpm, input.windowMs) * MAX_SHARE_OF_BUDGET;
}

function failuresOf(input: FeasibilityInput): number {
  return failuresToPage(windowsOf(input), input.floor);
}

function steepestFactor({ rates }: FeasibilityInput): number {
  return Math.max(0, ...rates.map(({ factor }) => factor));
}

/** Every way out that this function's caller would accept: more samples, more runs, or a weaker promise. */
function remedy(input: FeasibilityInput): string {
  const { everyMs, leastEveryMs, samples } = input;
  const more = Array.from({ length: MAX_SAMPLES - samples }, (_, index) => samples + index + 1).find(
    (count) => !costsTooMuch({ ...input, samples: count }),
  );
  const oftener =
    more === undefined
      ? INTERVALS_MS.find(
          (every) => every < everyMs / samples && !costsTooMuch({ ...input, everyMs: every, samples: 1 }),
        )
      : undefined;
  const isPossible = oftener !== undefined && oftener >= leastEveryMs;
  const weaker = weakerPromise(input);
  const ways = [
    ...(more === undefined ? [] : [`set probe.samples: ${more}`]),
    ...(isPossible ? [`probe every ${formatDuration(oftener)} with one sample`] : []),
    ...(weaker === undefined ? [] : [`promise ${formatPercent(weaker)} or less`]),
  ];
  if (ways.length === 0) return "give it a longer window, or lower the environment's floor";
  const tooOften =
    oftener === undefined || isPossible
      ? ""
      : ` (a sample every ${formatDuration(oftener)} would carry it, more often than these runners take one)`;
  return `${ways.join(", or ")}${tooOften}`;
}

/** A promise that the sampling carries and every burn rate can reach, in steps of a twentieth of the budget. */
function weakerPromise(input: FeasibilityInput): number | undefined {
  const steepest = steepestFactor(input);
  let budgetPpm = PPM - input.objectivePpm;
  while (steepest * budgetPpm < PPM) {
    const more = Math.max(budgetPpm + STEP_PPM, budgetPpm * GROWTH);
    budgetPpm = Math.ceil(more / STEP_PPM) * STEP_PPM;
    const objectivePpm = PPM - budgetPpm;
    if (objectivePpm <= 0 || steepest * budgetPpm >= PPM) return undefined;
    if (!costsTooMuch({ ...input, objectivePpm })) return objectivePpm;
  }
  return undefined;
}
