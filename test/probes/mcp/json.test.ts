import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTooDeep, parseJson } from "../../../probes/mcp/json.ts";

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const faultIn = (text: string): unknown => {
  try {
    parseJson(text);
    return null;
  } catch (error) {
    return error;
  }
};

describe("JSON of a server", () => {
  it("comes out as it went in, whatever its value", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        expect(parseJson(text)).toEqual(JSON.parse(text));
        expect(parseJson(`\uFEFF ${text}\n`)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("may nest 64 levels and no more, in arrays and objects alike", () => {
    expect(parseJson(nested(64))).toBeInstanceOf(Array);
    const tooDeep = { failureClass: "protocol", message: "the JSON nests deeper than 64 levels" };
    expect(faultIn(nested(65))).toMatchObject(tooDeep);
    expect(faultIn(`${'{"a":'.repeat(65)}1${"}".repeat(65)}`)).toMatchObject(tooDeep);
    expect(faultIn(nested(1_000_000))).toMatchObject(tooDeep);
    expect(faultIn("[".repeat(4_000_000))).toMatchObject(tooDeep);
  });

  it("is measured without what stands in strings", () => {
    for (const text of [nested(80), `\\"${nested(80)}`, `${nested(80)}\\`, '"', "\\\\\\"]) {
      const json = JSON.stringify([text, text]);
      expect(isTooDeep(json)).toBe(false);
      expect(parseJson(json)).toEqual([text, text]);
    }
    expect(isTooDeep(`["\\\\", ${nested(64)}]`)).toBe(true);
  });

  it("is measured as it is counted by walking the value", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("[", "{"), { maxLength: 90 }), fc.jsonValue(), (shells, core) => {
        const value = shells.reduce<unknown>(
          (inner, shell) => (shell === "[" ? ['"[{', inner, []] : { "}]": [], inner }),
          core,
        );
        expect(isTooDeep(JSON.stringify(value))).toBe(depthOf(value) > 64);
      }),
    );
  });

  it("with hostile keys changes no prototype", () => {
    const value = parseJson('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect((value as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("that is damaged gives a value or a ProbeFault, never another error", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), fc.string({ maxLength: 3 }), (value, at, patch) => {
        const text = JSON.stringify(value);
        const cut = at % (text.length + 1);
        const fault = faultIn(text.slice(0, cut) + patch + text.slice(cut + 1));
        if (fault !== null) expect(fault).toMatchObject({ name: "ProbeFault", failureClass: "protocol" });
      }),
    );
  });

  it.each(["", " ", "{", "<html>", "undefined", "NaN"])("is not %j", (text) => {
    expect(faultIn(text)).toMatchObject({ failureClass: "protocol" });
  });
});

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
