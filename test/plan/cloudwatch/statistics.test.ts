import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seriesFrom } from "../../../plan/cloudwatch/series.ts";
import { statisticProblem } from "../../../plan/cloudwatch/statistic.ts";
import { slidingStatistic } from "../../../plan/cloudwatch/statistics.ts";

// Holds the definitions of the user guide; how CloudWatch estimates a percentile of few samples it does not say.

const NOON = Date.UTC(2026, 10, 21, 12);
const MINUTE_MS = 60_000;

/** The statistic of one minute with these samples, given in any order. */
function ofMinute(statistic: string, values: readonly number[]): number | undefined {
  const series = seriesFrom(values.map((value, index) => ({ at: NOON + index * 100, value })));
  const grid = { start: NOON + MINUTE_MS, step: MINUTE_MS, count: 1 };
  return slidingStatistic({ series, grid, period: 60, statistic })[0];
}

describe("[CARD-05] one datapoint", () => {
  test.each([
    ["SampleCount", 4],
    ["Sum", 10],
    ["Average", 2.5],
    ["Minimum", 1],
    ["Maximum", 4],
    ["p0", 1],
    ["p50", 2.5],
    ["p90", 3.7],
    ["p100", 4],
  ])("of 4, 1, 3 and 2 has the statistic %s, percentiles interpolated between ranks", (name, value) => {
    expect(ofMinute(name, [4, 1, 3, 2])).toBeCloseTo(value, 12);
  });

  test.each([
    // of the hundred values 1 to 100 each is one percent
    ["tm90", 45.5],
    ["tc90", 90],
    ["ts90", 4_095],
    ["TM(2%:98%)", 50.5],
    ["TC(2%:98%)", 96],
    ["TS(80%:)", 1_810],
    ["TM(:95%)", 48],
    ["IQM", 50.5],
    ["TM(25%:75%)", 50.5],
    ["wm98", (4_851 + 2 * 98.02) / 100],
    ["PR(:30)", 30],
    ["PR(10:20)", 10],
    ["PR(90:)", 10],
    ["TM(10:20)", 15.5],
    ["TC(10:20)", 10],
    ["TS(10:20)", 155],
    ["WM(10:20)", (100 + 155 + 1_600) / 100],
    ["TC(200:300)", 0],
    ["TS(200:300)", 0],
    ["PR(200:300)", 0],
  ])("of the numbers to a hundred has the statistic %s", (name, value) => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(ofMinute(name, hundred)).toBeCloseTo(value, 9);
  });

  test("cuts a sample in parts where a share falls within it", () => {
    expect(ofMinute("TC(:50%)", [1, 2, 3])).toBeCloseTo(1.5, 12);
    expect(ofMinute("TS(:50%)", [1, 2, 3])).toBeCloseTo(2, 12);
    expect(ofMinute("TM(:50%)", [1, 2, 3])).toBeCloseTo(4 / 3, 12);
  });

  test("is missing where there is no sample, or none within the bounds of a mean", () => {
    for (const name of ["SampleCount", "Sum", "Average", "Minimum", "Maximum", "p50", "tm90", "PR(:1)"])
      expect(ofMinute(name, []), name).toBeNaN();
    expect(ofMinute("TM(5:6)", [1, 9])).toBeNaN();
  });

  test.each([
    "average",
    "p",
    "p101",
    "p-1",
    "P95",
    "p95.12345678901",
    "tm",
    "TM(:)",
    "TM(10%:90)",
    "TM(90%:10%)",
    "TM(0%:101%)",
    "PR(10%:20%)",
    "PR95",
    "constructor",
    "__proto__",
    "",
  ])("has no statistic %j", (name) => {
    expect(statisticProblem(name)).toContain(JSON.stringify(name));
    expect(() => ofMinute(name, [1])).toThrow(RangeError);
  });
});

const STATISTICS = [
  "SampleCount",
  "Sum",
  "Average",
  "Minimum",
  "Maximum",
  "p95",
  "p37.5",
  "tm90",
  "TM(2%:98%)",
  "WM(10%:90%)",
  "TS(20%:)",
  "TC(-1:1)",
  "WM(-1:1)",
  "PR(:0)",
] as const;

const scene = fc.record({
  statistic: fc.constantFrom(...STATISTICS),
  period: fc.constantFrom(10, 30, 60, 120, 300, 3_600, 7_200),
  step: fc.constantFrom(10, 60, 3_600),
  whole: fc.boolean(),
  samples: fc.array(
    fc.record({
      at: fc.integer({ min: -9_000, max: 9_000 }),
      value: fc.oneof(
        fc.integer({ min: -3, max: 3 }),
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.constantFrom(1e15, -1e15, 0.1),
      ),
    }),
    { maxLength: 120 },
  ),
});

describe("sliding windows", () => {
  const seriesOf = (samples: readonly { readonly at: number; readonly value: number }[]) =>
    seriesFrom(samples.map(({ at, value }) => ({ at: NOON + at * 1_000, value })));

  test("say at every mark what the samples of its period say by themselves", () => {
    fc.assert(
      fc.property(scene, ({ statistic, samples, whole, ...given }) => {
        // a window of minutes moves by minutes
        const { period } = given;
        const step = period % 60 === 0 ? Math.max(given.step, 60) : 10;
        const all = seriesOf(
          whole ? samples.map(({ at, value }) => ({ at, value: Math.round(value) })) : samples,
        );
        const grid = { start: NOON - 7_200_000, step: step * 1_000, count: Math.floor(14_400 / step) };
        const found = slidingStatistic({ series: all, grid, period, statistic });
        for (const [mark, value] of found.entries()) {
          const end = grid.start + mark * grid.step;
          const inside = [...all.times.entries()]
            .filter(([, at]) => at >= end - period * 1_000 && at < end)
            .map(([index, at]) => ({ at: (at - NOON) / 1_000, value: all.values[index] ?? 0 }));
          const alone = slidingStatistic({
            series: seriesOf(inside),
            grid: { start: end, step: period * 1_000, count: 1 },
            period,
            statistic,
          });
          // to the last bit: a mark must not depend on what lies around its window
          expect(value).toBe(alone[0]);
        }
      }),
      { numRuns: 80 },
    );
  });

  test("of many samples keep their order as samples come and go", () => {
    const values = Array.from({ length: 600 }, (_, index) => (index * 7_919) % 601);
    const series = seriesOf(values.map((value, index) => ({ at: index, value })));
    const grid = { start: NOON, step: 10_000, count: 70 };
    for (const statistic of ["p50", "p100", "tm90"]) {
      const found = slidingStatistic({ series, grid, period: 120, statistic });
      for (const [mark, value] of found.entries())
        expect(value).toBe(ofMinute(statistic, values.slice(Math.max(0, mark * 10 - 120), mark * 10)));
    }
  });

  test("of whole numbers too large to be added exactly lose nothing to what came before", () => {
    const series = seriesOf([
      { at: 0, value: 2 ** 53 },
      { at: 1, value: 2 ** 53 },
      ...[60, 61, 62].map((at) => ({ at, value: 1 })),
    ]);
    const grid = { start: NOON + MINUTE_MS, step: MINUTE_MS, count: 2 };
    const found = slidingStatistic({ series, grid, period: 60, statistic: "Sum" });
    expect([...found]).toEqual([2 ** 54, 3]);
  });

  test("sum as adding up would, however large what lies outside of the window was", () => {
    const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(values, (inside) => {
        const samples = inside.map((value, index) => ({ at: index * 120, value }));
        const series = seriesOf([{ at: -1, value: 1e300 }, ...samples, { at: 7_200, value: -1e300 }]);
        const grid = { start: NOON + 7_200_000, step: MINUTE_MS, count: 1 };
        const [sum = 0] = slidingStatistic({ series, grid, period: 7_200, statistic: "Sum" });
        const naive = inside.reduce((total, one) => total + one, 0);
        expect(Math.abs(sum - naive)).toBeLessThan(1e-12);
      }),
    );
  });
});
