import { renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf, unavailableError } from "../catalog/errors.ts";

/**
 * Writes a file by way of a temporary one beside it: whoever reads meanwhile sees the old text or the new one.
 * @throws RollcallError (unavailable) when the folder cannot be written; the old file stays as it was.
 */
export function replaceFile(path: string, text: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    writeFileSync(temporary, text, { flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    const rule = `cannot be written (${messageOf(error)})`;
    throw unavailableError({ place: path, rule, cure: "make its folder, or name another file" }, error);
  }
}
