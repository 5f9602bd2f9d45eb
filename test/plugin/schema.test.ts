/**
 * The package as other languages see it: the schema that the SDK's own analyzer infers from the sources, asked of the
 * running plugin as the engine asks for it. That the engine finds it sound is proved in test/real/package.test.ts.
 */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { startComponentPlugin } from "../support/component-plugin.ts";
import { readGolden, writeGolden } from "../support/golden.ts";
import { asRecord, type JsonRecord } from "../support/json.ts";

const GOLDEN = join(import.meta.dirname, "..", "golden", "package.schema.json");
const COMPONENTS = [
  "AlarmTopic",
  "BackupVault",
  "Environment",
  "EnvironmentKey",
  "LogRetention",
  "McpServer",
];

describe("the schema of the package", () => {
  let schema: JsonRecord;

  beforeAll(async () => {
    const plugin = await startComponentPlugin({ cwd: import.meta.dirname });
    schema = asRecord(await plugin.schema());
    await plugin.stop();
  }, 300_000);

  it("is what the golden file says: a change of an argument is seen by a reviewer (UPDATE_GOLDEN=1 writes it)", () => {
    if (process.env.UPDATE_GOLDEN === "1") writeGolden(GOLDEN, schema);
    expect(schema).toEqual(readGolden(GOLDEN));
  });

  it("has the public components and no other, under a name that is not that of the components inside", () => {
    expect(new Set(Object.keys(asRecord(schema.resources)))).toEqual(
      new Set(COMPONENTS.map((component) => `rollcall-components:index:${component}`)),
    );
  });

  it("describes every component, every argument and every output in whole sentences", () => {
    const described: [string, JsonRecord][] = [];
    for (const [name, resource] of Object.entries(asRecord(schema.resources))) {
      described.push([name, asRecord(resource)]);
      for (const group of ["inputProperties", "properties"])
        described.push(...propertiesOf(name, asRecord(resource)[group]));
    }
    for (const [name, type] of Object.entries(asRecord(schema.types)))
      described.push(...propertiesOf(name, asRecord(type).properties));
    expect(described.length).toBeGreaterThan(50);
    const bare = described.filter(([, { description }]) => !/^[A-Z].*[.]$/s.test(String(description)));
    expect(bare.map(([name]) => name)).toEqual([]);
  });

  it("says of every argument that may be left out what stands in its stead", () => {
    const silent = Object.entries(asRecord(schema.resources)).flatMap(([name, resource]) =>
      propertiesOf(name, asRecord(resource).inputProperties).filter(
        ([, { optional, description }]) =>
          optional === true && !/when left out|Environment variables/.test(String(description)),
      ),
    );
    expect(silent.map(([name]) => name)).toEqual([]);
  });
});

function propertiesOf(name: string, properties: unknown): [string, JsonRecord][] {
  return Object.entries(asRecord(properties)).map(([key, property]) => [
    `${name}.${key}`,
    asRecord(property),
  ]);
}
