import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/** A copy of the project's own catalog, for a program that is to build it. */
export interface CatalogCopy {
  readonly root: string;
  /** Replaces the first occurrence; throws where there is none. */
  edit(file: string, before: string, after: string): void;
  /** Writes a file of the catalog anew. */
  write(file: string, text: string): void;
  remove(file: string): void;
  move(file: string, to: string): void;
  /** Removes the copy. */
  end(): void;
}

/** Copies what the catalog and its runbooks are, and nothing that is built. */
export function copyCatalog(): CatalogCopy {
  const root = mkdtempSync(join(tmpdir(), "rollcall-catalog-"));
  for (const folder of ["stacks", "docs"])
    cpSync(join(ROOT, folder), join(root, folder), { recursive: true });
  return {
    root,
    edit(file, before, after) {
      const path = join(root, file);
      const text = readFileSync(path, "utf8");
      if (!text.includes(before)) throw new Error(`${file} does not hold ${before}`);
      writeFileSync(path, text.replace(before, after));
    },
    write: (file, text) => writeFileSync(join(root, file), text),
    remove: (file) => rmSync(join(root, file)),
    move: (file, to) => renameSync(join(root, file), join(root, to)),
    end: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A server that runs on this machine already and is only watched, from AWS alone. */
export function watchedServer(name: string, url: string): string {
  return `server: ${name}
description: A server of the test
owner: operations
mcp: { transport: streamable-http, url: "${url}" }
probe: { from: [aws] }
objectives:
  availability: { sli: mcp, objective: 99%, window: 30d }
`;
}
