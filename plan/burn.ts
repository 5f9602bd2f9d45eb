import type { BurnRate } from "../catalog/shared.ts";
import type { Environment, ResolvedRatio, Server } from "../catalog/types.ts";
import { type Floor, PPM } from "../catalog/units.ts";
import { legalPeriod } from "./periods.ts";

/** Share of the checks that fail by chance although the server is well; the probe's own repetition comes before. */
const NOISE = 0.001;
/** How many pages a month chance alone may cause for one objective, over all its page windows together. */
const FALSE_PAGES_A_MONTH = 0.2;
const MONTH_SECONDS = 30 * 86_400;

/** One burn rate of one objective in numbers: both windows must be over their limits for it to fire. */
export interface BurnWindow {
  readonly name: string;
  readonly family: BurnRate["family"];
  readonly factor: number;
  readonly long: Window;
  readonly short: Window & {
    /** How many points of `pointSeconds` the window has. */
    readonly points: number;
  };
  /** Length of one point of the alarms, in seconds. */
  readonly pointSeconds: number;
  /** Checks in one point; where it is 1, the short window counts failed points and not a ratio. */
  readonly samplesPerPoint: number;
}

export interface Window {
  readonly seconds: number;
  /** Checks in the window. */
  readonly samples: number;
  /** The fewest failed checks that put it over its limit. */
  readonly failures: number;
  /** The error ratio that it must be over, as a decimal without a float's tail. */
  readonly limit: number;
}

/** What the windows of an objective follow from. */
export interface BurnInput {
  readonly objectivePpm: number;
  /** Whether a fast burn may page; without it only the rates that make tickets are left. */
  readonly page: boolean;
  readonly everyMs: number;
  readonly samples: number;
  readonly floor: Floor;
  /** Shortest length of one point, in seconds; never shorter than the time between runs. */
  readonly resolutionSeconds: number;
  readonly rates: readonly (BurnRate & { readonly name: string })[];
}

/** The windows of an objective as its server is probed: the one source of limits for both engines. */
export function burnWindows(
  environment: Environment,
  server: Server,
  objective: ResolvedRatio,
): BurnWindow[] {
  return windowsOf(burnInput(environment, server, objective));
}

/** What a catalog says of an objective, of how its server is probed, and of the rates that may burn. */
export function burnInput(environment: Environment, server: Server, objective: ResolvedRatio): BurnInput {
  return {
    objectivePpm: objective.objective,
    page: objective.page,
    everyMs: server.probe.every,
    samples: server.probe.samples,
    floor: server.floor,
    resolutionSeconds: environment.resolutionSeconds,
    rates: environment.burnRates,
  };
}

/**
 * A limit is the burn rate times the budget (The Site Reliability Workbook, chapter 5), or higher where that is less
 * than chance makes: the short window of the steepest page takes no fewer failures than the floor, and the long one of
 * every page takes as many as keep chance below {@link FALSE_PAGES_A_MONTH}. Steepest first.
 */
export function windowsOf(input: BurnInput): BurnWindow[] {
  const { objectivePpm, page, everyMs, samples, floor, resolutionSeconds, rates } = input;
  const point = legalPeriod(Math.max(resolutionSeconds, everyMs / 1_000));
  const interval = everyMs / samples / 1_000;
  const budgetPpm = PPM - objectivePpm;
  let tolerated = FALSE_PAGES_A_MONTH;
  return rates
    .filter(({ family }) => page || family !== "budget-page")
    .sort((a, b) => b.factor - a.factor)
    .map(({ name, family, factor, long: longMs, short: shortMs }, index) => {
      const points = Math.max(floor.n, Math.round(shortMs / 1_000 / point));
      const [longSeconds, shortSeconds] = [legalPeriod(longMs / 1_000), legalPeriod(points * point)];
      const [longSamples, shortSamples] = [
        samplesIn(longSeconds, interval),
        samplesIn(shortSeconds, interval),
      ];
      const byRatio = (n: number): number => Math.min(n, Math.floor((factor * budgetPpm * n) / PPM) + 1);
      // the steepest pages by its short window, which chance must not fill; the others by their long ones
      const least = family === "budget-page" && index === 0 ? floor.m : 1;
      const shortFailures = Math.min(shortSamples, Math.max(byRatio(shortSamples), least));
      let longFailures = byRatio(longSamples);
      if (family === "budget-page") {
        const pair = { interval, shortSamples, shortFailures, longSamples };
        const found = beyondChance({ ...pair, from: longFailures, tolerated });
        longFailures = found.failures;
        tolerated -= found.chance;
      }
      const limits = { factor, budgetPpm };
      return {
        name,
        family,
        factor,
        long: windowOf(longSeconds, longSamples, longFailures, limits),
        short: { ...windowOf(shortSeconds, shortSamples, shortFailures, limits), points },
        pointSeconds: point,
        samplesPerPoint: Math.max(1, Math.round(point / interval)),
      };
    });
}

/** The fewest failed checks that can page: what a total outage must last, in checks. */
export function failuresToPage(windows: readonly BurnWindow[], floor: Floor): number {
  const pages = windows.filter(({ family }) => family === "budget-page");
  if (pages.length === 0) return floor.m;
  return Math.min(...pages.map(({ long, short }) => Math.max(long.failures, short.failures)));
}

function samplesIn(seconds: number, interval: number): number {
  return Math.max(1, Math.round(seconds / interval));
}

function windowOf(
  seconds: number,
  samples: number,
  failures: number,
  { factor, budgetPpm }: { readonly factor: number; readonly budgetPpm: number },
): Window {
  const byRate = Math.round(factor * budgetPpm);
  const isRaised = failures > Math.floor((factor * budgetPpm * samples) / PPM) + 1;
  // half a check below, so that neither a missing check nor how often a gauge is scraped moves it
  const raised = Math.ceil(((failures - 0.5) * PPM) / samples);
  return { seconds, samples, failures, limit: (isRaised ? Math.max(byRate, raised) : byRate) / PPM };
}

/** The fewest failures in a long window with which chance alone pages no more often than is tolerated. */
function beyondChance(input: {
  readonly interval: number;
  readonly shortSamples: number;
  readonly shortFailures: number;
  readonly longSamples: number;
  readonly from: number;
  readonly tolerated: number;
}): { readonly failures: number; readonly chance: number } {
  const { from, longSamples } = input;
  for (let failures = from; failures < longSamples; failures += 1) {
    const chance = falsePages({ ...input, longFailures: failures });
    if (chance <= input.tolerated) return { failures, chance };
  }
  return { failures: longSamples, chance: 0 };
}

/**
 * Pages a month by independent failures of {@link NOISE}: a failure, with it enough others in the rest of the short
 * window, and the missing ones in the rest of the long window.
 */
export function falsePages(input: {
  /** Seconds between two checks. */
  readonly interval: number;
  readonly shortSamples: number;
  readonly shortFailures: number;
  readonly longSamples: number;
  readonly longFailures: number;
}): number {
  const { interval, shortSamples, shortFailures, longSamples, longFailures } = input;
  const failuresAMonth = (MONTH_SECONDS / interval) * NOISE;
  const inShort = atLeast(shortFailures - 1, shortSamples - 1);
  const inLong = atLeast(longFailures - shortFailures, longSamples - shortSamples);
  return failuresAMonth * inShort * inLong;
}

/** The chance of at least `k` failures in `n` checks (binomial). */
function atLeast(k: number, n: number): number {
  if (k <= 0) return 1;
  let term = (1 - NOISE) ** n;
  let below = 0;
  for (let i = 0; i < k; i += 1) {
    below += term;
    term *= ((n - i) / (i + 1)) * (NOISE / (1 - NOISE));
  }
  return Math.max(0, 1 - below);
}
