import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PPM } from "../../catalog/units.ts";
import { errorBudgetMs } from "../../plan/slo.ts";

const DAY_MS = 86_400_000;
const MONTH_MS = 30 * DAY_MS;
const MINUTE_MS = 60_000;

/** An objective in millionths, anything that a catalog can write above half. */
const objective = fc.integer({ min: 500_000, max: PPM - 1 });
const windowMs = fc.integer({ min: 1, max: 90 }).map((days) => days * DAY_MS);

describe("[TASK-03] the error budget", () => {
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
