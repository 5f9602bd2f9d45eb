/** The status API within a cluster, over real connections. Not proved here: what its NetworkPolicy lets in. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { bundleForCluster } from "../../cloud/bundle.ts";
import { startStatus } from "../../cloud/status/server.ts";
import { buildPlan } from "../../plan/plan.ts";
import { siteOf } from "../../plan/status.ts";
import { ResultBoard } from "../../probes/results/board.ts";
import { serve } from "../support/faulty.ts";
import { observed } from "../support/observation.ts";
import { type Ask, eventsOf, expectStatusApi, serversOf } from "../support/status-contract.ts";
import { HOSTILE, sick, well } from "../support/status-samples.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const MINUTE = 60_000;
const plan = buildPlan(loadEnvironment(diskSource(ROOT), "staging"));

describe("within a cluster", () => {
  async function running(board: ResultBoard, { now = Date.now }: { now?: () => number } = {}) {
    const page = await exporterOf(board);
    const told: string[] = [];
    const status = await startStatus({
      site: siteOf(plan, "cluster"),
      results: `${page.origin}/results`,
      host: "127.0.0.1",
      port: 0,
      tell: (line) => void told.push(line),
      now,
    });
    const ask: Ask = (path, method = "GET") => fetch(`${status.origin}${path}`, { method });
    return {
      ask,
      told,
      page,
      async [Symbol.asyncDispose]() {
        await status.close();
        await page[Symbol.asyncDispose]();
      },
    };
  }

  test("it has the shapes that every site has, from what the exporter has found", async () => {
    const now = Date.now();
    const board = new ResultBoard();
    board.publish(observed(well("memory", now - MINUTE)));
    board.publish(observed(sick("memory", now)));
    await using running_ = await running(board);
    const { ask, told } = running_;
    await expectStatusApi(ask);
    const { health, servers } = await serversOf(ask);
    // CloudWatch is not asked: no alarm is not the same as not knowing of one
    expect(health).toMatchObject({ status: "unhealthy", alarms: null });
    expect(new Set(servers.flatMap(({ alarms }) => alarms.map(({ state }) => state)))).toEqual(
      new Set([null]),
    );
    expect(servers.find(({ server }) => server === "memory")?.result?.mcp.detail).toBe(HOSTILE);
    expect((await eventsOf(ask)).map(({ event }) => event)).toMatchObject([
      { type: "status", from: null, to: "healthy" },
      { type: "status", from: "healthy", to: "unhealthy" },
    ]);
    expect((await ask("/status/health", "POST")).status).toBe(405);
    expect((await ask("/livez")).status).toBe(200);
    expect(told).toEqual([]);
  });

  test("it is the bundled program of the image, which ends at SIGTERM", async () => {
    const folder = mkdtempSync(join(tmpdir(), "rollcall-status-"));
    const board = new ResultBoard();
    board.publish(observed(well("memory", Date.now())));
    await using page = await exporterOf(board);
    try {
      const file = join(folder, "site.json");
      writeFileSync(file, JSON.stringify(siteOf(plan, "cluster")));
      const env = {
        ROLLCALL_SITE: file,
        ROLLCALL_RESULTS_PAGE: `${page.origin}/results`,
        ROLLCALL_LISTEN: "127.0.0.1:0",
      };
      const child = spawn(process.execPath, [bundleForCluster(folder, "status.mjs")], {
        env,
        stdio: ["ignore", "ignore", "pipe"],
      });
      const ended = once(child, "exit");
      try {
        const [line] = (await once(createInterface({ input: child.stderr }), "line")) as [string];
        const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? line;
        const { health } = await serversOf((path) => fetch(origin + path));
        expect(health.servers.healthy).toBe(1);
      } finally {
        child.kill("SIGTERM");
      }
      expect(await ended).toEqual([0, null]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("without its exporter it goes on to answer, and what it knew becomes unknown", async () => {
    let now = Date.now();
    const board = new ResultBoard();
    board.publish(observed(well("memory", now)));
    await using running_ = await running(board, { now: () => now });
    const { ask, told, page } = running_;
    expect((await serversOf(ask)).health.servers.healthy).toBe(1);
    await page[Symbol.asyncDispose]();
    now += 2 * MINUTE;
    expect((await serversOf(ask)).health.servers.healthy).toBe(1);
    now += 2 * MINUTE;
    expect((await serversOf(ask)).health).toMatchObject({ status: "unknown", servers: { healthy: 0 } });
    expect(told.join("\n")).toMatch(/the results cannot be read/);
    expect((await ask("/livez")).status).toBe(200);
  });
});

/** The exporter's page of results. */
function exporterOf(board: ResultBoard) {
  return serve((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(
      JSON.stringify({ environment: "staging", results: board.results(), changes: board.changes() }),
    );
  });
}
