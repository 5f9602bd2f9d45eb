import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { RosterTarget } from "../../catalog/target.ts";
import { createProber } from "../../probes/runners/prober.ts";
import { runRoster } from "../../probes/runners/run.ts";
import { logSink } from "../../probes/sinks/log.ts";
import { openTracing, type Tracing } from "../../probes/trace/trace.ts";
import { type LocalServer, modern, serve, silent } from "../support/faulty.ts";
import { over, target } from "../support/servers.ts";

/** Traces as a collector receives them. Not proved here: how Jaeger shows them. */

interface SpanJson {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[];
  readonly status: { readonly code?: number; readonly message?: string };
}
interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: SpanJson["attributes"] };
    readonly scopeSpans: readonly { readonly spans: readonly SpanJson[] }[];
  }[];
}

/** A collector that takes OTLP over HTTP as JSON, at the address of the specification. */
async function collector(
  code = 200,
): Promise<LocalServer & { readonly exports: Export[]; spans(): SpanJson[] }> {
  const exports: Export[] = [];
  const server = await serve(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const sent = Buffer.concat(chunks);
    const text = request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
    if (request.url === "/v1/traces" && request.headers["content-type"] === "application/json")
      exports.push(JSON.parse(text.toString("utf8")));
    response.writeHead(code, { "content-type": "application/json" }).end("{}");
  });
  return {
    ...server,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    exports,
    spans: () =>
      exports.flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      ),
  };
}

async function tracingTo({ origin }: LocalServer, problems: string[] = []): Promise<Tracing> {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `${origin}/` };
  const tracing = await openTracing({ env, tell: (problem) => void problems.push(problem) });
  if (tracing === null) throw new Error("tracing is off");
  return tracing;
}

function rosterOf(servers: Record<string, Partial<RosterTarget>>) {
  const targets = Object.entries(servers).map(([server, given]) => ({
    ...target({ server, timeoutMs: 2_000, allowPrivate: true, ...given }),
    everyMs: 60_000,
    samples: 1,
    ...given,
  }));
  return { environment: "staging", targets };
}

async function run(
  roster: ReturnType<typeof rosterOf>,
  tracing: Tracing,
  options: Partial<Parameters<typeof runRoster>[1]> = {},
): Promise<void> {
  const prober = await createProber({ roster });
  const sink = logSink({ environment: "staging", write: () => undefined });
  await runRoster(roster, { prober, sink, tracing, ...options });
  prober.close();
}

const named = (spans: readonly SpanJson[], name: string): SpanJson => {
  const found = spans.find((span) => span.name === name);
  if (found === undefined)
    throw new Error(`no span ${name} among ${spans.map((span) => span.name).join(", ")}`);
  return found;
};
const attribute = (span: SpanJson, key: string): unknown =>
  Object.values(span.attributes.find((one) => one.key === key)?.value ?? {})[0];

describe("a run that is traced", () => {
  it("[PLAY-14] reaches a collector as run, checks and phases; the server gets the same trace", async () => {
    await using jaeger = await collector();
    const asked: string[] = [];
    await using server = await modern({
      "tools/list": (message, response) => {
        asked.push(String(message.headers.traceparent));
        const result = { tools: [], resultType: "complete", ttlMs: 0, cacheScope: "private" };
        response.writeHead(200, { "content-type": "application/json" });
        response.end(`{"jsonrpc":"2.0","id":${message.id},"result":${JSON.stringify(result)}}`);
      },
    });
    const tracing = await tracingTo(jaeger);
    await run(rosterOf({ live: { mcp: over(server.url) } }), tracing);
    await tracing.close();

    const spans = jaeger.spans();
    const root = named(spans, "probe run");
    const check = named(spans, "check live");
    expect(root.parentSpanId ?? "").toBe("");
    expect(check.parentSpanId).toBe(root.spanId);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([root.traceId]));
    const phases = spans.filter(({ parentSpanId }) => parentSpanId === check.spanId);
    expect(phases.map(({ name }) => name)).toEqual(expect.arrayContaining(["connect", "open", "list"]));
    expect(phases.length + 2).toBe(spans.length);
    for (const span of spans)
      expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
    expect(asked[0]).toBe(`00-${root.traceId}-${check.spanId}-01`);

    expect(attribute(root, "rollcall.environment")).toBe("staging");
    expect(attribute(root, "rollcall.healthy")).toBe(1);
    expect(attribute(check, "rollcall.status")).toBe("healthy");
    expect(attribute(check, "mcp.protocol.version")).toBe("2026-07-28");
    expect(check.status.code ?? 0).toBe(0);
    const [exported] = jaeger.exports;
    expect(exported?.resourceSpans[0]?.resource.attributes).toContainEqual({
      key: "service.name",
      value: { stringValue: "rollcall-probe" },
    });
  });

  it("marks a failed check, and shows neither credentials nor control characters", async () => {
    await using jaeger = await collector();
    const tracing = await tracingTo(jaeger);
    const trace = tracing.startRun({});
    const span = trace.startCheck("sick\u0007");
    span.phase("open", 1_000, 2_500.5, {
      "server.address": "https://user:secret@sick.example/mcp?token=secret",
    });
    const result = await failedResult();
    span.end(result);
    span.end({ ...result, status: "healthy" });
    span.phase("too late", 3_000, 4_000);
    trace.end({});
    await tracing.close();
    const check = named(jaeger.spans(), "check sick\\u0007");
    expect(check.status).toMatchObject({ code: 2 });
    expect(check.status.message).toContain("mcp connect: ");
    expect(attribute(check, "rollcall.status")).toBe("unhealthy");
    expect(attribute(check, "error.type")).toBe("connect");
    const open = named(jaeger.spans(), "open");
    expect(attribute(open, "server.address")).toBe("https://sick.example/mcp");
    expect([open.startTimeUnixNano, open.endTimeUnixNano]).toEqual(["1000000000", "2500500000"]);
    expect(jaeger.spans()).toHaveLength(3);
    expect(JSON.stringify(jaeger.exports)).not.toContain("secret");
  });

  it("traces a repeated check as two, and ends the span of one that the run cut off", async () => {
    await using jaeger = await collector();
    await using slow = await silent();
    const tracing = await tracingTo(jaeger);
    const twice = rosterOf({ down: { mcp: over("http://127.0.0.1:1/mcp"), confirmMs: 1 } });
    await run(twice, tracing);
    expect(jaeger.spans().filter(({ name }) => name === "check down")).toHaveLength(2);
    const cut = rosterOf({ slow: { mcp: over(slow.url), timeoutMs: 20_000 } });
    await run(cut, tracing, { deadline: Date.now() + 2_200 });
    expect(attribute(named(jaeger.spans(), "check slow"), "rollcall.status")).toBe("unknown");
    await tracing.close();
  });

  it("harms no run when the collector refuses or is not there, and says so in one line", async () => {
    await using refusing = await collector(400);
    for (const origin of [refusing.origin, "http://127.0.0.1:1"]) {
      const problems: string[] = [];
      const tracing = await tracingTo({ ...refusing, origin }, problems);
      await run(rosterOf({ down: { mcp: over("http://127.0.0.1:1/mcp") } }), tracing);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(/^traces were not handed over: /);
    }
  });
});

describe("tracing", () => {
  it("is off unless the environment names a collector, and where it is switched off", async () => {
    const tell = (): void => undefined;
    const collectorUrl = "http://127.0.0.1:4318";
    expect(await openTracing({ env: {}, tell })).toBeNull();
    expect(await openTracing({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: " " }, tell })).toBeNull();
    const off = { OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl, OTEL_SDK_DISABLED: "true" };
    expect(await openTracing({ env: off, tell })).toBeNull();
  });

  it("takes the address of traces as it stands", async () => {
    await using jaeger = await collector();
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${jaeger.origin}/v1/traces`,
    };
    const tracing = await openTracing({ env, tell: () => undefined });
    tracing?.startRun({}).end({});
    await tracing?.close();
    expect(jaeger.spans()).toHaveLength(1);
  });
});

async function failedResult() {
  const roster = rosterOf({ sick: { mcp: over("http://127.0.0.1:1/mcp") } });
  const prober = await createProber({ roster });
  const [sick] = roster.targets;
  if (sick === undefined) throw new Error("no target");
  const { result } = await prober.probe(sick);
  prober.close();
  return result;
}
