import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { PPM } from "../../catalog/units.ts";
import { type BurnInput, failuresToPage, falsePages, windowsOf } from "../../plan/burn.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const rates = loadEnvironment(diskSource(ROOT), "production").burnRates;
const MINUTELY: BurnInput = {
  objectivePpm: 999_000,
  page: true,
  everyMs: 60_000,
  samples: 1,
  floor: { m: 2, n: 5 },
  resolutionSeconds: 60,
  rates,
};

const floor = fc
  .integer({ min: 1, max: 10 })
  .chain((m) => fc.record({ m: fc.constant(m), n: fc.integer({ min: m, max: 20 }) }));
const inputs: fc.Arbitrary<BurnInput> = fc.record({
  objectivePpm: fc.integer({ min: 935_000, max: PPM - 1 }),
  page: fc.boolean(),
  everyMs: fc.constantFrom(5_000, 10_000, 60_000, 300_000),
  samples: fc.integer({ min: 1, max: 6 }),
  floor,
  resolutionSeconds: fc.constantFrom(10, 60),
  rates: fc.constant(rates),
});

const failuresOf = (input: BurnInput, end: "long" | "short"): number[] =>
  windowsOf(input).map((window) => window[end].failures);

describe("the windows of an objective", () => {
  test.each([
    [990_000, [9, 22, 44, 44]],
    [995_000, [5, 11, 22, 22]],
    [999_000, [1, 5, 5, 5]],
    [999_500, [1, 5, 3, 3]],
    [999_900, [1, 5, 1, 1]],
  ])(
    "at one probe a minute need by ratio or chance, of %i millionths, these failures in the long ones",
    (objectivePpm, expected) => {
      expect(failuresOf({ ...MINUTELY, objectivePpm }, "long")).toEqual(expected);
    },
  );

  test("have the textbook's limit, exactly, where it is above what chance makes", () => {
    const [fast, , , slow] = windowsOf(MINUTELY);
    expect([fast?.long.limit, slow?.long.limit, slow?.short.limit]).toEqual([0.0144, 0.001, 0.001]);
    expect(windowsOf({ ...MINUTELY, objectivePpm: 999_500 })[0]?.long.limit).toBe(0.0072);
    expect(windowsOf({ ...MINUTELY, objectivePpm: 995_000 }).map(({ long }) => long.limit)).toEqual([
      0.072, 0.03, 0.015, 0.005,
    ]);
  });

  test("of the steepest page never take fewer failures than the floor, the short ones of the others only one", () => {
    expect(failuresOf(MINUTELY, "short")).toEqual([2, 1, 1, 1]);
    expect(failuresOf({ ...MINUTELY, floor: { m: 3, n: 5 } }, "short")).toEqual([3, 1, 1, 1]);
  });

  test("that page are left out of a promise that wakes nobody", () => {
    expect(windowsOf({ ...MINUTELY, page: false }).map(({ family }) => family)).toEqual([
      "budget-ticket",
      "budget-ticket",
    ]);
  });

  test("count checks, so that more samples in a run need more failures and less time", () => {
    const sixfold = { ...MINUTELY, objectivePpm: 999_500, samples: 6 };
    expect(failuresOf(sixfold, "long")[0]).toBe(5);
    expect(failuresToPage(windowsOf(sixfold), sixfold.floor) * 10).toBeLessThan(120);
  });

  test("page by chance at most 0.2 times a month in all, where one check in a thousand fails by itself", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const interval = input.everyMs / input.samples / 1_000;
        const pages = windowsOf(input)
          .filter(({ family }) => family === "budget-page")
          .filter(({ long }) => long.failures < long.samples)
          .map(({ long, short }) =>
            falsePages({
              interval,
              shortSamples: short.samples,
              shortFailures: short.failures,
              longSamples: long.samples,
              longFailures: long.failures,
            }),
          );
        expect(pages.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(0.2);
      }),
    );
  });

  test("are crossed by as many failures as they need, and not by one fewer", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        for (const { long, short } of windowsOf(input)) {
          for (const { failures, samples, limit } of [long, short]) {
            expect(failures).toBeGreaterThanOrEqual(1);
            expect(failures).toBeLessThanOrEqual(samples);
            if (failures < samples) expect(failures / samples).toBeGreaterThan(limit);
            expect((failures - 1) / samples).toBeLessThanOrEqual(limit);
          }
        }
      }),
    );
  });
});

describe("pages by chance", () => {
  test("are those of a simulation of ten thousand months", () => {
    // an independent count: a month of minutes is a handful of failures at random moments
    const pair = { interval: 60, shortSamples: 5, shortFailures: 2, longSamples: 60, longFailures: 1 };
    const months = 10_000;
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    let pages = 0;
    for (let month = 0; month < months; month += 1) {
      let last = Number.NEGATIVE_INFINITY;
      let at = 0;
      for (;;) {
        // the gap to the next failure of one check in a thousand
        at += Math.ceil(Math.log(1 - random()) / Math.log(1 - 0.001));
        if (at > 43_200) break;
        if (at - last < 5) pages += 1;
        last = at;
      }
    }
    expect(Math.abs(pages / months - falsePages(pair))).toBeLessThan(0.02);
  });
});
