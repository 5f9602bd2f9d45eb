import { execFile } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleProbe, type ProbeBundle } from "../../probes/bundle.ts";
import { body, silent } from "../support/faulty.ts";
import { modernServer, over, target } from "../support/servers.ts";

/** The bundles as their runtimes start them. Not proved here: Lambda's own runtime, and a cluster's CronJob. */

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
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

async function roster(
  name: string,
  servers: Record<string, string>,
  path = join(folder, name),
): Promise<string> {
  const targets = Object.entries(servers).map(([server, url]) =>
    // A Lambda has no business on its own machine: these targets say that they live on private addresses.
    ({
      ...target({ server, mcp: over(url), timeoutMs: 2_000, allowPrivate: true }),
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

describe("the Lambda", () => {
  it("is under 700 KB", async () => {
    expect((await stat(join(bundle.lambdaDir, "index.mjs"))).size).toBeLessThan(700_000);
  });

  it("reads the roster beside it, writes EMF for each server as it comes, and returns a summary", async () => {
    await using live = await modernServer();
    await using slow = await silent();
    await roster("", { slow: slow.url, live: live.url }, join(bundle.lambdaDir, "roster.json"));
    const index = JSON.stringify(pathToFileURL(join(bundle.lambdaDir, "index.mjs")));
    const invoke = `const { handler } = await import(${index}); console.error(JSON.stringify(await handler({})));`;
    const run = await node(["--input-type=module", "-e", invoke]);
    expect(run.code).toBe(0);
    const [first, second, ...more] = lines(run.stdout);
    expect(more).toEqual([]);
    expect(first).toMatchObject({
      Environment: "staging",
      Server: "live",
      status: "healthy",
      ProbeRuns: 1,
      McpAvailable: 1,
      Unhealthy: 0,
      _aws: { CloudWatchMetrics: [{ Namespace: "Rollcall", Dimensions: [["Environment", "Server"]] }] },
    });
    expect(second).toMatchObject({ Server: "slow", status: "unhealthy", McpAvailable: 0, Unhealthy: 1 });
    const counts = { checked: 2, healthy: 1, degraded: 0, unhealthy: 1, unknown: 0 };
    expect(JSON.parse(run.stderr)).toEqual({ environment: "staging", ...counts });
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
