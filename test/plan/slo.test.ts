import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { duration, PPM, percent } from "../../catalog/units.ts";
import { burnThreshold, errorBudgetMs, failuresNeeded, infeasible } from "../../plan/slo.ts";

const DAY_MS = 86_400_000;
const MONTH_MS = 30 * DAY_MS;
const MINUTE_MS = 60_000;
const FACTORS = [14.4, 6, 3, 1];

/** An objective in millionths, anything that a catalog can write above half. */
const objective = fc.integer({ min: 500_000, max: PPM - 1 });
const factor = fc.double({ min: 0.1, max: 20, noNaN: true });
const windowMs = fc.integer({ min: 1, max: 90 }).map((days) => days * DAY_MS);
const floor = fc
  .integer({ min: 1, max: 10 })
  .chain((m) => fc.record({ m: fc.constant(m), n: fc.integer({ min: m, max: 20 }) }));

describe("the error budget", () => {
  test.each([
    [990_000, 432],
    [995_000, 216],
    [999_000, 43.2],
    [999_500, 21.6],
    [999_900, 4.32],
  ])("of %i millionths is %d minutes in 30 days", (ppm, minutes) => {
    expect(errorBudgetMs(ppm, MONTH_MS) / MINUTE_MS).toBe(minutes);
  });

  test("grows in proportion to the window", () => {
    fc.assert(
      fc.property(objective, windowMs, fc.integer({ min: 2, max: 9 }), (ppm, window, times) => {
        expect(errorBudgetMs(ppm, times * window)).toBeCloseTo(times * errorBudgetMs(ppm, window), 3);
      }),
    );
  });
});

describe("the burn threshold", () => {
  test.each([
    [999_000, 14.4, 0.9856],
    [999_000, 6, 0.994],
    [999_000, 3, 0.997],
    [999_000, 1, 0.999],
    [999_500, 14.4, 0.9928],
    [995_000, 14.4, 0.928],
    [999_900, 14.4, 0.99856],
  ])("of %i millionths at %d times the rate is exactly %d", (ppm, times, threshold) => {
    expect(burnThreshold(ppm, times)).toBe(threshold);
  });

  test("falls as the factor rises, and never by more than a millionth beside the exact value", () => {
    fc.assert(
      fc.property(objective, factor, factor, (ppm, a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(burnThreshold(ppm, high)).toBeLessThanOrEqual(burnThreshold(ppm, low));
        expect(Math.abs(burnThreshold(ppm, a) - (1 - (a * (PPM - ppm)) / PPM))).toBeLessThan(1 / PPM);
      }),
    );
  });
});

describe("the failures that a window needs", () => {
  /** The ratio alone: a floor of one failure in a window as long as its points. */
  const byRatio = (ppm: number, times: number, points: number): number =>
    failuresNeeded({ objectivePpm: ppm, factor: times, points, floor: { m: 1, n: points } });

  test.each([
    [990_000, [9, 22, 44, 44]],
    [995_000, [5, 11, 22, 22]],
    [999_000, [1, 3, 5, 5]],
    [999_500, [1, 2, 3, 3]],
    [999_900, [1, 1, 1, 1]],
  ])("by the ratio alone are those of one probe a minute: %i millionths", (ppm, expected) => {
    const long = [60, 360, 1_440, 4_320];
    expect(long.map((points, row) => byRatio(ppm, FACTORS[row] ?? 0, points))).toEqual(expected);
  });

  test("are never fewer than the floor, one more in a window longer than the floor's", () => {
    const few = { objectivePpm: 999_900, factor: 1, floor: { m: 2, n: 5 } };
    expect(failuresNeeded({ ...few, points: 5 })).toBe(2);
    expect(failuresNeeded({ ...few, points: 30 })).toBe(3);
  });

  test("lie between the floor and the points, and rise with points, factor and budget", () => {
    fc.assert(
      fc.property(objective, factor, fc.nat(500), floor, (ppm, times, extra, atLeast) => {
        const input = { objectivePpm: ppm, factor: times, points: atLeast.n + extra, floor: atLeast };
        const needed = failuresNeeded(input);
        expect(needed).toBeGreaterThanOrEqual(atLeast.m);
        expect(needed).toBeLessThanOrEqual(input.points);
        expect(failuresNeeded({ ...input, points: input.points + 1 })).toBeGreaterThanOrEqual(needed);
        expect(failuresNeeded({ ...input, factor: times * 1.5 })).toBeGreaterThanOrEqual(needed);
        expect(failuresNeeded({ ...input, objectivePpm: ppm - 1_000 })).toBeGreaterThanOrEqual(needed);
      }),
    );
  });
});

describe("an objective that its sampling cannot carry", () => {
  const input = {
    objectivePpm: 999_000,
    windowMs: MONTH_MS,
    everyMs: MINUTE_MS,
    samples: 1,
    floor: { m: 2, n: 5 },
    factors: FACTORS,
    leastEveryMs: 1_000,
  };

  test("is one whose smallest page costs more than a tenth of its budget", () => {
    expect(infeasible(input)).toBeUndefined();
    const refused = infeasible({ ...input, objectivePpm: 999_900 });
    expect(refused?.rule).toBe(
      "99.99% in 30d cannot be kept by a sample every 1m: the 2 failures that page cost 46.3 % of the budget",
    );
    expect(refused?.cure).toBe("set probe.samples: 5, or promise 99.95% or less");
  });

  test("is refused with no budget at all", () => {
    expect(infeasible({ ...input, objectivePpm: PPM })?.rule).toContain("cost all of the budget");
  });

  test("is one that a burn rate can never reach, and the cure serves the steepest of them", () => {
    const refused = infeasible({ ...input, objectivePpm: 900_000, factors: [10, 14.4] });
    expect(refused).toEqual({
      rule: "a burn rate of 14.4 can never be reached with 90%",
      cure: "promise at least 93.0556%, or take the burn rate out of shared.yaml",
    });
  });

  test("gets a cure that is indeed accepted", () => {
    const refusable = fc.record({
      objectivePpm: fc.integer({ min: 500_000, max: PPM }),
      windowMs,
      everyMs: fc.integer({ min: 1, max: 60 }).map((minutes) => minutes * MINUTE_MS),
      samples: fc.integer({ min: 1, max: 6 }),
      floor,
      factors: fc.shuffledSubarray(FACTORS, { minLength: 1 }),
      leastEveryMs: fc.constant(1_000),
    });
    let refusals = 0;
    fc.assert(
      fc.property(refusable, (one) => {
        const refused = infeasible(one);
        if (refused === undefined) return;
        refusals += 1;
        for (const change of changesOf(refused.cure)) {
          const again = infeasible({ ...one, ...change });
          // lifting a promise until the rates can be reached may leave one that needs more samples
          const lifted = refused.rule.startsWith("a burn rate");
          expect(lifted ? (again?.rule ?? "").startsWith("a burn rate") : again, refused.cure).toBe(
            lifted ? false : undefined,
          );
        }
      }),
      { numRuns: 2_000 },
    );
    expect(refusals).toBeGreaterThan(50);
  });
});

interface Cured {
  readonly samples?: number;
  readonly everyMs?: number;
  readonly objectivePpm?: number;
}

/** What a cure says that can be set, each alone. */
function changesOf(cure: string): Cured[] {
  const samples = /set probe\.samples: (\d+)/.exec(cure)?.[1];
  const every = /probe at least every (\w+)/.exec(cure)?.[1];
  const promise = /promise (?:at least )?([\d.]+%)/.exec(cure)?.[1];
  const changes: Cured[] = [
    ...(samples === undefined ? [] : [{ samples: Number(samples) }]),
    ...(every === undefined ? [] : [{ everyMs: duration.parse(every), samples: 1 }]),
    ...(promise === undefined ? [] : [{ objectivePpm: percent.parse(promise) }]),
  ];
  if (changes.length === 0) expect(cure).toBe("give it a longer window, or lower the environment's floor");
  return changes;
}
