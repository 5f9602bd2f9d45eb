import type { CheckResult } from "../result.ts";

/** A value that a span may carry. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** One check of a run, as a span with its phases below it. */
export interface CheckSpan {
  /** W3C trace context of this span, for the header that the server gets. */
  readonly traceparent: string;
  /** A phase that is over; milliseconds since the epoch. */
  phase(name: string, startMs: number, endMs: number, attributes?: SpanAttributes): void;
  /** Ends the span with what the check said; only the first end counts. */
  end(result: CheckResult): void;
}

/** Starts the spans of checks. */
export interface ProbeTracer {
  startCheck(server: string): CheckSpan;
}

/** One run as a trace. */
export interface RunTrace extends ProbeTracer {
  end(attributes: SpanAttributes): void;
}

export interface Tracing {
  startRun(attributes: SpanAttributes): RunTrace;
  /** Resolves when everything that has ended was handed to the collector, or could not be. Never throws. */
  flush(): Promise<void>;
  /** Hands over what is left and ends; never throws. */
  close(): Promise<void>;
}

export interface TracingInput {
  /** The variables of the OpenTelemetry specification. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets one line when spans could not be handed over. */
  readonly tell: (problem: string) => void;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/**
 * Tracing as the environment asks for it: null unless `OTEL_EXPORTER_OTLP_ENDPOINT` or
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` names a collector. The SDK is loaded only then.
 */
export async function openTracing(input: TracingInput): Promise<Tracing | null> {
  const url = collectorOf(input.env);
  if (url === null) return null;
  const { otlpTracing } = await import("./otlp.ts");
  return otlpTracing({ ...input, url });
}

/** The general address is a base, that of traces stands as it is (OTLP exporter specification, 1.x). */
function collectorOf(env: TracingInput["env"]): string | null {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === "true") return null;
  const own = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim() ?? "";
  if (own !== "") return own;
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim() ?? "";
  return base === "" ? null : `${base.replace(/\/+$/, "")}/v1/traces`;
}
