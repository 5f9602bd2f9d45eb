import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { asRecord, asString, isRecord, type JsonRecord } from "../json.ts";
import { zip } from "../zip.ts";

/**
 * The zip of a Lambda's `code`: an archive as the engine sends it, of files, texts and archives within, or a folder
 * or zip file. Paths should be absolute; others are judged from this process's folder.
 */
export async function codeZip(code: unknown): Promise<Buffer> {
  const path = asString(asRecord(code).path);
  if (path?.endsWith(".zip")) return readFile(path);
  return zip(await filesOf(asRecord(code), ""));
}

async function filesOf(part: JsonRecord, prefix: string): Promise<ReadonlyMap<string, Buffer>> {
  if (isRecord(part.assets)) {
    const inner = Object.entries(part.assets).map(([name, each]) =>
      filesOf(asRecord(each), join(prefix, name)),
    );
    return new Map((await Promise.all(inner)).flatMap((files) => [...files]));
  }
  if (typeof part.path === "string") return filesIn(resolve(part.path), prefix);
  if (typeof part.text === "string") return new Map([[prefix, Buffer.from(part.text)]]);
  throw new Error(`${prefix || "code"} is neither a file, a text nor an archive of them`);
}

async function filesIn(path: string, prefix: string): Promise<ReadonlyMap<string, Buffer>> {
  if (!(await stat(path)).isDirectory()) return new Map([[prefix, await readFile(path)]]);
  const inner = (await readdir(path)).map((name) => filesIn(join(path, name), join(prefix, name)));
  return new Map((await Promise.all(inner)).flatMap((files) => [...files]));
}
