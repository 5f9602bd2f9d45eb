import { describe, expect, it } from "vitest";
import { LEGACY_VERSIONS } from "../../../probes/mcp/headers.ts";
import {
  everythingOverHttp,
  isRunning,
  legacyServer,
  modernServer,
  over,
  scripted,
  stdioServer,
} from "../../support/servers.ts";
import { everythingOverSse, oldServer, oldSseServer } from "./peers.ts";
import { type OpenedSession, open, sse } from "./support.ts";

/** Our client against servers that others wrote, each revision and transport of them. */

const inTime = (): AbortSignal => AbortSignal.timeout(15_000);
const names = async (session: OpenedSession): Promise<string[]> =>
  (await session.listTools(inTime())).tools.map(({ name }) => name);
const echo = { name: "echo", arguments: { message: "hé 😀" } };

describe("over stdio", () => {
  it.each([
    ["everything", [], 13],
    ["memory", [], 9],
    ["filesystem", ["/tmp"], 14],
    ["sequential-thinking", [], 1],
  ])(
    "the reference server %s lists its tools, and its process ends with the session",
    async (name, args, count) => {
      const session = await open(stdioServer(name, { args }));
      const pid = session.process?.pid ?? 0;
      const list = await session.listTools(inTime());
      expect(list).toMatchObject({ pages: 1, ttlMs: null, cacheScope: null });
      expect(list.tools).toHaveLength(count);
      expect(session).toMatchObject({ era: "legacy", transport: "stdio", protocolVersion: "2025-11-25" });
      expect(session).toMatchObject({
        timings: null,
        certificate: null,
        serverInfo: { version: expect.any(String) },
      });
      expect(isRunning(pid)).toBe(true);
      await session[Symbol.asyncDispose]();
      await session.closed;
      expect(isRunning(pid)).toBe(false);
    },
  );

  it("server-everything answers a call", async () => {
    await using session = await open(stdioServer("everything"));
    const answer = { isError: false, text: `Echo: ${echo.arguments.message}`, stream: null };
    expect(await session.callTool(echo, inTime())).toMatchObject(answer);
    const wrong = await session.callTool({ name: "echo", arguments: {} }, inTime());
    expect(wrong).toMatchObject({ isError: true, text: expect.stringContaining("message") });
  });

  it("a server on the SDK's second major version is modern", async () => {
    const script = `import { McpServer } from "@modelcontextprotocol/server";
      import { serveStdio } from "@modelcontextprotocol/server/stdio";
      serveStdio(() => {
        const server = new McpServer({ name: "modern", version: "2" });
        server.registerTool("one", {}, () => ({ content: [{ type: "text", text: "1" }] }));
        return server;
      });`;
    await using session = await open(scripted(script), { traceparent: TRACEPARENT });
    expect(session).toMatchObject({
      era: "modern",
      protocolVersion: "2026-07-28",
      serverInfo: { name: "modern" },
    });
    expect(await names(session)).toEqual(["one"]);
    expect(await session.callTool({ name: "one", arguments: {} }, inTime())).toMatchObject({ text: "1" });
  });
});

describe("over Streamable HTTP", () => {
  it("server-everything answers, by streams", async () => {
    await using server = await everythingOverHttp();
    await using session = await open(over(server.url));
    expect(session).toMatchObject({
      era: "legacy",
      transport: "streamable-http",
      protocolVersion: "2025-11-25",
    });
    expect(session.timings).toMatchObject({ connectMs: expect.any(Number), firstByteMs: expect.any(Number) });
    expect(await names(session)).toHaveLength(13);
    const answer = await session.callTool(echo, inTime());
    expect(answer).toMatchObject({ isError: false, text: `Echo: ${echo.arguments.message}` });
    const { stream } = answer;
    expect(stream).toMatchObject({ truncated: false, events: expect.any(Number) });
    expect(stream?.firstEventMs).toBeGreaterThan(0);
    expect(stream?.lastEventMs).toBeGreaterThanOrEqual(stream?.firstEventMs ?? 0);
    expect(stream?.longestGapMs).toBeLessThanOrEqual(stream?.lastEventMs ?? 0);
  });

  it.each(["stateless", "reject"] as const)(
    "a server that serves older clients %s is modern",
    async (legacy) => {
      await using server = await modernServer(legacy);
      await using session = await open(over(server.url), { traceparent: TRACEPARENT });
      expect(session).toMatchObject({ era: "modern", protocolVersion: "2026-07-28" });
      expect(session.serverInfo).toEqual({ name: "modern", version: "1" });
      const list = await session.listTools(inTime());
      expect(list).toMatchObject({
        tools: [{ name: "one" }, { name: "two" }],
        ttlMs: 0,
        cacheScope: "private",
      });
      expect(await session.callTool({ name: "two", arguments: {} }, inTime())).toMatchObject({
        isError: false,
      });
      await expect(session.callTool({ name: "größe", arguments: {} }, inTime())).rejects.toMatchObject({
        failureClass: "rpc",
        code: -32602,
      });
    },
  );

  it("a modern server that is remembered as a legacy one is asked anew", async () => {
    await using server = await modernServer("reject");
    const remembered = {
      era: "legacy",
      transport: "streamable-http",
      protocolVersion: "2025-11-25",
    } as const;
    await using session = await open(over(server.url), { remembered });
    expect(session.era).toBe("modern");
  });

  it("a server that keeps sessions is left without one", async () => {
    await using server = await legacyServer();
    {
      await using session = await open(over(server.url));
      expect(await names(session)).toEqual(["one", "two", "three"]);
      expect(server.sessions.size).toBe(1);
    }
    expect(server.sessions.size).toBe(0);
  });

  it.each(LEGACY_VERSIONS)("a server that speaks %s only is spoken to in it", async (version) => {
    await using server = await oldServer(version);
    await using session = await open(over(server.url));
    expect(session).toMatchObject({ era: "legacy", protocolVersion: version, serverInfo: { name: "sdk-1" } });
    expect(await names(session)).toEqual(["one", "interrupted", "curious"]);
    expect(await session.callTool({ name: "one", arguments: {} }, inTime())).toMatchObject({ text: "1" });
  });

  it("a server that asks something itself is told so on a POST, and answers then", async () => {
    await using server = await oldServer("2025-06-18");
    await using session = await open(over(server.url));
    const asked = await session.callTool({ name: "curious", arguments: {} }, inTime());
    expect(asked.text).toMatch(/^\{\} .*-32601.*roots\/list/);
  });

  it("a stream that the server ends early, with a time to come back, is resumed", async () => {
    await using server = await oldServer("2025-11-25", { retryInterval: 10 });
    await using session = await open(over(server.url));
    const answer = await session.callTool({ name: "interrupted", arguments: {} }, inTime());
    expect(answer).toMatchObject({ text: "resumed", stream: { truncated: false } });
  });
});

describe("over HTTP with SSE", () => {
  it("server-everything answers", async () => {
    await using server = await everythingOverSse();
    await using session = await open(sse(server.url));
    expect(session).toMatchObject({ era: "legacy", transport: "sse", protocolVersion: "2025-11-25" });
    expect(await names(session)).toHaveLength(13);
    const answer = await session.callTool(echo, inTime());
    expect(answer).toMatchObject({ text: `Echo: ${echo.arguments.message}`, stream: { truncated: false } });
  });

  it("a server is found behind an address that refuses to be posted to, and its stream ends with the session", async () => {
    await using server = await oldSseServer();
    const session = await open(over(server.url));
    expect(session).toMatchObject({ era: "legacy", transport: "sse", protocolVersion: "2024-11-05" });
    expect(await names(session)).toContain("one");
    const asked = await session.callTool({ name: "curious", arguments: {} }, inTime());
    expect(asked.text).toMatch(/^\{\} .*-32601.*roots\/list/);
    expect(server.open.size).toBe(1);
    const [transport] = server.open.values();
    const ended = new Promise<void>((resolve) => {
      if (transport !== undefined) transport.onclose = resolve;
    });
    await session[Symbol.asyncDispose]();
    await ended;
    expect(server.open.size).toBe(0);
  });

  it("is tried first where it is remembered", async () => {
    await using server = await oldSseServer();
    const remembered = { era: "legacy", transport: "sse", protocolVersion: "2024-11-05" } as const;
    await using session = await open(over(server.url), { remembered });
    expect(await names(session)).toContain("one");
  });
});

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
