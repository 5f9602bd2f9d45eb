import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable } from "../../../probes/classify.ts";
import { jsonOf, readComponents, sickWord } from "../../../probes/rest/health-document.ts";
import type { ComponentReading } from "../../../probes/result.ts";

/** Every form in which a health document names its components, and every form in which it does not. */

function read(document: unknown, expected: Readonly<Record<string, string>> = {}): ComponentReading[] {
  return readComponents({ document, expected, show: printable });
}

describe("a component", () => {
  it.each([
    ["a word", { components: { db: "Connected " } }],
    ["Spring Boot's object", { components: { db: { status: "CONNECTED", details: { database: "x" } } } }],
    ["the health+json draft's list", { checks: { db: [{ componentId: "1", status: "connected" }] } }],
    ["a list of names", { components: [{ name: "db", status: "connected" }] }],
    ["MicroProfile's list", { checks: [{ name: "db", status: "connected", data: {} }] }],
    ["a word under checks", { checks: { db: "connected" } }],
  ])("is read from %s", (_, document) => {
    expect(read(document, { db: "connected" })).toMatchObject([{ name: "db", ok: true }]);
    expect(read(document, { db: "authenticated" })).toMatchObject([{ ok: false, expected: "authenticated" }]);
  });

  it("may answer with a number or yes and no", () => {
    expect(read({ components: { db: true, nodes: 3 } }, { db: "true", nodes: "3" })).toMatchObject([
      { ok: true, value: "true" },
      { ok: true, value: "3" },
    ]);
  });

  it("with several nodes is as sick as the first sick one", () => {
    const document = { checks: { db: [{ status: "pass" }, { status: "fail" }, { status: "down" }] } };
    expect(read(document, { db: "pass" })).toMatchObject([{ ok: false, value: "fail" }]);
  });

  it("that nobody configured is reported when it says that it is down, and only then", () => {
    const components = { a: "up", b: "DOWN", c: { status: "unhealthy" }, d: { status: "warn" }, e: null };
    expect(read({ components })).toEqual([
      { name: "b", ok: false, value: "DOWN", expected: "not failed" },
      { name: "c", ok: false, value: "unhealthy", expected: "not failed" },
    ]);
  });

  it("named in both places is believed under components", () => {
    const document = { checks: { db: [{ status: "fail" }] }, components: { db: "up" } };
    expect(read(document, { db: "up" })).toMatchObject([{ ok: true, value: "up" }]);
  });

  it("is missing when the page has nothing of that name, whatever an object inherits", () => {
    const names = { constructor: "up", toString: "up", "": "up" };
    for (const document of [{}, { components: {} }, { components: null }, [], null, undefined, "up", 3]) {
      expect(read(document, names).map(({ ok, value }) => [ok, value])).toEqual(
        Object.keys(names).map(() => [false, null]),
      );
    }
  });

  it("cannot fill a result: fifty unasked ones are told, and of each 200 printable characters", () => {
    const noise = `${"x".repeat(5_000)}\u0000`;
    const components = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`${index}${noise}`, { status: "down" }]),
    );
    const readings = read({ components });
    expect(readings).toHaveLength(50);
    for (const { name } of readings) expect(name.length).toBeLessThanOrEqual(200);
  });
});

describe("any document", () => {
  it("is read without an exception, into a valid reading", () => {
    const word = fc.oneof(fc.constantFrom("down", "fail", "up"), fc.string());
    const node = fc.oneof(
      word,
      fc.record({ status: word }),
      fc.array(fc.record({ status: word })),
      fc.jsonValue(),
    );
    const named = fc.oneof(
      fc.dictionary(fc.string(), node),
      fc.array(fc.record({ name: fc.string(), status: node })),
      fc.jsonValue(),
    );
    const documents = fc.oneof(fc.record({ status: node, components: named, checks: named }), fc.jsonValue());
    fc.assert(
      fc.property(documents, fc.dictionary(fc.string(), fc.string()), (document, expected) => {
        const text = JSON.stringify(document);
        const parsed = jsonOf(text);
        const readings = read(parsed, expected);
        expect(readings.slice(0, Object.keys(expected).length).map(({ name }) => name)).toEqual(
          Object.keys(expected),
        );
        for (const { ok, value } of readings) {
          expect(ok && value === null).toBe(false);
          if (value !== null) expect(value).toBe(printable(value));
        }
        expect([null, "string"]).toContain(sickWord(parsed) === null ? null : typeof sickWord(parsed));
      }),
      { numRuns: 300 },
    );
  });

  it("that is no JSON is none", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = Buffer.from(bytes).toString("latin1");
        expect(() => sickWord(jsonOf(text))).not.toThrow();
        expect(read(jsonOf(text), { db: "up" })).toHaveLength(1);
      }),
    );
    expect(jsonOf("[".repeat(200_000))).toBeUndefined();
    expect(jsonOf('\uFEFF{"status":"down"}')).toEqual({ status: "down" });
    expect(jsonOf(null)).toBeUndefined();
  });
});
