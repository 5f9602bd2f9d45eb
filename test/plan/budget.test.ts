import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PPM } from "../../catalog/units.ts";
import { attainment, type Budget, type BudgetInput, errorBudget, policyInForce } from "../../plan/budget.ts";
import { checksOf } from "../../plan/budget-checks.ts";
import { seriesFrom } from "../../plan/cloudwatch/series.ts";
import type { BudgetPolicyPlan } from "../../plan/types.ts";

// Counts of checks as minutes of an error budget. Where the checks come from is tested in test/ops.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30 * DAY;
/** Any moment that is no round one. */
const NOW = Date.UTC(2026, 10, 21, 12, 0, 30);

const POLICY: readonly BudgetPolicyPlan[] = [
  { name: "watch", spentPpm: 500_000, freeze: false, consequence: "look" },
  { name: "freeze", spentPpm: PPM, freeze: true, consequence: "stop" },
];

/** One check a minute that ends just before `NOW`, good or bad by its place, the newest last. */
function budgetOf(verdicts: readonly boolean[], changed: Partial<BudgetInput> = {}): Budget {
  const everyMs = changed.everyMs ?? MINUTE;
  const points = verdicts.map((good, index) => ({
    at: NOW - (verdicts.length - index) * everyMs,
    value: good ? 1 : 0,
  }));
  return errorBudget({
    checks: checksOf(seriesFrom(points)),
    objectivePpm: 999_000,
    windowMs: MONTH,
    now: NOW,
    excluded: [],
    everyMs,
    samples: 1,
    burn: { longMs: HOUR, shortMs: 5 * MINUTE },
    policy: POLICY,
    ...changed,
  });
}

const good = (count: number): boolean[] => new Array<boolean>(count).fill(true);
const bad = (count: number): boolean[] => new Array<boolean>(count).fill(false);

/** Up to four hours of checks, of which some failed. */
const verdicts = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  { minLength: 1, maxLength: 240 },
);
const objectivePpm = fc.integer({ min: 900_000, max: PPM - 1 });

describe("an error budget", () => {
  test.each([
    ["api-availability", 999_000, 43.2],
    ["health-availability", 999_500, 21.6],
  ])(
    "[TASK-03] of %s, %i millionths, has %d minutes in 30 days, and an outage as long spends it exactly",
    (_, ppm, minutes) => {
      // a check every 12 s, so that both budgets are whole checks
      const failures = (minutes * MINUTE) / 12_000;
      const changed = { objectivePpm: ppm, everyMs: 12_000 } as const;
      const broken = budgetOf([...bad(failures), ...good(2_000)], changed);
      expect(broken).toMatchObject({
        budgetMs: minutes * MINUTE,
        spentMs: minutes * MINUTE,
        leftMs: 0,
        spentPpm: PPM,
      });
      expect(broken.policy?.name).toBe("freeze");
      const almost = budgetOf([...bad(failures - 1), ...good(2_000)], changed);
      expect(almost.spentPpm).toBeLessThan(PPM);
      expect(almost.leftMs).toBe(12_000);
      expect(almost.policy?.name).toBe("watch");
    },
  );

  test("[TASK-05] that burns says what is spent and left, how fast, and when it is gone", () => {
    // 30 of the last 60 minutes failed, some of them in the last 5
    const now = budgetOf([...good(2 * 1_440 - 60), ...bad(28), ...good(28), ...good(2), ...bad(2)]);
    expect(now).toMatchObject({ good: 2_850, total: 2_880, spentMs: 30 * MINUTE, kept: false });
    expect(now.leftMs).toBeCloseTo(13.2 * MINUTE, 6);
    // half of the checks failed: 500 times what 99.9 % allows
    expect(now.burn.long).toBe(500);
    expect(now.burn.short).toBe(400);
    // at two minutes for each that is spent
    expect(now.exhaustedInMs).toBe(26.4 * MINUTE);
    expect(now.spentPpm).toBe(694_444);
    expect(now.policy).toEqual(POLICY[0]);
  });

  test("with 2 days of history of 30 charges an outage in full, and says how little it has seen", () => {
    const short = budgetOf([...bad(43), ...good(2 * 1_440 - 43)]);
    const full = budgetOf([...bad(43), ...good(30 * 1_440 - 43)]);
    expect(short.spentMs).toBe(full.spentMs);
    expect(short.spentPpm).toBe(full.spentPpm);
    expect(short.coveragePpm).toBe(Math.floor((2 / 30) * PPM));
    expect(full.coveragePpm).toBe(PPM);
    expect(short.since).toBe(NOW - 2 * DAY);
    // the share of good checks alone says nothing of the month
    expect([short.kept, full.kept]).toEqual([false, true]);
  });

  test("charges nothing for time that nobody measured", () => {
    const checks = checksOf(
      seriesFrom([
        { at: NOW - 20 * DAY, value: 0 },
        { at: NOW - MINUTE, value: 1 },
      ]),
    );
    expect(budgetOf([], { checks }).spentMs).toBe(MINUTE);
    const none = budgetOf([]);
    expect(none).toMatchObject({
      total: 0,
      attainedPpm: null,
      kept: null,
      since: null,
      spentMs: 0,
      coveragePpm: 0,
    });
    expect(none.burn).toEqual({ long: null, short: null });
    expect(none.exhaustedInMs).toBeNull();
  });

  test("charges a minute once when two runners report it, and each of several checks of a run for its part", () => {
    const doubled = [...bad(10), ...good(110)].flatMap((value, index) => {
      const at = NOW - (120 - index) * MINUTE;
      return [0, 7_000].map((late) => ({ at: at + late, value: value ? 1 : 0 }));
    });
    expect(budgetOf([], { checks: checksOf(seriesFrom(doubled)) }).spentMs).toBe(10 * MINUTE);
    const six = budgetOf([...bad(6), ...good(600)], { everyMs: 10_000 });
    expect(budgetOf([...bad(6), ...good(600)], { everyMs: 10_000, samples: 1 }).spentMs).toBe(MINUTE);
    const points = [...bad(6), ...good(600)].map((value, index) => ({
      at: NOW - (606 - index) * 10_000,
      value: value ? 1 : 0,
    }));
    expect(budgetOf([], { checks: checksOf(seriesFrom(points)), samples: 6 }).spentMs).toBe(six.spentMs);
  });

  test("looks back no longer than its window, and not beyond the moment that is asked for", () => {
    const points = [-MONTH - 1, -MONTH, -1, 0].map((late) => ({ at: NOW + late, value: 0 }));
    expect(budgetOf([], { checks: checksOf(seriesFrom(points)) }).total).toBe(2);
  });

  test("does not burn any more when the short window has no failure left", () => {
    const over = budgetOf([...bad(20), ...good(10)]);
    expect(over.burn.long).toBeGreaterThan(1);
    expect(over.burn.short).toBe(0);
    expect(over.exhaustedInMs).toBeNull();
  });

  test("always is what is spent and what is left, and never regains by a failure", () => {
    fc.assert(
      fc.property(verdicts, objectivePpm, fc.nat(), (given, ppm, where) => {
        const before = budgetOf(given, { objectivePpm: ppm });
        expect(before.spentMs + before.leftMs).toBeCloseTo(before.budgetMs, 3);
        expect(before.spentMs).toBe(given.filter((one) => !one).length * MINUTE);
        const worse = [...given];
        worse[where % given.length] = false;
        const after = budgetOf(worse, { objectivePpm: ppm });
        expect(after.spentPpm).toBeGreaterThanOrEqual(before.spentPpm);
        expect(after.leftMs).toBeLessThanOrEqual(before.leftMs);
        expect(after.attainedPpm ?? 0).toBeLessThanOrEqual(before.attainedPpm ?? 0);
      }),
    );
  });

  test("[PLAY-12] is never charged more for excluded time, whatever is excluded, and nothing where all is", () => {
    const stretch = fc
      .tuple(fc.integer({ min: -300, max: 10 }), fc.integer({ min: 0, max: 200 }))
      .map(([from, length]) => ({ from: NOW + from * MINUTE, to: NOW + (from + length) * MINUTE }));
    fc.assert(
      fc.property(verdicts, fc.array(stretch, { maxLength: 4 }), stretch, (given, some, more) => {
        const [fewer, all] = [
          budgetOf(given, { excluded: some }),
          budgetOf(given, { excluded: [...some, more] }),
        ];
        expect(all.spentMs).toBeLessThanOrEqual(fewer.spentMs);
        expect(all.budgetMs).toBe(fewer.budgetMs);
        const inside = budgetOf(given, { excluded: [{ from: NOW - MONTH, to: NOW }] });
        expect(inside).toMatchObject({ spentMs: 0, total: 0, coveragePpm: PPM });
      }),
    );
  });

  test("lasts, at the burn rate of the long window, for as long as it says", () => {
    fc.assert(
      fc.property(verdicts, objectivePpm, (given, ppm) => {
        const now = budgetOf([...given, false], { objectivePpm: ppm });
        if (now.leftMs <= 0) {
          expect(now.exhaustedInMs).toBeNull();
          return;
        }
        const spentMeanwhile =
          ((now.exhaustedInMs ?? Number.NaN) * (now.burn.long ?? Number.NaN) * now.budgetMs) / MONTH;
        expect(Math.abs(spentMeanwhile - now.leftMs)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("is overspent exactly when, fully measured, the promise is broken", () => {
    const total = 2_000;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: total }), objectivePpm, (failures, ppm) => {
        const given = [...bad(failures), ...good(total - failures)];
        const now = budgetOf(given, { objectivePpm: ppm, windowMs: total * MINUTE });
        expect(now.coveragePpm).toBe(PPM);
        expect(now.leftMs >= -1e-6).toBe(now.kept);
        expect((now.attainedPpm ?? 0) >= ppm).toBe(now.kept);
      }),
    );
  });
});

describe("a percentile", () => {
  test("[TASK-04] is kept while as large a share of the checks is within its limit, to the last check", () => {
    const of = (slow: number): boolean | null => {
      const points = Array.from({ length: 1_000 }, (_, index) => ({
        at: NOW - (1_000 - index) * MINUTE,
        value: index < slow ? 201 : 200,
      }));
      const checks = checksOf(seriesFrom(points), (value) => value <= 200);
      const input = {
        checks,
        objectivePpm: 950_000,
        windowMs: MONTH,
        now: NOW,
        excluded: [],
        everyMs: MINUTE,
        samples: 1,
      };
      return attainment(input).kept;
    };
    expect([of(50), of(51)]).toEqual([true, false]);
  });
});

describe("the budget policy", () => {
  test.each([
    [0, null],
    [499_999, null],
    [500_000, "watch"],
    [999_999, "watch"],
    [PPM, "freeze"],
    [5 * PPM, "freeze"],
  ])("at %i millionths spent is %s", (spent, name) => {
    expect(policyInForce([...POLICY].reverse(), spent)?.name ?? null).toBe(name);
    expect(policyInForce(POLICY, spent)?.name ?? null).toBe(name);
  });
});
