import { describe, expect, test } from "vitest";
import { isKept, type Seen } from "../../catalog/objective-rule.ts";

const WELL: Seen = { mcp: "ok", rest: "ok", measures: { McpLatency: 40, RestLatency: 100, queue: 10 } };

describe("a promise by failure classes", () => {
  const rule = { objective: "answers", kind: "classes", path: "mcp", burns: ["connect", "timeout"] } as const;

  test.each([
    ["ok", true],
    ["connect", false],
    ["timeout", false],
    // another class than those that burn it
    ["tls", true],
    ["auth", undefined],
    [null, undefined],
  ] as const)("is, where its path ended as %s, kept: %s", (mcp, kept) => {
    expect(isKept(rule, { ...WELL, mcp, rest: "connect" })).toBe(kept);
  });

  test("is broken by a refusal where that burns it", () => {
    expect(isKept({ ...rule, burns: ["auth"] }, { ...WELL, mcp: "auth" })).toBe(false);
  });
});

describe("a promise by a limit", () => {
  test("of a time is kept below it, on the path that it names", () => {
    const rule = { objective: "fast", kind: "latency", path: "rest" } as const;
    expect(isKept({ ...rule, belowMs: 101 }, WELL)).toBe(true);
    expect(isKept({ ...rule, belowMs: 100 }, WELL)).toBe(false);
    expect(isKept({ ...rule, path: "mcp", belowMs: 100 }, WELL)).toBe(true);
  });

  test("of a number is kept beyond it and not at it", () => {
    const rule = { objective: "few", kind: "value", metric: "queue" } as const;
    expect(isKept({ ...rule, below: 11 }, WELL)).toBe(true);
    expect(isKept({ ...rule, below: 10 }, WELL)).toBe(false);
    expect(isKept({ ...rule, above: 9 }, WELL)).toBe(true);
    expect(isKept({ ...rule, above: 10 }, WELL)).toBe(false);
  });

  test.each([
    { objective: "fast", kind: "latency", path: "mcp", belowMs: 100 },
    { objective: "few", kind: "value", metric: "queue", below: 10 },
  ] as const)("of a $kind that was not measured says nothing", (rule) => {
    expect(isKept(rule, { ...WELL, measures: {} })).toBeUndefined();
  });
});
