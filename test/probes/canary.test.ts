import { describe, expect, it } from "vitest";
import type { CanaryTarget } from "../../catalog/target.ts";
import { judgeAnswer } from "../../probes/canary.ts";
import { check } from "../../probes/check.ts";
import type { StreamTimings, ToolAnswer } from "../../probes/session.ts";
import { everythingOverHttp, modernServer, over, target } from "../support/servers.ts";

/** The canary call: what its answer means, and the call itself against a real server. */

const canary: CanaryTarget = { call: "sum", arguments: { a: 2, b: 3 }, expect: { text: "5" } };
const said = (text: string, rest: Partial<ToolAnswer> = {}): ToolAnswer => ({
  isError: false,
  text,
  structured: undefined,
  stream: null,
  ...rest,
});

describe("the answer of a canary", () => {
  it("is right when it holds the expected text and values, and wrong with the place that differs", () => {
    expect(judgeAnswer(canary, said("The sum is 5."), 3)).toMatchObject({
      failureClass: null,
      reading: { outcome: "ok", ms: 3, detail: "" },
    });
    expect(judgeAnswer(canary, said("The sum is 6."), 3)).toMatchObject({
      failureClass: "tool",
      reading: { outcome: "wrong-answer", detail: 'sum: the answer does not contain "5"' },
    });
    const byValue = { ...canary, expect: { values: { "/total": 5, "/items/0": { id: 1 } } } };
    expect(judgeAnswer(byValue, said("", { structured: { total: 5, items: [{ id: 1 }] } }), 1)).toMatchObject(
      {
        failureClass: null,
      },
    );
    expect(judgeAnswer(byValue, said("", { structured: { total: "5", items: [] } }), 1)).toMatchObject({
      failureClass: "tool",
      reading: { detail: 'sum: /total is "5", not 5' },
    });
  });

  it("that reports an error is the tool's, whatever it holds, and its words come out printable", () => {
    const verdict = judgeAnswer(canary, said("5\u001b[31m boom", { isError: true }), 1);
    expect(verdict).toMatchObject({ failureClass: "tool", reading: { outcome: "tool-error" } });
    expect(verdict.reading.detail).toBe("sum reports an error: 5\\u001b[31m boom");
  });
});

describe("[TASK-11] the stream of a canary", () => {
  const streamed: CanaryTarget = { ...canary, stream: { firstMs: 500, gapMs: 300, events: 3 } };
  const timings = (given: Partial<StreamTimings>): StreamTimings => ({
    events: 4,
    firstEventMs: 100,
    longestGapMs: 200,
    lastEventMs: 900,
    truncated: false,
    ...given,
  });
  it.each<[string, StreamTimings | null, string | null]>([
    ["that keeps its promises is well", timings({}), null],
    ["that comes as one document is none", null, "no-stream"],
    ["with fewer events than promised is none", timings({ events: 2 }), "no-stream"],
    ["whose first event is late is late", timings({ firstEventMs: 501 }), "late"],
    ["that pauses too long has a gap", timings({ longestGapMs: 301 }), "gap"],
    ["that ends before the answer is truncated", timings({ truncated: true }), "truncated"],
    [
      "whose events come all at once at the end is held back by a proxy",
      timings({ firstEventMs: 990, longestGapMs: 990, lastEventMs: 1_000 }),
      "buffered",
    ],
  ])("%s", (_, stream, fault) => {
    const { reading, failureClass } = judgeAnswer(streamed, said("5", { stream }), 1_000);
    expect(reading.stream?.fault).toBe(fault);
    expect(failureClass).toBe(fault === null ? null : fault === "truncated" ? "protocol" : "tool");
    expect(reading.detail === "").toBe(fault === null);
  });

  it("is measured on a real server that sends its progress step by step", async () => {
    await using everything = await everythingOverHttp();
    const stepwise: CanaryTarget = {
      call: "trigger-long-running-operation",
      arguments: { duration: 0.6, steps: 3 },
      expect: { text: "completed" },
      stream: { firstMs: 2_000, gapMs: 2_000, events: 2 },
    };
    const { result } = await check(target({ mcp: over(everything.url), canary: stepwise }), {
      allowLoopback: true,
    });
    expect(result.mcp).toMatchObject({ outcome: "ok", canary: { outcome: "ok" } });
    const stream = result.mcp.canary?.stream;
    expect(stream?.fault).toBeNull();
    expect(stream?.events).toBeGreaterThanOrEqual(3);
    expect(Number(stream?.lastEventMs)).toBeGreaterThan(Number(stream?.firstEventMs));
  });
});

describe("the canary call", () => {
  it("keeps an unknown tool, an error of the tool and a wrong answer apart, and names the class of each", async () => {
    await using everything = await everythingOverHttp();
    const asked = async (given: CanaryTarget) => {
      const { result } = await check(target({ mcp: over(everything.url), canary: given }), {
        allowLoopback: true,
      });
      return result.mcp;
    };
    const sum = { call: "get-sum", arguments: { a: 2, b: 3 } };
    expect(await asked({ ...sum, expect: { text: "5" } })).toMatchObject({
      outcome: "ok",
      failureClass: null,
    });
    expect(await asked({ ...sum, expect: { text: "7" } })).toMatchObject({
      outcome: "fail",
      failureClass: "tool",
      canary: { outcome: "wrong-answer" },
      tools: 13,
    });
    const refused = await asked({ call: "get-sum", arguments: { a: "x" }, expect: {} });
    expect(["tool-error", "protocol-error"]).toContain(refused.canary?.outcome);
    expect(refused.outcome).toBe("fail");
  });

  it("speaks to a modern server as well", async () => {
    await using modern = await modernServer();
    const { result } = await check(
      target({ mcp: over(modern.url), canary: { call: "one", arguments: {}, expect: {} } }),
      { allowLoopback: true },
    );
    expect(result.mcp).toMatchObject({ outcome: "ok", era: "modern", canary: { outcome: "ok" } });
  });
});
