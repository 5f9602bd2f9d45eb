import { describe, expect, test } from "vitest";
import { describeProblem, type Problem } from "../../catalog/errors.ts";
import { inspectEnvironment } from "../../catalog/load.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";
import { placeOf } from "../support/mistakes.ts";

// What the catalog refuses although YAML and JavaScript would let it pass, and what no message may repeat.

const files = catalogFiles();
const MEMORY = "stacks/servers/memory.yaml";
const LOCAL = "stacks/local.yaml";

interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

function inspect(...edits: readonly Edit[]): {
  readonly catalog: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
} {
  const catalog = edits.reduce((before, edit) => edited(before, edit), new Map(files));
  return { catalog, problems: inspectEnvironment(mapSource(catalog), "local").problems };
}

const inMemory = (from: string, to: string): Edit => ({ file: MEMORY, from, to });
const variable = (line: string): Edit => inMemory("MEMORY_FILE_PATH: /tmp/memory.jsonl", line);

describe("[SKILL-12] a secret that stands in the catalog", () => {
  const TOKEN = `ghp_${"Zq7".repeat(12)}`;
  test.each([
    { where: "a number", edit: variable("DB_PASSWORD: 48151623"), secret: "48151623" },
    { where: "in quotes", edit: variable('SLACK_BOT_TOKEN: "opensesame"'), secret: "opensesame" },
    { where: "a passphrase", edit: variable("KEY_PASSPHRASE: opensesame"), secret: "opensesame" },
    {
      where: "below a key of its own",
      edit: variable("X: 1\n    GITHUB_TOKEN: { value: opensesame }"),
      secret: "opensesame",
    },
    { where: "in the name of a reference", edit: variable(`GITHUB_TOKEN: { env: ${TOKEN} }`), secret: TOKEN },
    {
      where: "as an argument",
      edit: inMemory("run:\n", `run:\n  args: [--api-key=opensesame]\n`),
      secret: "opensesame",
    },
    { where: "as a contact", edit: inMemory("owner: operations", `owner: ${TOKEN}`), secret: TOKEN },
    { where: "as a key", edit: inMemory("mcp: {", `${TOKEN}: true\nmcp: {`), secret: TOKEN },
    { where: "as the server's name", edit: inMemory("server: memory", `server: ${TOKEN}`), secret: TOKEN },
    {
      where: "in an address that is refused, too",
      edit: inMemory(
        "mcp: { transport: stdio }",
        'mcp: { transport: streamable-http, url: "ftp://mcp:opensesame@example.com" }',
      ),
      secret: "opensesame",
    },
    {
      where: "in an override",
      edit: { file: LOCAL, from: 'MEMORY_FILE_PATH: "{state}/memory.jsonl"', to: "ACCESS_KEY: opensesame" },
      secret: "opensesame",
    },
  ])("is refused and never repeated: $where", ({ edit, secret }) => {
    const { problems } = inspect(edit);
    expect(problems.length).toBeGreaterThan(0);
    const said = problems.map(describeProblem).join("\n");
    expect(said).not.toContain(secret);
    // neither is the beginning of it
    expect(said).not.toContain(secret.slice(0, 8));
  });

  test("is named by its place in the file of the environment where that sets it", () => {
    const to = "ACCESS_KEY: opensesame";
    const { catalog, problems } = inspect({
      file: LOCAL,
      from: 'MEMORY_FILE_PATH: "{state}/memory.jsonl"',
      to,
    });
    expect(problems).toContainEqual({
      place: placeOf(catalog, { file: LOCAL, at: to }),
      path: "override.memory.run.env.ACCESS_KEY",
      rule: "holds a literal secret",
      cure: expect.stringContaining("write a reference instead") as unknown,
    });
  });

  test("is not what only sounds like one: an address without a password, a file's path, an empty value", () => {
    const { problems } = inspect(
      variable(
        'ADDRESS: postgresql://mcp@db.example.com/app\n    TOKEN_FILE: /run/secrets/token\n    API_KEY: ""',
      ),
    );
    expect(problems).toEqual([]);
  });
});

describe("[SKILL-11] a name that breaks the rule", () => {
  test.each(["me mory", "mémoire", "a/b", "../memory", "a.b", "$(id)", `a\`b`])(
    "is refused with place and rule wherever a server is named: %s",
    (bad) => {
      const quoted = JSON.stringify(bad);
      const { catalog, problems } = inspect(
        inMemory("server: memory", `server: ${quoted}`),
        { file: LOCAL, from: "filesystem, memory,", to: `filesystem, ${quoted}, memory,` },
        { file: LOCAL, from: "  memory:\n", to: `  ${quoted}: {}\n  memory:\n` },
      );
      const rule = expect.stringContaining("must match [a-zA-Z0-9_-]") as unknown;
      for (const [file, at] of [
        [MEMORY, `server: ${quoted}`],
        [LOCAL, `${quoted}, memory`],
        [LOCAL, `${quoted}: {}`],
      ] as const)
        expect(problems).toContainEqual(
          expect.objectContaining({ place: placeOf(catalog, { file, at }), rule }),
        );
    },
  );
});

describe("a key named __proto__", () => {
  test.each([
    {
      where: "at the top of a file",
      edit: inMemory("mcp: {", "__proto__: { polluted: true }\nmcp: {"),
    },
    {
      where: "as the name of an objective",
      edit: inMemory(
        "objectives:\n",
        "objectives:\n  __proto__: { sli: mcp, objective: 99%, window: 30d }\n",
      ),
    },
    { where: "as a variable", edit: variable("__proto__: polluted") },
    {
      where: "in an override",
      edit: { file: LOCAL, from: "  memory:\n", to: "  memory:\n    __proto__: { polluted: true }\n" },
    },
  ])("is refused and changes no object: $where", ({ edit }) => {
    const { catalog, problems } = inspect(edit);
    expect(problems).toContainEqual({
      place: placeOf(catalog, { file: edit.file, at: "__proto__" }),
      path: expect.stringMatching(/(^|\.)__proto__$/) as unknown,
      rule: 'unknown key "__proto__"',
      cure: expect.stringContaining("take it out") as unknown,
    });
    expect(new Set(problems.map(({ place }) => place)).size).toBe(1);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});

describe("a value that an environment sets", () => {
  test("is reported in the file of the environment, and what it leaves alone in the server's file", () => {
    const override = { file: LOCAL, from: "run: { args: [stacks] }", to: "run: { args: stacks }" };
    const file = "stacks/servers/filesystem.yaml";
    const { catalog, problems } = inspect(override, { file, from: "window: 30d", to: "window: 30" });
    expect(problems).toEqual([
      expect.objectContaining({
        place: placeOf(catalog, { file: LOCAL, at: "args: stacks" }),
        path: "run.args",
      }),
      expect.objectContaining({
        place: placeOf(catalog, { file, at: "window: 30" }),
        path: "objectives.availability.window",
      }),
    ]);
  });

  test("is reported there also where it overrides what all environments share", () => {
    const { catalog, problems } = inspect({
      file: LOCAL,
      from: "L2: { after: 1m }",
      to: "L2: { after: 1m, tell: [somebody] }",
    });
    expect(problems).toEqual([
      expect.objectContaining({
        place: placeOf(catalog, { file: LOCAL, at: "somebody" }),
        path: "escalations.standard.levels.L2.tell[0]",
        rule: 'there is no contact "somebody"',
      }),
    ]);
  });
});
