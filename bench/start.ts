import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, median, round } from "./report.ts";

const ROOT = join(import.meta.dirname, "..");
const MIB = 2 ** 20;
const POLL_MS = 20;
const LIMIT_MS = 120_000;

interface Start {
  readonly healthyMs: number;
  readonly monitorBytes: number;
  readonly childBytes: number;
  readonly laterBytes: number;
}

/**
 * From nothing to the first healthy answer: `npm ci` in a fresh copy of what git would commit, then `npm start`
 * cold and warm, beside a bare Node that only starts, as the limit. Memory is resident (Linux, /proc).
 */
export const startBench: Bench = async ({ quick }) => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-bench-"));
  try {
    const copy = quick ? ROOT : join(folder, "copy");
    const installMs = quick ? undefined : await install(copy);
    const settle = quick ? 5_000 : 60_000;
    const cold = await start({ copy, state: join(folder, "cold"), settle, cache: join(folder, "cache") });
    const runs = quick ? 1 : 5;
    const warm: Start[] = [];
    for (let i = 0; i < runs; i += 1)
      warm.push(
        await start({ copy, state: join(folder, `warm-${i}`), settle: 0, cache: join(folder, "cache") }),
      );
    const bare = bareNode();
    const warmMs = median(warm.map(({ healthyMs }) => healthyMs));
    const seconds = (ms: number | undefined): string =>
      ms === undefined ? "–" : `${round(ms / 1_000, 2)} s`;
    const mib = (bytes: number): string => `${round(bytes / MIB)} MiB`;
    return {
      head: ["what", "time", "memory", "against a bare Node"],
      rows: [
        ["npm ci", seconds(installMs), "", ""],
        [
          "npm ci to first healthy answer",
          seconds(installMs === undefined ? undefined : installMs + cold.healthyMs),
          "",
          "",
        ],
        [
          "start to first healthy answer, cold",
          seconds(cold.healthyMs),
          mib(cold.monitorBytes),
          `${round(cold.healthyMs / bare.ms, 1)} x time`,
        ],
        [
          `start to first healthy answer, warm, median of ${runs}`,
          seconds(warmMs),
          mib(median(warm.map(({ monitorBytes }) => monitorBytes))),
          `${round(warmMs / bare.ms, 1)} x time`,
        ],
        [
          `monitor after ${settle / 1_000} s`,
          "",
          mib(cold.laterBytes),
          `${round(cold.laterBytes / bare.bytes, 1)} x memory`,
        ],
        ["its four servers together", "", mib(cold.childBytes), ""],
        ["bare Node that only starts", seconds(bare.ms), mib(bare.bytes), "1"],
      ],
      figures: {
        ...(installMs === undefined
          ? {}
          : { installMs: round(installMs), installToHealthyMs: round(installMs + cold.healthyMs) }),
        coldStartMs: round(cold.healthyMs),
        warmStartMs: round(warmMs),
        bareNodeMs: round(bare.ms),
        monitorMiB: round(cold.laterBytes / MIB, 1),
        serversMiB: round(cold.childBytes / MIB, 1),
        bareNodeMiB: round(bare.bytes / MIB, 1),
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Copies what git tracks and installs it; gives the time of the install alone. */
async function install(copy: string): Promise<number> {
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: ROOT,
    encoding: "utf8",
  })
    .split("\0")
    .filter(Boolean);
  for (const file of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(ROOT, file), join(copy, file));
  }
  const from = performance.now();
  const child = spawn("npm", ["ci", "--silent"], { cwd: copy, stdio: ["ignore", "ignore", "inherit"] });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`npm ci ended with ${code}`);
  return performance.now() - from;
}

async function start(input: {
  readonly copy: string;
  readonly state: string;
  readonly settle: number;
  readonly cache: string;
}): Promise<Start> {
  const { copy, state, settle, cache } = input;
  const script = (
    JSON.parse(readFileSync(join(copy, "package.json"), "utf8")) as { scripts: { start: string } }
  ).scripts.start;
  const args = [...script.split(" ").slice(1), "--port", "0", "--state", state, "--format", "json"];
  const from = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: copy,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
  });
  try {
    const url = await readyUrl(child);
    while ((await healthOf(url)) !== "healthy") {
      if (performance.now() - from > LIMIT_MS) throw new Error("the environment did not become healthy");
      await sleep(POLL_MS);
    }
    const healthyMs = performance.now() - from;
    const pid = child.pid ?? 0;
    const monitorBytes = residentBytes(pid);
    const childBytes = childrenOf(pid).reduce((sum, one) => sum + residentBytes(one), 0);
    await sleep(settle);
    return { healthyMs, monitorBytes, childBytes, laterBytes: residentBytes(pid) };
  } finally {
    child.kill("SIGINT");
    if (child.exitCode === null) await once(child, "exit");
  }
}

async function readyUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the monitor has no output");
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { type: string; url?: string };
    if (event.type !== "ready" || event.url === undefined) continue;
    child.stdout.resume();
    return event.url;
  }
  throw new Error("the monitor ended before it was ready");
}

async function healthOf(url: string): Promise<string> {
  const response = await fetch(`${url}/status/health`);
  return ((await response.json()) as { status: string }).status;
}

function bareNode(): { ms: number; bytes: number } {
  const times = Array.from({ length: 5 }, () => {
    const from = performance.now();
    execFileSync(process.execPath, ["-e", "0"]);
    return performance.now() - from;
  });
  const bytes = Number(
    execFileSync(process.execPath, ["-p", "process.memoryUsage.rss()"], { encoding: "utf8" }),
  );
  return { ms: median(times), bytes };
}

function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) * 1_024;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean)
    .map(Number);
}
