import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setInterval as every } from "node:timers/promises";
import {
  describeProblem,
  EXIT,
  messageOf,
  RollcallError,
  unavailableError,
  usageError,
} from "../../catalog/errors.ts";
import { printable } from "../classify.ts";
import { ResultBoard } from "../results/board.ts";
import { PrometheusPage } from "../sinks/prometheus.ts";
import { together } from "../sinks/together.ts";
import { type Continuous, startContinuous } from "./continuous.ts";
import { createOnDemand, type OnDemand } from "./on-demand.ts";
import { createRunner, type Runner, type RunnerInput } from "./runner.ts";

/** The port that Prometheus' list of exporters gives to OpenTelemetry's. */
const LISTEN = "127.0.0.1:9464";
const FLUSH_EVERY_MS = 60_000;

/** A probe that runs on, and the pages that it serves. */
export interface Exporter {
  /** Such as `http://127.0.0.1:9464`. */
  readonly origin: string;
  /** Ends the rounds, the pages and every connection. */
  close(): Promise<void>;
}

/**
 * Checks each server on its own interval and serves `/metrics` (Prometheus), `/livez` (the process works,
 * whatever the servers do) and `/readyz` (every server has been checked lately); `/probe?server=` checks one
 * now, or shows a result that is young enough; `/results` has the last result of each as JSON. Listens on
 * `ROLLCALL_LISTEN`, `host:port`. Throws a RollcallError when the roster, the sink or the address cannot be
 * used.
 */
export async function startExporter(input: RunnerInput): Promise<Exporter> {
  const { env, tell } = input;
  const listen = listenOf(env.ROLLCALL_LISTEN);
  // the page is served; a second one on standard output would be read by nobody
  const isPrinted = (env.ROLLCALL_SINK ?? "prometheus") !== "prometheus";
  const runner = await createRunner({ ...input, sink: "prometheus", place: "cluster" });
  const { roster, prober, tracing } = runner;
  let rounds: Continuous | null = null;
  const page = new PrometheusPage({
    environment: roster.environment,
    freshMs: (server) => rounds?.freshMs(server) ?? 0,
    breakers: () => prober.breakers(),
  });
  const onDemand = createOnDemand({ targets: roster.targets, prober, now: Date.now });
  const board = new ResultBoard();
  const server = createServer(
    pages({ environment: roster.environment, page, board, onDemand, unready: () => rounds?.unready() ?? [] }),
  );
  try {
    server.listen(listen);
    await once(server, "listening");
  } catch (error) {
    await runner.close();
    throw unavailableError(
      {
        place: `${listen.host}:${listen.port}`,
        rule: `cannot be listened on (${messageOf(error)})`,
        cure: FREE,
      },
      error,
    );
  }
  const sink = isPrinted ? together(page, board, runner.sink) : together(page, board);
  rounds = startContinuous({ roster, prober, tracing, sink });
  const stopping = new AbortController();
  const flushing = isPrinted ? flushOften(runner, { tell, signal: stopping.signal }) : Promise.resolve();
  const { address, port, family } = server.address() as AddressInfo;
  return {
    origin: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    async close() {
      stopping.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await Promise.all([rounds?.stop(), closed, flushing]);
      if (isPrinted) await runner.sink.flush().catch((error: unknown) => tell(messageOf(error)));
      await runner.close();
    },
  };
}

const PAGES = ["/metrics", "/results", "/livez", "/readyz", "/probe?server="];
const FREE = "free it, or set ROLLCALL_LISTEN to another host:port";

function pages({
  environment,
  page,
  board,
  onDemand,
  unready,
}: {
  readonly environment: string;
  readonly page: PrometheusPage;
  readonly board: ResultBoard;
  readonly onDemand: OnDemand;
  readonly unready: () => readonly string[];
}): RequestListener {
  return (request, response) => {
    const send = (status: number, type: string, body: string): void => {
      response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    const json = (status: number, body: object): void =>
      send(status, "application/json", `${JSON.stringify(body)}\n`);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return json(405, { error: "these pages are read with GET" });
    }
    const [path, query] = (request.url ?? "").split("?");
    if (path === "/metrics") return send(200, page.contentType, page.text());
    if (path === "/livez") return json(200, { status: "ok" });
    if (path === "/results")
      return json(200, { environment, results: board.results(), changes: board.changes() });
    if (path === "/probe") {
      const server = new URLSearchParams(query).get("server") ?? "";
      void onDemand(server).then(
        (observation) => json(observation === null ? 404 : 200, observation?.result ?? unknown(server)),
        (error: unknown) => json(500, { error: printable(messageOf(error)) }),
      );
      return;
    }
    if (path !== "/readyz") return json(404, { pages: PAGES });
    const waiting = unready();
    return json(waiting.length === 0 ? 200 : 503, {
      status: waiting.length === 0 ? "ok" : "waiting",
      unchecked: waiting,
    });
  };
}

function unknown(server: string): object {
  return { error: `${printable(server) || "no server"} is not in the roster; ask /probe?server=<name>` };
}

async function flushOften(
  { sink }: Runner,
  { tell, signal }: { readonly tell: (problem: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  try {
    for await (const _ of every(FLUSH_EVERY_MS, undefined, { signal }))
      await sink.flush().catch((error: unknown) => tell(messageOf(error)));
  } catch {
    // the exporter is being closed
  }
}

function listenOf(text = LISTEN): { readonly host: string; readonly port: number } {
  const [, host, port] = /^(\[[0-9a-f:.]+\]|[^:[\]]+):(\d{1,5})$/i.exec(text) ?? [];
  if (host !== undefined && Number(port) <= 65_535)
    return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
  throw usageError({
    place: "ROLLCALL_LISTEN",
    rule: `${JSON.stringify(text)} is no address to listen on`,
    cure: `write host:port, such as ${LISTEN} or 0.0.0.0:9464`,
  });
}

if (import.meta.main) {
  const tell = (problem: string): unknown => process.stderr.write(`${problem}\n`);
  try {
    const exporter = await startExporter({
      rosterPath: process.argv[2] ?? process.env.ROLLCALL_ROSTER ?? "roster.json",
      env: process.env,
      write: (text) => process.stdout.write(text),
      tell,
    });
    tell(`metrics on ${exporter.origin}/metrics`);
    await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
    await exporter.close();
    process.exit(EXIT.healthy);
  } catch (error) {
    const [problem] = error instanceof RollcallError ? error.problems : [];
    tell(problem === undefined ? messageOf(error) : describeProblem(problem));
    process.exit(error instanceof RollcallError ? error.exitCode : EXIT.internal);
  }
}
