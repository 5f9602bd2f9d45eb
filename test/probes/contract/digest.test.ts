import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, digest, digestsOf } from "../../../probes/contract/digest.ts";
import { anyTool, tool } from "../../support/tool-lists.ts";

// The form that digests are taken of. What a difference of two digests means stands in drift.test.ts.

/** The same value with the keys of every map the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, reversed(inner)] as const)
      .reverse(),
  );
}

describe("canonical JSON", () => {
  test("sorts keys by their UTF-16 code units and writes numbers as RFC 8785 has them", () => {
    const value = JSON.parse(
      '{"\\u20ac":1,"\\r":2,"\\ufb33":3,"1":4,"\\ud83d\\ude00":5,"\\u0080":6,"\\u00f6":7}',
    ) as unknown;
    expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
    expect(canonicalJson([333333333.3333333, 1e30, 4.5, 2e-3, 1e-27, -0])).toBe(
      "[333333333.3333333,1e+30,4.5,0.002,1e-27,0]",
    );
  });

  test("leaves out what is undefined, and cannot say what JSON cannot", () => {
    expect(canonicalJson({ b: undefined, a: [undefined, Number.NaN] })).toBe('{"a":[null,null]}');
  });

  test("is what JSON reads back, for any value and any order of its keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
        expect(canonicalJson(reversed(plain))).toBe(canonicalJson(plain));
      }),
    );
  });

  test("tells a key called __proto__ and a lone surrogate from their absence", () => {
    const keys = ['{"__proto__":{"a":1}}', "{}", '{"__proto__":{}}'].map((text) => digest(JSON.parse(text)));
    expect(new Set(keys).size).toBe(3);
    expect(new Set(["\ud800", "\udfff", "\ufffd", ""].map(digest)).size).toBe(4);
  });

  test("is written at any depth", () => {
    const depth = 200_000;
    const deep = JSON.parse(`${"[".repeat(1_000)}${"]".repeat(1_000)}`) as unknown;
    expect(canonicalJson(deep)).toHaveLength(2_000);
    let value: unknown = 1;
    for (let level = 0; level < depth; level += 1) value = { a: value };
    expect(canonicalJson(value)).toHaveLength(depth * '{"a":}'.length + 1);
  });
});

describe("the digests of a tool", () => {
  test("are SHA-256 of the canonical JSON", () => {
    // printf '{"type":"object"}' | sha256sum
    expect(digestsOf(tool()).input).toBe("a2c799262a3ce3c19ef5cdd983bf3d12b43ab3c426227091b909dcb7054738c0");
  });

  test("do not depend on the order of keys", () => {
    fc.assert(
      fc.property(anyTool, (any) => {
        expect(digestsOf(reversed(any) as typeof any)).toEqual(digestsOf(any));
      }),
    );
  });

  test("keep words and rules apart", () => {
    const plain = digestsOf(tool());
    const worded = digestsOf(tool({ inputSchema: { type: "object", description: "Words" } }));
    expect(worded).toEqual(plain);
    expect(digestsOf(tool({ description: "Other" }))).toEqual({
      ...plain,
      wording: expect.any(String) as unknown,
    });
    expect(digestsOf(tool({ description: "Other" })).wording).not.toBe(plain.wording);
  });

  test("take a property called description for what it is: a rule", () => {
    const withProperty = tool({ inputSchema: { type: "object", properties: { description: {} } } });
    const without = tool({ inputSchema: { type: "object", properties: {} } });
    expect(digestsOf(withProperty).input).not.toBe(digestsOf(without).input);
  });
});
