import { execFile } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleProbe, type ProbeBundle } from "../../probes/runners/bundle.ts";
import { createHandler } from "../../probes/runners/lambda.ts";
import { body, modernHandler, serve, silent } from "../support/faulty.ts";
import { modernServer, over, target } from "../support/servers.ts";

/**
 * The bundles as their runtimes start them. Not proved here: Lambda's own runtime, and a cluster's CronJob.
 */

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
let bundle: ProbeBundle;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollcall-"));
  bundle = bundleProbe(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function node(args: string[], env: Record<string, string> = {}): Promise<Run> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: folder, env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        // a bundle that cannot be loaded is printed whole, on one line
        const told = stderr.length > 2_000 ? stderr.slice(-2_000) : stderr;
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr: told });
      },
    );
  });
}

/** Calls the bundled handler as the runtime does, in a process of its own; what it returns goes to stderr. */
function invoke({
  event = {},
  remainingMs = 60_000,
  env = {},
}: {
  event?: object;
  remainingMs?: number;
  env?: Record<string, string>;
}): Promise<Run> {
  const index = JSON.stringify(pathToFileURL(join(bundle.lambdaDir, "index.mjs")));
  const context = `{ getRemainingTimeInMillis: () => ${remainingMs} }`;
  const script = `const { handler } = await import(${index});
    const summary = await handler(${JSON.stringify(event)}, ${context});
    console.error(JSON.stringify(summary));
    process.exit(0);`;
  return node(["--input-type=module", "-e", script], env);
}

async function roster(
  name: string,
  servers: Record<string, string>,
  { path = join(folder, name), timeoutMs = 2_000 }: { path?: string; timeoutMs?: number } = {},
): Promise<string> {
  const targets = Object.entries(servers).map(([server, url]) =>
    // A Lambda has no business on its own machine: these targets say that they live on private addresses.
    ({
      ...target({ server, mcp: over(url), timeoutMs, allowPrivate: true }),
      everyMs: 60_000,
      samples: 1,
    }),
  );
  await writeFile(path, JSON.stringify({ environment: "staging", targets }));
  return path;
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

/** The runners that lines count a run of. */
const runnersCounted = (text: string): unknown[] =>
  lines(text)
    .filter((line) => JSON.stringify(line._aws ?? null).includes('["Environment","Runner"]'))
    .map(({ Runner }) => Runner);

describe("the Lambda", () => {
  const beside = () => join(bundle.lambdaDir, "roster.json");

  it("is under 700 KB, and leaves to the runtime what the runtime brings along", async () => {
    expect((await stat(join(bundle.lambdaDir, "index.mjs"))).size).toBeLessThan(700_000);
    expect((await stat(bundle.exporterFile)).size).toBeGreaterThan(
      (await stat(join(bundle.lambdaDir, "index.mjs"))).size,
    );
  });

  it("reads the roster beside it, writes EMF for each server as it comes, returns a summary", async () => {
    await using live = await modernServer();
    await using slow = await silent();
    await roster("", { slow: slow.url, live: live.url }, { path: beside() });
    const run = await invoke({});
    expect(run.code, run.stderr).toBe(0);
    const [first, second, ...more] = lines(run.stdout);
    expect(more).toEqual([]);
    expect(first).toMatchObject({
      Environment: "staging",
      Server: "live",
      status: "healthy",
      ProbeRuns: 1,
      McpAvailable: 1,
      Unhealthy: 0,
      Runner: "aws",
      _aws: {
        CloudWatchMetrics: [
          { Namespace: "Rollcall", Dimensions: [["Environment", "Server"]] },
          {
            Namespace: "Rollcall",
            Dimensions: [
              ["Environment", "Server"],
              ["Environment", "Runner"],
            ],
            Metrics: [{ Name: "ProbeRuns" }],
          },
        ],
      },
    });
    expect(second).toMatchObject({ Server: "slow", status: "unhealthy", McpAvailable: 0, Unhealthy: 1 });
    expect(runnersCounted(run.stdout)).toEqual(["aws"]);
    const counts = { checked: 2, healthy: 1, degraded: 0, unhealthy: 1, unknown: 0, cutOff: 0 };
    expect(JSON.parse(run.stderr)).toEqual({ environment: "staging", ...counts });
  });

  it("publishes what Lambda would cut off as unknown, in time and without a metric", async () => {
    await using slow = await silent();
    await using live = await modernServer();
    await roster("", { slow: slow.url, live: live.url }, { path: beside(), timeoutMs: 30_000 });
    const run = await invoke({ remainingMs: 4_000 });
    expect(run.code, run.stderr).toBe(0);
    const read = lines(run.stdout);
    expect(read).toMatchObject([
      { Server: "live", status: "healthy" },
      { Server: "slow", status: "unknown", mcp: { outcome: "skipped" } },
    ]);
    expect(read[1]?._aws).toBeUndefined();
    expect(JSON.parse(run.stderr)).toMatchObject({ healthy: 1, unknown: 1, cutOff: 1 });
  });

  it("checks the part of the roster that the event names, and refuses one that is no part", async () => {
    await using live = await modernServer();
    const servers = Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, live.url]));
    await roster("", servers, { path: beside() });
    const parts = await Promise.all([1, 2].map((shard) => invoke({ event: { shard, of: 2 } })));
    const seen = parts.flatMap(({ stdout }) => lines(stdout).map(({ Server }) => Server));
    expect(seen).toHaveLength(5);
    expect(new Set(seen)).toEqual(new Set(Object.keys(servers)));
    const wrong = await invoke({ event: { shard: 3, of: 2 } });
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toContain("shard 3 of 2 is no part of a roster");
  });

  it("writes where ROLLCALL_SINK says, and refuses a name that it does not know", async () => {
    await using live = await modernServer();
    await roster("", { live: live.url }, { path: beside() });
    const logged = await invoke({ env: { ROLLCALL_SINK: "log" } });
    expect(lines(logged.stdout)).toMatchObject([{ server: "live", measures: { ProbeRuns: 1 } }]);
    const page = await invoke({ env: { ROLLCALL_SINK: "prometheus" } });
    expect(page.stdout).toContain('mcp_server_up{environment="staging",server="live"} 1\n');
    const wrong = await invoke({ env: { ROLLCALL_SINK: "carbon" } });
    expect(wrong.stderr).toContain('there is no sink of the name "carbon"');
  });

  it("keeps what it learnt for the next call, and tries a roster anew that could not be read", async () => {
    const connections = new Set<unknown>();
    const answer = modernHandler();
    await using live = await serve((request, response) => {
      connections.add(request.socket);
      return answer(request, response);
    });
    const path = join(folder, "warm.json");
    const written: string[] = [];
    const write = (text: string): void => void written.push(text);
    const handler = createHandler({ rosterPath: path, env: {}, write, tell: write });
    await expect(handler({})).rejects.toThrow("warm.json");
    await roster("", { live: live.url }, { path });
    expect(await handler({})).toMatchObject({ healthy: 1 });
    // read once: the next call has its own copy
    await rm(path);
    expect(await handler({})).toMatchObject({ healthy: 1 });
    expect(written).toHaveLength(2);
    // a process that lives on counts each of its runs
    expect(runnersCounted(written.join(""))).toEqual(["aws", "aws"]);
    expect(connections.size).toBe(1);
  });
});

describe("the CronJob", () => {
  it("succeeds although a server is sick, and takes its roster by argument or variable", async () => {
    await using sick = await body("no", "text/plain", 500);
    const path = await roster("sick.json", { sick: sick.url });
    const run = await node([bundle.cronjobFile, path]);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(lines(run.stdout)).toMatchObject([
      { Server: "sick", status: "unhealthy", mcp: { failureClass: "http" } },
    ]);
    const byVariable = await node([bundle.cronjobFile], { ROLLCALL_ROSTER: path });
    expect(lines(byVariable.stdout)).toMatchObject([{ Server: "sick" }]);
    expect(runnersCounted(run.stdout)).toEqual(["cluster"]);
  });

  it("ends before its deadline with a line for every server; refuses one that is none", async () => {
    await using slow = await silent();
    const path = await roster("slow.json", { slow: slow.url }, { timeoutMs: 30_000 });
    const run = await node([bundle.cronjobFile, path], { ROLLCALL_DEADLINE: "4" });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(lines(run.stdout)).toMatchObject([{ Server: "slow", status: "unknown" }]);
    const wrong = await node([bundle.cronjobFile, path], { ROLLCALL_DEADLINE: "soon" });
    expect(wrong).toMatchObject({ code: 64, stdout: "" });
    expect(wrong.stderr).toContain('ROLLCALL_DEADLINE: "soon" is no number of seconds');
  });

  it("fails on a roster that cannot be used, with one line that names it", async () => {
    const broken = join(folder, "broken.json");
    await writeFile(broken, '{"environment":"staging","targets":[{"server":1}]}');
    for (const path of [join(folder, "absent.json"), broken]) {
      const run = await node([bundle.cronjobFile, path]);
      expect(run).toMatchObject({ code: 65, stdout: "" });
      expect(run.stderr.trimEnd().split("\n")).toHaveLength(1);
      expect(run.stderr).toContain(path);
    }
  });
});
