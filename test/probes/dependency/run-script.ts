import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The lines that a script prints, run by this Node as the user with the given id. */
export async function runScript(script: string, uid: number | undefined): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script],
    uid === undefined ? {} : { uid },
  );
  return stdout.trim().split("\n");
}
