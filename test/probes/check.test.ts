import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { check, openSessionFor } from "../../probes/check.ts";
import type { Lease } from "../../probes/session.ts";
import { body, initialized, type LocalServer, rpc, status, tool } from "../support/faulty.ts";
import {
  everythingOverHttp,
  isRunning,
  legacyServer,
  modernServer,
  over,
  scripted,
  stdioServer,
  target,
} from "../support/servers.ts";

/** Real servers of both generations. Not proved here: servers behind TLS that is trusted, and real networks. */

const here = { allowLoopback: true };
const DISCARD = "http://127.0.0.1:9";
const ENDS_ON_UNKNOWN = `import { createInterface } from "node:readline";
  const answers = {
    initialize: ${JSON.stringify(initialized({ tools: {} }))},
    "tools/list": ${JSON.stringify({ result: { tools: [tool("a")] } })},
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method } = JSON.parse(line);
    if (id === undefined) continue;
    if (!(method in answers)) process.exit(1);
    console.log(JSON.stringify({ jsonrpc: "2.0", id, ...answers[method] }));
  }`;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollcall-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the reference servers", () => {
  let everything: LocalServer;
  beforeAll(async () => {
    everything = await everythingOverHttp();
  });
  afterAll(() => everything[Symbol.asyncDispose]());

  it("server-everything answers over Streamable HTTP", async () => {
    const { result, mcpMs } = await check(target({ mcp: over(everything.url) }), here);
    expect(result).toMatchObject({
      server: "subject",
      status: "healthy",
      mcp: { outcome: "ok", failureClass: null, era: "legacy", protocolVersion: "2025-11-25", detail: "" },
      rest: { outcome: "skipped", failureClass: null, httpStatus: null },
    });
    expect(result.mcp.tools).toBeGreaterThan(5);
    expect(mcpMs).toBeGreaterThan(0);
  });

  it.each(["everything", "memory"])("server-%s answers over stdio", async (name) => {
    const env = { MEMORY_FILE_PATH: join(folder, "memory.json") };
    const { result } = await check(target({ mcp: stdioServer(name, { env }) }), here);
    expect(result).toMatchObject({ status: "healthy", mcp: { outcome: "ok", era: "legacy" } });
  });

  it("a missing required tool is named, and the check stays ok", async () => {
    const requiredTools = ["echo", "fly"];
    const { result, missingTools } = await check(target({ mcp: over(everything.url), requiredTools }), here);
    expect(result).toMatchObject({ status: "healthy", mcp: { detail: "required tools missing: fly" } });
    expect(missingTools).toEqual(["fly"]);
  });
});

describe("both generations of the protocol", () => {
  it("a modern server is spoken to without a handshake", async () => {
    await using server = await modernServer("reject");
    const { result } = await check(target({ mcp: over(server.url) }), here);
    expect(result.mcp).toMatchObject({
      outcome: "ok",
      era: "modern",
      protocolVersion: "2026-07-28",
      tools: 2,
    });
  });

  it("an older server with sessions is left without one of ours", async () => {
    await using server = await legacyServer();
    const { result } = await check(target({ mcp: over(server.url) }), here);
    expect(result.mcp).toMatchObject({ outcome: "ok", era: "legacy", tools: 3 });
    expect(server.sessions.size).toBe(0);
  });

  it("a stdio server that ends on an unknown first request is started again and asked the old way", async () => {
    const { result } = await check(target({ mcp: scripted(ENDS_ON_UNKNOWN) }), here);
    expect(result.mcp).toMatchObject({ outcome: "ok", era: "legacy", tools: 1 });
  });

  it("all pages of tools/list are read, an empty cursor included", async () => {
    const pages: Record<string, object> = {
      first: { tools: [tool("a")], nextCursor: "" },
      "": { tools: [tool("b")], nextCursor: "last" },
      last: { tools: [tool("c")] },
    };
    await using server = await rpc({
      "tools/list": (params) => ({ result: pages[(params as { cursor?: string }).cursor ?? "first"] }),
    });
    const { result } = await check(target({ mcp: over(server.url) }), here);
    expect(result.mcp).toMatchObject({ outcome: "ok", tools: 3 });
  });
});

describe("the verdict over both paths", () => {
  const paths = async (mcp: string, rest: string): Promise<string> => {
    const { result } = await check(target({ mcp: over(mcp), rest: { url: rest } }), here);
    return result.status;
  };

  it("[STAT-01] both paths ok is healthy, one failed is degraded, both failed is unhealthy", async () => {
    await using mcp = await modernServer();
    await using rest = await body('{"status":"ok"}');
    expect(await paths(mcp.url, rest.health)).toBe("healthy");
    expect(await paths(mcp.url, DISCARD)).toBe("degraded");
    expect(await paths(DISCARD, rest.health)).toBe("degraded");
    expect(await paths(DISCARD, DISCARD)).toBe("unhealthy");
  });

  it("the only path decides alone, and no path at all is unknown", async () => {
    const alone = await check(target({ mcp: over(`${DISCARD}/mcp`) }), here);
    expect(alone.result).toMatchObject({ status: "unhealthy", mcp: { failureClass: "connect" } });
    const none = await check(target({}), here);
    expect(none.result.status).toBe("unknown");
  });

  it("a refusal for lack of credentials is degraded with class auth, also beside a failure", async () => {
    await using closed = await status(401);
    const alone = await check(target({ mcp: over(closed.url) }), here);
    expect(alone.result).toMatchObject({ status: "degraded", mcp: { failureClass: "auth" } });
    expect(await paths(closed.url, DISCARD)).toBe("degraded");
  });

  it("a missing credential is told by its name before anything is started", async () => {
    const mcp = scripted("process.exit(1)");
    const env = { TOKEN: { env: "ROLLCALL_TEST_ABSENT" } };
    const { result } = await check(target({ mcp: { ...mcp, env } as typeof mcp }), here);
    expect(result).toMatchObject({ status: "degraded", mcp: { failureClass: "auth" } });
    expect(result.mcp.detail).toContain("credential ROLLCALL_TEST_ABSENT: is not set");
  });

  it("a credential that a server repeats in its last words is masked", async () => {
    const mcp = scripted('console.error("bad token " + process.env.TOKEN); process.exit(1)');
    const env = { TOKEN: { env: "ROLLCALL_TEST_TOKEN" } };
    const secrets = { variable: () => "s3cret-value", file: () => Promise.reject(new Error("unused")) };
    const subject = target({ mcp: { ...mcp, env } as typeof mcp });
    const { result } = await check(subject, { ...here, secrets });
    expect(result.mcp.detail).toBe("the server's process exited with code 1: bad token ***");
  });
});

describe("a REST path", () => {
  it.each([
    ["200 and no document", body("fine", "text/plain"), { outcome: "ok", httpStatus: 200 }],
    ["204", status(204), { outcome: "ok", httpStatus: 204 }],
    ["a document that says DOWN", body('{"status":"DOWN"}'), { failureClass: "http", httpStatus: 200 }],
    ["403", status(403), { failureClass: "auth", httpStatus: 403 }],
    ["503", status(503), { failureClass: "http", httpStatus: 503 }],
  ])("%s", async (_, starting, expected) => {
    await using server = await starting;
    const { result } = await check(target({ rest: { url: server.health } }), here);
    expect(result.rest).toMatchObject(expected);
  });
});

describe("a kept session", () => {
  it("is lent to each check, given back with the outcome, and noticed when its process is killed", async () => {
    const env = { MEMORY_FILE_PATH: join(folder, "kept.json") };
    const subject = target({ mcp: stdioServer("memory", { env }) });
    const session = await openSessionFor(subject, AbortSignal.timeout(10_000), here);
    const pid = session.process?.pid ?? 0;
    const released: boolean[] = [];
    const lease: Lease = { session, release: async (ok) => void released.push(ok) };
    const acquire = (): Promise<Lease> => Promise.resolve(lease);

    expect((await check(subject, { acquire })).result.status).toBe("healthy");
    expect((await check(subject, { acquire })).result.status).toBe("healthy");
    expect(isRunning(pid)).toBe(true);
    process.kill(pid, "SIGKILL");
    await session.closed;
    const after = await check(subject, { acquire });
    expect(after.result).toMatchObject({
      status: "unhealthy",
      mcp: { failureClass: "connect", era: "legacy" },
    });
    expect(after.result.mcp.detail).toContain("was ended by SIGKILL");
    expect(released).toEqual([true, true, false]);
    await session.close();
  });

  it("that comes after the deadline is still given back, as failed", async () => {
    const released = Promise.withResolvers<boolean>();
    const late = Promise.withResolvers<Lease>();
    const subject = target({ mcp: over(DISCARD), timeoutMs: 50 });
    const checking = check(subject, {
      acquire: (signal) => {
        signal.addEventListener("abort", async () => {
          const session = await openSessionFor(
            target({ mcp: scripted(ENDS_ON_UNKNOWN) }),
            AbortSignal.timeout(9_000),
          );
          late.resolve({ session, release: async (ok) => released.resolve(ok) });
          await session.close();
        });
        return late.promise;
      },
    });
    expect((await checking).result.mcp).toMatchObject({ failureClass: "timeout" });
    expect(await released.promise).toBe(false);
  });
});

describe("a child process", () => {
  it("that ignores every polite signal is gone with its helpers when the check ends", async () => {
    const pids = join(folder, "pids");
    const script = `import { spawn } from "node:child_process"; import { writeFileSync } from "node:fs";
      process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);
      const helper = spawn("sleep", ["60"], { stdio: "inherit" });
      writeFileSync(${JSON.stringify(pids)}, process.pid + " " + helper.pid);`;
    const began = performance.now();
    const { result } = await check(target({ mcp: scripted(script), timeoutMs: 1_500 }), here);
    expect(performance.now() - began).toBeLessThan(3_500);
    expect(result).toMatchObject({ status: "unhealthy", mcp: { failureClass: "timeout" } });
    const [server, helper] = (await readFile(pids, "utf8")).split(" ").map(Number);
    expect(isRunning(server ?? 0)).toBe(false);
    expect(isRunning(helper ?? 0)).toBe(false);
  });
});
