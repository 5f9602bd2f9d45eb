/**
 * The example programs of docs/package.md. The one in TypeScript is type-checked and run where a stranger would have it:
 * in a folder of its own, with the package linked into its node_modules. The one in YAML is read as its host would read
 * it, against the schema; the host itself comes from the vendor's site only.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readGolden } from "../support/golden.ts";
import { asArray, asRecord, isRecord, type JsonRecord } from "../support/json.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const EXAMPLES = join(ROOT, "docs", "examples");
const run = promisify(execFile);

it("tells whoever adds the package from a checkout to install what the checkout needs first", () => {
  const page = readFileSync(join(ROOT, "docs", "package.md"), "utf8");
  const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, block = ""]) => block);
  const adding = blocks.filter((block) => block.includes("../rollcall/plugin"));
  expect(adding).toHaveLength(2);
  for (const block of adding) expect(block).toMatch(/^npm --prefix \.\.\/rollcall ci\b/);
});

describe("the example in TypeScript", () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-example-"));
    cpSync(join(EXAMPLES, "typescript"), folder, { recursive: true });
    mkdirSync(join(folder, "node_modules"));
    for (const name of ["@pulumi", "@types"])
      symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
    symlinkSync(join(ROOT, "plugin"), join(folder, "node_modules", "rollcall-components"));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("has the versions of the project", () => {
    const root = asRecord(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));
    const own = asRecord(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
    const known = { ...asRecord(root.devDependencies), ...asRecord(root.dependencies) };
    const { "rollcall-components": linked, ...others } = asRecord(own.dependencies);
    expect(linked).toBe("file:../../../plugin");
    for (const [name, version] of Object.entries({ ...others, ...asRecord(own.devDependencies) }))
      expect([name, version]).toEqual([name, known[name]]);
  });

  it("type-checks against the package under strict settings", async () => {
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    const { stdout } = await run(process.execPath, [tsc, "-p", folder]).catch((error: unknown) =>
      asRecord(error),
    );
    expect(stdout).toBe("");
  }, 300_000);

  it("asks the engine for the server and its stores", async () => {
    const program = join(ROOT, "test", "support", "mocked-program.ts");
    const { stdout } = await run(process.execPath, [program, join(folder, "index.ts")]);
    const asked = asArray(JSON.parse(stdout)).map(asRecord);
    const types = asked.map(({ type }) => type);
    for (const component of ["McpServer", "EnvironmentKey", "LogRetention", "BackupVault", "AlarmTopic"])
      expect(types).toContain(`rollcall-components:index:${component}`);
    const deployment = asked.find(({ type }) => type === "kubernetes:apps/v1:Deployment");
    expect(asRecord(asRecord(deployment?.inputs).metadata)).toMatchObject({
      name: "task-mcp",
      namespace: "tools",
    });
    expect(types).toContain("kubernetes:autoscaling/v2:HorizontalPodAutoscaler");
    expect(types).toContain("aws:s3/bucketPolicy:BucketPolicy");
  }, 120_000);
});

describe("the example in YAML", () => {
  const schema = asRecord(readGolden(join(ROOT, "test", "golden", "package.schema.json")));
  const program = asRecord(load(readFileSync(join(EXAMPLES, "yaml", "Pulumi.yaml"), "utf8")));
  const resources = Object.entries(asRecord(program.resources)).map(
    ([name, resource]) => [name, asRecord(resource)] as const,
  );
  const componentOf = ({ type }: JsonRecord): JsonRecord | undefined => {
    const [, component] = /^rollcall-components:(?:index:)?(\w+)$/.exec(String(type)) ?? [];
    return component === undefined
      ? undefined
      : asRecord(asRecord(schema.resources)[`rollcall-components:index:${component}`]);
  };

  it("names the package by its folder, and uses two of its components", () => {
    expect(program.runtime).toBe("yaml");
    const { "rollcall-components": folder } = asRecord(program.packages);
    expect(join(EXAMPLES, "yaml", String(folder))).toBe(join(ROOT, "plugin"));
    expect(resources.filter(([, resource]) => componentOf(resource) !== undefined)).toHaveLength(2);
  });

  it("gives each component the arguments of its schema, each of its type, and none that it needs is missing", () => {
    for (const [name, resource] of resources) {
      const component = componentOf(resource);
      if (component === undefined) continue;
      const given = asRecord(resource.properties);
      const shape = { properties: component.inputProperties, required: component.requiredInputs };
      expect(problems(given, shape, schema), name).toEqual([]);
    }
    // the check itself sees a wrong one
    const [, search] = resources.find(([name]) => name === "search") ?? [];
    const server = componentOf(search ?? {});
    const shape = { properties: server?.inputProperties, required: server?.requiredInputs };
    const wrong = { image: 3, replicas: 2, egress: [{ to: { word: "all" } }] };
    expect(problems(wrong, shape, schema)).toEqual([
      ".environment is missing",
      ".namespace is missing",
      ".server is missing",
      ".image is no string",
      ".replicas is unknown",
      ".egress[0].ports is missing",
      ".egress[0].to.word is unknown",
    ]);
  });

  it("refers to resources and outputs that there are", () => {
    const names = new Map(resources);
    const references = [...JSON.stringify(program).matchAll(/\$\{(\w+)\.(\w+)[^}]*\}/g)];
    expect(references.length).toBeGreaterThan(3);
    for (const [reference, name = "", property = ""] of references) {
      const resource = names.get(name);
      expect(resource, reference).toBeDefined();
      const component = componentOf(resource ?? {});
      if (component !== undefined)
        expect(Object.keys(asRecord(component.properties)), reference).toContain(property);
    }
  });
});

/** What of a map does not fit the properties of a schema; a reference fits whatever is asked for. */
function problems(given: unknown, shape: JsonRecord, schema: JsonRecord, path = ""): string[] {
  if (!isRecord(given)) return [`${path} is no map`];
  const known = asRecord(shape.properties);
  const missing = asArray(shape.required ?? [])
    .filter((key) => given[String(key)] === undefined)
    .map((key) => `${path}.${String(key)} is missing`);
  const wrong = Object.entries(given).flatMap(([key, value]) =>
    isRecord(known[key])
      ? misfits(value, known[key], schema, `${path}.${key}`)
      : [`${path}.${key} is unknown`],
  );
  return [...missing, ...wrong];
}

function misfits(value: unknown, type: JsonRecord, schema: JsonRecord, path: string): string[] {
  if (typeof value === "string" && value.startsWith("${")) return [];
  if (typeof type.$ref === "string") {
    const referred = asRecord(asRecord(schema.types)[type.$ref.replace("#/types/", "")]);
    return problems(value, referred, schema, path);
  }
  if (type.type === "array") {
    if (!Array.isArray(value)) return [`${path} is no list`];
    const { items } = type;
    return value.flatMap((item, index) => misfits(item, asRecord(items), schema, `${path}[${index}]`));
  }
  if (type.type === "object") {
    if (!isRecord(value)) return [`${path} is no map`];
    const { additionalProperties } = type;
    return Object.entries(value).flatMap(([key, item]) =>
      misfits(item, asRecord(additionalProperties), schema, `${path}.${key}`),
    );
  }
  return typeof value === type.type ? [] : [`${path} is no ${String(type.type)}`];
}
