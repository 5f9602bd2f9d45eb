/** A run's trace as Jaeger's API gives it to its page. Not proved here: how that page draws it. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { RosterTarget } from "../../catalog/target.ts";
import { type Ended, NODE, ROOT, run, temporaryFolder } from "../support/cli.ts";
import { describeWithTools } from "../support/describe-with-tools.ts";
import { envelope, json, type LocalServer, modernHandler, type Replies, serve } from "../support/faulty.ts";
import { type JaegerSpan, type JaegerTrace, startJaeger } from "../support/jaeger.ts";
import { over, target } from "../support/servers.ts";

const SERVICE = "rollcall-probe";
const TOKEN = "a-token-that-goes-nowhere-else";
/** How long Jaeger may take to show what it was handed, in milliseconds. */
const UNTIL_SHOWN = { timeout: 20_000, interval: 50 };
/** 127.0.0.1 as /proc writes it, in the byte order of the machine. */
const LOOPBACK = /^(0100007F|7F000001):/;

describeWithTools(["jaeger"], "Jaeger", () => {
  it("[PLAY-14] a probe run is a trace that Jaeger shows, with its checks and phases, and the probed server got the same trace id", async () => {
    await using jaeger = await startJaeger();
    await using live = await recording();
    await using rude = await recording(REPEATS_THE_TOKEN);
    const ended = await runJob({
      targets: [
        targetOf("live", live.url),
        targetOf("rude", rude.url),
        targetOf("down", `http://127.0.0.1:1/mcp?key=${TOKEN}`),
      ],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.collector, SERVER_TOKEN: TOKEN },
    });
    expect(ended).toMatchObject({ code: 0, stderr: "" });

    const shown = async () => (await jaeger.traces(SERVICE)).map(pathsOf);
    await expect
      .poll(shown, UNTIL_SHOWN)
      .toEqual([
        [
          "probe run",
          "probe run > check down",
          "probe run > check live",
          "probe run > check live > connect",
          "probe run > check live > list",
          "probe run > check live > open",
          "probe run > check rude",
          "probe run > check rude > connect",
          "probe run > check rude > open",
        ],
      ]);
    const [trace] = await jaeger.traces(SERVICE);
    if (trace === undefined) throw new Error("the trace is gone");
    expect(trace.spans.flatMap(({ warnings }) => warnings ?? [])).toEqual([]);
    const root = named(trace, "probe run");
    for (const span of trace.spans) {
      expect(span.startTime).toBeGreaterThanOrEqual(root.startTime);
      expect(span.startTime + span.duration).toBeLessThanOrEqual(root.startTime + root.duration);
    }

    expect(tagsOf(root)).toMatchObject({
      "rollcall.environment": "staging",
      "rollcall.servers": 3,
      "rollcall.healthy": 1,
      "rollcall.unhealthy": 2,
    });
    const check = named(trace, "check live");
    expect(tagsOf(check)).toMatchObject({
      "span.kind": "client",
      "rollcall.server": "live",
      "rollcall.status": "healthy",
      "rollcall.mcp.era": "modern",
      "mcp.protocol.version": "2026-07-28",
    });
    expect(tagsOf(named(trace, "check down"))).toMatchObject({
      error: true,
      "otel.status_code": "ERROR",
      "otel.status_description": "mcp connect: connect ECONNREFUSED 127.0.0.1:1",
      "error.type": "connect",
      "rollcall.status": "unhealthy",
    });
    const failed = trace.spans.filter((span) => tagsOf(span).error === true);
    expect(failed.map(({ operationName }) => operationName).sort()).toEqual(["check down", "check rude"]);

    // the server had the token and said it aloud, and Jaeger has what it said without the token
    expect(tagsOf(named(trace, "check rude"))["otel.status_description"]).toContain("unwelcome: ***");
    expect(JSON.stringify(trace)).not.toContain(TOKEN);

    expect(live.received.length).toBeGreaterThan(1);
    for (const headers of live.received) {
      expect(headers.traceparent).toBe(`00-${trace.traceID}-${check.spanID}-01`);
      expect(headers.authorization).toBe(`Bearer ${TOKEN}`);
    }
  });

  it.runIf(process.platform === "linux")("listens on 127.0.0.1 only, as the tests start it", async () => {
    await using jaeger = await startJaeger();
    const sockets = listeningOf(processWith(`--query.http-server.host-port=${new URL(jaeger.origin).host}`));
    expect(sockets.length).toBeGreaterThan(2);
    expect(sockets.filter((address) => !LOOPBACK.test(address))).toEqual([]);
  });
});

/** Refuses the tools and quotes the credentials of whoever asked. */
const REPEATS_THE_TOKEN: Replies = {
  "tools/list": (message, response) => {
    // without the word Bearer, which alone would have it masked
    const token = message.headers.authorization?.replace("Bearer ", "");
    const error = { code: -32_603, message: `unwelcome: ${token}` };
    return json(envelope("$ID", { error }))(message, response);
  },
};

interface Recording extends LocalServer {
  /** The headers of every request so far. */
  readonly received: readonly IncomingHttpHeaders[];
}

async function recording(replies: Replies = {}): Promise<Recording> {
  const received: IncomingHttpHeaders[] = [];
  const answer = modernHandler(replies);
  const server = await serve((request, response) => {
    received.push(request.headers);
    return answer(request, response);
  });
  return { ...server, received, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

function targetOf(server: string, url: string): RosterTarget {
  const credentials = { kind: "bearer", token: { env: "SERVER_TOKEN" } } as const;
  const checked = target({ server, mcp: over(url), credentials, timeoutMs: 5_000, allowPrivate: true });
  return { ...checked, everyMs: 60_000, samples: 1 };
}

/** One run of the CronJob's program, in a process that has only the given variables. */
async function runJob({
  targets,
  env,
}: {
  readonly targets: readonly RosterTarget[];
  readonly env: Readonly<Record<string, string>>;
}): Promise<Ended> {
  const folder = temporaryFolder();
  try {
    folder.write(new Map([["roster.json", JSON.stringify({ environment: "staging", targets })]]));
    const program = join(ROOT, "probes", "runners", "cronjob.ts");
    const args = ["--disable-warning=ExperimentalWarning", program, join(folder.path, "roster.json")];
    return await run(NODE, args, { env: { PATH: process.env.PATH, ROLLCALL_SINK: "log", ...env } });
  } finally {
    folder.remove();
  }
}

/** Every span as the names from its root down to it, sorted; `?` stands for a parent that is not shown. */
function pathsOf({ spans }: JaegerTrace): readonly string[] {
  const byId = new Map(spans.map((span) => [span.spanID, span]));
  const pathOf = ({ operationName, references }: JaegerSpan): string => {
    const [reference] = references;
    if (reference === undefined) return operationName;
    const parent = byId.get(reference.spanID);
    return `${parent === undefined ? "?" : pathOf(parent)} > ${operationName}`;
  };
  return spans.map(pathOf).sort();
}

function named({ spans }: JaegerTrace, name: string): JaegerSpan {
  const found = spans.find(({ operationName }) => operationName === name);
  if (found === undefined) throw new Error(`no span ${name}`);
  return found;
}

function tagsOf({ tags }: JaegerSpan): Readonly<Record<string, unknown>> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

/** The id of the process that was started with this argument. */
function processWith(argument: string): string {
  const found = readdirSync("/proc").find(
    (entry) => /^\d+$/.test(entry) && textOf(`/proc/${entry}/cmdline`).split("\0").includes(argument),
  );
  if (found === undefined) throw new Error(`no process was started with ${argument}`);
  return found;
}

/** The local addresses, in hexadecimal, at which a process takes connections or datagrams (proc(5)). */
function listeningOf(pid: string): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  const open = new Set(readdirSync(folder).map((fd) => linkOf(join(folder, fd))));
  // states of the kernel: 0A is a TCP socket that listens, 07 a UDP socket that is bound
  return Object.entries({ tcp: "0A", tcp6: "0A", udp: "07", udp6: "07" }).flatMap(([table, state]) =>
    textOf(`/proc/${pid}/net/${table}`)
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === state && open.has(`socket:[${fields[9]}]`))
      .map((fields) => fields[1] ?? ""),
  );
}

/** Nothing where the process has ended, or the machine has no such table. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Nothing where the file was closed since. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
