import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COMMENT_MARKER, diffMarkdown, diffTable, type PlanDiff } from "../../ops/diff-text.ts";
import type { Change } from "../../plan/diff.ts";

// The comment of a pull request, given what no catalog should hold. What really happens on GitHub was not tried here:
// the rules are those of its Markdown, and that it looks for `@name` in text and never in code.

const CHANGE: Change = {
  kind: "escalation",
  direction: "loosened",
  subject: "standard L1",
  before: "after 0s: pagerduty one",
  after: "after 5m: pagerduty one",
};

function diff(over: Partial<PlanDiff>): PlanDiff {
  return {
    environment: "staging",
    base: "main",
    before: "0123456",
    after: "789abcd",
    changes: [CHANGE],
    ...over,
  };
}

const rows = (markdown: string): string[] => markdown.split("\n").filter((line) => line.startsWith("|"));
/** What stands outside of our own code elements. */
const outside = (line: string): string => line.replaceAll(/<code>[^<>`]*<\/code>/g, "");

const HOSTILE = [
  "a | b",
  "\\| c",
  "\\\\| d",
  "`x` @everyone",
  "</code>@admin<code>",
  "<img src=https://e.example/p.png>",
  "![p](https://e.example/p.png)",
  "[click](https://e.example)",
  "two\nlines\r\nand\rmore",
  "--> <!-- rollcall-plan -->",
  "&#64;admin",
  "",
];

describe("the comment of a pull request", () => {
  test.each(HOSTILE)("keeps %j inside its cell, as code", (text) => {
    const markdown = diffMarkdown(
      diff({ base: text, changes: [{ ...CHANGE, subject: text, before: text, after: text }] }),
    );
    expect(markdown.split(COMMENT_MARKER)).toHaveLength(2);
    expect(markdown.startsWith(`${COMMENT_MARKER}\n`)).toBe(true);
    expect(markdown.split("\n")).toHaveLength(8);
    const [, , row = ""] = rows(markdown);
    expect(row.split("|")).toHaveLength(7);
    expect(outside(row)).toBe("| ⚠ loosened | escalation |  |  |  |");
    expect(outside(markdown.split("\n")[3] ?? "")).toBe("Catalog  () to .");
  });

  test("keeps whatever it is given inside six bars", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (before, after) => {
        const [, , row = "", ...more] = rows(
          diffMarkdown(diff({ changes: [{ ...CHANGE, subject: after, before, after }] })),
        );
        expect(more).toEqual([]);
        expect(row.split("|")).toHaveLength(7);
        expect(outside(row)).toBe("| ⚠ loosened | escalation |  |  |  |");
      }),
    );
  });

  test("marks what was there and is gone, and what is new, with a dash for what is not", () => {
    const gone: Change = {
      kind: "server",
      direction: "removed",
      subject: "slack",
      before: "watched",
      after: null,
    };
    const fresh: Change = { ...gone, direction: "added", subject: "notes", before: null, after: "watched" };
    expect(rows(diffMarkdown(diff({ changes: [gone, fresh] }))).slice(2)).toEqual([
      "| ⚠ removed | server | <code>slack</code> | <code>watched</code> | – |",
      "| added | server | <code>notes</code> | – | <code>watched</code> |",
    ]);
  });
});

test.each([
  { directions: [], says: "nothing changes" },
  { directions: ["tightened"], says: "1 change, none weaker" },
  { directions: ["loosened", "added"], says: "2 changes, 1 weaker" },
  { directions: ["loosened", "removed", "changed"], says: "3 changes, 2 weaker" },
] as const)("$directions is summed up as: $says", ({ directions, says }) => {
  const changes = directions.map((direction): Change => ({ ...CHANGE, direction }));
  expect(diffTable(diff({ changes })).split("\n")[0]).toBe(
    `staging  main (catalog 0123456) -> here (catalog 789abcd)  ${says}`,
  );
  expect(diffMarkdown(diff({ changes })).split("\n")[1]).toBe(`### staging: ${says}`);
});
