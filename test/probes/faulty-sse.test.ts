import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import type { FailureClass } from "../../probes/result.ts";
import {
  accept,
  event,
  flood,
  floodOf,
  LISTED,
  type LocalServer,
  NOTICE,
  older,
  oldSse,
  pieces,
  type Reply,
  stream,
  trickleOf,
} from "../support/faulty.ts";
import { expectVerdict, judge } from "../support/judge.ts";
import { over } from "../support/servers.ts";

/** What can be wrong in an event stream, as one answer (Streamable HTTP) and as the whole channel (HTTP+SSE). */

type Verdict = FailureClass | null;
type Case = readonly [name: string, start: () => Promise<LocalServer>, verdict: Verdict];

const LIST = '{"tools":[{"name":"a","inputSchema":{"type":"object"}}]}';

async function expectOver(
  start: () => Promise<LocalServer>,
  verdict: Verdict,
  timeoutMs = 1_000,
): Promise<void> {
  await using server = await start();
  const { mcp } = await judge({ mcp: over(server.url), timeoutMs });
  expectVerdict(mcp, verdict);
  expect(mcp.tools).toBe(verdict === null ? 1 : null);
}

/** One answer over two lines, torn between CR and LF by whoever cuts it behind 23 characters. */
const TWO_LINES = `data: {"jsonrpc":"2.0"\r\ndata: ,"id":$ID,"result":${LIST}}\r\n\r\n`;
const ENOUGH_MS = 10_000;

/** A legacy server with this answer to tools/list. */
const lists = (reply: Reply) => () => older({ "tools/list": reply });

describe("an event stream", () => {
  const crlf = event(LISTED).replaceAll("\n", "\r\n");
  const foreign = event(LISTED.replace("$ID", '"other"'));
  const asks = (method: string): string =>
    event(`{"jsonrpc":"2.0","id":"s1","method":"${method}","params":{}}`);
  const umlaut = Buffer.from(event(LISTED.replace('"a"', '"ä"')));
  it.each<Case>([
    [
      "with CR LF, torn between the two",
      lists(pieces([crlf.slice(0, 15), ...crlf.slice(15).split(/(?<=\r)/)])),
      null,
    ],
    ["with CR LF between data lines", lists(pieces([TWO_LINES.slice(0, 23), TWO_LINES.slice(23)])), null],
    ["with CR alone", lists(stream(event(LISTED).replaceAll("\n", "\r"))), null],
    ["with a byte order mark", lists(stream(`\ufeff${event(LISTED)}`)), null],
    [
      "with its answer over several data lines",
      lists(stream(`data: {"jsonrpc":"2.0",\ndata:"id":$ID,\ndata:  "result":${LIST}}\n\n`)),
      null,
    ],
    [
      "with comments, ids and unknown fields",
      lists(stream(`: hi\nid: 1\nretry: 99999999999\nfoo: bar\n${event(LISTED)}`)),
      null,
    ],
    ["without event names", lists(stream(`data:${LISTED}\n\n`)), null],
    ["that stays open behind the answer", lists(stream(event(LISTED), { open: true })), null],
    ["with the answer twice", lists(stream(event(LISTED).repeat(2))), null],
    ["with an answer to somebody else first", lists(stream(foreign + event(LISTED))), null],
    ["with an answer to somebody else only", lists(stream(foreign)), "protocol"],
    ["with a ping first", lists(stream(asks("ping") + event(LISTED))), null],
    ["with a wish for sampling first", lists(stream(asks("sampling/createMessage") + event(LISTED))), null],
    ["with a wish for roots first", lists(stream(asks("roots/list") + event(LISTED))), null],
    ["with 500 notices first", lists(stream(event(NOTICE).repeat(500) + event(LISTED))), null],
    [
      "with a character torn in two",
      lists((message, response) =>
        stream(Buffer.from(umlaut.toString().replace("$ID", message.id ?? "")))(message, response),
      ),
      null,
    ],
    ["that ends before anything", lists(stream("")), "protocol"],
    ["that ends after a comment", lists(stream(": nothing\n\n")), "protocol"],
    ["that ends after a notice", lists(stream(event(NOTICE))), "protocol"],
    ["that ends inside the answer", lists(stream(`data: {"jsonrpc":"2.0","id":$ID,`)), "protocol"],
    ["that ends before the blank line", lists(stream(`data: ${LISTED.slice(0, -1)}\n`)), "protocol"],
    ["that is no JSON", lists(stream("data: hello\n\n")), "protocol"],
    [
      "of invalid UTF-8",
      lists(stream(Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0x0a, 0x0a]))),
      "protocol",
    ],
    [
      "with an event of 10 MiB",
      lists(stream(event(`"${"x".repeat(10 << 20)}"`) + event(LISTED))),
      "protocol",
    ],
  ])("%s", (_, start, verdict) => expectOver(start, verdict));

  // each is read up to its cap, which may take longer than a second of a busy machine
  it.each<Case>([
    ["of endless comments", lists(floodOf(":\n")), "protocol"],
    ["of endless blank lines", lists(floodOf("\n")), "protocol"],
    ["of endless notices", lists(floodOf(event(NOTICE))), "protocol"],
    ["of endless empty events", lists(floodOf("data\n\n")), "protocol"],
    ["of one endless line", lists(floodOf("data: x")), "protocol"],
    ["of endless lines of one event", lists(floodOf("data: x\n")), "protocol"],
    [
      "of endless answers to somebody else",
      lists(floodOf(event('{"jsonrpc":"2.0","id":"other","result":{}}'))),
      "protocol",
    ],
    ["of endless pings", lists(floodOf(asks("ping"))), "protocol"],
  ])("%s", (_, start, verdict) => expectOver(start, verdict, ENOUGH_MS));

  describe.concurrent("that takes too long", () => {
    it.for<Case>([
      ["with nothing", lists(stream("", { open: true })), "timeout"],
      ["with a comment now and then", lists(trickleOf(": still here\n\n")), "timeout"],
      ["with a notice now and then", lists(trickleOf(event(NOTICE))), "timeout"],
      ["with the answer but for its end", lists(stream(`data: ${LISTED}`, { open: true })), "timeout"],
      ["with an answer to somebody else", lists(stream(foreign, { open: true })), "protocol"],
    ])("%s", ([_, start, verdict]) => expectOver(start, verdict));
  });
});

describe("the old HTTP+SSE transport", () => {
  const endpoint = (text: string) => () => oldSse({ endpoint: (response) => response.write(text) });
  const cases: readonly Case[] = [
    ["that is right", oldSse, null],
    [
      "that names its endpoint in full",
      () =>
        oldSse({
          endpoint: (response, origin) => response.write(event(`${origin}/message`, "endpoint")),
        }),
      null,
    ],
    ["that refuses other addresses with 405", () => oldSse({ status: 405 }), null],
    [
      "that answers before it accepts",
      () =>
        oldSse({
          post: (message, response, open) => {
            accept(message, { writeHead: () => ({ end: () => undefined }) } as never, open);
            setTimeout(() => response.writeHead(202).end(), 5);
          },
        }),
      null,
    ],
    [
      "whose endpoint is another origin",
      endpoint(event("http://127.0.0.1:9/message", "endpoint")),
      "protocol",
    ],
    ["whose endpoint is a file", endpoint(event("file:///etc/passwd", "endpoint")), "protocol"],
    ["whose endpoint is no address", endpoint(event("http://[", "endpoint")), "protocol"],
    ["whose stream begins with a message", endpoint(event(NOTICE)), "timeout"],
    ["whose stream ends at once", () => oldSse({ endpoint: (response) => response.end() }), "protocol"],
    ["whose stream never names an endpoint", () => oldSse({ endpoint: () => undefined }), "timeout"],
    [
      "whose endpoint answers 500",
      () => oldSse({ post: (_, response) => response.writeHead(500).end() }),
      "http",
    ],
    [
      "whose endpoint wants credentials",
      () => oldSse({ post: (_, response) => response.writeHead(401).end() }),
      "auth",
    ],
    [
      "that accepts and never answers",
      () => oldSse({ post: (_, response) => response.writeHead(202).end() }),
      "timeout",
    ],
    [
      "whose stream ends instead of an answer",
      () =>
        oldSse({
          post: (_, response, open) => {
            response.writeHead(202).end();
            open.end();
          },
        }),
      "protocol",
    ],
  ];
  describe.concurrent("as it is named in the catalog", () => {
    it.for(cases)("%s", async ([_, start, verdict]) => {
      await using server = await start();
      const { mcp } = await judge({ mcp: { transport: "sse", url: server.url } });
      expectVerdict(mcp, verdict);
      if (verdict === null) expect(mcp).toMatchObject({ transport: "sse", era: "legacy", tools: 1 });
    });
  });

  it("is given up when its stream is a flood", async () => {
    const flooding = (response: ServerResponse) => flood(response, () => ": x\n".repeat(1_000));
    await using server = await oldSse({ endpoint: flooding });
    const { mcp } = await judge({ mcp: { transport: "sse", url: server.url }, timeoutMs: ENOUGH_MS });
    expectVerdict(mcp, "protocol");
  });

  it("is found behind an address that was thought to be Streamable HTTP", () => expectOver(oldSse, null));
});
