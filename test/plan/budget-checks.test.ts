import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checksFrom, checksOf, countChecks, excludedMs } from "../../plan/budget-checks.ts";

describe("checks", () => {
  const steps = checksFrom([
    { at: 600, lengthMs: 300, good: 5, total: 5 },
    { at: 0, lengthMs: 300, good: 3, total: 5 },
    { at: 300, lengthMs: 300, good: 0, total: 0 },
  ]);

  test("come in order and without empty steps", () => {
    expect([...steps.times]).toEqual([0, 600]);
    expect([...steps.good]).toEqual([3, 5]);
  });

  test("count where they begin in a range, its end left out", () => {
    expect(countChecks(steps, { from: 0, to: 601 })).toEqual({ good: 8, total: 10 });
    expect(countChecks(steps, { from: 0, to: 600 })).toEqual({ good: 3, total: 5 });
    expect(countChecks(steps, { from: 1, to: 900 })).toEqual({ good: 5, total: 5 });
  });

  test("of a step that an excluded stretch touches are left out whole; those of its edges stay", () => {
    const all = { from: 0, to: 900 };
    expect(countChecks(steps, all, [{ from: 299, to: 300 }]).total).toBe(5);
    expect(countChecks(steps, all, [{ from: 300, to: 600 }]).total).toBe(10);
    expect(countChecks(steps, all, [{ from: 0, to: 601 }]).total).toBe(0);
    const single = checksOf({ times: Float64Array.of(300, 600), values: Float64Array.of(1, 0) });
    expect(countChecks(single, all, [{ from: 300, to: 600 }])).toEqual({ good: 0, total: 1 });
  });

  test("have as much excluded time as the stretches cover together", () => {
    const range = { from: 20, to: 80 };
    const stretch = fc.tuple(fc.nat(100), fc.nat(40)).map(([from, length]) => ({ from, to: from + length }));
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 6 }), (excluded) => {
        const moments = Array.from({ length: 60 }, (_, index) => range.from + index);
        const covered = moments.filter((at) => excluded.some(({ from, to }) => from <= at && at < to));
        expect(excludedMs(range, excluded)).toBe(covered.length);
      }),
    );
  });
});
