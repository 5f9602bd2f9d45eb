import { describe, expect, it } from "vitest";
import type { RememberedEra } from "../../../probes/session.ts";
import { body, silent, status } from "../../support/faulty.ts";
import { isRunning, over, scripted } from "../../support/servers.ts";
import {
  discovered,
  error,
  eventStream,
  faultOf,
  initialized,
  json,
  legacyHttp,
  modernHttp,
  open,
  result,
  type ScriptedServer,
  scriptedHttp,
} from "./support.ts";

/** Which generation a server belongs to, and what no server is taken for. */

const HANDSHAKE = ["initialize", "notifications/initialized"];
const legacyBefore: RememberedEra = {
  era: "legacy",
  transport: "streamable-http",
  protocolVersion: "2025-11-25",
};

describe("a modern server", () => {
  it("is asked one question, with all that its headers and body must say", async () => {
    await using server = await modernHttp();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await using session = await open(over(server.url), { traceparent });
    await session.listTools(AbortSignal.timeout(5_000));
    expect(server.asked()).toEqual(["server/discover", "tools/list"]);
    for (const { headers, message } of server.seen) {
      expect(headers).toMatchObject({
        accept: "application/json, text/event-stream",
        "content-type": "application/json",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": message?.method,
        traceparent,
      });
      expect(message?.params?._meta).toEqual({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { name: "rollcall", version: expect.any(String) },
        "io.modelcontextprotocol/clientCapabilities": {},
        traceparent,
      });
    }
  });

  it("that refuses the version but names older ones is spoken to in those", async () => {
    const data = { supported: ["2025-06-18", "2025-11-25"], requested: "2026-07-28" };
    await using server = await legacyHttp({
      "server/discover": (seen, response) => json(response, error(seen, -32022, data), 400),
    });
    await using session = await open(over(server.url));
    expect(session.era).toBe("legacy");
  });

  it("that supports older versions beside one that nobody knows yet is spoken to in those", async () => {
    const later = discovered(["2027-01-01", "2025-11-25"]);
    await using server = await legacyHttp({
      "server/discover": (seen, response) => json(response, result(seen, later)),
    });
    await using session = await open(over(server.url));
    expect(session.era).toBe("legacy");
  });

  it.each<[string, object, number, string]>([
    ["names later versions only", { supported: ["2027-01-01"] }, -32022, "none of the versions 2026-07-28"],
    ["refuses the version that it names", { supported: ["2026-07-28"] }, -32022, "JSON-RPC error -32022"],
    ["finds the headers wrong", {}, -32020, "JSON-RPC error -32020"],
  ])("that %s breaks the protocol, and is not asked for a handshake", async (_, data, code, text) => {
    await using server = await modernHttp({
      "server/discover": (seen, response) => json(response, error(seen, code, data), 400),
    });
    const fault = await faultOf(open(over(server.url)));
    expect(fault).toMatchObject({ failureClass: "protocol", message: expect.stringContaining(text) });
    expect(server.asked()).toEqual(["server/discover"]);
  });

  it("that wants more of its clients is of class capability", async () => {
    await using server = await modernHttp({
      "server/discover": (seen, response) => json(response, error(seen, -32021), 400),
    });
    expect(await faultOf(open(over(server.url)))).toMatchObject({ failureClass: "capability" });
  });

  it("that is out of order is told by its own error, not by how it refuses a handshake", async () => {
    const refusal = { supported: ["2026-07-28"], requested: "2025-11-25" };
    await using server = await modernHttp({
      "server/discover": (seen, response) => json(response, error(seen, -32603)),
      initialize: (seen, response) => json(response, error(seen, -32022, refusal), 400),
    });
    expect(await faultOf(open(over(server.url)))).toMatchObject({ failureClass: "rpc", code: -32603 });
  });

  it.each<[string, object, string]>([
    ["without a resultType", { ...discovered(), resultType: undefined }, "the resultType is missing"],
    ["of another resultType", { ...discovered(), resultType: "partial" }, 'the resultType is "partial"'],
  ])("whose answer is %s breaks the protocol", async (_, answer, text) => {
    await using server = await modernHttp({
      "server/discover": (seen, response) => json(response, result(seen, answer)),
    });
    const fault = await faultOf(open(over(server.url)));
    expect(fault).toMatchObject({ failureClass: "protocol", message: expect.stringContaining(text) });
  });
});

describe("a legacy server", () => {
  it.each<[string, number, ((seen: Parameters<typeof error>[0]) => object | null) | undefined]>([
    ["400 and nothing else", 400, undefined],
    ["404", 404, undefined],
    ["405", 405, undefined],
    ["406", 406, undefined],
    ["415", 415, undefined],
    ["422", 422, undefined],
    [
      "400, not initialized, without an id",
      400,
      () => ({ jsonrpc: "2.0", id: null, error: { code: -32000, message: "" } }),
    ],
    ["400, not initialized", 400, (seen) => error(seen, -32600)],
    ["200 and method not found", 200, (seen) => error(seen, -32601)],
    [
      "200 and an error without an id",
      200,
      () => ({ jsonrpc: "2.0", id: null, error: { code: -32600, message: "" } }),
    ],
    ["200 and an internal error", 200, (seen) => error(seen, -32603)],
    ["200 and a result that means nothing", 200, (seen) => result(seen, {})],
  ])("is known by %s to the modern question", async (_, code, answer) => {
    await using server = await legacyHttp({
      "server/discover": (seen, response) =>
        answer === undefined ? response.writeHead(code).end() : json(response, answer(seen), code),
    });
    await using session = await open(over(server.url));
    expect(session.era).toBe("legacy");
    expect(server.asked()).toEqual(["server/discover", ...HANDSHAKE]);
    const [, initialize, notification] = server.seen;
    expect(initialize?.headers).not.toHaveProperty("mcp-protocol-version");
    expect(initialize?.headers).not.toHaveProperty("mcp-method");
    expect(initialize?.message?.params).toMatchObject({ protocolVersion: "2025-11-25", capabilities: {} });
    expect(notification?.headers).toMatchObject({ "mcp-protocol-version": "2025-11-25" });
    expect(notification?.message).not.toHaveProperty("id");
  });

  it.each([
    ["2025-11-25", "2025-11-25"],
    ["2025-06-18", "2025-06-18"],
    ["2025-03-26", undefined],
    ["2024-11-05", undefined],
  ])("of %s hears the version in a header: %s", async (version, header) => {
    await using server = await legacyHttp({
      initialize: (seen, response) => json(response, result(seen, initialized(version))),
    });
    await using session = await open(over(server.url));
    await session.listTools(AbortSignal.timeout(5_000));
    expect(session.protocolVersion).toBe(version);
    expect(server.seen.slice(2).map(({ headers }) => headers["mcp-protocol-version"])).toEqual([
      header,
      header,
    ]);
  });

  it("that refuses the newest version is offered one that it names", async () => {
    await using server = await legacyHttp({
      initialize: (seen, response) =>
        seen.message?.params?.protocolVersion === "2024-11-05"
          ? json(response, result(seen, initialized("2024-11-05")))
          : json(response, error(seen, -32602, { supported: ["2024-11-05"] })),
    });
    await using session = await open(over(server.url));
    expect(session.protocolVersion).toBe("2024-11-05");
  });

  it("that is remembered is not asked the modern question", async () => {
    await using server = await legacyHttp();
    await using session = await open(over(server.url), { remembered: legacyBefore });
    expect([session.era, ...server.asked()]).toEqual(["legacy", ...HANDSHAKE]);
  });

  it("that is remembered and has become modern is asked anew, once", async () => {
    await using server = await modernHttp();
    await using session = await open(over(server.url), { remembered: legacyBefore });
    expect([session.era, ...server.asked()]).toEqual(["modern", "initialize", "server/discover"]);
  });

  it("that is remembered and broken is asked anew once, and no more", async () => {
    await using server = await legacyHttp({ initialize: (_, response) => response.writeHead(409).end() });
    const fault = await faultOf(open(over(server.url), { remembered: legacyBefore }));
    expect(fault).toMatchObject({ failureClass: "http", status: 409 });
    expect(server.asked()).toEqual(["initialize", "server/discover", "initialize"]);
  });
});

describe("no era is proved", () => {
  it.each([
    [500, "http"],
    [503, "http"],
    [401, "auth"],
    [403, "auth"],
    [429, "http"],
  ])("by status %i: it is the verdict, after one request", async (code, failureClass) => {
    await using server = await scriptedHttp((_, response) => response.writeHead(code).end());
    const fault = await faultOf(open(over(server.url)));
    expect(fault).toMatchObject({ failureClass, message: expect.stringContaining(`HTTP ${code}`) });
    expect(server.seen).toHaveLength(1);
  });

  it.each<[string, RememberedEra | undefined]>([
    ["a stranger", undefined],
    ["one remembered as legacy", legacyBefore],
  ])("by silence over HTTP of %s: it is a timeout", async (_, remembered) => {
    await using server = await silent();
    const options = { timeoutMs: 300, ...(remembered === undefined ? {} : { remembered }) };
    const fault = await faultOf(open(over(server.url), options));
    expect(fault).toMatchObject({
      failureClass: "timeout",
      message: expect.stringContaining("within 300 ms"),
    });
  });

  it("by a page of HTML", async () => {
    await using server = await body("<html>", "text/html");
    const fault = await faultOf(open(over(server.url)));
    expect(fault).toMatchObject({ failureClass: "protocol", message: expect.stringContaining("text/html") });
  });
});

describe("an address that refuses every POST", () => {
  const endpoints = async (): Promise<ScriptedServer> => {
    const streams = new Set<(message: object) => void>();
    return scriptedHttp((seen, response) => {
      if (seen.verb === "GET") {
        eventStream(response).write(": hello\n\nevent: endpoint\ndata: /messages?s=1\n\n");
        streams.add((message) => response.write(`data: ${JSON.stringify(message)}\n\n`));
      } else if (seen.path !== "/messages?s=1") {
        response.writeHead(405).end();
      } else {
        response.writeHead(202).end("Accepted");
        if (seen.message?.method !== "initialize") return;
        for (const send of streams) send(result(seen, initialized("2024-11-05")));
      }
    });
  };

  it("is asked for the older transport", async () => {
    await using server = await endpoints();
    await using session = await open(over(server.url));
    expect(session.transport).toBe("sse");
    expect(server.asked()).toEqual(["server/discover", "initialize", "GET", ...HANDSHAKE]);
  });

  it("is told by the status of its handshake when there is no such transport either", async () => {
    await using server = await status(404);
    expect(await faultOf(open(over(server.url)))).toMatchObject({ failureClass: "http", status: 404 });
  });

  it("is told so too when its stream stays without an endpoint, before the time is over", async () => {
    await using server = await scriptedHttp((seen, response) =>
      seen.verb === "GET" ? eventStream(response).write(": hi\n\n") : response.writeHead(400).end(),
    );
    const fault = await faultOf(open(over(server.url), { timeoutMs: 600 }));
    expect(fault).toMatchObject({ failureClass: "http", status: 400 });
    expect(server.asked()).toEqual(["server/discover", "initialize", "GET"]);
  });

  it("that is remembered by its stream and has become Streamable HTTP is asked anew", async () => {
    await using server = await legacyHttp();
    const remembered = { ...legacyBefore, transport: "sse" } as const;
    await using session = await open(over(server.url), { remembered });
    expect(session.transport).toBe("streamable-http");
  });
});

describe("over stdio", () => {
  /** A server that answers each method as told, and nothing where it is told nothing. */
  const pipe = (answers: Record<string, string>, before = ""): ReturnType<typeof scripted> =>
    scripted(`import { createInterface } from "node:readline";
      ${before}
      const answers = ${JSON.stringify(answers)};
      for await (const line of createInterface({ input: process.stdin })) {
        const { id, method } = JSON.parse(line);
        if (method in answers) console.log(answers[method].replace("ID", id));
        if (answers[method] === "exit") process.exit(7);
      }`);
  const handshake = {
    initialize: JSON.stringify({ jsonrpc: "2.0", id: "ID", result: initialized() }).replace('"ID"', "ID"),
  };
  const unknown = '{"jsonrpc":"2.0","id":ID,"error":{"code":-32601,"message":"no"}}';

  it("silence for half of the time means a legacy server", async () => {
    await using session = await open(pipe(handshake), { timeoutMs: 2_000 });
    expect(session.era).toBe("legacy");
  });

  it("an error means one at once, whether it names the request or not", async () => {
    const nameless = '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}';
    for (const answer of [unknown, nameless]) {
      const server = pipe({ ...handshake, "server/discover": answer });
      await using session = await open(server, { timeoutMs: 30_000 });
      expect(session.era).toBe("legacy");
    }
  });

  it("a server that ends at the modern question gets a second process", async () => {
    await using session = await open(pipe({ ...handshake, "server/discover": "exit" }));
    expect(session.era).toBe("legacy");
    expect(isRunning(session.process?.pid ?? 0)).toBe(true);
  });

  it("a server that ends at everything is told by its end, and by its last words", async () => {
    const server = pipe({ initialize: "exit" }, 'console.error("no database");');
    const fault = await faultOf(open(server, { timeoutMs: 3_000 }));
    expect(fault).toMatchObject({
      failureClass: "connect",
      message: expect.stringMatching(/code 7.*no database/),
    });
  });

  it("a modern server that answers late is modern all the same", async () => {
    const modern = JSON.stringify({ jsonrpc: "2.0", id: 1, result: discovered() });
    // The first request has the id 1; its answer comes when the second one has been asked.
    const server = pipe({ initialize: `${modern}\n${unknown}` });
    await using session = await open(server, { timeoutMs: 3_000 });
    expect(session.era).toBe("modern");
  });

  it("lines that are no JSON are passed over, and blamed when nothing else comes", async () => {
    const chatty = pipe({ ...handshake, "server/discover": unknown }, 'console.log("Server listening");');
    await using session = await open(chatty);
    expect(session.era).toBe("legacy");
    const mute = scripted('setInterval(() => console.log("Server listening"), 5)');
    const fault = await faultOf(open(mute, { timeoutMs: 600 }));
    expect(fault).toMatchObject({ failureClass: "protocol", message: expect.stringContaining("not JSON") });
    const silence = await faultOf(open(scripted("setInterval(() => {}, 1000)"), { timeoutMs: 600 }));
    expect(silence).toMatchObject({ failureClass: "timeout", message: expect.stringContaining("600 ms") });
  });
});
