import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RosterTarget } from "../../catalog/target.ts";
import type { Observation } from "../../probes/result.ts";
import { bundleProbe } from "../../probes/runners/bundle.ts";
import { startContinuous } from "../../probes/runners/continuous.ts";
import { type Exporter, startExporter } from "../../probes/runners/exporter.ts";
import { ProcessUsage } from "../../probes/runners/process-usage.ts";
import { modern, silent } from "../support/faulty.ts";
import { OK, observationOf } from "../support/observation.ts";
import { over, target } from "../support/servers.ts";

/** The exporter as a Deployment runs it. Not proved here: what Kubernetes does with its answers. */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function member(server: string, given: Partial<RosterTarget> = {}): RosterTarget {
  const base = target({ server, timeoutMs: 2_000, allowPrivate: true });
  return { ...base, everyMs: 60_000, samples: 1, ...given };
}

function rosterFile(...targets: readonly RosterTarget[]): string {
  const path = join(folder, `${crypto.randomUUID()}.json`);
  writeFileSync(path, JSON.stringify({ environment: "staging", targets }));
  return path;
}

function start(
  rosterPath: string,
  env: Record<string, string> = {},
): Promise<Exporter & { written: string[] }> {
  const written: string[] = [];
  const take = (text: string): void => void written.push(text);
  const input = { rosterPath, env: { ROLLCALL_LISTEN: "127.0.0.1:0", ...env }, write: take, tell: take };
  return startExporter(input).then((exporter) => ({ ...exporter, written }));
}

async function read(exporter: Pick<Exporter, "origin">, path: string, method = "GET") {
  const response = await fetch(`${exporter.origin}${path}`, { method });
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}

/** Asks until the answer is as wanted; the deadline is the test's. */
async function until<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("the exporter", () => {
  it("[STAT-12] [SKILL-14] answers who asks on demand from a result that is young enough, and asks once for many", async () => {
    let lists = 0;
    await using server = await modern({
      "tools/list": (message, response) => {
        lists += 1;
        const result = { tools: [], resultType: "complete", ttlMs: 0, cacheScope: "private" };
        response.writeHead(200, { "content-type": "application/json" });
        response.end(`{"jsonrpc":"2.0","id":${message.id},"result":${JSON.stringify(result)}}`);
      },
    });
    const exporter = await start(
      rosterFile(
        member("kept", { mcp: over(server.url), cacheMs: 300_000, everyMs: 3_600_000 }),
        member("fresh", { mcp: over(server.url), everyMs: 3_600_000 }),
      ),
    );
    await until(
      () => read(exporter, "/readyz"),
      ({ status }) => status === 200,
    );
    lists = 0;
    const many = await Promise.all(Array.from({ length: 5 }, () => read(exporter, "/probe?server=kept")));
    expect(many.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(JSON.parse(many[0]?.text ?? "")).toMatchObject({ server: "kept", status: "healthy" });
    await read(exporter, "/probe?server=kept");
    expect(lists).toBe(1);
    await read(exporter, "/probe?server=fresh");
    await read(exporter, "/probe?server=fresh");
    expect(lists).toBe(3);
    const stranger = await read(exporter, "/probe?server=%1b[31m");
    expect(stranger.status).toBe(404);
    expect(JSON.parse(stranger.text)).toEqual({
      error: "\\u001b[31m is not in the roster; ask /probe?server=<name>",
    });
    await exporter.close();
  });

  it("[PLAY-04] checks continuously; live at once, ready once each server was checked", async () => {
    let lists = 0;
    await using live = await modern({
      "tools/list": (message, response) => {
        lists += 1;
        const result = { tools: [], resultType: "complete", ttlMs: 0, cacheScope: "private" };
        response.writeHead(200, { "content-type": "application/json" });
        response.end(`{"jsonrpc":"2.0","id":${message.id},"result":${JSON.stringify(result)}}`);
      },
    });
    await using slow = await silent();
    const exporter = await start(
      rosterFile(
        member("live", { mcp: over(live.url), everyMs: 100 }),
        member("slow", { mcp: over(slow.url), timeoutMs: 600 }),
      ),
    );
    expect((await read(exporter, "/livez")).status).toBe(200);
    const first = await until(
      () => read(exporter, "/readyz"),
      ({ text }) => !text.includes("live"),
    );
    expect([first.status, JSON.parse(first.text)]).toEqual([503, { status: "waiting", unchecked: ["slow"] }]);
    const ready = await until(
      () => read(exporter, "/readyz"),
      ({ status }) => status === 200,
    );
    expect(JSON.parse(ready.text)).toEqual({ status: "ok", unchecked: [] });
    expect((await read(exporter, "/livez")).status).toBe(200);
    const before = lists;
    await until(
      async () => lists,
      (now) => now >= before + 3,
    );
    const metrics = await read(exporter, "/metrics");
    expect(metrics.type).toContain("text/plain; version=0.0.4");
    expect(metrics.text).toContain('mcp_server_up{environment="staging",server="live"} 1\n');
    expect(metrics.text).toContain('mcp_server_up{environment="staging",server="slow"} 0\n');
    expect(exporter.written).toEqual([]);
    await exporter.close();
    await expect(fetch(`${exporter.origin}/livez`)).rejects.toThrow();
  });

  it("shows the last result of each server and how verdicts changed, for who shows the status", async () => {
    await using live = await modern();
    const exporter = await start(rosterFile(member("live", { mcp: over(live.url) })));
    await until(
      () => read(exporter, "/readyz"),
      ({ status }) => status === 200,
    );
    const { type, text } = await read(exporter, "/results");
    expect(type).toBe("application/json");
    const healthy = { server: "live", status: "healthy", mcp: { outcome: "ok" } };
    expect(JSON.parse(text)).toMatchObject({
      environment: "staging",
      results: [healthy],
      changes: [
        { id: expect.any(Number), event: { type: "status", from: null, to: "healthy", result: healthy } },
      ],
    });
    await exporter.close();
  });

  it("answers nothing but its pages, and reads only", async () => {
    const exporter = await start(rosterFile());
    expect((await read(exporter, "/")).status).toBe(404);
    expect((await read(exporter, "/metrics", "POST")).status).toBe(405);
    expect(await read(exporter, "/livez", "HEAD")).toMatchObject({ status: 200, text: "" });
    expect((await read(exporter, "/readyz?verbose")).status).toBe(200);
    await exporter.close();
  });

  it("writes to another sink as well, where it is told to", async () => {
    await using live = await modern();
    const path = rosterFile(member("live", { mcp: over(live.url) }));
    const exporter = await start(path, { ROLLCALL_SINK: "emf" });
    await until(
      async () => exporter.written.length,
      (count) => count > 0,
    );
    expect(JSON.parse(exporter.written.join(""))).toMatchObject({
      Server: "live",
      Runner: "cluster",
      McpAvailable: 1,
    });
    await exporter.close();
  });

  it("refuses an address that is none or is taken, and says what to write", async () => {
    const path = rosterFile();
    const wrong = start(path, { ROLLCALL_LISTEN: "9464" });
    await expect(wrong).rejects.toThrow(/ROLLCALL_LISTEN: "9464" is no address.*write host:port/);
    const first = await start(path);
    const taken = start(path, { ROLLCALL_LISTEN: new URL(first.origin).host });
    await expect(taken).rejects.toThrow(/cannot be listened on/);
    await first.close();
  });

  it("as a process ends in order at SIGTERM, also in the middle of a check", async () => {
    await using slow = await silent();
    const { exporterFile } = bundleProbe(folder);
    const path = rosterFile(member("slow", { mcp: over(slow.url), timeoutMs: 60_000 }));
    const child = spawn(process.execPath, [exporterFile, path], {
      env: { ...process.env, ROLLCALL_LISTEN: "127.0.0.1:0" },
      stdio: ["ignore", "inherit", "pipe"],
    });
    let said = "";
    for await (const chunk of child.stderr) {
      said += String(chunk);
      if (said.includes("/metrics")) break;
    }
    const origin = /http:\S+(?=\/metrics)/.exec(said)?.[0] ?? "";
    expect((await read({ origin }, "/livez")).status).toBe(200);
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
    await new Promise<void>((resolve) => {
      execFile(process.execPath, [exporterFile, join(folder, "absent.json")], (error, _, stderr) => {
        expect(error?.code).toBe(65);
        expect(stderr.trimEnd().split("\n")).toHaveLength(1);
        resolve();
      });
    });
  });
});

describe("the rounds of the exporter", () => {
  it("keep their moments, leave out a missed one, and go stale after three", async () => {
    let now = 0;
    const began: number[] = [];
    const done = Promise.withResolvers<void>();
    const rounds = startContinuous({
      roster: { environment: "staging", targets: [member("one", { everyMs: 60_000, samples: 2 })] },
      now: () => now,
      wait: async (ms, signal) => {
        if (began.length === 4) {
          done.resolve();
          await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        }
        now += ms;
      },
      prober: {
        probe: async (): Promise<Observation> => {
          began.push(now);
          // the second check takes longer than the interval
          now += began.length === 2 ? 40_000 : 1_000;
          return observationOf({ mcp: OK });
        },
        save: async () => undefined,
      },
      sink: { publish: () => undefined },
    });
    expect(rounds.unready()).toEqual(["one"]);
    await done.promise;
    expect(began).toEqual([0, 30_000, 90_000, 120_000]);
    expect(rounds.unready()).toEqual([]);
    now += 180_000;
    expect(rounds.unready()).toEqual([]);
    now += 1;
    expect(rounds.unready()).toEqual(["one"]);
    await rounds.stop();
  });
});

describe("what a process uses", () => {
  /** A /proc of the test's own, with one process in it. */
  function procOf(
    pid: number,
    { ticks, files = 3 }: { ticks: readonly [number, number]; files?: number },
  ): string {
    const own = join(folder, "proc");
    rmSync(own, { recursive: true, force: true });
    mkdirSync(join(own, String(pid), "fd"), { recursive: true });
    const fields = ["S", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...ticks, 0, 0];
    writeFileSync(join(own, String(pid), "stat"), `${pid} (a ) b (c) ${fields.join(" ")}\n`);
    writeFileSync(join(own, String(pid), "status"), "Name:\ta\nVmRSS:\t    2048 kB\n");
    for (let file = 0; file < files; file += 1) writeFileSync(join(own, String(pid), "fd", String(file)), "");
    return own;
  }

  it("is read from /proc: memory and files at once, the processor from the second reading on", () => {
    let now = 1_000;
    const proc = procOf(7, { ticks: [100, 50] });
    const usage = new ProcessUsage({ now: () => now, proc });
    expect(usage.read(7)).toEqual({ ServerMemory: 2_097_152, mcp_server_file_descriptors: 3 });
    now += 2_000;
    procOf(7, { ticks: [180, 70], files: 5 });
    expect(usage.read(7)).toEqual({
      ServerMemory: 2_097_152,
      mcp_server_file_descriptors: 5,
      // 100 ticks of 10 ms in 2 s
      mcp_server_cpu_usage_percent: 50,
    });
    procOf(8, { ticks: [900, 900] });
    now += 2_000;
    expect(usage.read(8)).toEqual({ ServerMemory: 2_097_152, mcp_server_file_descriptors: 3 });
  });

  it("is nothing where there is no process", () => {
    expect(new ProcessUsage().read(null)).toEqual({});
    expect(new ProcessUsage().read(2 ** 30)).toEqual({});
  });

  it.runIf(process.platform === "linux")("is that of a real process", () => {
    const { ServerMemory, mcp_server_file_descriptors } = new ProcessUsage().read(process.pid);
    expect(ServerMemory).toBeGreaterThan(10_000_000);
    expect(mcp_server_file_descriptors).toBeGreaterThan(2);
  });
});
