import { describe, expect, test } from "vitest";
import { type HygieneInput, hygieneOf } from "../../../probes/contract/hygiene.ts";
import type { ToolDefinition } from "../../../probes/session.ts";
import { listOf, tool } from "../../support/tool-lists.ts";

// What is unclean about a tool list, whether or not a contract holds it.

const clean: HygieneInput = { list: listOf(tool()), era: "legacy", needsCredentials: false };

function findings(given: Partial<HygieneInput>): string[] {
  return hygieneOf({ ...clean, ...given }).findings.map(({ kind, detail }) => `${kind}: ${detail}`);
}

const named = (...names: string[]): HygieneInput["list"] => listOf(...names.map((name) => tool({ name })));

describe("a tool list", () => {
  test("with nothing unclean has no findings, and costs a quarter of its characters in tokens", () => {
    const seen = '[{"description":"Finds files","inputSchema":{"type":"object"},"name":"search"}]';
    const title = tool({ title: "Not shown to models", annotations: { readOnlyHint: true } });
    expect(hygieneOf({ ...clean, list: listOf(title) })).toEqual({
      approximateTokens: Math.ceil(seen.length / 4),
      findings: [],
    });
  });

  test("that names a tool twice is told so once a name", () => {
    expect(findings({ list: named("a", "b", "a", "a") })).toEqual(["duplicate-names: a is listed 3 times"]);
  });

  test("in another order than before is told so, one of other tools is not", () => {
    expect(findings({ list: named("a", "b", "c"), previousOrder: ["a", "c", "b"] })).toEqual([
      "unstable-order: the same tools came in another order: b where c was",
    ]);
    for (const previousOrder of [["a", "b", "c"], ["c", "b"], ["a", "b", "b"], ["c", "b", "a", "d"], []])
      expect(findings({ list: named("a", "b", "c"), previousOrder })).toEqual([]);
  });

  test("of the modern generation says how long it may be kept; no older one can", () => {
    expect(findings({ era: "modern" })).toEqual([expect.stringMatching(/^missing-ttl: .*ttlMs/)]);
    expect(findings({ era: "modern", list: { ...clean.list, ttlMs: 0 } })).toEqual([]);
    expect(findings({ era: "legacy" })).toEqual([]);
  });

  test("for which credentials are needed is not kept for everybody", () => {
    const list = { ...clean.list, cacheScope: "public" };
    expect(findings({ list, needsCredentials: true })).toEqual([expect.stringMatching(/^public-cache: /)]);
    expect(findings({ list, needsCredentials: false })).toEqual([]);
    expect(findings({ list: { ...list, cacheScope: "private" }, needsCredentials: true })).toEqual([]);
  });
});

describe("hidden characters", () => {
  const POISON: readonly (readonly [what: string, text: string, points: string])[] = [
    ["tag characters", "Adds\u{e0041}\u{e0042}", "2 hidden characters (U+E0041, U+E0042)"],
    ["zero widths", "Adds\u200b", "1 hidden character (U+200B)"],
    ["bidirectional overrides", "Adds\u202e\u2066", "2 hidden characters (U+202E, U+2066)"],
    ["variation selectors that carry bytes", "Adds\u{e0100}\ufe01", "2 hidden characters (U+E0100, U+FE01)"],
    ["blank letters", "Adds\u3164\u2800", "2 hidden characters (U+3164, U+2800)"],
    ["controls", "Adds\u001b[2J\u0000", "2 hidden characters (U+001B, U+0000)"],
    ["private use and half characters", "Adds\ue000\ud800", "2 hidden characters (U+E000, U+D800)"],
    ["a flag of tags", "Adds\u{1f3f4}\u{e0067}\u{e007f}", "2 hidden characters (U+E0067, U+E007F)"],
  ];

  test.each(POISON)("are found in a description: %s", (_, description, points) => {
    expect(findings({ list: listOf(tool({ description })) })).toEqual([
      `hidden-characters: the description of search holds ${points}`,
    ]);
  });

  test("are found in every part of a tool, and only where they stand", () => {
    const evil = "\u200b";
    const parts: readonly (readonly [string, Partial<ToolDefinition>])[] = [
      ["name", { name: `search${evil}` }],
      ["title", { title: evil }],
      ["inputSchema", { inputSchema: { properties: { a: { description: evil } } } }],
      ["inputSchema", { inputSchema: { properties: { [evil]: {} } } }],
      ["outputSchema", { outputSchema: { enum: [evil] } }],
      ["annotations", { annotations: { title: evil } }],
    ];
    for (const [part, given] of parts)
      expect(findings({ list: listOf(tool(given), tool({ name: "other" })) })).toEqual([
        expect.stringMatching(
          new RegExp(`^hidden-characters: the ${part} of search\\S* holds 1 hidden character`),
        ),
      ]);
  });

  test("are not seen in what people write: line breaks, accents, other scripts, emoji", () => {
    const description = "Zeile\r\n\tzwei – naïve e\u0301, 日本語, עברית, 👩‍💻 👍🏽 ⚠️ ❤️‍🔥 1️⃣ ©️";
    expect(findings({ list: listOf(tool({ description })) })).toEqual([]);
  });

  test("of a thousand tools are told of the first 20", () => {
    const list = listOf(...Array.from({ length: 1_000 }, (_, index) => tool({ name: `t${index}\u200b` })));
    expect(findings({ list })).toHaveLength(20);
  });
});
