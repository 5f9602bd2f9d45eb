import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { ProbeFault } from "../../../probes/classify.ts";
import { createHttpClient } from "../../../probes/http/client.ts";
import { openSession } from "../../../probes/mcp/open.ts";
import { over, scripted } from "../../support/servers.ts";
import {
  error,
  eventStream,
  faultOf,
  initialized,
  json,
  legacyHttp,
  modernHttp,
  open,
  result,
  type Seen,
  scriptedHttp,
  sse,
  tool,
} from "./support.ts";

/** What happens between the handshake and the end of a session. */

const soon = (): AbortSignal => AbortSignal.timeout(10_000);
const call = { name: "a", arguments: { x: 1 } };
const complete = { resultType: "complete", content: [] };

describe("a session over Streamable HTTP", () => {
  /** A legacy server whose sessions have the given ids, one after the other, and are gone after some requests. */
  const forgetful = (
    gone: (seen: Seen) => boolean,
    refuse: (seen: Seen, response: ServerResponse) => unknown,
  ) => {
    let sessions = 0;
    return legacyHttp({
      initialize: (seen, response) => {
        sessions += 1;
        json(response, result(seen, initialized()), 200, { "mcp-session-id": `s${sessions}` });
      },
      "tools/list": (seen, response) =>
        gone(seen) ? refuse(seen, response) : json(response, result(seen, { tools: [tool("a")] })),
      DELETE: (_, response) => response.writeHead(405).end(),
    });
  };

  it("names the session in every request, and ends it", async () => {
    await using server = await forgetful(
      () => false,
      () => undefined,
    );
    const session = await open(over(server.url));
    await session.listTools(soon());
    await session[Symbol.asyncDispose]();
    await session.closed;
    const named = server.seen.map(({ verb, headers }) => [verb, headers["mcp-session-id"]]);
    expect(named).toEqual([
      ["POST", undefined],
      ["POST", undefined],
      ["POST", "s1"],
      ["POST", "s1"],
      ["DELETE", "s1"],
    ]);
    expect(server.seen.at(-1)?.headers).toMatchObject({ "mcp-protocol-version": "2025-11-25" });
  });

  it.each<[string, (seen: Seen, response: ServerResponse) => unknown]>([
    ["404", (_, response) => response.writeHead(404).end()],
    ["404 and an error to the request", (seen, response) => json(response, error(seen, -32001), 404)],
    ["400", (_, response) => response.writeHead(400).end()],
    ["400 and an error to the request", (seen, response) => json(response, error(seen, -32000), 400)],
  ])("that the server has forgotten (%s) is begun anew, once", async (_, refuse) => {
    const isOld = ({ headers }: Seen): boolean => headers["mcp-session-id"] === "s1";
    await using server = await forgetful(isOld, refuse);
    await using session = await open(over(server.url));
    expect((await session.listTools(soon())).tools).toHaveLength(1);
    const again = ["tools/list", "initialize", "notifications/initialized", "tools/list"];
    expect(server.asked().slice(-4)).toEqual(again);
    await session.listTools(soon());
    expect(server.asked().filter((method) => method === "initialize")).toHaveLength(2);
  });

  it("that is forgotten again is class http", async () => {
    await using server = await forgetful(
      () => true,
      (_, response) => response.writeHead(404).end(),
    );
    await using session = await open(over(server.url));
    expect(await faultOf(session.listTools(soon()))).toMatchObject({ failureClass: "http", status: 404 });
    expect(server.asked().filter((method) => method === "initialize")).toHaveLength(2);
  });

  it("that there is none of cannot expire: 404 is class http at once", async () => {
    await using server = await legacyHttp({ "tools/list": (_, response) => response.writeHead(404).end() });
    await using session = await open(over(server.url));
    expect(await faultOf(session.listTools(soon()))).toMatchObject({ failureClass: "http", status: 404 });
    expect(server.asked().filter((method) => method === "initialize")).toHaveLength(1);
  });

  it("asked twice at once begins anew once", async () => {
    const isOld = ({ headers }: Seen): boolean => headers["mcp-session-id"] === "s1";
    await using server = await forgetful(isOld, (_, response) => response.writeHead(404).end());
    await using session = await open(over(server.url));
    await Promise.all([session.listTools(soon()), session.listTools(soon())]);
    expect(server.asked().filter((method) => method === "initialize")).toHaveLength(2);
  });

  it("is not begun anew for a request that was refused before, and learns it late", async () => {
    let refused = 0;
    const isOld = ({ headers }: Seen): boolean => headers["mcp-session-id"] === "s1";
    const renewed = ({ message, headers }: Seen): boolean =>
      message?.method === "tools/list" && headers["mcp-session-id"] === "s2";
    await using server = await forgetful(isOld, async (_, response) => {
      refused += 1;
      if (refused === 2) await server.until(renewed);
      response.writeHead(404).end();
    });
    await using session = await open(over(server.url));
    await Promise.all([session.listTools(soon()), session.listTools(soon())]);
    expect(server.asked().filter((method) => method === "initialize")).toHaveLength(2);
  });

  it("with an id of other characters breaks the protocol", async () => {
    await using server = await legacyHttp({
      initialize: (seen, response) =>
        json(response, result(seen, initialized()), 200, { "mcp-session-id": "a b" }),
    });
    expect(await faultOf(open(over(server.url)))).toMatchObject({ failureClass: "protocol" });
  });

  it("is not held up by a server that never answers its end", async () => {
    await using server = await legacyHttp({
      initialize: (seen, response) =>
        json(response, result(seen, initialized()), 200, { "mcp-session-id": "s" }),
      DELETE: () => undefined,
    });
    const session = await open(over(server.url));
    const began = performance.now();
    await session.close();
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(server.asked().at(-1)).toBe("DELETE");
  });

  it("that fails in its handshake is ended too", async () => {
    await using server = await legacyHttp({
      initialize: (seen, response) =>
        json(response, result(seen, initialized()), 200, { "mcp-session-id": "s" }),
      "notifications/initialized": (_, response) => response.writeHead(500).end(),
    });
    expect(await faultOf(open(over(server.url)))).toMatchObject({ failureClass: "http", status: 500 });
    await server.until(({ verb }) => verb === "DELETE");
  });

  it("lists tools and calls one, with the headers that a modern server compares", async () => {
    await using server = await modernHttp({
      "tools/call": (seen, response) => json(response, result(seen, { ...complete, structuredContent: [1] })),
    });
    await using session = await open(over(server.url));
    expect(await session.listTools(soon())).toMatchObject({ ttlMs: 5_000, cacheScope: "public" });
    const answer = await session.callTool({ ...call, name: "tool ä" }, soon());
    expect(answer).toEqual({ isError: false, text: "", structured: [1], stream: null });
    const { headers, message } = server.seen.at(-1) ?? {};
    expect(headers).toMatchObject({
      "mcp-method": "tools/call",
      "mcp-name": `=?base64?${Buffer.from("tool ä").toString("base64")}?=`,
    });
    expect(message?.params).toMatchObject({ name: "tool ä", arguments: { x: 1 } });
  });
});

describe("an abort", () => {
  const aborted = async (work: (signal: AbortSignal) => Promise<unknown>, begun: Promise<unknown>) => {
    const controller = new AbortController();
    const working = faultOf(work(controller.signal));
    await begun;
    const began = performance.now();
    controller.abort(new ProbeFault("timeout", "no answer within 5 ms"));
    const fault = await working;
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(fault).toBeInstanceOf(ProbeFault);
    expect(fault).toMatchObject({ failureClass: "timeout", message: expect.stringMatching(/5 ms \(.+\)/) });
  };

  it("ends an opening over HTTP, and the session that had begun", async () => {
    await using server = await legacyHttp({
      initialize: (seen, response) =>
        json(response, result(seen, initialized()), 200, { "mcp-session-id": "s" }),
      "notifications/initialized": () => undefined,
    });
    const begun = server.until(({ message }) => message?.method === "notifications/initialized");
    await aborted((signal) => open(over(server.url), { signal }), begun);
    await server.until(({ verb }) => verb === "DELETE");
  });

  it("ends a call over HTTP, and a call on a stream", async () => {
    await using server = await modernHttp({
      "tools/list": () => undefined,
      "tools/call": (_, response) => eventStream(response).write(": hi\n\n"),
    });
    await using session = await open(over(server.url));
    const asked = (method: string) => server.until(({ message }) => message?.method === method);
    await aborted((signal) => session.listTools(signal), asked("tools/list"));
    await aborted((signal) => session.callTool(call, signal), asked("tools/call"));
  });

  it("ends an opening over SSE", async () => {
    await using server = await scriptedHttp((_, response) => eventStream(response).write(": hi\n\n"));
    await aborted(
      (signal) => open(sse(server.url), { signal }),
      server.until(() => true),
    );
  });

  it("that came before ends an opening before anything is sent", async () => {
    await using server = await modernHttp();
    const signal = AbortSignal.abort();
    for (const mcp of [over(server.url), sse(server.url), scripted("setInterval(() => {}, 1000)")]) {
      expect(await faultOf(open(mcp, { signal }))).toMatchObject({ failureClass: "timeout" });
    }
    expect(server.seen).toEqual([]);
  });

  it("leaves no listener at the signals it was given", async () => {
    await using server = await modernHttp();
    const http = createHttpClient({ reach: "loopback" });
    const [opening, asking] = [counted(), counted()];
    const mcp = { transport: "streamable-http", url: server.url } as const;
    const session = await openSession({ mcp, timeoutMs: 5_000, http, signal: opening.signal });
    await session.listTools(asking.signal);
    await session.close();
    http.close();
    expect([opening.listeners(), asking.listeners()]).toEqual([0, 0]);
    await using child = await open(
      scripted(`process.stdin.on("data", (text) => {
      for (const line of String(text).trim().split("\\n")) {
        const { id, method } = JSON.parse(line);
        const result = method === "initialize" ? ${JSON.stringify(initialized())} : { tools: [] };
        if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result }));
      }
    })`),
      { signal: opening.signal },
    );
    await child.listTools(asking.signal);
    expect([opening.listeners(), asking.listeners()]).toEqual([0, 0]);
  });
});

/** A signal that tells how many listeners it has. */
function counted(): { readonly signal: AbortSignal; listeners(): number } {
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners.add(args[1]);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners.delete(args[1]);
    removeEventListener.apply(signal, args);
  };
  return { signal, listeners: () => listeners.size };
}
