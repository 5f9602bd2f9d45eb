import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { over } from "../../support/servers.ts";
import {
  eventStream,
  events,
  faultOf,
  initialized,
  legacyHttp,
  modernHttp,
  open,
  result,
  type Seen,
  scriptedHttp,
  sse,
  tool,
} from "./support.ts";

/** Answers that come as events: on the stream of their POST, and on the one stream of the older transport. */

const soon = (): AbortSignal => AbortSignal.timeout(10_000);
const call = { name: "a", arguments: { x: 1 } };

describe("a stream that answers", () => {
  type Write = (seen: Seen, response: ServerResponse) => unknown;
  const calling = async (write: Write, resumed?: Write) => {
    const server = await legacyHttp({
      "tools/call": (seen, response) => write(seen, eventStream(response)),
      ...(resumed === undefined ? {} : { GET: (seen, response) => resumed(seen, eventStream(response)) }),
    });
    const session = await open(over(server.url));
    return {
      server,
      session,
      async [Symbol.asyncDispose]() {
        await session[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  };
  const answer = (seen: Seen): object => result(seen, { content: [{ type: "text", text: "done" }] });
  const note = { jsonrpc: "2.0", method: "notifications/progress", params: {} };

  it("is timed by its events, and read no further than to the answer", async () => {
    await using one = await calling((seen, response) => response.write(events(note, note, answer(seen))));
    const { text, stream } = await one.session.callTool(call, soon());
    expect(text).toBe("done");
    expect(stream).toMatchObject({ events: 3, truncated: false });
  });

  it("may hold the answer in a batch, and ask something in between", async () => {
    const ping = { jsonrpc: "2.0", id: "p1", method: "ping" };
    await using one = await calling((seen, response) => {
      response.write(events(ping, [note, answer(seen)]));
      response.end();
    });
    expect(await one.session.callTool(call, soon())).toMatchObject({ text: "done" });
    const { message, headers } = await one.server.until((seen) => seen.message?.id === "p1");
    expect(message).toEqual({ jsonrpc: "2.0", id: "p1", result: {} });
    expect(headers).toMatchObject({ "mcp-protocol-version": "2025-11-25" });
  });

  it.each<[string, Write, number]>([
    ["ends without it", (_, response) => response.end(events(note)), 1],
    ["ends at once", (_, response) => response.end(), 0],
    [
      "brings the answer to something else",
      (_, response) => response.end(events({ ...note, method: undefined, id: 99, result: {} })),
      1,
    ],
    ["is cut", (_, response) => response.write(events(note), () => response.destroy()), 1],
    ["brings too many events", (_, response) => response.end(events(...Array(1_001).fill(note))), 1_000],
    ["is not UTF-8", (_, response) => response.end(Buffer.from([0x64, 0xff, 0x0a])), 0],
    ["names a time to come back but no event", (_, response) => response.end(`retry: 1\n${events(note)}`), 1],
  ])("and %s is truncated", async (_, write, count) => {
    await using one = await calling(write);
    const fault = await faultOf(one.session.callTool(call, soon()));
    expect(fault).toMatchObject({ failureClass: "protocol", stream: { truncated: true, events: count } });
    expect(one.server.asked()).not.toContain("GET");
  });

  it("and ends early is asked for the rest, from the last event on", async () => {
    let id: number | string | undefined;
    await using one = await calling(
      (seen, response) => {
        id = seen.message?.id;
        response.end(`id: e7\nretry: 5\ndata: \n\n`);
      },
      (_, response) => response.end(events({ jsonrpc: "2.0", id, result: { content: [] } })),
    );
    expect(await one.session.callTool(call, soon())).toMatchObject({ isError: false, stream: { events: 2 } });
    const get = one.server.seen.find(({ verb }) => verb === "GET");
    expect(get?.headers).toMatchObject({ "last-event-id": "e7", accept: "text/event-stream" });
  });

  it("of a modern server and ends early is truncated: there is no rest to ask for", async () => {
    await using server = await modernHttp({
      "tools/call": (_, response) => eventStream(response).end(`id: e7\nretry: 5\ndata: \n\n`),
    });
    await using session = await open(over(server.url));
    const fault = await faultOf(session.callTool(call, soon()));
    expect(fault).toMatchObject({ failureClass: "protocol", stream: { truncated: true, events: 1 } });
    expect(server.asked()).not.toContain("GET");
  });

  it("and ends early twice is truncated", async () => {
    const end: Write = (_, response) => response.end(`id: e7\nretry: 5\ndata: \n\n`);
    await using one = await calling(end, end);
    const fault = await faultOf(one.session.callTool(call, soon()));
    expect(fault).toMatchObject({ failureClass: "protocol", stream: { truncated: true, events: 2 } });
    expect(one.server.asked().filter((verb) => verb === "GET")).toHaveLength(1);
  });

  it("and brings nothing but an answer to something else until the end of time breaks the protocol", async () => {
    const foreign = { jsonrpc: "2.0", id: 99, result: {} };
    await using one = await calling((_, response) => response.write(events(foreign)));
    const fault = await faultOf(one.session.callTool(call, AbortSignal.timeout(300)));
    expect(fault).toMatchObject({
      failureClass: "protocol",
      message: expect.stringContaining("id that is not"),
    });
  });

  it("and is silent is a timeout, however often it asks something", async () => {
    const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
    await using one = await calling((_, response) => response.write(events(...Array(200).fill(ping))));
    const fault = await faultOf(one.session.callTool(call, AbortSignal.timeout(300)));
    expect(fault).toMatchObject({ failureClass: "timeout" });
    expect(one.server.seen.filter(({ message }) => message?.result !== undefined)).toHaveLength(32);
  });
});

describe("a session over HTTP with SSE", () => {
  type Stream = (text: string) => void;
  const older = (
    endpoint: string,
    answers: (seen: Seen, send: Stream, response: ServerResponse) => unknown,
  ) => {
    const streams: ServerResponse[] = [];
    return scriptedHttp((seen, response) => {
      if (seen.verb === "GET") {
        streams.push(response);
        eventStream(response).write(`event: endpoint\ndata: ${endpoint}\n\n`);
        return;
      }
      if (seen.message?.method === "initialize") {
        response.writeHead(202).end();
        streams.at(-1)?.write(events(result(seen, initialized("2025-06-18"))));
      } else if (seen.message?.id === undefined) {
        response.writeHead(202).end();
      } else {
        answers(
          seen,
          (text) => (text === "" ? streams.at(-1)?.end() : streams.at(-1)?.write(text)),
          response,
        );
      }
    });
  };

  it("needs no answer to its POST, and hears the version in a header", async () => {
    await using server = await older("/m", (seen, send) =>
      send(events(result(seen, { tools: [tool("a")] }))),
    );
    await using session = await open(sse(server.url));
    expect((await session.listTools(soon())).tools).toHaveLength(1);
    expect(server.seen.at(-1)).toMatchObject({
      path: "/m",
      headers: { "mcp-protocol-version": "2025-06-18" },
    });
  });

  it.each<[string, string, string]>([
    ["another origin", "http://127.0.0.1:9/m", "another origin"],
    ["another scheme", "file:///etc/passwd", "another origin"],
    ["no address", "http://[", "names no address"],
  ])("with an endpoint of %s breaks the protocol", async (_, endpoint, text) => {
    await using server = await older(endpoint, () => undefined);
    const fault = await faultOf(open(sse(server.url)));
    expect(fault).toMatchObject({ failureClass: "protocol", message: expect.stringContaining(text) });
    expect(server.asked()).toEqual(["GET"]);
  });

  it("whose stream ends has ended, and what waited for it is truncated", async () => {
    await using server = await older("/m", (_, send, response) => {
      response.writeHead(202).end();
      send("");
    });
    await using session = await open(sse(server.url));
    const fault = await faultOf(session.callTool(call, soon()));
    expect(fault).toMatchObject({ failureClass: "protocol", stream: { truncated: true } });
    await session.closed;
    expect(await faultOf(session.callTool(call, soon()))).toMatchObject({ failureClass: "protocol" });
  });

  it.each([
    [404, "http"],
    [401, "auth"],
    [500, "http"],
  ])("whose POST is answered by %i fails so", async (code, failureClass) => {
    await using server = await older("/m", (_, __, response) => response.writeHead(code).end());
    await using session = await open(sse(server.url));
    expect(await faultOf(session.listTools(soon()))).toMatchObject({ failureClass, status: code });
  });

  it.each([
    [404, "http"],
    [401, "auth"],
  ])("whose stream is refused with %i fails so", async (code, failureClass) => {
    await using server = await scriptedHttp((_, response) => response.writeHead(code).end());
    expect(await faultOf(open(sse(server.url)))).toMatchObject({ failureClass, status: code });
  });
});
