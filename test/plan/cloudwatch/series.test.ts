import fc from "fast-check";
import { expect, test } from "vitest";
import { firstNotBefore, metricKey, seriesFrom } from "../../../plan/cloudwatch/series.ts";

test("[CARD-05] samples are brought into order, those of one moment as they were given", () => {
  const { times, values } = seriesFrom([
    { at: 3, value: 30 },
    { at: 1, value: 10 },
    { at: 3, value: 31 },
    { at: 2, value: 20 },
  ]);
  expect([...times]).toEqual([1, 2, 3, 3]);
  expect([...values]).toEqual([10, 20, 30, 31]);
});

test("a value that is no finite number is no sample", () => {
  const given = [Number.NaN, Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY];
  expect([...seriesFrom(given.map((value, at) => ({ at, value }))).values]).toEqual([1]);
});

test("a metric is told apart by namespace, name and dimensions, in whatever order those stand", () => {
  const metric = (MetricName: string, ...pairs: readonly (readonly [string, string])[]) =>
    metricKey({
      Namespace: "Rollcall",
      MetricName,
      Dimensions: pairs.map(([Name, Value]) => ({ Name, Value })),
    });
  const one = metric("A", ["Server", "x"], ["Environment", "y"]);
  expect(metric("A", ["Environment", "y"], ["Server", "x"])).toBe(one);
  const others = [
    metric("B", ["Server", "x"], ["Environment", "y"]),
    metric("A", ["Server", "y"], ["Environment", "x"]),
    metric("A", ["Server", "x"]),
    metric("A", ["Server", 'x"],["Environment","y']),
    metric("A"),
  ];
  expect(new Set([one, ...others]).size).toBe(others.length + 1);
});

test("the first sample not before a moment is found as by looking at each", () => {
  const moments = fc.array(fc.integer({ min: 0, max: 20 })).map((all) => all.sort((a, b) => a - b));
  fc.assert(
    fc.property(moments, fc.integer({ min: -1, max: 21 }), (all, moment) => {
      const found = firstNotBefore(Float64Array.from(all), moment);
      expect(found).toBe(all.filter((at) => at < moment).length);
    }),
  );
});
