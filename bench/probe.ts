import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PROBE_NODE_OPTIONS } from "../plan/probe.ts";
import { bundleScripts } from "../probes/runners/bundle.ts";
import { availability, tool } from "../test/support/toolchain.ts";
import { type Bench, median, round } from "./report.ts";

const FOLDER = join(import.meta.dirname, "probe");
/** The scripts that ask are bundled as the runners are: stripping types would be half of their memory. */
const BUILT = mkdtempSync(join(tmpdir(), "rollcall-bench-probe-"));
const MIB = 2 ** 20;
const CONCURRENCY = 100;
const WAYS = {
  fetch: "bare exchange with fetch (the limit)",
  sdk: "MCP client of the SDK alone",
  client: "Rollcall's MCP client alone",
  check: "Rollcall's full check",
  blackbox: "blackbox_exporter, one plain GET",
} as const;
type Way = keyof typeof WAYS;

interface Load {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMsPerCheck: number;
  readonly peakBytes: number;
}

interface FleetRun {
  readonly ms: number;
  readonly peakBytes: number;
  readonly healthy: number;
}

/**
 * What a check costs: the same light server asked in five ways at concurrency 100, each in a process of its own, in
 * rounds so that a busy moment of the machine meets them all; then whole fleets in one run of one process.
 */
export const probeBench: Bench = async ({ quick }) => {
  const rounds = quick ? 1 : 3;
  const seconds = quick ? 2 : 5;
  bundleScripts([join(FOLDER, "load.ts"), join(FOLDER, "fleet.ts")], BUILT);
  const exporter = await startBlackbox();
  try {
    const loads = await measureWays({ rounds, seconds, exporter: exporter?.url ?? null });
    const limit = loads.get("fetch")?.rate ?? Number.NaN;
    const sizes = quick ? [10, 1_000] : [10, 100, 1_000, 10_000];
    const fleets: [number, FleetRun][] = [];
    for (const size of sizes) fleets.push([size, await runFleet(size)]);
    return {
      head: ["what", "checks/s", "of the limit", "p50", "p99", "CPU a check", "peak memory"],
      rows: [
        ...[...loads].map(([way, load]) => [
          WAYS[way],
          `${round(load.rate)}`,
          `${round(load.rate / limit, 2)}`,
          `${round(load.p50, 1)} ms`,
          `${round(load.p99, 1)} ms`,
          way === "blackbox" ? "(another process)" : `${round(load.cpuMsPerCheck, 2)} ms`,
          way === "blackbox" ? "(another process)" : `${round(load.peakBytes / MIB)} MiB`,
        ]),
        ...fleets.map(([size, run]) => [
          `one run of ${size} servers: ${run.healthy} healthy in ${round(run.ms / 1_000, 2)} s`,
          `${round(size / (run.ms / 1_000))}`,
          "",
          "",
          "",
          "",
          `${round(run.peakBytes / MIB)} MiB`,
        ]),
      ],
      figures: {
        ...Object.fromEntries([...loads].map(([way, { rate }]) => [`${way}PerSecond`, round(rate)])),
        checkOfLimit: round((loads.get("check")?.rate ?? Number.NaN) / limit, 3),
        ...Object.fromEntries(
          fleets.flatMap(([size, { ms, peakBytes }]) => [
            [`fleet${size}Ms`, round(ms)],
            [`fleet${size}MiB`, round(peakBytes / MIB)],
          ]),
        ),
      },
    };
  } finally {
    await exporter?.stop();
    rmSync(BUILT, { recursive: true, force: true });
  }
};

async function measureWays(input: {
  readonly rounds: number;
  readonly seconds: number;
  readonly exporter: string | null;
}): Promise<Map<Way, Load>> {
  const { rounds, seconds, exporter } = input;
  const [server, [port = 0]] = await startServer(1);
  const address = `http://127.0.0.1:${port}/mcp`;
  const ways = (Object.keys(WAYS) as Way[]).filter((way) => way !== "blackbox" || exporter !== null);
  const runs = new Map<Way, Load[]>(ways.map((way) => [way, []]));
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const way of ways) {
        const args = [way, address, String(CONCURRENCY), String(seconds), exporter ?? ""];
        runs.get(way)?.push(await answerOf<Load>("load.mjs", args, ""));
      }
    }
  } finally {
    server.stdin.end();
  }
  return new Map([...runs].map(([way, loads]) => [way, middle(loads)]));
}

async function runFleet(size: number): Promise<FleetRun> {
  const [server, ports] = await startServer(size);
  try {
    return await answerOf<FleetRun>("fleet.mjs", [], JSON.stringify(ports));
  } finally {
    server.stdin.end();
  }
}

function middle(loads: readonly Load[]): Load {
  const of = (pick: (load: Load) => number): number => median(loads.map(pick));
  return {
    rate: of(({ rate }) => rate),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    cpuMsPerCheck: of(({ cpuMsPerCheck }) => cpuMsPerCheck),
    peakBytes: of(({ peakBytes }) => peakBytes),
  };
}

async function startServer(count: number): Promise<[ChildProcessWithoutNullStreams, number[]]> {
  const child = spawn(process.execPath, [join(FOLDER, "light-server.ts"), String(count)]);
  child.stderr.pipe(process.stderr);
  return [child, JSON.parse(await firstLine(child)) as number[]];
}

async function answerOf<T>(script: string, args: readonly string[], stdin: string): Promise<T> {
  // the options that the deployed runners have
  const child = spawn(process.execPath, [...PROBE_NODE_OPTIONS.split(" "), join(BUILT, script), ...args]);
  child.stderr.pipe(process.stderr);
  child.stdin.end(stdin);
  return JSON.parse(await firstLine(child)) as T;
}

async function firstLine(child: ChildProcessWithoutNullStreams): Promise<string> {
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error(`${child.spawnargs.join(" ")} ended without an answer`);
}

/** The general prober beside us, where Go is at hand to build it. */
async function startBlackbox(): Promise<{ readonly url: string; stop(): Promise<void> } | null> {
  const available = availability("blackbox_exporter");
  if (!available.ok) {
    process.stderr.write(`left out: ${available.reason}\n`);
    return null;
  }
  const port = await freePort();
  const child = spawn(await tool("blackbox_exporter"), [
    `--web.listen-address=127.0.0.1:${port}`,
    `--config.file=${join(FOLDER, "blackbox.yml")}`,
    "--log.level=error",
  ]);
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 200; tries += 1) {
    const response = await fetch(`${url}/-/healthy`).catch(() => null);
    if (response?.ok === true) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    async stop() {
      const exited = once(child, "exit");
      child.kill();
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
