import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { batchesOf, cloudWatchSink } from "../../../probes/sinks/cloudwatch.ts";
import { type LocalServer, serve } from "../../support/faulty/http.ts";
import { observationOf } from "../../support/observation.ts";

/** PutMetricData as the SDK sends it. Not proved here: what CloudWatch itself says to it. */

interface Call {
  readonly target: string;
  readonly bytes: number;
  readonly body: { readonly Namespace: string; readonly MetricData: readonly Record<string, unknown>[] };
}

/** An endpoint that reads AWS JSON 1.0. */
async function endpoint(status = 200): Promise<LocalServer & { readonly calls: Call[] }> {
  const calls: Call[] = [];
  const server = await serve(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const sent = Buffer.concat(chunks);
    const bytes = request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
    calls.push({
      target: String(request.headers["x-amz-target"]),
      bytes: bytes.byteLength,
      body: JSON.parse(bytes.toString("utf8")),
    });
    response.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end("{}");
  });
  return { ...server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](), calls };
}

function sinkFor({ origin }: LocalServer, runner?: "aws" | "cluster") {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  return cloudWatchSink({
    environment: "staging",
    runner,
    client: { endpoint: origin, region: "eu-central-1", credentials },
  });
}

describe("the PutMetricData sink", () => {
  it("sends what was published with its dimensions, units and time, once a flush", async () => {
    await using cloudWatch = await endpoint();
    const sink = await sinkFor(cloudWatch);
    sink.publish(observationOf({}), { McpLatency: 12, queue_depth: 4, broken: Number.NaN });
    expect(cloudWatch.calls).toEqual([]);
    await sink.flush();
    await sink.flush();
    expect(cloudWatch.calls).toHaveLength(1);
    const [call] = cloudWatch.calls;
    expect(call?.target).toMatch(/\.PutMetricData$/);
    const shared = {
      Dimensions: [
        { Name: "Environment", Value: "staging" },
        { Name: "Server", Value: "subject" },
      ],
      Timestamp: Date.parse("2026-11-21T08:00:00.000Z") / 1_000,
      StorageResolution: 60,
    };
    expect(call?.body).toEqual({
      Namespace: "Rollcall",
      MetricData: [
        { MetricName: "McpLatency", Value: 12, Unit: "Milliseconds", ...shared },
        { MetricName: "queue_depth", Value: 4, Unit: "None", ...shared },
      ],
    });
  });

  it("counts each run of a runner once, however many servers it saw", async () => {
    await using cloudWatch = await endpoint();
    const sink = await sinkFor(cloudWatch, "cluster");
    for (const measures of [{}, { ProbeRuns: 1 }, { ProbeRuns: 1 }])
      sink.publish(observationOf({}), measures);
    await sink.flush();
    sink.publish(observationOf({}), {});
    sink.publish(observationOf({}), { ProbeRuns: 1 });
    await sink.flush();
    const dimensions = cloudWatch.calls.map(({ body }) =>
      body.MetricData.map(({ Dimensions }) => (Dimensions as { Value: string }[]).map(({ Value }) => Value)),
    );
    expect(dimensions).toEqual([
      [
        ["staging", "subject"],
        ["staging", "cluster"],
        ["staging", "subject"],
      ],
      [
        ["staging", "subject"],
        ["staging", "cluster"],
      ],
    ]);
  });

  it("sends at most 1,000 metrics and 1 MB in a call, and loses none", async () => {
    await using cloudWatch = await endpoint();
    const sink = await sinkFor(cloudWatch);
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, index) => [`metric_${index}`, index]));
    sink.publish(observationOf({}), many);
    sink.publish(observationOf({}), many);
    await sink.flush();
    const counts = cloudWatch.calls.map(({ body }) => body.MetricData.length);
    expect(counts.toSorted((a, b) => a - b)).toEqual([1_000, 1_000, 1_000]);
    for (const { bytes } of cloudWatch.calls) expect(bytes).toBeLessThan(1_000_000);
    const long = Array.from({ length: 900 }, (_, index) => ({ MetricName: `${index}${"x".repeat(2_000)}` }));
    const batches = batchesOf(long);
    expect(batches.flat()).toEqual(long);
    for (const batch of batches) expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThan(1_000_000);
  });

  it("fails the flush when CloudWatch refuses, so that the run is an error and not a silence", async () => {
    await using cloudWatch = await endpoint(400);
    const sink = await sinkFor(cloudWatch);
    sink.publish(observationOf({}), { ProbeRuns: 1 });
    await expect(sink.flush()).rejects.toThrow();
  });
});
