import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RpcFault } from "../../../probes/mcp/faults.ts";
import { createInbox, type Outcome } from "../../../probes/mcp/inbox.ts";
import {
  answerIn,
  encodeReply,
  encodeRequest,
  judge,
  type Message,
  readMessages,
} from "../../../probes/mcp/rpc.ts";

const base = { jsonrpc: "2.0" };
const request = { id: 3, method: "tools/list" };
const answered = (value: unknown): unknown => {
  try {
    return answerIn(JSON.stringify(value), request);
  } catch (error) {
    return error;
  }
};

describe("a message of JSON-RPC", () => {
  it.each<[string, unknown, Partial<Message>]>([
    ["a result", { ...base, id: 1, result: { a: 1 } }, { kind: "result", id: 1, result: { a: 1 } }],
    ["a result with a text as id", { ...base, id: "x", result: {} }, { kind: "result", id: "x" }],
    ["an error", { ...base, id: 1, error: { code: -1, message: "m" } }, { kind: "error", id: 1 }],
    ["an error without an id", { ...base, error: { code: -1, message: "" } }, { kind: "error", id: null }],
    ["a request", { ...base, id: 0, method: "ping" }, { kind: "request", id: 0, method: "ping" }],
    ["a notification", { ...base, method: "n", params: {} }, { kind: "notification", method: "n" }],
    ["no version", { id: 1, result: {} }, { kind: "invalid", id: 1 }],
    ["another version", { jsonrpc: "1.0", id: 1, result: {} }, { kind: "invalid", id: 1 }],
    ["a number as version", { jsonrpc: 2.0, id: 1, result: {} }, { kind: "invalid", id: 1 }],
    ["both result and error", { ...base, id: 1, result: {}, error: null }, { kind: "invalid", id: 1 }],
    ["neither", { ...base, id: 1 }, { kind: "invalid", id: 1 }],
    ["a result that is no object", { ...base, id: 1, result: [] }, { kind: "invalid", id: 1 }],
    ["a result that is null", { ...base, id: 1, result: null }, { kind: "invalid", id: 1 }],
    ["an id that is null", { ...base, id: null, result: {} }, { kind: "invalid" }],
    [
      "a code that is no integer",
      { ...base, id: 1, error: { code: "1", message: "" } },
      { kind: "invalid", id: 1 },
    ],
    ["no message", { ...base, id: 1, error: { code: 1 } }, { kind: "invalid", id: 1 }],
    ["an error that is a text", { ...base, id: 1, error: "no" }, { kind: "invalid", id: 1 }],
    ["a request with a result", { ...base, id: 1, method: "x", result: {} }, { kind: "invalid" }],
    ["a method that is no text", { ...base, id: 1, method: 1 }, { kind: "invalid" }],
    ["a list", [], { kind: "invalid" }],
    ["a text", "hello", { kind: "invalid" }],
    [
      "inherited names only",
      JSON.parse('{"__proto__":{"jsonrpc":"2.0","id":1,"result":{}}}'),
      { kind: "invalid" },
    ],
  ])("with %s is judged", (_, value, expected) => {
    expect(judge(value)).toMatchObject(expected);
  });

  it("comes alone or in a batch", () => {
    expect(readMessages("[]")).toMatchObject([{ kind: "invalid", why: "an empty batch" }]);
    const batch = [{ ...base, method: "n" }, 1, { ...base, id: 1, result: {} }];
    expect(readMessages(JSON.stringify(batch)).map(({ kind }) => kind)).toEqual([
      "notification",
      "invalid",
      "result",
    ]);
  });

  it("of our own keeps whatever its params hold", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (params) => {
        const text = encodeRequest(7, "m", params);
        expect(JSON.parse(text)).toEqual({
          ...base,
          id: 7,
          method: "m",
          params: JSON.parse(JSON.stringify(params)),
        });
        expect(text).not.toContain("\n");
      }),
    );
  });

  it("answers a ping and declines everything else", () => {
    expect(JSON.parse(encodeReply("a", "ping"))).toEqual({ ...base, id: "a", result: {} });
    expect(JSON.parse(encodeReply(1, "roots/list"))).toMatchObject({ id: 1, error: { code: -32601 } });
  });

  it("of any shape is judged without an error", () => {
    const key = fc.constantFrom("jsonrpc", "id", "method", "result", "error", "__proto__", "x");
    const value = fc.oneof(fc.constant("2.0"), fc.constant(3), fc.jsonValue({ maxDepth: 2 }));
    fc.assert(
      fc.property(fc.dictionary(key, value), (message) => {
        const { kind } = judge(message);
        expect(["result", "error", "request", "notification", "invalid"]).toContain(kind);
        const outcome = answered(message);
        if (outcome instanceof Error) expect(outcome).toHaveProperty("failureClass");
        else expect(kind).toBe("result");
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the one answer in a body", () => {
  it("is the one with the id of the request, also in a batch", () => {
    expect(answered({ ...base, id: 3, result: { a: 1 } })).toEqual({ a: 1 });
    const batch = [
      { ...base, method: "n" },
      { ...base, id: 2, result: { b: 1 } },
      { ...base, id: 3, result: { a: 1 } },
    ];
    expect(answered(batch)).toEqual({ a: 1 });
  });

  it.each<[string, unknown, string]>([
    ["another id", { ...base, id: 4, result: {} }, "an id that is not the request's"],
    ["the same id as text", { ...base, id: "3", result: {} }, "an id that is not the request's"],
    ["an error with another id", { ...base, id: 4, error: { code: 1, message: "" } }, "an id that is not"],
    ["a request", { ...base, id: 3, method: "ping" }, "a request where the answer was expected"],
    ["a notification", { ...base, method: "x" }, "a notification where the answer was expected"],
    ["no version", { id: 3, result: {} }, 'a message without "jsonrpc": "2.0"'],
    ["both", { ...base, id: 3, result: {}, error: { code: 1, message: "" } }, "both result and error"],
  ])("is not one with %s", (_, value, text) => {
    expect(answered(value)).toMatchObject({
      failureClass: "protocol",
      message: expect.stringContaining(text),
    });
  });

  it.each([
    [-32603, "rpc"],
    [-32020, "protocol"],
    [-32021, "capability"],
    [-32022, "protocol"],
  ])("with error %i is of class %s", (code, failureClass) => {
    const fault = answered({ ...base, id: 3, error: { code, message: "out of order", data: { x: 1 } } });
    expect(fault).toBeInstanceOf(RpcFault);
    expect(fault).toMatchObject({ failureClass, code, data: { x: 1 } });
    expect(fault).toHaveProperty("message", `tools/list: JSON-RPC error ${code}: out of order`);
  });

  it("may be an error that could not tell the id", () => {
    const error = { code: -32700, message: "parse error" };
    for (const id of [null, undefined]) {
      expect(answered({ ...base, id, error })).toMatchObject({ failureClass: "rpc", code: -32700 });
    }
  });
});

describe("an inbox", () => {
  const setUp = () => {
    const sent: string[] = [];
    const outcomes = new Map<number, Outcome>();
    const inbox = createInbox((text) => sent.push(text));
    const expectId = (id: number) => inbox.expect(id, "m", (outcome) => outcomes.set(id, outcome));
    const receive = (value: unknown) => inbox.receive(JSON.stringify(value));
    return { inbox, sent, outcomes, expectId, receive };
  };

  it("hands each answer to whoever waits for its id, in any order and once", () => {
    const { outcomes, expectId, receive } = setUp();
    for (const id of [1, 2]) expectId(id);
    receive({ ...base, id: 2, result: { b: 1 } });
    receive([
      { ...base, id: 1, error: { code: -5, message: "no" } },
      { ...base, id: 2, result: { c: 1 } },
    ]);
    expect(outcomes.get(2)).toEqual({ result: { b: 1 } });
    expect(outcomes.get(1)).toMatchObject({ fault: { code: -5, failureClass: "rpc" } });
  });

  it("answers what a server asks, a limited number of times for each request of ours", () => {
    const { sent, expectId, receive } = setUp();
    expectId(1);
    for (let id = 0; id < 100; id += 1) receive({ ...base, id, method: "sampling/createMessage" });
    expect(sent).toHaveLength(32);
    expectId(2);
    receive({ ...base, id: "p", method: "ping" });
    expect(JSON.parse(sent.at(-1) ?? "")).toEqual({ ...base, id: "p", result: {} });
    receive({ ...base, id: "x".repeat(257), method: "ping" });
    expect(sent).toHaveLength(33);
  });

  it("blames lines that are no JSON only while nothing better has come", () => {
    const { inbox, expectId, receive } = setUp();
    inbox.receive("Server listening");
    expectId(1);
    expect(inbox.oddity()).toContain("not JSON");
    receive({ ...base, id: 1, result: {} });
    expectId(2);
    inbox.receive("debug: tools/list");
    expect([inbox.heard(), inbox.oddity()]).toEqual([true, null]);
  });

  it("passes over foreign ids and remembers them, and the late answers of its own it forgets", () => {
    const { inbox, outcomes, expectId, receive } = setUp();
    expectId(1)();
    expectId(2);
    receive({ ...base, id: 1, result: {} });
    expect(inbox.oddity()).toBe(null);
    receive({ ...base, id: 99, result: {} });
    expect(inbox.oddity()).toBe("an answer with an id that is not the request's");
    expect(outcomes.size).toBe(0);
  });

  it("gives an error without an id to the only request that was ever made", () => {
    const { outcomes, expectId, receive } = setUp();
    expectId(1);
    receive({ ...base, id: null, error: { code: -32700, message: "" } });
    expect(outcomes.get(1)).toMatchObject({ fault: { code: -32700 } });
    expectId(2);
    receive({ ...base, id: null, error: { code: -32700, message: "" } });
    expect(outcomes.has(2)).toBe(false);
  });

  it("fails at once on an answer that is malformed or too deep", () => {
    const { inbox, outcomes, expectId, receive } = setUp();
    expectId(1);
    receive({ id: 1, result: {} });
    expect(outcomes.get(1)).toMatchObject({ fault: { failureClass: "protocol" } });
    expectId(2);
    inbox.receive(`{"jsonrpc":"2.0","id":2,"result":${"[".repeat(100)}`);
    expect(outcomes.get(2)).toMatchObject({ fault: { message: "the JSON nests deeper than 64 levels" } });
  });

  it("takes any text without an error", () => {
    const { inbox, expectId } = setUp();
    expectId(1);
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => inbox.receive(text)));
  });
});
