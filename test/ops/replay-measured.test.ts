import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { parseTrace } from "../../catalog/trace.ts";
import { cloudSamples, spread } from "../../ops/replay-measured.ts";
import type { MetricReader } from "../../ops/series-cloudwatch.ts";
import { firstNotBefore } from "../../plan/cloudwatch/series.ts";
import type { SeriesOf } from "../../plan/cloudwatch/types.ts";
import { buildPlan } from "../../plan/plan.ts";
import { replayPlan } from "../../plan/replay/replay.ts";
import { replayTrace } from "../../plan/replay/replay-trace.ts";
import { traceSeries } from "../../plan/replay/trace-series.ts";
import type { ReplayReport } from "../../plan/replay/types.ts";
import { withoutSelf } from "../../plan/self-alarms.ts";
import { ROOT } from "../support/cli.ts";

// CloudWatch as a reader that sums samples into points as GetMetricData does. The calls themselves are not proved here.

const environment = loadEnvironment(diskSource(ROOT), "production");
const whole = buildPlan(environment);
// the samples are a trace's, which says nothing of the monitoring itself
const plan = { ...whole, fleet: withoutSelf(whole.fleet) };
const DAY_MS = 86_400_000;
const trace = parseTrace(
  "t.yaml",
  "trace: t\nmeans: a test\nstart: 2026-11-02T08:00:00Z\nlength: 3h\nhappenings:\n  - { what: fails, servers: [memory], at: 1h, for: 30m }\n",
);
const range = { from: trace.start, to: trace.start + trace.length };

/** Points of sums and counts over the samples of a trace. */
function reader(): MetricReader {
  const bySeries = new Map<string, SeriesOf>();
  const seriesOf = (name: string): SeriesOf | undefined => {
    const server = environment.servers.find((one) => one.name === name);
    if (server !== undefined && !bySeries.has(name))
      bySeries.set(name, traceSeries({ environment, server, trace, leadMs: 4 * DAY_MS }));
    return bySeries.get(name);
  };
  return {
    region: "eu-west-1",
    close: () => undefined,
    read: async ({ queries, range: { from, to }, periodSeconds }) =>
      queries.map(({ metric, stat }) => {
        const name = metric.Dimensions.find(({ Name }) => Name === "Server")?.Value ?? "";
        const { times, values } = seriesOf(name)?.(metric) ?? { times: new Float64Array(), values: [] };
        const points = new Map<number, number>();
        for (let index = firstNotBefore(times, from); index < times.length; index += 1) {
          const at = times[index] ?? to;
          if (at >= to) break;
          const start = Math.floor(at / periodSeconds / 1_000) * periodSeconds * 1_000;
          points.set(start, (points.get(start) ?? 0) + (stat === "Sum" ? (values[index] ?? 0) : 1));
        }
        return { times: Float64Array.from(points.keys()), values: Float64Array.from(points.values()) };
      }),
  };
}

async function replayedAt(now: number): Promise<ReplayReport> {
  const measured = cloudSamples({ environment, plan, state: "", now }, reader());
  return replayPlan({ plan, range, seriesOf: (server) => measured.seriesOf(server, range) });
}

/** What happened to whom, in minutes from the start, rounded to so many. */
function story({ incidents }: ReplayReport, to = 1): string[] {
  const minute = (at: number | null): number =>
    at === null ? -1 : Math.round((at - range.from) / 60_000 / to) * to;
  return incidents.map(
    ({ server, tier, firesAt, clearsAt }) => `${server} ${tier} ${minute(firesAt)} ${minute(clearsAt)}`,
  );
}

describe("what CloudWatch has kept", () => {
  test("replays to the same alarms as the samples themselves, and to the same budgets", async () => {
    const direct = await replayTrace({ environment, plan, trace });
    const measured = await replayedAt(range.to);
    expect(story(measured)).toEqual(story(direct));
    expect(measured.servers.map(({ budgets }) => budgets)).toEqual(
      direct.servers.map(({ budgets }) => budgets),
    );
  });

  test("replays to no silence where only points of five minutes are left, and to the same page within that", async () => {
    const old = await replayedAt(range.to + 20 * DAY_MS);
    expect(old.incidents.filter(({ tier }) => tier === "blind")).toEqual([]);
    const pages = old.incidents.filter(({ tier }) => tier === "page");
    expect(pages.map(({ server }) => server)).toEqual(["memory"]);
    expect(Math.abs((pages[0]?.firesAt ?? 0) - range.from - 62 * 60_000)).toBeLessThanOrEqual(5 * 60_000);
  });

  test("is known from its first check on", async () => {
    const measured = cloudSamples({ environment, plan, state: "", now: range.to }, reader());
    expect(await measured.firstIn({ from: range.from - 20 * DAY_MS, to: range.to })).toBe(
      range.from - 4 * DAY_MS,
    );
    expect(await measured.firstIn({ from: range.to + DAY_MS, to: range.to + 2 * DAY_MS })).toBeUndefined();
  });
});

test("samples of one point are spread over it evenly, and younger ones stay where they are", () => {
  const series = { times: Float64Array.of(0, 0, 0, 300_000, 600_000, 600_000), values: new Float64Array(6) };
  expect([...spread(series, 600_000).times]).toEqual([0, 100_000, 200_000, 300_000, 600_000, 600_000]);
});
