import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { FailureClass } from "../../probes/result.ts";
import {
  event,
  failing,
  initialized,
  json,
  LISTED,
  type LocalServer,
  modern,
  nested,
  older,
  type Reply,
  recoded,
  rpc,
  saying,
  stream,
  tool,
} from "../support/faulty.ts";
import { expectVerdict, judge } from "../support/judge.ts";
import { over } from "../support/servers.ts";

/** What can be wrong in an answer that arrived whole: its envelope, its result, its session. */

type Verdict = FailureClass | null;
type Start = () => Promise<LocalServer>;
type Case = readonly [name: string, start: Start, verdict: Verdict];
/** A case that lists another number of tools than one. */
type Counted = readonly [name: string, start: Start, verdict: Verdict, tools: number];

const TOOL = '{"name":"a","inputSchema":{"type":"object"}}';
const LIST = `{"tools":[${TOOL}]}`;
const COMPLETE = `{"jsonrpc":"2.0","id":$ID,"result":{"resultType":"complete","tools":[${TOOL}]}}`;

async function expectOver(start: Start, verdict: Verdict, tools = 1): Promise<void> {
  await using server = await start();
  const { mcp } = await judge({ mcp: over(server.url) });
  expectVerdict(mcp, verdict);
  expect(mcp.tools).toBe(verdict === null ? tools : null);
}

/** A legacy server with this answer to tools/list. */
const lists = (reply: Reply) => () => older({ "tools/list": reply });

describe("an envelope", () => {
  /** `onPipe` where a line of a child is judged otherwise: there, what is no answer of ours is passed over. */
  type Envelope = readonly [name: string, text: string, verdict: Verdict, onPipe?: Verdict];
  const envelopes: readonly Envelope[] = [
    ["that is right", LISTED, null],
    ["with members nobody asked for", `{"jsonrpc":"2.0","id":$ID,"x":1,"result":${LIST}}`, null],
    ["whose id is written twice, ours last", `{"jsonrpc":"2.0","id":"x","id":$ID,"result":${LIST}}`, null],
    [
      "whose id is written twice, ours first",
      `{"jsonrpc":"2.0","id":$ID,"id":"x","result":${LIST}}`,
      "protocol",
    ],
    ["with another id", `{"jsonrpc":"2.0","id":"other","result":${LIST}}`, "protocol"],
    ["with our id in another type", `{"jsonrpc":"2.0","id":$TWIN,"result":${LIST}}`, "protocol"],
    ["with our id in a list", `{"jsonrpc":"2.0","id":[$ID],"result":${LIST}}`, "protocol"],
    ["with an id of null", `{"jsonrpc":"2.0","id":null,"result":${LIST}}`, "protocol"],
    [
      "with an error and an id of null",
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}',
      "rpc",
      "protocol",
    ],
    ["without an id", `{"jsonrpc":"2.0","result":${LIST}}`, "protocol"],
    ["with an id beyond every number", `{"jsonrpc":"2.0","id":1e999,"result":${LIST}}`, "protocol"],
    [
      "with a result and an error",
      `{"jsonrpc":"2.0","id":$ID,"result":${LIST},"error":{"code":1,"message":"x"}}`,
      "protocol",
    ],
    ["with neither a result nor an error", '{"jsonrpc":"2.0","id":$ID}', "protocol"],
    ["of JSON-RPC 1.0", `{"jsonrpc":"1.0","id":$ID,"result":${LIST}}`, "protocol"],
    ["of no version", `{"id":$ID,"result":${LIST}}`, "protocol"],
    ["of a version in numbers", `{"jsonrpc":2.0,"id":$ID,"result":${LIST}}`, "protocol"],
    // batches belong to the revision 2025-03-26 only, but clients take them from every server
    ["in a batch", `[{"jsonrpc":"2.0","id":$ID,"result":${LIST}}]`, null],
    ["in an empty batch", "[]", "protocol", "timeout"],
    ["in a batch without ours", `[{"jsonrpc":"2.0","id":"other","result":${LIST}}]`, "protocol"],
    ["with a text for an error", '{"jsonrpc":"2.0","id":$ID,"error":"broken"}', "protocol"],
    ["with an error of null", '{"jsonrpc":"2.0","id":$ID,"error":null}', "protocol"],
    ["with an error without a code", '{"jsonrpc":"2.0","id":$ID,"error":{"message":"x"}}', "protocol"],
    [
      "with an error whose code is a text",
      '{"jsonrpc":"2.0","id":$ID,"error":{"code":"x","message":"x"}}',
      "protocol",
    ],
    ["with an error", '{"jsonrpc":"2.0","id":$ID,"error":{"code":-32603,"message":"out of order"}}', "rpc"],
    ["with a result of null", '{"jsonrpc":"2.0","id":$ID,"result":null}', "protocol"],
    ["with a result that is a text", '{"jsonrpc":"2.0","id":$ID,"result":"fine"}', "protocol"],
    ["with a result that is a list", `{"jsonrpc":"2.0","id":$ID,"result":[${TOOL}]}`, "protocol"],
    [
      "all in a prototype",
      `{"__proto__":{"jsonrpc":"2.0","id":$ID,"result":${LIST}}}`,
      "protocol",
      "timeout",
    ],
    [
      "with its result in a prototype",
      `{"jsonrpc":"2.0","id":$ID,"__proto__":{"result":${LIST}}}`,
      "protocol",
    ],
    [
      "with prototypes beside a right result",
      `{"jsonrpc":"2.0","id":$ID,"__proto__":{"error":{"code":1,"message":"x"}},
      "constructor":{"prototype":{"tools":1}},"result":{"__proto__":{"tools":7},"prototype":{},"tools":[${TOOL}]}}`.replaceAll(
        "\n",
        " ",
      ),
      null,
    ],
    [
      "of 80 lists within each other",
      `{"jsonrpc":"2.0","id":$ID,"result":{"tools":[${TOOL}],"x":${nested(80)}}}`,
      "protocol",
    ],
    [
      "of 100,000 lists within each other",
      `{"jsonrpc":"2.0","id":$ID,"result":{"tools":[],"x":${nested(100_000)}}}`,
      "protocol",
    ],
    [
      "with numbers beyond every number",
      `{"jsonrpc":"2.0","id":$ID,"result":{"tools":[${TOOL}],"x":[1e999,-1e999,${"9".repeat(500)}]}}`,
      null,
    ],
  ];

  describe("in a JSON answer", () => {
    it.for(envelopes)("%s", ([_, text, verdict]) => expectOver(lists(json(text)), verdict));
  });

  describe("in an event stream", () => {
    it.for(envelopes)("%s", ([_, text, verdict]) => expectOver(lists(stream(event(text))), verdict));
  });

  describe.concurrent("in a line of a child", () => {
    it.for(envelopes)("%s", async ([_, text, verdict, onPipe]) => {
      const { mcp } = await judge({ mcp: saying(text), timeoutMs: 2_000 });
      expectVerdict(mcp, onPipe ?? verdict);
    });
  });

  it("is judged in the handshake too", async () => {
    for (const method of ["initialize", "server/discover"]) {
      for (const text of [
        '{"jsonrpc":"1.0","id":$ID,"result":{}}',
        '[{"jsonrpc":"2.0","id":$ID,"result":{}}]',
      ]) {
        await expectOver(() => older({ initialize: json(text), [method]: json(text) }), "protocol");
      }
    }
  });
});

describe("a right answer", () => {
  const utf8 = (text: string): Buffer => Buffer.from(text);
  const as = (type: string) => lists(json(LISTED, { "content-type": type }));
  it.each<Case>([
    ["with a byte order mark", lists(json(`\ufeff${LISTED}`)), null],
    ["between blanks", lists(json(` \r\n\t${LISTED}\n`)), null],
    ["in gzip", lists(recoded(LISTED, gzipSync, { "content-encoding": "gzip" })), null],
    ["in Brotli", lists(recoded(LISTED, brotliCompressSync, { "content-encoding": "br" })), null],
    ["in gzip that does not say so", lists(recoded(LISTED, gzipSync)), "protocol"],
    ["in gzip that breaks off", lists(recoded(LISTED, cutGzip, { "content-encoding": "gzip" })), "protocol"],
    ["whose type has a charset", as("Application/JSON; Charset=UTF-8"), null],
    ["whose type is of text", as("text/plain"), "protocol"],
    ["whose type is of a stream", as("text/event-stream"), "protocol"],
    ["as UTF-16", lists(recoded(LISTED, (text) => Buffer.from(text, "utf16le"))), "protocol"],
    ["but for one byte that is no UTF-8", lists(recoded(LISTED, notUtf8)), "protocol"],
    ["that is longer than its length", lists(recoded(LISTED, utf8, { "content-length": "40" })), "protocol"],
    ["with status 201", lists(json(LISTED, {}, 201)), null],
    ["with status 404", lists(json(LISTED, {}, 404)), "http"],
    ["with status 500", lists(json(LISTED, {}, 500)), "http"],
  ])("%s", (_, start, verdict) => expectOver(start, verdict));
});

describe("a handshake", () => {
  const opens = (result: unknown) => () => rpc({ initialize: () => ({ result }) });
  const serverInfo = { name: "x", version: "1" };
  const capabilities = { tools: {} };
  it.each<Case>([
    ["answered by an error", () => older({ initialize: failing(-32603) }), "rpc"],
    ["without a version", opens({ capabilities, serverInfo }), "protocol"],
    ["with a version that is a number", opens({ protocolVersion: 2, capabilities, serverInfo }), "protocol"],
    [
      "with a version of tomorrow",
      opens({ protocolVersion: "2099-01-01", capabilities, serverInfo }),
      "protocol",
    ],
    [
      "with a version named as a member of every object",
      opens({ protocolVersion: "constructor", capabilities, serverInfo }),
      "protocol",
    ],
    ["without capabilities", opens({ protocolVersion: "2025-11-25", serverInfo }), "protocol"],
    [
      "with capabilities that are a list",
      opens({ protocolVersion: "2025-11-25", capabilities: [], serverInfo }),
      "protocol",
    ],
    [
      "with no tools among its capabilities",
      () => rpc({ initialize: () => initialized({ prompts: {} }) }),
      "capability",
    ],
    [
      "with tools in a prototype",
      () =>
        older({
          initialize: json(
            '{"jsonrpc":"2.0","id":$ID,"result":{"protocolVersion":"2025-11-25","capabilities":{"__proto__":{"tools":{}}}}}',
          ),
        }),
      "capability",
    ],
    [
      "whose confirmation is refused with 500",
      () => older({ "notifications/initialized": (_, response) => response.writeHead(500).end() }),
      "http",
    ],
    [
      "whose confirmation is answered with 200",
      () => older({ "notifications/initialized": json("{}") }),
      null,
    ],
  ])("%s", (_, start, verdict) => expectOver(start, verdict));
});

describe("a tool list", () => {
  const says = (result: unknown) => () => rpc({ "tools/list": () => ({ result }) });
  const pages = (next: (params: { cursor?: string }) => object) => () =>
    rpc({ "tools/list": (params) => ({ result: next(params as { cursor?: string }) }) });
  const tools = Array.from({ length: 2_000 }, (_, index) => tool(`t${index}`));
  it.each<Case>([
    ["that is missing", says({}), "protocol"],
    ["that is null", says({ tools: null }), "protocol"],
    ["that is an object", says({ tools: { 0: tool("a"), length: 1 } }), "protocol"],
    ["with a text for a tool", says({ tools: ["a"] }), "protocol"],
    ["with null for a tool", says({ tools: [null] }), "protocol"],
    ["with a tool without a name", says({ tools: [{ inputSchema: { type: "object" } }] }), "protocol"],
    ["with a tool whose name is a number", says({ tools: [{ ...tool("a"), name: 1 }] }), "protocol"],
    ["with a tool without a schema", says({ tools: [{ name: "a" }] }), "protocol"],
    [
      "with a tool whose schema is a text",
      says({ tools: [{ name: "a", inputSchema: "object" }] }),
      "protocol",
    ],
    ["with a tool whose schema is a list", says({ tools: [{ name: "a", inputSchema: [] }] }), "protocol"],
    ["with a tool whose schema is null", says({ tools: [{ name: "a", inputSchema: null }] }), "protocol"],
    ["with one bad tool among many", says({ tools: [...tools, { name: "bad" }] }), "protocol"],
    [
      "of 100,000 tools on one page",
      says({ tools: Array.from({ length: 50 }, () => tools).flat() }),
      "protocol",
    ],
    [
      "of 100,000 tools on 50 pages",
      pages(({ cursor = "1" }) =>
        cursor === "50" ? { tools } : { tools, nextCursor: String(Number(cursor) + 1) },
      ),
      "protocol",
    ],
    ["whose cursor repeats", says({ tools: [tool("a")], nextCursor: "again" }), "protocol"],
    ["whose empty cursor repeats", says({ tools: [tool("a")], nextCursor: "" }), "protocol"],
    [
      "whose cursors take turns",
      pages(({ cursor }) => ({ tools: [], nextCursor: cursor === "x" ? "y" : "x" })),
      "protocol",
    ],
    [
      "of pages without end",
      pages(() => ({ tools: [tool("a")], nextCursor: crypto.randomUUID() })),
      "protocol",
    ],
    ["whose cursor is a number", says({ tools: [], nextCursor: 7 }), "protocol"],
  ])("%s", (_, start, verdict) => expectOver(start, verdict));

  it.each<Counted>([
    ["without a tool", says({ tools: [] }), null, 0],
    ["of 2,000 tools", says({ tools }), null, 2_000],
    [
      "with tools named as members of every object",
      says({ tools: [tool("constructor"), tool("toString")] }),
      null,
      2,
    ],
    [
      "that goes on behind an empty cursor",
      pages(({ cursor }) =>
        cursor === "" ? { tools: [tool("b")] } : { tools: [tool("a")], nextCursor: "" },
      ),
      null,
      2,
    ],
  ])("%s", (_, start, verdict, tools) => expectOver(start, verdict, tools));
});

describe("a session", () => {
  const withSession =
    (id: string, replies: Record<string, Reply> = {}) =>
    () =>
      older({
        initialize: json(`{"jsonrpc":"2.0","id":$ID,${JSON.stringify(initialized({ tools: {} })).slice(1)}`, {
          "mcp-session-id": id,
        }),
        ...replies,
      });
  const forgets = (times: number) => {
    let left = times;
    return withSession("s1", {
      "tools/list": (message, response) => {
        left -= 1;
        return left < 0 ? json(LISTED)(message, response) : response.writeHead(404).end();
      },
    });
  };
  const strict: Reply = (message, response) => {
    const { "mcp-session-id": id, "mcp-protocol-version": version } = message.headers;
    const right = id === "s1" && version === "2025-11-25";
    return right ? json(LISTED)(message, response) : response.writeHead(400).end();
  };
  it.each<Case>([
    ["whose id and version are wanted in each request", withSession("s1", { "tools/list": strict }), null],
    ["with a blank in its id", withSession("a b"), "protocol"],
    ["with a tab in its id", withSession("a\tb"), "protocol"],
    ["with a character beyond ASCII in its id", withSession("caf\u00e9"), "protocol"],
    ["that is lost once", forgets(1), null],
    ["that is lost always", forgets(99), "http"],
    ["whose end is refused", withSession("s1"), null],
  ])("%s", (_, start, verdict) => expectOver(start, verdict));
});

describe("a modern server", () => {
  const refused = (code: number, data: object) => () =>
    modern({ "server/discover": failing(code, data, 400) });
  const old = { supported: ["2025-11-25"], requested: "2026-07-28" };
  const listing = (members: string) => () =>
    modern({ "tools/list": json(`{"jsonrpc":"2.0","id":$ID,"result":{${members}"tools":[${TOOL}]}}`) });
  it.each<Case>([
    ["that is right", modern, null],
    ["that is right, behind an error with 404", () => modern({ "x/y": failing(-32601, {}, 404) }), null],
    [
      "that offers an older version, and takes it",
      () => older({ "server/discover": failing(-32022, old, 400) }),
      null,
    ],
    ["that offers a version of tomorrow", refused(-32022, { supported: ["2099-01-01"] }), "protocol"],
    ["that offers no version", refused(-32022, { supported: [] }), "protocol"],
    ["that offers its versions as a text", refused(-32022, { supported: "2026-07-28" }), "protocol"],
    ["that finds its headers wrong", refused(-32020, {}), "protocol"],
    ["that wants a capability of the client", refused(-32021, { requiredCapabilities: {} }), "capability"],
    [
      "that finds the headers of its list wrong",
      () => modern({ "tools/list": failing(-32020, {}, 400) }),
      "protocol",
    ],
    ["that refuses its list with 404", () => modern({ "tools/list": failing(-32601, {}, 404) }), "rpc"],
    ["that refuses its list with 500", () => modern({ "tools/list": failing(-32603, {}, 500) }), "http"],
    ["that names no type of result", listing('"ttlMs":0,"cacheScope":"public",'), "protocol"],
    ["that wants more input for its list", listing('"resultType":"input_required",'), "protocol"],
    ["that says not how long its list holds", listing('"resultType":"complete",'), null],
    ["whose list holds for longer than time", listing('"resultType":"complete","ttlMs":1e999,'), null],
    [
      "that offers no tools",
      () =>
        modern({
          "server/discover": json(
            '{"jsonrpc":"2.0","id":$ID,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{}}}',
          ),
        }),
      "capability",
    ],
    ["that fails with 500", () => modern({ "server/discover": failing(-32603, {}, 500) }), "http"],
    ["that answers as a stream", () => modern({ "tools/list": stream(event(COMPLETE)) }), null],
  ])("%s", (_, start, verdict) => expectOver(start, verdict));
});

function cutGzip(text: string): Buffer {
  return gzipSync(text).subarray(0, -9);
}

function notUtf8(text: string): Buffer {
  return Buffer.from(text.replace('"a"', '"\xff"'), "latin1");
}
