import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProbeFault } from "../../../probes/classify.ts";
import type { FailureClass } from "../../../probes/result.ts";
import { body, cutOff, redirectLoop, redirectTo, status, untrusted } from "../../support/faulty.ts";
import { isRunning, over, scripted } from "../../support/servers.ts";
import {
  discovered,
  error,
  eventStream,
  events,
  faultOf,
  initialized,
  json,
  legacyHttp,
  modernHttp,
  open,
  result,
  type Seen,
  tool,
} from "./support.ts";

/** Which class a broken answer has, and that the message names the rule. */

const soon = (): AbortSignal => AbortSignal.timeout(10_000);
const nested = JSON.parse(`${"[".repeat(70)}${"]".repeat(70)}`);

describe("an opening", () => {
  it.each<[string, () => Promise<AsyncDisposable & { readonly url: string }>, FailureClass, string]>([
    ["a redirect loop", redirectLoop, "http", "redirects"],
    ["a redirect to another origin", () => redirectTo("http://127.0.0.1:9/"), "http", "another origin"],
    ["a status that is a redirect to nowhere", () => status(304), "http", "HTTP 304"],
    ["a certificate nobody vouches for", untrusted, "tls", ""],
    ["202 to a request", () => status(202), "protocol", "HTTP 202 without an answer"],
    ["204 to a request", () => status(204), "protocol", "HTTP 204 without an answer"],
    ["an empty body", () => body(""), "protocol", "empty body"],
    ["truncated JSON", () => body('{"jsonrpc":"2.0","id":'), "protocol", "not JSON"],
    ["a cut connection", cutOff, "protocol", ""],
    ["JSON that is no JSON-RPC", () => body('{"hello":"world"}'), "protocol", '"jsonrpc": "2.0"'],
    ["JSON without its content type", () => body("{}", "text/plain"), "protocol", "text/plain"],
    ["too deep JSON", () => body(JSON.stringify(nested)), "protocol", "64 levels"],
    ["an empty stream", () => body("", "text/event-stream"), "protocol", "ended before the answer"],
  ])("with %s", async (_, start, failureClass, text) => {
    await using server = await start();
    const fault = await faultOf(open(over(server.url)));
    expect(fault).toMatchObject({ failureClass, message: expect.stringContaining(text) });
  });

  it.each<[string, string, FailureClass]>([
    ["a refused port", "http://127.0.0.1:9/mcp", "connect"],
    ["a name that does not resolve", "http://rollcall-test.invalid/mcp", "dns"],
    ["an address that is none", "not an address", "connect"],
    ["another scheme", "file:///etc/passwd", "connect"],
    ["credentials in the address", "http://user:hunter2@127.0.0.1:9/mcp", "auth"],
  ])("of %s", async (_, url, failureClass) => {
    const expected = { failureClass, message: expect.not.stringContaining("hunter2") };
    expect(await faultOf(open(over(url)))).toMatchObject(expected);
    expect(await faultOf(open({ transport: "sse", url }))).toMatchObject(expected);
  });

  it.each<[string, object, string]>([
    ["no protocolVersion", { ...initialized(), protocolVersion: undefined }, "protocolVersion"],
    ["a version that nobody knows", initialized("1999-01-01"), "1999-01-01"],
    ["a modern version", initialized("2026-07-28"), "2026-07-28"],
    ["no capabilities", { ...initialized(), capabilities: undefined }, "capabilities"],
    ["capabilities as a list", { ...initialized(), capabilities: [] }, "capabilities"],
  ])("whose initialize has %s breaks the protocol", async (_, answer, text) => {
    await using server = await legacyHttp({
      initialize: (seen, response) => json(response, result(seen, answer)),
    });
    const fault = await faultOf(open(over(server.url)));
    expect(fault).toMatchObject({ failureClass: "protocol", message: expect.stringContaining(text) });
  });

  it("whose initialize is an error is of class rpc, whatever the status", async () => {
    for (const code of [200, 400]) {
      await using server = await legacyHttp({
        initialize: (seen, response) => json(response, error(seen, -32603), code),
      });
      expect(await faultOf(open(over(server.url)))).toMatchObject({ failureClass: "rpc", code: -32603 });
    }
  });

  it("does without a serverInfo", async () => {
    await using server = await legacyHttp({
      initialize: (seen, response) =>
        json(response, result(seen, { ...initialized(), serverInfo: { name: 1 } })),
    });
    await using session = await open(over(server.url));
    expect(session.serverInfo).toBe(null);
  });

  it("of a child leaves no process when it fails", async () => {
    const stuck = scripted(`import { createInterface } from "node:readline";
      process.on("SIGTERM", () => {});
      const error = { code: -1, message: String(process.pid) };
      createInterface({ input: process.stdin }).on("line", (line) => {
        const { id } = JSON.parse(line);
        if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, ...(id === 1 ? { result: {} } : { error }) }));
      });
      setInterval(() => {}, 1000);`);
    const fault = await faultOf(open(stuck));
    expect(fault).toMatchObject({ failureClass: "rpc" });
    const pid = Number(/: (\d+)$/.exec(String(fault))?.[1]);
    expect(pid).toBeGreaterThan(1);
    expect(isRunning(pid)).toBe(false);
  });

  it("of a child whose line never ends breaks the protocol", async () => {
    const endless = scripted(`const block = "x".repeat(1 << 16);
      const more = () => { while (process.stdout.write(block)); };
      process.stdout.on("drain", more); more();`);
    expect(await faultOf(open(endless))).toMatchObject({ failureClass: "protocol" });
  });
});

describe("tools/list", () => {
  const listing = async (answer: (seen: Seen) => object, code = 200) => {
    await using server = await legacyHttp({
      "tools/list": (seen, response) => json(response, answer(seen), code),
    });
    await using session = await open(over(server.url));
    return await faultOf(session.listTools(soon()));
  };
  const schema = { type: "object" };

  it.each<[string, object, string]>([
    ["no tools", {}, "tools are no list"],
    ["tools as an object", { tools: {} }, "tools are no list"],
    ["a tool that is none", { tools: [tool("a"), 1] }, "tool 1 is no object"],
    ["a tool without a name", { tools: [{ inputSchema: schema }] }, "tool 0 has no name"],
    ["a tool with an empty name", { tools: [{ name: "", inputSchema: schema }] }, "tool 0 has no name"],
    ["a tool without a schema", { tools: [{ name: "a" }] }, "tool 0 (a) has no inputSchema object"],
    ["a tool whose schema is a list", { tools: [{ name: "a", inputSchema: [] }] }, "no inputSchema object"],
    [
      "a name that is only inherited",
      { tools: [JSON.parse('{"__proto__":{"name":"a","inputSchema":{}}}')] },
      "no name",
    ],
    ["a cursor that is a number", { tools: [], nextCursor: 2 }, "nextCursor"],
    ["a cursor that repeats", { tools: [], nextCursor: "again" }, "page 2 repeats a cursor"],
    ["more tools than can be kept", { tools: Array(10_001).fill(tool("a")) }, "more than 10000 tools"],
    ["a result that is a list", [], "a result that is no object"],
  ])("with %s breaks the protocol", async (_, answer, text) => {
    const fault = await listing((seen) => result(seen, answer));
    expect(fault).toMatchObject({ failureClass: "protocol", message: expect.stringContaining(text) });
  });

  it("with pages without end breaks the protocol", async () => {
    let page = 0;
    const fault = await listing((seen) => {
      page += 1;
      return result(seen, { tools: [], nextCursor: String(page) });
    });
    expect(fault).toMatchObject({ failureClass: "protocol", message: "tools/list: more than 64 pages" });
    expect(page).toBe(64);
  });

  it("with an error is of class rpc, by 200 and by a 4xx", async () => {
    for (const code of [200, 400, 404]) {
      expect(await listing((seen) => error(seen, -32603), code)).toMatchObject({ failureClass: "rpc" });
    }
    expect(await listing((seen) => error(seen, -32603), 500)).toMatchObject({ failureClass: "http" });
    expect(await listing((seen) => error(seen, -32603), 403)).toMatchObject({ failureClass: "auth" });
  });

  it("with the answer to something else breaks the protocol at once", async () => {
    const fault = await listing((seen) => ({ ...result(seen, { tools: [] }), id: 99 }));
    expect(fault).toMatchObject({ failureClass: "protocol", message: expect.stringContaining("id") });
  });

  it("is not asked of a server that offers no tools", async () => {
    const none = { ...initialized(), capabilities: { prompts: {} } };
    await using server = await legacyHttp({
      initialize: (seen, response) => json(response, result(seen, none)),
    });
    await using session = await open(over(server.url));
    expect(await faultOf(session.listTools(soon()))).toMatchObject({ failureClass: "capability" });
    const call = { name: "a", arguments: {} };
    expect(await faultOf(session.callTool(call, soon()))).toMatchObject({ failureClass: "capability" });
    expect(server.asked()).not.toContain("tools/list");
  });

  it("follows cursors, also an empty one, and keeps order, duplicates and what a tool holds", async () => {
    const pages = new Map<unknown, object>([
      [
        undefined,
        { tools: [{ ...tool("b"), annotations: { x: 1 }, more: true }], nextCursor: "", ttlMs: 9_000 },
      ],
      ["", { tools: [tool("a"), tool("b")], nextCursor: "2", ttlMs: 3_000, cacheScope: "public" }],
      ["2", { tools: [tool("__proto__")], ttlMs: -1, cacheScope: "private" }],
    ]);
    const list = async (seen: Seen) => ({
      resultType: "complete",
      ...pages.get(seen.message?.params?.cursor),
    });
    await using server = await modernHttp({
      "tools/list": async (seen, response) => json(response, result(seen, await list(seen))),
    });
    await using session = await open(over(server.url));
    const { tools, ...rest } = await session.listTools(soon());
    expect(tools.map(({ name }) => name)).toEqual(["b", "a", "b", "__proto__"]);
    expect(tools[0]).toEqual({ ...tool("b"), annotations: { x: 1 }, more: true });
    expect(rest).toEqual({ pages: 3, ttlMs: 3_000, cacheScope: "public" });
  });
});

describe("tools/call", () => {
  const calling = async (answer: object) => {
    await using server = await modernHttp({
      "tools/call": (seen, response) => json(response, result(seen, { resultType: "complete", ...answer })),
    });
    await using session = await open(over(server.url));
    return await session.callTool({ name: "a", arguments: {} }, soon());
  };

  it.each<[string, object, string]>([
    ["no content", {}, "content is no list"],
    ["content that is a text", { content: "a" }, "content is no list"],
    ["a block without a type", { content: [{}] }, "no type"],
    ["a text block without text", { content: [{ type: "text" }] }, "no text"],
    ["isError as a text", { content: [], isError: "no" }, "isError"],
    ["a wish for input", { resultType: "input_required", inputRequests: {} }, "input_required"],
    ["no resultType", { resultType: undefined, content: [] }, "resultType is missing"],
  ])("with %s breaks the protocol", async (_, answer, text) => {
    const fault = await faultOf(calling(answer));
    expect(fault).toMatchObject({ failureClass: "protocol", message: expect.stringContaining(text) });
  });

  it("joins the text blocks, and leaves the others out", async () => {
    const text = (value: string): object => ({ type: "text", text: value });
    const content = [text("a"), { type: "image", data: "x" }, text("b\n"), text("")];
    expect(await calling({ content, isError: true })).toMatchObject({ isError: true, text: "a\nb\n\n" });
  });

  it("keeps 64 KiB of text, and no half of a character", async () => {
    const { text } = await calling({ content: [{ type: "text", text: `${"x".repeat(65_533)}😀😀` }] });
    expect(text).toBe("x".repeat(65_533));
    const whole = "ä".repeat(32_768);
    expect((await calling({ content: [{ type: "text", text: whole }] })).text).toBe(whole);
  });
});

describe("any answer", () => {
  it("however damaged, gives a list or a ProbeFault, never another error", async () => {
    const mutation: { asStream: boolean; apply(answer: string): string } = { asStream: false, apply: String };
    const list = { resultType: "complete", tools: [tool("a")], nextCursor: "" };
    await using server = await modernHttp({
      "server/discover": (seen, response) => json(response, result(seen, discovered())),
      "tools/list": (seen, response) => {
        const good = result(seen, list);
        if (mutation.asStream) return eventStream(response).end(mutation.apply(events(good)));
        const answer = mutation.apply(JSON.stringify(good));
        return response.writeHead(200, { "content-type": "application/json" }).end(answer);
      },
    });
    await using session = await open(over(server.url));
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.nat(),
        fc.nat(20),
        fc.oneof(
          fc.string({ maxLength: 8 }),
          fc.constantFrom("null", "[]", "{}", '"', "\n\n", "1e999", "-0"),
        ),
        async (asStream, at, length, patch) => {
          mutation.asStream = asStream;
          mutation.apply = (answer) => {
            const from = at % answer.length;
            return answer.slice(0, from) + patch + answer.slice(from + length);
          };
          const outcome = await session.listTools(soon()).catch((fault: unknown) => fault);
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ProbeFault);
          else expect(outcome).toMatchObject({ tools: expect.any(Array) });
        },
      ),
      { numRuns: 300 },
    );
  });
});
