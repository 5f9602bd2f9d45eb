import { afterEach, describe, expect, test } from "vitest";
import type { Problem } from "../../catalog/errors.ts";
import { distinct, environmentNames, inspectEnvironment, loadEnvironment } from "../../catalog/load.ts";
import { buildPlan } from "../../plan/plan.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";
import { type Folder, rollcall, temporaryFolder } from "../support/cli.ts";
import { asArray, asRecord } from "../support/json.ts";
import { damaged, type Mistake, placeOf, TEN_MISTAKES } from "../support/mistakes.ts";

const files = catalogFiles();
const folders: Folder[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) folder.remove();
});

function problemsOf(catalog: ReadonlyMap<string, string>, names?: readonly string[]): readonly Problem[] {
  const source = mapSource(catalog);
  return distinct(
    (names ?? environmentNames(source)).flatMap((name) => inspectEnvironment(source, name).problems),
  );
}

/** What must be reported, in the order of files and lines. */
function expected(catalog: ReadonlyMap<string, string>, mistakes: readonly Mistake[]): unknown[] {
  return mistakes
    .map((mistake) => ({
      place: placeOf(catalog, mistake),
      path: mistake.path,
      rule: mistake.rule,
      cure: expect.stringContaining(mistake.cure) as unknown,
    }))
    .sort((a, b) => a.place.localeCompare(b.place, "en", { numeric: true }));
}

/** Edits of a file, one after the other. */
function changed(
  file: string,
  ...edits: readonly (readonly [from: string, to: string])[]
): Map<string, string> {
  return edits.reduce((catalog, [from, to]) => edited(catalog, { file, from, to }), new Map(files));
}

test("the reviewed catalog has no problem", () => {
  expect(problemsOf(files)).toEqual([]);
});

describe("ten different mistakes", () => {
  test.each(TEN_MISTAKES)("alone: $what is reported once, with its place, rule and cure", (mistake) => {
    const catalog = damaged(files, [mistake]);
    expect(problemsOf(catalog)).toEqual(expected(catalog, [mistake]));
  });

  test("in as many files are reported all at once, each with its file, line and column", () => {
    const catalog = damaged(files, TEN_MISTAKES);
    const problems = problemsOf(catalog);
    expect(problems).toHaveLength(10);
    expect(problems).toEqual(expected(catalog, TEN_MISTAKES));
  });

  test("in two files are reported all at once, though every part of the files is wrong", () => {
    const memory = "stacks/servers/memory.yaml";
    const inMemory: Mistake[] = TEN_MISTAKES.filter(({ file }) => file.startsWith("stacks/servers/")).map(
      (mistake) => ({ ...mistake, file: memory }),
    );
    const edits: Readonly<Record<string, readonly [from: string, to: string]>> = {
      "an unknown key": ["mcp: {", "escalaton: standard\nmcp: {"],
      "a server name with a space": ["server: memory", "server: pup peteer"],
      "a literal secret": ["MEMORY_FILE_PATH: /tmp/memory.jsonl", "BRAVE_API_KEY: opensesame"],
      "an escalation that does not exist": ["kubernetes:", "escalation: everybody\nkubernetes:"],
      "an image without its digest": [
        "resources: {",
        "image: registry.example.com/mcp/everything:latest\n  resources: {",
      ],
    };
    const mistakes = [
      ...inMemory.map((mistake) => {
        const [from, to] = edits[mistake.what] ?? [mistake.from, mistake.to];
        return { ...mistake, from, to };
      }),
      ...TEN_MISTAKES.filter(({ file }) => file === "stacks/production.yaml"),
      {
        ...(TEN_MISTAKES.find(({ file }) => file === "stacks/local.yaml") ?? inMemory[0]),
        file: "stacks/production.yaml",
        from: "servers: all",
        to: "servers: [memory, memroy]",
        path: "servers[1]",
      } as Mistake,
    ];
    const catalog = damaged(files, mistakes);
    const problems = problemsOf(catalog, ["production"]);
    // production does not hold task-mcp any more, and still overrides it: that is no mistake, it has its file
    expect(problems).toHaveLength(10);
    expect(problems).toEqual(expected(catalog, mistakes));
  });

  test("are printed by `rollcall validate`, which exits 65", async () => {
    const folder = temporaryFolder();
    folders.push(folder);
    const catalog = damaged(files, TEN_MISTAKES);
    folder.write(catalog);
    const [text, json] = await Promise.all([
      rollcall(["validate"], { cwd: folder.path }),
      rollcall(["validate", "--format", "json"], { cwd: folder.path }),
    ]);
    expect(text).toMatchObject({ code: 65, stdout: "" });
    const lines = text.stderr.trimEnd().split("\n");
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe("10 problems");
    for (const mistake of TEN_MISTAKES) {
      const line = lines.find((one) => one.startsWith(`${placeOf(catalog, mistake)}  ${mistake.path}: `));
      expect(line).toContain(mistake.rule);
      expect(line).toContain(mistake.cure);
    }
    expect(text.stderr).not.toContain("opensesame");
    expect(json).toMatchObject({ code: 65, stdout: "" });
    const error = asRecord(JSON.parse(json.stderr));
    expect(error).toMatchObject({ error: "CATALOG", exitCode: 65 });
    expect(asArray(error.problems)).toEqual(expected(catalog, TEN_MISTAKES));
  });
});

describe("a file that cannot be read as it was meant", () => {
  const memory = "stacks/servers/memory.yaml";
  test.each([
    {
      what: "text that is not YAML",
      edit: ["mcp: { transport: stdio }", "mcp: { transport: stdio"],
      at: "run:",
      rule: "is not valid YAML: deficient indentation",
    },
    {
      what: "an alias, which a reviewer would have to follow",
      edit: ["owner: operations", "owner: &o operations\nescalation: *o"],
      at: "*o",
      rule: "is not valid YAML: aliases exceeded maxAliases (0)",
    },
    {
      what: "a second document, which would be lost in silence",
      edit: ["mcp: {", "---\nmcp: {"],
      at: "mcp: {",
      rule: "holds a second document, which would not be read",
    },
  ] as const)("is refused at the place: $what", ({ edit, at, rule }) => {
    const catalog = changed(memory, edit);
    const [problem, ...others] = problemsOf(catalog);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ path: "", rule });
    expect(problem?.place.startsWith(`${memory}:`)).toBe(true);
    const [line] = placeOf(catalog, { file: memory, at }).split(":").slice(-2);
    expect(problem?.place.split(":").at(-2)).toBe(line);
  });

  test("hides no mistake of another file, and its server does not count as missing", () => {
    const others = TEN_MISTAKES.filter(({ file }) => file !== memory);
    const catalog = damaged(changed(memory, ["owner: operations", "owner: [operations"]), others);
    const problems = problemsOf(catalog);
    expect(problems.filter(({ place }) => place.startsWith(memory))).toHaveLength(1);
    expect(problems.filter(({ place }) => !place.startsWith(memory))).toEqual(expected(catalog, others));
  });

  test.each(["stacks/shared.yaml", "stacks/production.yaml"])(
    "hides no schema error when it is %s",
    (file) => {
      const mistake = TEN_MISTAKES[0] as Mistake;
      const catalog = damaged(new Map(files).set(file, "a: [\n"), [mistake]);
      expect(problemsOf(catalog, ["production"])).toEqual(
        expect.arrayContaining([
          ...expected(catalog, [mistake]),
          expect.objectContaining({ rule: expect.stringContaining("is not valid YAML") as unknown }),
        ]),
      );
    },
  );

  test("is missing: its name is the place", () => {
    const without = new Map(files);
    without.delete("stacks/shared.yaml");
    expect(problemsOf(without, ["local"])).toEqual([
      expect.objectContaining({ place: "stacks/shared.yaml", rule: "the file is missing" }),
    ]);
  });
});

describe("a mistake of another kind", () => {
  const server = (name: string): string => `stacks/servers/${name}.yaml`;
  test.each([
    {
      what: "a value of the wrong type",
      file: server("task-mcp"),
      edit: ["port: 3000", 'port: "3000"'],
      at: 'port: "3000"',
      path: "kubernetes.port",
      rule: '"3000" must be a number',
    },
    {
      what: "a required key that is not there",
      file: server("memory"),
      edit: ["owner: operations\n", ""],
      path: "owner",
      place: "stacks/servers/memory.yaml:1:1",
      rule: "is missing",
    },
    {
      what: "a copied file that kept its name",
      file: server("memory"),
      edit: ["server: memory", "server: memory-2"],
      at: "server: memory-2",
      path: "server",
      rule: '"memory-2" is not the name of the file',
    },
    {
      what: "a level that tells nobody whom one knows",
      file: "stacks/shared.yaml",
      edit: [
        "L4: { after: 4h, respond: 2h, tell: [director-of-engineering] }\n  security",
        "L4: { after: 4h, respond: 2h, tell: [director] }\n  security",
      ],
      at: "director]",
      path: "escalations.standard.levels.L4.tell[0]",
      rule: 'there is no contact "director"',
    },
    {
      what: "a runbook that is not written",
      file: "stacks/shared.yaml",
      edit: ["runbook: docs/runbooks/auth.md", "runbook: docs/runbooks/oauth.md"],
      at: "runbook: docs/runbooks/oauth.md",
      path: "families.auth.runbook",
      rule: "there is no file docs/runbooks/oauth.md",
    },
    {
      what: "a short window that is not shorter than the long one",
      file: "stacks/shared.yaml",
      edit: ["long: 1h, short: 5m", "long: 1h, short: 1h"],
      at: "short: 1h",
      path: "burnRates.page-fast.short",
      rule: "must be shorter than the long window",
    },
    {
      what: "a name that every JavaScript object has, as a contact",
      file: server("memory"),
      edit: ["owner: operations", "owner: constructor"],
      at: "owner: constructor",
      path: "owner",
      rule: 'there is no contact "constructor"',
    },
    {
      what: "units that cannot be compared",
      file: server("task-mcp"),
      edit: ["warning: 1.5GiB, critical: 2GiB", "warning: 1.5GiB, critical: 2s"],
      at: "memory: { metric",
      path: "thresholds.memory",
      rule: "this map mixes units: target, warning and critical must measure the same thing",
    },
    {
      what: "a package and a command at once",
      file: server("memory"),
      edit: ["run:\n", "run:\n  command: memory-server\n"],
      at: "run:",
      path: "run",
      rule: "this map needs exactly one of package and command",
    },
    {
      what: "a deadline that is longer than the time to the next check",
      file: server("task-mcp"),
      edit: ["samples: 6, timeout: 3s", "samples: 6, timeout: 10s"],
      at: "timeout: 10s",
      path: "probe.timeout",
      rule: "the deadline of a check must be shorter than the time to the next one (production)",
    },
  ] as const)("is named with its place: $what", ({ file, edit, path, rule, ...where }) => {
    const catalog = changed(file, edit);
    const place = "at" in where ? placeOf(catalog, { file, at: where.at }) : where.place;
    expect(problemsOf(catalog, ["production"])).toEqual([
      { place, path, rule, cure: expect.stringMatching(/\w/) as unknown },
    ]);
  });

  test("two servers on one port of this machine name each other", () => {
    const catalog = changed(
      server("memory"),
      ["mcp: { transport: stdio }", "mcp: { transport: streamable-http }"],
      ["run:\n", "run:\n  port: 7411\n"],
      ["kubernetes:\n", `kubernetes:\n  image: registry.example.com/m@sha256:${"0".repeat(64)}\n`],
    );
    expect(problemsOf(catalog)).toEqual([
      expect.objectContaining({
        place: placeOf(catalog, { file: server("memory"), at: "port: 7411" }),
        path: "run.port",
        rule: "port 7411 is already the port of everything",
      }),
    ]);
  });

  test("a promise that its sampling cannot carry appears when the rest is clean, with what would carry it", async () => {
    const file = server("memory");
    const catalog = changed(file, ["objective: 99.5%", "objective: 99.99%"]);
    expect(problemsOf(catalog)).toEqual([]);
    const place = placeOf(catalog, { file, at: "availability:" });
    const rule =
      /^99\.99% in 30d cannot be kept by a sample every 1m: the 2 failures that page cost 46\.3 % of the budget/;
    expect(() => buildPlan(loadEnvironment(mapSource(catalog), "production"))).toThrow(
      expect.objectContaining({
        exitCode: 65,
        problems: [
          {
            place,
            path: "objectives.availability",
            rule: expect.stringMatching(rule) as unknown,
            cure: expect.stringContaining(
              "(a sample every 2s would carry it, more often than these runners take one)",
            ) as unknown,
          },
        ],
      }),
    );
    const folder = temporaryFolder();
    folders.push(folder);
    folder.write(catalog);
    const result = await rollcall(["validate", "production"], { cwd: folder.path });
    expect(result).toMatchObject({ code: 65, stdout: "" });
    expect(result.stderr.startsWith(`${place}  objectives.availability: 99.99% in 30d cannot be kept`)).toBe(
      true,
    );
    expect(result.stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});
