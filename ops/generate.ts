import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { jsonSchemas } from "../catalog/json-schema.ts";
import { catalogReference } from "../catalog/reference.ts";

/** Every file that is derived from the code, with the text it must have. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const schemas = Object.entries(jsonSchemas()).map(
    ([name, schema]) =>
      [`catalog/schema/${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`] as const,
  );
  return new Map([...schemas, ["docs/catalog.md", catalogReference()]]);
}

const root = join(import.meta.dirname, "..");

/** `npm run generate` writes the files; with `--check` it only says which are stale, and fails. */
function run(checkOnly: boolean): void {
  const stale = [...generatedFiles()].filter(
    ([file, text]) => !existsSync(join(root, file)) || readFileSync(join(root, file), "utf8") !== text,
  );
  if (checkOnly) {
    for (const [file] of stale)
      process.stderr.write(`${file}: is not what the schema says; run \`npm run generate\` and commit it\n`);
    process.exitCode = stale.length > 0 ? 1 : 0;
    return;
  }
  for (const [file, text] of stale) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
    process.stdout.write(`wrote ${file}\n`);
  }
}

if (import.meta.main) run(process.argv.includes("--check"));
