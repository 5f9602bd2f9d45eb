import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePorts, startChild } from "./child.ts";
import { tool } from "./toolchain.ts";

/** A real Jaeger (all in one, traces in memory) of one test. Its end removes its process and folder. */
export interface Jaeger extends AsyncDisposable {
  /** Takes OTLP over HTTP: what `OTEL_EXPORTER_OTLP_ENDPOINT` names. */
  readonly collector: string;
  /** Where its page and the API of that page answer. */
  readonly origin: string;
  /** Every trace that has a span of the service, as it is shown now: spans come in one by one. */
  traces(service: string): Promise<readonly JaegerTrace[]>;
}

/** A trace as Jaeger's page reads it: the JSON of `/api/traces`. */
export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly JaegerSpan[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  /** Microseconds since the epoch. */
  readonly startTime: number;
  /** Microseconds. */
  readonly duration: number;
  readonly tags: readonly { readonly key: string; readonly value: unknown }[];
  readonly processID: string;
  /** What Jaeger found wrong with the span. */
  readonly warnings: readonly string[] | null;
}

const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 50;

/** What Jaeger listens on besides, by TCP and UDP, and nobody asks here; by default on every interface. */
const NOT_ASKED = [
  "admin.http.host-port",
  "collector.grpc-server.host-port",
  "collector.http-server.host-port",
  "collector.otlp.grpc.host-port",
  "http-server.host-port",
  "processor.jaeger-binary.server-host-port",
  "processor.jaeger-compact.server-host-port",
  "processor.zipkin-compact.server-host-port",
  "query.grpc-server.host-port",
];

/** Starts Jaeger on free ports of 127.0.0.1 and waits until its API answers. */
export async function startJaeger(): Promise<Jaeger> {
  const program = await tool("jaeger");
  const folder = await mkdtemp(join(tmpdir(), "rollcall-jaeger-"));
  const [collector = 0, query = 0] = await freePorts(2);
  // every flag is also read from the environment, so a person's own must not reach it
  const child = startChild(
    "env",
    ["-i", ...variables(folder), program, ...flags({ collector, query })],
    folder,
  );
  const stop = async (): Promise<void> => {
    await child.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const origin = `http://127.0.0.1:${query}`;
  try {
    // the collector listens before the API does
    await Promise.race([waitUntilReady(origin), child.died]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    collector: `http://127.0.0.1:${collector}`,
    origin,
    traces: (service) => tracesOf(origin, service),
    [Symbol.asyncDispose]: stop,
  };
}

function variables(folder: string): string[] {
  const settings = {
    HOME: folder,
    TMPDIR: folder,
    SPAN_STORAGE_TYPE: "memory",
    // it traces itself, and would hand that to whatever listens on port 4317
    OTEL_TRACES_SAMPLER: "always_off",
  };
  return Object.entries(settings).map(([name, value]) => `${name}=${value}`);
}

function flags({ collector, query }: { readonly collector: number; readonly query: number }): string[] {
  return [
    `--collector.otlp.http.host-port=127.0.0.1:${collector}`,
    `--query.http-server.host-port=127.0.0.1:${query}`,
    ...NOT_ASKED.map((flag) => `--${flag}=127.0.0.1:0`),
  ];
}

async function waitUntilReady(origin: string): Promise<void> {
  const end = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < end) {
    const ready = await fetch(`${origin}/api/services`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    await delay(READY_POLL_MS);
  }
  throw new Error(`Jaeger did not answer within ${READY_TIMEOUT_MS} ms`);
}

async function tracesOf(origin: string, service: string): Promise<readonly JaegerTrace[]> {
  const response = await fetch(`${origin}/api/traces?${new URLSearchParams({ service })}`);
  if (!response.ok) throw new Error(`Jaeger answered ${response.status}: ${await response.text()}`);
  const { data }: { readonly data: readonly JaegerTrace[] | null } = JSON.parse(await response.text());
  return data ?? [];
}
