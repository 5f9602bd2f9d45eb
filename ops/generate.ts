import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { jsonSchemas } from "../catalog/json-schema.ts";
import { loadEnvironment } from "../catalog/load.ts";
import { catalogReference } from "../catalog/reference.ts";
import { diskSource } from "../catalog/source.ts";
import { type RunbookNumbers, runbookNumbers } from "../plan/runbook-numbers.ts";

/** The environment whose numbers the runbooks show. */
const SHOWN = "production";
const BEGIN = `<!-- numbers of ${SHOWN}, written by npm run generate -->`;
const END = "<!-- end of the numbers -->";

/** Every file that is derived from the code, with the text it must have. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const schemas = Object.entries(jsonSchemas()).map(
    ([name, schema]) =>
      [`catalog/schema/${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`] as const,
  );
  return new Map([...schemas, ["docs/catalog.md", catalogReference()], ...runbooks()]);
}

const root = join(import.meta.dirname, "..");

/** Every page with numbers of the catalog, as it stands but for its table. */
function runbooks(): [string, string][] {
  return runbookNumbers(loadEnvironment(diskSource(root), SHOWN)).map((numbers) => [
    numbers.page,
    withNumbers(readFileSync(join(root, numbers.page), "utf8"), numbers),
  ]);
}

/** A page with its table of numbers, which is its last section. */
export function withNumbers(page: string, { head, rows }: RunbookNumbers): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const table = [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
  const own = page.split(`\n## Numbers\n`)[0]?.trimEnd() ?? "";
  return `${own}\n\n## Numbers\n\n${BEGIN}\n\n${table}\n\n${END}\n`;
}

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
