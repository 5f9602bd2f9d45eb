import { PPM } from "../catalog/units.ts";
import { type Checks, type Count, countChecks, excludedMs } from "./budget-checks.ts";
import { firstNotBefore } from "./cloudwatch/series.ts";
import type { TimeRange } from "./cloudwatch/types.ts";
import { errorBudgetMs } from "./slo.ts";
import type { BudgetPolicyPlan } from "./types.ts";

/** What is known of a promise, and the moment at which it is judged. */
export interface PromiseInput {
  readonly checks: Checks;
  /** Millionths: 999000 is 99.9 %. */
  readonly objectivePpm: number;
  readonly windowMs: number;
  /** Milliseconds since the epoch; checks at this moment and later do not count. */
  readonly now: number;
  /** Stretches that do not count, such as maintenance. */
  readonly excluded: readonly TimeRange[];
  /** Milliseconds between two runs of the probe. */
  readonly everyMs: number;
  /** Checks in one run. */
  readonly samples: number;
}

/** How a promise stands over its window. */
export interface Attainment extends Count {
  /** Millionths, rounded down, so that a broken promise never looks kept; null without a check. */
  readonly attainedPpm: number | null;
  /** Whether good / total is at least the objective; null without a check. */
  readonly kept: boolean | null;
  /** Share of the window's time, without excluded stretches, that checks stand for; millionths. */
  readonly coveragePpm: number;
  /** The first check of the window; null without one. */
  readonly since: number | null;
}

/** What is spent of an error budget, in milliseconds of failed time. */
export interface Spending extends Attainment {
  readonly budgetMs: number;
  readonly spentMs: number;
  /** Negative when more is spent than there was. */
  readonly leftMs: number;
  /** Millionths of the budget, rounded down; of no budget at all the first failure spends everything. */
  readonly spentPpm: number;
  /** The step of the policy that is in force; null when none is. */
  readonly policy: BudgetPolicyPlan | null;
}

/** An error budget: what is spent of it, and how fast it burns. */
export interface Budget extends Spending {
  /** How many times faster than allowed the budget burns; null without a check in the window. */
  readonly burn: { readonly long: number | null; readonly short: number | null };
  /**
   * Until nothing is left at the burn rate of the long window; null when it does not burn, or all is spent.
   */
  readonly exhaustedInMs: number | null;
}

export interface SpendingInput extends PromiseInput {
  readonly policy: readonly BudgetPolicyPlan[];
}

export interface BudgetInput extends SpendingInput {
  /** The two windows of the fastest page, in milliseconds. */
  readonly burn: { readonly longMs: number; readonly shortMs: number };
}

/**
 * Where an error budget stands: what is spent of it, and how fast that goes on.
 *
 * It burns while the short window has a failure; it then lasts left / (share of failed checks in the long
 * window). Failures that will leave the rolling window by then are not counted back.
 */
export function errorBudget(input: BudgetInput): Budget {
  const spent = spending(input);
  const budgetPpm = PPM - input.objectivePpm;
  const long = recent(input, input.burn.longMs);
  const short = recent(input, input.burn.shortMs);
  const failing = long.total - long.good;
  const isBurning = failing > 0 && short.total > short.good;
  return {
    ...spent,
    burn: { long: burnRate(long, budgetPpm), short: burnRate(short, budgetPpm) },
    exhaustedInMs:
      isBurning && spent.spentPpm < PPM ? Math.round((spent.leftMs * long.total) / failing) : null,
  };
}

/**
 * What is spent of an error budget.
 *
 *     budget = window x (1 - objective)
 *     spent  = failed checks x (time between runs / checks in a run / runners)
 *
 * A failed check costs the time that it stands for, whatever else was measured: with 2 days of history an
 * outage of 43 minutes spends the same of a 30-day budget as with 30. Time that nobody measured costs
 * nothing, and no good check earns anything. With full coverage this is the share (1 - good / total) / (1 -
 * objective). `runners` is how many probes report the same metric: the checks per expected check of the
 * measured time, rounded.
 */
export function spending(input: SpendingInput): Spending {
  const { objectivePpm, windowMs, everyMs, samples } = input;
  const attained = attainment(input);
  const bad = attained.total - attained.good;
  const divisor = samples * runnersOf(input);
  const budgetMs = errorBudgetMs(objectivePpm, windowMs);
  const spentMs = (bad * everyMs) / divisor;
  const spentPpm = share(
    BigInt(bad) * BigInt(everyMs) * SQUARE,
    BigInt(divisor * (PPM - objectivePpm)) * BigInt(windowMs),
  );
  return {
    ...attained,
    budgetMs,
    spentMs,
    leftMs: budgetMs - spentMs,
    spentPpm,
    policy: policyInForce(input.policy, spentPpm),
  };
}

/** Whether enough of a window's checks are good; for a percentile the checks within its limit. */
export function attainment(input: PromiseInput): Attainment {
  const { checks, objectivePpm, excluded, everyMs, samples } = input;
  const range = windowOf(input);
  const count = countChecks(checks, range, excluded);
  const { good, total } = count;
  const measured = (total * everyMs) / (samples * runnersOf(input));
  const open = input.windowMs - excludedMs(range, excluded);
  const first = checks.times[firstNotBefore(checks.times, range.from)];
  return {
    ...count,
    attainedPpm: total === 0 ? null : Math.floor((good * PPM) / total),
    kept: total === 0 ? null : good * PPM >= objectivePpm * total,
    coveragePpm: open <= 0 ? PPM : Math.min(PPM, Math.floor((measured * PPM) / open)),
    since: first === undefined || first >= input.now ? null : first,
  };
}

/** The step for the most spent among those that are reached. */
export function policyInForce(
  policy: readonly BudgetPolicyPlan[],
  spentPpm: number,
): BudgetPolicyPlan | null {
  const reached = policy.filter((step) => step.spentPpm <= spentPpm);
  return reached.reduce<BudgetPolicyPlan | null>(
    (highest, step) => (highest === null || step.spentPpm > highest.spentPpm ? step : highest),
    null,
  );
}

const SQUARE = BigInt(PPM) * BigInt(PPM);

/** A quotient in whole numbers: products of counts, times and millionths leave what a float can hold. */
function share(over: bigint, under: bigint): number {
  if (under === 0n) return over === 0n ? 0 : PPM;
  return Number(over / under);
}

function windowOf({ now, windowMs }: PromiseInput): TimeRange {
  return { from: now - windowMs, to: now };
}

function recent({ checks, now, excluded }: PromiseInput, lengthMs: number): Count {
  return countChecks(checks, { from: now - lengthMs, to: now }, excluded);
}

function burnRate({ good, total }: Count, budgetPpm: number): number | null {
  if (total === 0) return null;
  return ((total - good) * PPM) / (total * budgetPpm);
}

/** How many probes report into the metric, by all checks since the first, those of excluded stretches too. */
function runnersOf(input: PromiseInput): number {
  const { checks, now, everyMs, samples } = input;
  const range = windowOf(input);
  const first = checks.times[firstNotBefore(checks.times, range.from)];
  if (first === undefined || first >= now) return 1;
  const { total } = countChecks(checks, range);
  // from the first to the last check it is one time less than there are checks
  const measured = now - first + everyMs;
  return Math.max(1, Math.round((total * everyMs) / (samples * measured)));
}
