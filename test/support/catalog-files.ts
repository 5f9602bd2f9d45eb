import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CatalogSource } from "../../catalog/source.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Every text file of the catalog and of the pages that it names, by its path: a copy to try changes on. */
export function catalogFiles(): Map<string, string> {
  const folders = ["stacks", "stacks/servers", "docs/runbooks"];
  return new Map(
    folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder))
        .filter((name) => /\.(yaml|md)$/.test(name))
        .map((name) => [`${folder}/${name}`, readFileSync(join(ROOT, folder, name), "utf8")] as const),
    ),
  );
}

/** A catalog in memory. */
export function mapSource(files: ReadonlyMap<string, string>): CatalogSource {
  return {
    read: (path) => files.get(path),
    list: (folder) =>
      [...files.keys()]
        .filter((path) => path.startsWith(`${folder}/`) && !path.slice(folder.length + 1).includes("/"))
        .map((path) => path.slice(folder.length + 1))
        .sort((a, b) => a.localeCompare(b)),
    exists: (path) => files.has(path),
  };
}

/** Replaces one text that must stand exactly once in a file. @throws Error when it does not. */
export function edited(
  files: ReadonlyMap<string, string>,
  { file, from, to }: { readonly file: string; readonly from: string; readonly to: string },
): Map<string, string> {
  const text = files.get(file) ?? "";
  const found = text.split(from).length - 1;
  if (found !== 1) throw new Error(`${file} holds ${JSON.stringify(from)} ${found} times, not once`);
  return new Map(files).set(
    file,
    text.replace(from, () => to),
  );
}
