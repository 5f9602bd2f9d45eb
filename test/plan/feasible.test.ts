import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { duration, PPM, percent } from "../../catalog/units.ts";
import { type FeasibilityInput, infeasible } from "../../plan/feasible.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const rates = loadEnvironment(diskSource(ROOT), "production").burnRates;
const DAY_MS = 86_400_000;
const input: FeasibilityInput = {
  objectivePpm: 999_000,
  page: true,
  windowMs: 30 * DAY_MS,
  everyMs: 60_000,
  samples: 1,
  floor: { m: 2, n: 5 },
  resolutionSeconds: 60,
  rates,
  leastEveryMs: 1_000,
};

describe("an objective that its sampling cannot carry", () => {
  test("is one whose smallest page costs more than a tenth of its budget", () => {
    expect(infeasible(input)).toBeUndefined();
    expect(infeasible({ ...input, objectivePpm: 999_500 })).toBeUndefined();
    const refused = infeasible({ ...input, objectivePpm: 999_900 });
    expect(refused?.rule).toBe(
      "99.99% in 30d cannot be kept by a sample every 1m: the 2 failures that page cost 46.3 % of the budget",
    );
    expect(refused?.cure).toBe("probe every 2s with one sample, or promise 99.95% or less");
  });

  test("is told the sampling that would carry it, also where no runner can keep that", () => {
    expect(infeasible({ ...input, objectivePpm: 999_900, leastEveryMs: 60_000 })?.cure).toBe(
      "promise 99.95% or less (a sample every 2s would carry it, more often than these runners take one)",
    );
    // three failures at one a minute are too many for 99.95 %, and cost nothing at one every twenty seconds
    const staging = { ...input, objectivePpm: 999_500, floor: { m: 3, n: 5 }, leastEveryMs: 60_000 };
    expect(infeasible(staging)?.cure).toContain("set probe.samples: 2");
  });

  test("is refused with no budget at all", () => {
    expect(infeasible({ ...input, objectivePpm: PPM })?.rule).toContain("cost all of the budget");
  });

  test("is none where it wakes nobody: a ticket may come late", () => {
    expect(infeasible({ ...input, objectivePpm: 999_900, page: false })).toBeUndefined();
  });

  test("is one that a burn rate can never reach, and the cure serves the steepest of them", () => {
    expect(infeasible({ ...input, objectivePpm: 900_000 })).toEqual({
      rule: "a burn rate of 14.4 can never be reached with 90%",
      cure: "promise at least 93.0556%, or take the burn rate out of shared.yaml",
    });
  });

  test("gets a cure that is indeed accepted", () => {
    const refusable: fc.Arbitrary<FeasibilityInput> = fc.record({
      objectivePpm: fc.integer({ min: 500_000, max: PPM }),
      page: fc.constant(true),
      windowMs: fc.integer({ min: 1, max: 90 }).map((days) => days * DAY_MS),
      everyMs: fc.integer({ min: 1, max: 60 }).map((minutes) => minutes * 60_000),
      samples: fc.integer({ min: 1, max: 6 }),
      floor: fc
        .integer({ min: 1, max: 10 })
        .chain((m) => fc.record({ m: fc.constant(m), n: fc.integer({ min: m, max: 20 }) })),
      resolutionSeconds: fc.constant(60),
      rates: fc.shuffledSubarray([...rates], { minLength: 1 }),
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
      { numRuns: 500 },
    );
    expect(refusals).toBeGreaterThan(20);
  });
});

type Cured = Partial<Pick<FeasibilityInput, "samples" | "everyMs" | "objectivePpm">>;

/** What a cure says that can be set, each alone. */
function changesOf(cure: string): Cured[] {
  const samples = /set probe\.samples: (\d+)/.exec(cure)?.[1];
  const every = /probe every (\w+) with one sample/.exec(cure)?.[1];
  const promise = /promise (?:at least )?([\d.]+%)/.exec(cure)?.[1];
  const changes: Cured[] = [
    ...(samples === undefined ? [] : [{ samples: Number(samples) }]),
    ...(every === undefined ? [] : [{ everyMs: duration.parse(every), samples: 1 }]),
    ...(promise === undefined ? [] : [{ objectivePpm: percent.parse(promise) }]),
  ];
  if (changes.length === 0) expect(cure).toBe("give it a longer window, or lower the environment's floor");
  return changes;
}
