import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { messageOf } from "../../catalog/errors.ts";
import { printable } from "../classify.ts";
import type { CheckResult } from "../result.ts";
import type { CheckSpan, RunTrace, SpanAttributes, Tracing, TracingInput } from "./trace.ts";

/** A flush ends within the two seconds that a run keeps for its end. */
const FLUSH_MS = 1_800;
/** A run of 1,000 servers has some 10,000 spans, which all end at once. */
const QUEUE = { maxQueueSize: 20_000, maxExportBatchSize: 1_000 } as const;

/** Traces that go to a collector by OTLP over HTTP; nothing is registered outside of them. */
export function otlpTracing({
  url,
  env,
  tell,
  now = Date.now,
}: TracingInput & { readonly url: string }): Tracing {
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: FLUSH_MS });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": env.OTEL_SERVICE_NAME ?? "rollcall-probe" }),
    spanProcessors: [new BatchSpanProcessor(exporter, { ...QUEUE, exportTimeoutMillis: FLUSH_MS })],
  });
  const tracer = provider.getTracer("rollcall");
  const flush = async (): Promise<void> => {
    try {
      await provider.forceFlush({ timeoutMillis: FLUSH_MS });
      // a batch that left by itself is on its way, and the process may be frozen once the run is over
      await exporter.forceFlush();
    } catch (error) {
      tell(`traces were not handed over: ${printable(messageOf(Array.isArray(error) ? error[0] : error))}`);
    }
  };
  return {
    startRun: (attributes) => startRun({ tracer, now, attributes }),
    flush,
    async close() {
      await flush();
      await provider.shutdown().catch(() => undefined);
    },
  };
}

interface RunInput {
  readonly tracer: Tracer;
  readonly now: () => number;
  readonly attributes: SpanAttributes;
}

function startRun({ tracer, now, attributes }: RunInput): RunTrace {
  const run = tracer.startSpan(
    "probe run",
    { startTime: time(now()), attributes: shown(attributes) },
    ROOT_CONTEXT,
  );
  const inRun = trace.setSpan(ROOT_CONTEXT, run);
  return {
    startCheck: (server) => startCheck({ tracer, now, parent: inRun, server }),
    end(more) {
      run.setAttributes(shown(more));
      run.end(time(now()));
    },
  };
}

function startCheck({
  tracer,
  now,
  parent,
  server,
}: {
  readonly tracer: Tracer;
  readonly now: () => number;
  readonly parent: Context;
  readonly server: string;
}): CheckSpan {
  const name = `check ${printable(server)}`;
  const attributes = shown({ "rollcall.server": server });
  const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime: time(now()), attributes }, parent);
  const inCheck = trace.setSpan(ROOT_CONTEXT, span);
  let ended = false;
  return {
    traceparent: traceparentOf(span),
    phase(phase, startMs, endMs, more = {}) {
      if (ended) return;
      const startTime = time(startMs);
      const child = tracer.startSpan(printable(phase), { startTime, attributes: shown(more) }, inCheck);
      child.end(time(Math.max(startMs, endMs)));
    },
    end(result) {
      if (ended) return;
      ended = true;
      span.setAttributes(shown(attributesOf(result)));
      const problem = problemOf(result);
      if (problem !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: printable(problem) });
      span.end(time(now()));
    },
  };
}

function attributesOf({ status, finding, mcp, rest }: CheckResult): SpanAttributes {
  return {
    "rollcall.status": status,
    ...(finding === null ? {} : { "rollcall.finding": finding }),
    "rollcall.mcp.outcome": mcp.outcome,
    "rollcall.rest.outcome": rest.outcome,
    ...(mcp.era === null ? {} : { "rollcall.mcp.era": mcp.era }),
    ...(mcp.transport === null ? {} : { "rollcall.mcp.transport": mcp.transport }),
    ...(mcp.protocolVersion === null ? {} : { "mcp.protocol.version": mcp.protocolVersion }),
    ...(rest.httpStatus === null ? {} : { "http.response.status_code": rest.httpStatus }),
    ...failureOf(mcp.failureClass ?? rest.failureClass),
  };
}

/** `error.type` of the semantic conventions: a word of few, for grouping. */
function failureOf(failureClass: string | null): SpanAttributes {
  return failureClass === null ? {} : { "error.type": failureClass };
}

/** The first path that failed, in words; null where none did. */
function problemOf({ mcp, rest }: CheckResult): string | null {
  for (const [path, reading] of Object.entries({ mcp, rest }))
    if (reading.outcome === "fail") return `${path} ${reading.failureClass ?? "failed"}: ${reading.detail}`;
  return null;
}

function shown(attributes: SpanAttributes): SpanAttributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === "string" ? printable(value) : value,
    ]),
  );
}

/** https://www.w3.org/TR/trace-context/#traceparent-header, version 00. */
function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

/**
 * Seconds and nanoseconds: a plain number that is small would be taken for the time since the process began.
 */
function time(ms: number): [seconds: number, nanoseconds: number] {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
