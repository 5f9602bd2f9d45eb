import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { CloudWatchClient, type MetricDatum, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  keptPeriod,
  type MetricReader,
  openCloudWatch,
  partsOf,
  readSamples,
} from "../../ops/series-cloudwatch.ts";
import { readCloudChecks } from "../../ops/slo-cloudwatch.ts";
import { countChecks } from "../../plan/budget-checks.ts";
import type { MetricId, Series } from "../../plan/cloudwatch/types.ts";
import { batchesOf } from "../../probes/sinks/cloudwatch.ts";
import { type Ended, rollcall } from "../support/cli.ts";
import { asArray, asRecord, type JsonRecord } from "../support/json.ts";
import { describeWithMinistack } from "../support/ministack.ts";

/**
 * `rollcall slo` of a cloud environment. The emulator keeps metrics and gives them back by GetMetricData; it keeps all
 * of them for two weeks at any period, has no trimmed counts and one page only: what depends on those is asked of a
 * server that answers as the API reference has it.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };

const idOf = (metric: string, server: string): MetricId => ({
  Namespace: "Rollcall",
  MetricName: metric,
  Dimensions: [
    { Name: "Environment", Value: "production" },
    { Name: "Server", Value: server },
  ],
});

const environmentAt = (endpoint: string): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH ?? "",
  AWS_ENDPOINT_URL: endpoint,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
});

describeWithMinistack("rollcall slo of production", (ministack) => {
  /** A whole hour in the past: the emulator forgets after two weeks by its own clock. */
  const now = Math.floor(Date.now() / HOUR) * HOUR;

  beforeAll(async () => {
    const client = new CloudWatchClient({
      endpoint: ministack().endpoint,
      region: "eu-west-1",
      credentials: CREDENTIALS,
    });
    const minutes = Array.from({ length: 2 * 1_440 }, (_, index) => now - (index + 1) * MINUTE);
    const datum = (
      MetricName: string,
      at: number,
      counts: readonly [good: number, bad: number],
    ): MetricDatum => ({
      MetricName,
      Dimensions: [...idOf(MetricName, "task-mcp").Dimensions],
      Timestamp: new Date(at),
      Values: [1, 0].filter((_, index) => (counts[index] ?? 0) > 0),
      Counts: counts.filter((count) => count > 0),
    });
    // six checks a minute: ten minutes failed a day ago, and in each of the last five two of six
    const data = minutes.flatMap((at, index) => {
      const failed = index >= 1_440 && index < 1_450 ? 6 : index < 5 ? 2 : 0;
      return [datum("McpAvailable", at, [6 - failed, failed]), datum("RestAvailable", at, [6, 0])];
    });
    for (const batch of batchesOf(data))
      await client.send(new PutMetricDataCommand({ Namespace: "Rollcall", MetricData: batch }));
    client.destroy();
  });

  const slo = (...args: readonly string[]): Promise<Ended> =>
    rollcall(["slo", "production", "--server", "task-mcp", "--at", new Date(now).toISOString(), ...args], {
      env: environmentAt(ministack().endpoint),
    });

  test("[TASK-03] [TASK-05] reads counts from CloudWatch: what is spent of 43.2 and of 21.6 minutes", async () => {
    const { code, stdout, stderr } = await slo("--format", "json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const found = asArray(asRecord(JSON.parse(stdout)).objectives).map(asRecord);
    const [api, health] = ["api-availability", "health-availability"].map((name) =>
      found.find(({ objective }) => objective === name),
    );
    // 60 checks of 10 s, and 10 more in the last minutes
    expect(api).toMatchObject({
      good: 17_210,
      total: 17_280,
      budgetMinutes: 43.2,
      spentMinutes: 11.666667,
      policy: null,
    });
    expect(health).toMatchObject({
      good: 17_280,
      total: 17_280,
      budgetMinutes: 21.6,
      spentMinutes: 0,
      kept: true,
    });
    expect(asRecord(api).coveragePercent).toBeCloseTo((100 * 2) / 30, 3);
    const [long, short] = asArray(asRecord(api).burn).map(asRecord);
    // 10 of 360 checks in an hour, 10 of 30 in five minutes, against one in a thousand
    expect(long).toMatchObject({ windowMinutes: 60 });
    expect(long?.rate).toBeCloseTo(10 / 360 / 0.001, 6);
    expect(short?.rate).toBeCloseTo(10 / 30 / 0.001, 6);
    expect(asRecord(api).exhaustedInMinutes).toBeCloseTo((43.2 - 11.6666667) * 36, 2);
  });

  test("gives samples back for a replay: of a 0/1 metric exactly as many ones and zeros", async () => {
    const reader = await openCloudWatch("eu-west-1", {
      endpoint: ministack().endpoint,
      credentials: CREDENTIALS,
    });
    try {
      const metrics = [idOf("McpAvailable", "task-mcp"), idOf("McpAvailable", "nobody")];
      const range = { from: now - 5 * MINUTE, to: now };
      const seriesOf = await readSamples(reader, { metrics, range, now });
      const found = seriesOf(idOf("McpAvailable", "task-mcp"));
      expect(found?.times).toHaveLength(30);
      expect(found?.values.filter((value) => value === 0)).toHaveLength(10);
      expect(found?.times[0]).toBe(range.from);
      expect(seriesOf(idOf("McpAvailable", "nobody"))).toBeUndefined();
    } finally {
      reader.close();
    }
  });

  test("says where there is no data, and what to look at", async () => {
    const refused = await slo("--at", "2020-01-01T00:00:00Z");
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 69, stdout: "" });
    expect(refused.stderr).toMatch(
      /^production, CloudWatch in eu-west-1: there is no check of any objective before .*; see whether the probe runs: `aws logs tail \/rollcall\/production\/probe/,
    );
  });
});

describe("GetMetricData", () => {
  const asked: JsonRecord[] = [];
  let answer: (request: JsonRecord) => { readonly status?: number; readonly body: unknown };
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const parsed = asRecord(JSON.parse(body));
      asked.push(parsed);
      const { status = 200, body: json } = answer(parsed);
      response.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(json));
    });
  });
  let endpoint = "";
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((done) => server.close(done)));

  test("is asked in batches of at most 100,800 points, and all pages of each are read", async () => {
    asked.length = 0;
    const start = Date.parse("2026-11-20T00:00:00Z");
    answer = ({ MetricDataQueries, NextToken }) => ({
      body: {
        MetricDataResults: asArray(MetricDataQueries).map((query) => ({
          Id: asRecord(query).Id,
          StatusCode: NextToken === undefined ? "PartialData" : "Complete",
          Timestamps: [start / 1_000 + (NextToken === undefined ? 0 : 300)],
          Values: [NextToken === undefined ? 1 : 2],
        })),
        ...(NextToken === undefined ? { NextToken: "more" } : {}),
      },
    });
    const reader = await openCloudWatch("eu-west-1", { endpoint, credentials: CREDENTIALS });
    const queries = Array.from({ length: 25 }, (_, index) => ({
      metric: idOf("McpAvailable", `s${index}`),
      stat: "Sum",
    }));
    const range = { from: start, to: start + 30 * DAY };
    const found = await reader.read({ queries, range, periodSeconds: 300 });
    reader.close();
    expect(found).toHaveLength(25);
    expect(found.every(({ times, values }) => times.length === 2 && values[1] === 2)).toBe(true);
    // 8,640 points a query: eleven of them keep the limit
    const sizes = asked.map(({ MetricDataQueries }) => asArray(MetricDataQueries).length);
    expect(sizes).toEqual([11, 11, 11, 11, 3, 3]);
    expect(asked.map(({ NextToken }) => NextToken)).toEqual([
      undefined,
      "more",
      undefined,
      "more",
      undefined,
      "more",
    ]);
  });

  test.each([
    [400, { __type: "AccessDeniedException", message: "not authorized" }, /allow cloudwatch:GetMetricData/],
    [
      400,
      { __type: "ExpiredTokenException", message: "expired" },
      /there are no valid credentials .*; log in/,
    ],
  ])("refused with %i %j is told with its cure, by exit code 69", async (status, body, cure) => {
    answer = () => ({ status, body });
    const { code, stdout, stderr } = await rollcall(["slo", "production"], { env: environmentAt(endpoint) });
    expect({ code, stdout }).toEqual({ code: 69, stdout: "" });
    expect(stderr).toMatch(/^CloudWatch in eu-west-1: /);
    expect(stderr).toMatch(cure);
  });

  test("needs credentials, and says how to come by them", async () => {
    const env = { PATH: process.env.PATH ?? "", HOME: "/nonexistent", AWS_EC2_METADATA_DISABLED: "true" };
    const { code, stderr } = await rollcall(["slo", "production"], { env });
    expect(code).toBe(69);
    expect(stderr).toMatch(
      /^CloudWatch in eu-west-1: there are no valid credentials .*; log in, such as by `aws sso login`/,
    );
  });
});

describe("the periods that are asked for", () => {
  test.each([
    [HOUR, 60, 60],
    [15 * DAY, 60, 60],
    [15 * DAY + 1, 60, 300],
    [HOUR, 300, 300],
    [63 * DAY + 1, 300, 3_600],
    [900 * DAY, 60, 3_600],
  ])("are kept for points that are %i ms old: at least %i s, so %i s", (age, least, seconds) => {
    expect(keptPeriod(age, least)).toBe(seconds);
  });

  test("cut a range where minutes are no longer kept, without a gap", () => {
    const now = Date.parse("2026-11-21T12:34:56Z");
    const parts = partsOf({ from: now - 100 * DAY, to: now }, now);
    expect(parts.map(({ periodSeconds }) => periodSeconds)).toEqual([3_600, 300, 60]);
    for (const [index, { range, periodSeconds }] of parts.entries()) {
      expect(range.from % (periodSeconds * 1_000)).toBe(0);
      if (index > 0) expect(range.from).toBe(parts[index - 1]?.range.to);
    }
    expect(parts.at(-1)?.range.to).toBe(now);
  });

  test("of a budget are five minutes, and minutes where burn rates are read; a latency is counted within its limit", async () => {
    const now = Date.parse("2026-11-21T12:34:56Z");
    const calls: {
      readonly stats: readonly string[];
      readonly periodSeconds: number;
      readonly from: number;
      readonly to: number;
    }[] = [];
    const one = (at: number, value: number): Series => ({
      times: Float64Array.of(at),
      values: Float64Array.of(value),
    });
    const reader: MetricReader = {
      region: "eu-west-1",
      close: () => undefined,
      read: async ({ queries, range, periodSeconds }) => {
        calls.push({ stats: queries.map(({ stat }) => stat), periodSeconds, ...range });
        // one point a part; the last query is the slow ones
        return queries.map((_, index) => one(range.from, [4, 5, 2, 1][index] ?? 0));
      },
    };
    const queries = [
      { server: "task-mcp", metric: "McpAvailable", belowMs: null, windowMs: 30 * DAY },
      { server: "task-mcp", metric: "McpLatency", belowMs: 200, windowMs: 30 * DAY },
    ];
    const found = await readCloudChecks(reader, {
      environment: "production",
      queries,
      now,
      fineMs: HOUR,
      today: now,
    });
    expect(calls.map(({ stats }) => stats)).toEqual(
      new Array(2).fill(["Sum", "SampleCount", "TC(:200)", "TC(200:)"]),
    );
    expect(calls.map(({ periodSeconds }) => periodSeconds)).toEqual([300, 60]);
    const [coarse, fine] = calls;
    expect(coarse?.to).toBe(fine?.from);
    expect(fine?.to).toBe(now);
    expect((coarse?.from ?? 0) - (now - 30 * DAY)).toBeLessThan(5 * MINUTE);
    expect(now - (fine?.from ?? 0)).toBeLessThan(HOUR + 5 * MINUTE);
    const counts = found.map((checks) => countChecks(checks, { from: now - 30 * DAY, to: now }));
    expect(counts).toEqual([
      { good: 8, total: 10 },
      { good: 4, total: 6 },
    ]);
  });
});
