import type { CatalogSource } from "./source.ts";

/** Folders of a catalog and of the pages that it names, with the files that belong to it. */
const FOLDERS = [
  { folder: "stacks", files: /\.yaml$/ },
  { folder: "stacks/servers", files: /\.yaml$/ },
  { folder: "docs/runbooks", files: /\.md$/ },
] as const;

/** Every text of a catalog by its path: what it takes to load it again elsewhere. */
export function catalogTexts(source: CatalogSource): ReadonlyMap<string, string> {
  return new Map(
    FOLDERS.flatMap(({ folder, files }) =>
      source
        .list(folder)
        .filter((file) => files.test(file))
        .flatMap((file): (readonly [string, string])[] => {
          const text = source.read(`${folder}/${file}`);
          return text === undefined ? [] : [[`${folder}/${file}`, text]];
        }),
    ),
  );
}

/** A catalog that is read from texts by their paths. */
export function memorySource(texts: ReadonlyMap<string, string>): CatalogSource {
  return {
    read: (path) => texts.get(path),
    list: (folder) =>
      [...texts.keys()]
        .filter((path) => path.startsWith(`${folder}/`) && !path.slice(folder.length + 1).includes("/"))
        .map((path) => path.slice(folder.length + 1))
        .sort((a, b) => (a < b ? -1 : 1)),
    exists: (path) => texts.has(path),
  };
}
