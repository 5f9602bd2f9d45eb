import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NODE, ROOT } from "../support/cli.ts";
import {
  body,
  bomb,
  brotliBomb,
  dripHeaders,
  endless,
  endlessHeader,
  endlessHeaders,
  endlessHints,
  event,
  floodOf,
  type LocalServer,
  NOTICE,
  nested,
  nestedBomb,
  older,
  rpc,
  stream,
  tool,
} from "../support/faulty.ts";
import { asRecord } from "../support/json.ts";
import { expectValid, GRACE_MS } from "../support/judge.ts";

/**
 * The worst servers against the command as a process of its own: one valid JSON document, in time, in bounded
 * memory. The peak is what the kernel counted (VmHWM), so it is known on Linux only.
 */

const MAX_PEAK_BYTES = 200 * 1024 * 1024;
/** From the start of the process to its first request, on a machine that is busy. */
const START_MS = 15_000;
const KNOWS_PEAKS = existsSync("/proc/self/status");

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly peakBytes: number;
  readonly ms: number;
}

async function rollcall(args: readonly string[]): Promise<Ended> {
  const began = performance.now();
  const script = join(ROOT, "ops", "rollcall.js");
  const child = spawn(NODE, ["--disable-warning=ExperimentalWarning", script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  let peakBytes = 0;
  // the kernel keeps the highest value itself; it must only be read once more before the process is gone
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid ?? 0));
  }, 10);
  const [code] = (await once(child, "close")) as [number | null];
  clearInterval(watch);
  return { code, stdout, peakBytes, ms: performance.now() - began };
}

function peakOf(pid: number): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(line?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

describe.skipIf(!KNOWS_PEAKS)("the command, asking the worst servers (needs /proc: Linux)", () => {
  const tools = Array.from({ length: 2_000 }, (_, index) => tool(`tool-${index}`));
  const manyPages = (): Promise<LocalServer> =>
    rpc({
      "tools/list": (params) => {
        const { cursor = "1" } = params as { cursor?: string };
        return { result: { tools, ...(cursor === "50" ? {} : { nextCursor: String(Number(cursor) + 1) }) } };
      },
    });
  it.each<[string, () => Promise<LocalServer>, string]>([
    ["an endless body", endless, "protocol"],
    ["a gzip bomb", bomb, "protocol"],
    ["a Brotli bomb", brotliBomb, "protocol"],
    ["bombs within bombs", nestedBomb, "protocol"],
    ["endless headers", endlessHeaders, "protocol"],
    ["an endless header", endlessHeader, "protocol"],
    ["headers that drip", dripHeaders, "timeout"],
    ["endless hints", endlessHints, "protocol"],
    ["endless comments", () => older({ "tools/list": floodOf(":\n") }), "protocol"],
    ["endless notices", () => older({ "tools/list": floodOf(event(NOTICE)) }), "protocol"],
    ["an endless line of an event", () => older({ "tools/list": floodOf("data: x") }), "protocol"],
    ["an event of 10 MiB", () => older({ "tools/list": stream(event("x".repeat(10 << 20))) }), "protocol"],
    ["3,000,000 lists within each other", () => body(nested(1_500_000)), "protocol"],
    ["100,000 tools", manyPages, "protocol"],
  ])("%s", async (_, start, failureClass) => {
    await using server = await start();
    const ended = await rollcall(["check", "--url", server.url, "--format", "json", "--timeout", "1s"]);
    const result = asRecord(JSON.parse(ended.stdout));
    expectValid(result);
    expect(ended.code).toBe(2);
    // what must be read up to its cap may take longer than a second of a busy machine: that is a verdict too
    expect(["timeout", failureClass]).toContain(asRecord(result.mcp).failureClass);
    expect(ended.ms).toBeLessThan(START_MS + 1_000 + GRACE_MS);
    expect(ended.peakBytes).toBeGreaterThan(0);
    expect(ended.peakBytes).toBeLessThan(MAX_PEAK_BYTES);
  });
});
