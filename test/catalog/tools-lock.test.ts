import { dump, load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { RollcallError } from "../../catalog/errors.ts";
import { parseToolsLock, type ToolsLock } from "../../catalog/tools-lock.ts";
import { toolsLockText } from "../../catalog/tools-lock-text.ts";
import { contractOf } from "../../probes/contract/contract.ts";
import { HOSTILE_NAMES, listOf, tool, toolTaking } from "../support/tool-lists.ts";

// The lock as a file. What a difference between it and a server means stands in test/probes/contract/.

const lock: ToolsLock = {
  version: 1,
  servers: {
    zebra: { tools: [] },
    memory: contractOf(
      listOf(
        {
          ...toolTaking(
            {
              path: { type: "string", minLength: 1, description: "A path" },
              mode: { enum: ["a", null, 1.5] },
            },
            { required: ["path"], additionalProperties: false },
          ),
          annotations: { readOnlyHint: true, own: 1 },
        },
        tool({ name: "add", outputSchema: { type: "object" } }),
      ),
      "2025-11-25",
    ),
  },
};

/** The problems of a text, as `place path: rule`. */
function problemsOf(text: string | undefined): {
  readonly code: number;
  readonly problems: readonly string[];
} {
  try {
    parseToolsLock("stacks/tools.lock.yaml", text);
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    const problems = error.problems.map(({ place, path, rule, cure }) => {
      expect(cure).toContain("run `rollcall tools lock`");
      return `${place} ${path}: ${rule}`;
    });
    return { code: error.exitCode, problems };
  }
  return { code: 0, problems: [] };
}

describe("the lock", () => {
  test("is read as it was written", () => {
    expect(parseToolsLock("lock.yaml", toolsLockText(lock))).toEqual(lock);
    expect(parseToolsLock("lock.yaml", toolsLockText({ version: 1, servers: {} })).servers).toEqual({});
  });

  test("is one text whatever order its servers and tools came in, and says when nothing", () => {
    const turned = Object.fromEntries(Object.entries(lock.servers).reverse());
    const text = toolsLockText({ version: 1, servers: turned });
    expect(text).toBe(toolsLockText(lock));
    expect(text.indexOf("memory:")).toBeLessThan(text.indexOf("zebra:"));
    expect(text.indexOf("tool: add")).toBeLessThan(text.indexOf("tool: search"));
    expect(text).not.toMatch(/\d\d:\d\d/);
  });

  test("reads well: a line a place of a schema, in the words of JSON Schema", () => {
    const lines = toolsLockText(lock).split("\n");
    expect(lines).toContain("            $: { type: object, closed: true }");
    expect(lines).toContain("            $.path: { type: string, minLength: 1, required: true }");
    expect(lines).toContain("            $.mode: { enum: [a, 1.5, null] }");
    expect(lines).toContain("        hints: { readOnly: true }");
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(120);
  });

  test("is plain YAML for any other reader, too", () => {
    expect(load(toolsLockText(lock))).toEqual(JSON.parse(JSON.stringify(lock)));
    expect(parseToolsLock("lock.yaml", dump(lock))).toEqual(lock);
  });

  test("keeps hostile names of tools, properties and values, and shows nothing but ASCII", () => {
    const tools = HOSTILE_NAMES.map((name) => ({
      ...toolTaking(JSON.parse(JSON.stringify(Object.fromEntries([[name, { enum: [name] }]]))) as unknown),
      name,
    }));
    const hostile: ToolsLock = { version: 1, servers: { subject: contractOf(listOf(...tools)) } };
    const text = toolsLockText(hostile);
    const read = parseToolsLock("lock.yaml", text);
    expect(read).toEqual(hostile);
    expect(new Set(read.servers.subject?.tools.map((one) => one.tool))).toEqual(new Set(HOSTILE_NAMES));
    expect(text).toMatch(/^[\n -~]*$/);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe("a lock that cannot be used", () => {
  const text = toolsLockText(lock);
  const CASES: readonly (readonly [string, string | undefined, string])[] = [
    ["is missing", undefined, "stacks/tools.lock.yaml : the file is missing"],
    ["is empty", "", "stacks/tools.lock.yaml:1:1 : is missing"],
    ["is no YAML", "version: [", "stacks/tools.lock.yaml:1:11 : is not valid YAML: "],
    ["is of another version", text.replace("version: 1", "version: 2"), ":3:1 version: 2 must be one of 1"],
    [
      "has a broken digest",
      text.replace(/wording: "\w/, 'wording: "Z'),
      ' servers.memory.tools[0].wording: "Z',
    ],
    ["has an unknown key", text.replace("closed: true", "sealed: true"), 'unknown key "sealed"'],
    ["has an unknown type", text.replace("type: string", "type: text"), "$.path.type: "],
    ["names a server twice", text.replace("  zebra:", "  memory:"), 'duplicated mapping key "memory"'],
    ["has a server of a hostile name", text.replace("  zebra:", '  "__proto__":'), 'unknown key "__proto__"'],
  ];

  test.each(CASES)("because it %s exits 65 with the place and the cure", (_, broken, problem) => {
    const { code, problems } = problemsOf(broken);
    expect(code).toBe(65);
    expect(problems.join("\n")).toContain(problem);
  });
});
