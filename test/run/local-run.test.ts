import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asArray, asRecord, type JsonRecord } from "../support/json.ts";
import {
  type CatalogFolder,
  catalogFolder,
  isAlive,
  messagesOf,
  type RunningMonitor,
  rollcall,
  startMonitor,
} from "../support/running-monitor.ts";

// One monitor, as `npm start` runs it, with its four real servers, and what happens to it in the order in which
// it would happen to a person. What a level of the cloud's escalation receives is not proved here.

const SERVERS = ["everything", "filesystem", "memory", "sequential-thinking"];
const PAGE = "local-memory-page";
/** From the issue: how long an alarm may take, in milliseconds, and the memory that a monitor may hold, in MB. */
const ALARM_MS = 60_000;
const MAX_RESIDENT_MB = 150;

let catalog: CatalogFolder;
let monitor: RunningMonitor;
const cleanup: (() => unknown)[] = [];
const posted: JsonRecord[] = [];
const webhook = createServer(async (incoming, response) => {
  let body = "";
  for await (const chunk of incoming) body += String(chunk);
  posted.push(asRecord(JSON.parse(body)));
  response.end();
});

beforeAll(async () => {
  catalog = await catalogFolder();
  cleanup.push(() => webhook.close(), catalog.remove);
  webhook.listen(0, "127.0.0.1");
  await once(webhook, "listening");
  monitor = await startMonitor(catalog, { env: webhookEnv() });
  cleanup.unshift(() => monitor.end("SIGINT"));
});

afterAll(async () => {
  for (const step of cleanup) await step();
});

const webhookEnv = () => ({
  ROLLCALL_WEBHOOK: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/told`,
});

const ofPage = (messages: readonly JsonRecord[]) => messages.filter(({ alarm }) => alarm === PAGE);
const kindsOf = (messages: readonly JsonRecord[]) =>
  ofPage(messages).map(({ kind, level }) => `${String(kind)} ${String(level)}`);
const message = (kind: string, level: string) => (event: JsonRecord) =>
  event.type === "message" && event.alarm === PAGE && event.kind === kind && event.level === level;

describe("a monitor that has started", () => {
  test("finds four real servers healthy", async () => {
    expect(await monitor.get("/status/health")).toMatchObject({
      status: "healthy",
      environment: "local",
      servers: { total: 4, healthy: 4, degraded: 0, unhealthy: 0, unknown: 0 },
      alarms: 0,
      monitor: { pid: monitor.pid },
    });
    expect(new Set(Object.keys(await monitor.children()))).toEqual(new Set(SERVERS));
  });

  test("has spoken MCP with each of them", async () => {
    const { servers } = await monitor.get("/status/servers");
    for (const server of asArray(servers).map(asRecord)) {
      expect(server).toMatchObject({ overall_status: "healthy", mcp_success: true, rest_success: null });
      expect(asRecord(asRecord(server.result).mcp).protocolVersion).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(Number(asRecord(asRecord(server.result).mcp).tools)).toBeGreaterThan(0);
    }
  });

  test("answers for one server by its name, and with 404 and the names for any other", async () => {
    expect(await monitor.get("/status/servers/memory")).toMatchObject({
      server: "memory",
      overall_status: "healthy",
    });
    const unknown = await fetch(`${monitor.url}/status/servers/nobody`);
    expect(unknown.status).toBe(404);
    expect(asRecord(await unknown.json()).servers).toEqual(SERVERS);
  });

  test("serves metrics in Prometheus' text format, under the Playbook's names, every alarm among them", async () => {
    const response = await fetch(`${monitor.url}/metrics`);
    expect(response.headers.get("content-type")).toContain("text/plain");
    const samples = parseMetrics(await response.text());
    const label = 'environment="local",server="memory"';
    expect(samples.get(`mcp_server_up{${label}}`)).toBe(1);
    expect(samples.get(`mcp_server_health_status{${label}}`)).toBe(2);
    expect(samples.get('mcp_probe_success{environment="local",server="memory",path="mcp"}')).toBe(1);
    expect(samples.get(`mcp_server_tools{${label}}`)).toBe(9);
    expect(
      samples.get('mcp_request_duration_seconds_count{environment="local",server="memory",path="mcp"}'),
    ).toBeGreaterThan(0);
    const { servers, fleet } = await monitor.get("/status/servers");
    const alarms = [...asArray(servers), fleet]
      .map(asRecord)
      .flatMap((server) => [...asArray(server.alarms), ...asArray(server.composites)].map(asRecord));
    const shown = [...samples.keys()].filter((key) => key.startsWith("rollcall_alarm_state{"));
    expect(alarms.length).toBeGreaterThan(40);
    expect(shown).toHaveLength(alarms.length);
  });

  test("refuses a request under another name, as a rebound name of another site would make it", async () => {
    const { port } = new URL(monitor.url);
    const asked = request({ port, path: "/status/health", headers: { host: "example.com" } }).end();
    const [response] = await once(asked, "response");
    response.resume();
    expect(response.statusCode).toBe(403);
  });

  test("listens, with all of its servers, on 127.0.0.1 only", async () => {
    if (process.platform !== "linux") return;
    const listening = await listenersOf([monitor.pid, ...Object.values(await monitor.children())]);
    expect(listening).toEqual(["127.0.0.1", "127.0.0.1"]);
  });

  test("refuses a drill without the token of its state folder", async () => {
    for (const headers of [{}, { "x-rollcall-token": "guessed" }] as const) {
      const response = await fetch(`${monitor.url}/drill/stop/memory`, { method: "POST", headers });
      expect(response.status).toBe(403);
    }
    expect((await monitor.children()).memory).toBeGreaterThan(0);
    expect(statSync(join(catalog.state, "monitor.json")).mode & 0o077).toBe(0);
  });
});

describe("a server whose process is killed", () => {
  test("is in ALARM within 60 seconds, and its first level is told", async () => {
    const { memory = 0 } = await monitor.children();
    const killedAt = Date.now();
    process.kill(memory, "SIGKILL");
    await monitor.event(
      ({ type, alarm, to }) => type === "transition" && alarm === PAGE && to === "ALARM",
      ALARM_MS,
    );
    expect(Date.now() - killedAt).toBeLessThan(ALARM_MS);
    // one evaluation later: until then the fleet could still speak for all
    await monitor.event(message("alarm", "L1"), 15_000);
    const response = await fetch(`${monitor.url}/status/health`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      status: "unhealthy",
      servers: { healthy: 3, unhealthy: 1 },
    });
  });

  test("is told once, however many probes still fail, and then to the second level in its time", async () => {
    const first = asRecord(monitor.events.find(message("alarm", "L1")));
    const before = asRecord((await monitor.get("/status/health")).history).results;
    const second = await monitor.event(message("escalation", "L2"), 90_000);
    const after = asRecord((await monitor.get("/status/health")).history).results;
    expect(Number(after) - Number(before)).toBeGreaterThan(8);
    expect(kindsOf(messagesOf(catalog.state))).toEqual(["alarm L1", "escalation L2"]);
    // both are told at an evaluation, some milliseconds after its mark
    expect(Date.parse(String(second.at)) - Date.parse(String(first.at))).toBeGreaterThanOrEqual(59_000);
    expect(second.incident).toBe(first.incident);
    expect(first).toMatchObject({ server: "memory", severity: "critical", environment: "local" });
    expect(String(first.because)).toContain("local-memory-down");
    expect(String(first.text)).toContain("First: ");
    expect(existsSync(String(first.runbook))).toBe(true);
  }, 120_000);

  test("is brought back by `rollcall drill start`; the alarm returns to OK and each level that was told hears of it", async () => {
    const drill = await rollcall(["drill", "start", "memory", "--state", catalog.state], catalog.folder);
    expect(drill).toMatchObject({ code: 0, stderr: "" });
    await monitor.event(message("resolved", "L2"), ALARM_MS);
    const { composites } = await monitor.get("/status/servers/memory");
    const page = asArray(composites)
      .map(asRecord)
      .find(({ alarm }) => alarm === PAGE);
    expect(page?.state).toBe("OK");
    expect(kindsOf(messagesOf(catalog.state))).toEqual([
      "alarm L1",
      "escalation L2",
      "resolved L1",
      "resolved L2",
    ]);
    expect((await monitor.get("/status/health")).status).toBe("healthy");
  });

  test("was told to the webhook, message by message as to the file", () => {
    expect(posted).toEqual(messagesOf(catalog.state));
  });
});

describe("Ctrl-C and a second start", () => {
  let kept = 0;
  let since: unknown;

  test("the monitor holds less than 150 MB of resident memory (the figure of Linux, without its children)", async () => {
    if (process.platform !== "linux") return;
    const status = readFileSync(`/proc/${monitor.pid}/status`, "utf8");
    const residentMb = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
    expect(residentMb).toBeGreaterThan(10);
    expect(residentMb).toBeLessThan(MAX_RESIDENT_MB);
  });

  test("Ctrl-C ends every child and leaves a database that can be read", async () => {
    const children = Object.values(await monitor.children());
    since = asRecord((await monitor.get("/status/health")).history).since;
    expect(await monitor.end("SIGINT")).toEqual({ code: 0, stderr: "" });
    expect(children).toHaveLength(4);
    expect(children.filter(isAlive)).toEqual([]);
    expect(existsSync(join(catalog.state, "monitor.json"))).toBe(false);
    const history = new DatabaseSync(join(catalog.state, "history.db"), { readOnly: true });
    expect(history.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    kept = Number(history.prepare("SELECT count(*) AS n FROM results").get()?.n);
    history.close();
    expect(kept).toBeGreaterThan(50);
  });

  test("a second start finds the history again and tells nobody a second time", async () => {
    const told = messagesOf(catalog.state);
    monitor = await startMonitor(catalog, { env: webhookEnv() });
    const { status, history } = await monitor.get("/status/health");
    expect(status).toBe("healthy");
    expect(Number(asRecord(history).results)).toBeGreaterThanOrEqual(kept + 4);
    expect(asRecord(history).since).toBe(since);
    expect(messagesOf(catalog.state)).toEqual(told);
  });

  test("a start after the monitor itself was killed finds no server of it in the way", async () => {
    const before = await monitor.children();
    await monitor.end("SIGKILL");
    monitor = await startMonitor(catalog);
    const after = await monitor.children();
    expect(new Set(Object.keys(after))).toEqual(new Set(SERVERS));
    expect(Object.values(before).filter(isAlive)).toEqual([]);
    expect((await monitor.get("/status/health")).status).toBe("healthy");
  });
});

/** Samples of a page by `name{labels}`; a line that is neither comment nor sample throws. */
function parseMetrics(text: string): ReadonlyMap<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !/^# (HELP|TYPE) /.test(line));
  return new Map(
    lines.map((line) => {
      const [, key, value] = /^([a-zA-Z_:][\w:]*(?:\{[^}]*\})?) (\S+)$/.exec(line) ?? [];
      if (key === undefined || Number.isNaN(Number(value))) throw new Error(`not a sample: ${line}`);
      return [key, Number(value)] as const;
    }),
  );
}

/** Addresses that processes listen on, from the sockets that they hold open. */
async function listenersOf(pids: readonly number[]): Promise<string[]> {
  const { readdir, readlink } = await import("node:fs/promises");
  const held = new Set<string>();
  for (const pid of pids)
    for (const fd of await readdir(`/proc/${pid}/fd`)) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => "");
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) held.add(inode);
    }
  const rows = ["tcp", "tcp6"].flatMap((file) =>
    existsSync(`/proc/net/${file}`)
      ? readFileSync(`/proc/net/${file}`, "utf8").trim().split("\n").slice(1)
      : [],
  );
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((columns) => columns[3] === "0A" && held.has(columns[9] ?? ""))
    .map((columns) => (columns[1]?.startsWith("0100007F:") ? "127.0.0.1" : String(columns[1])));
}
