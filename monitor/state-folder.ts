import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { messageOf, unavailableError } from "../catalog/errors.ts";
import { makeFolder } from "./make-folder.ts";

/** How other commands find the running monitor of a state folder. */
export interface RunningMonitor {
  readonly pid: number;
  readonly url: string;
  readonly environment: string;
  /** Proves that a caller can read the state folder: drills ask for it. */
  readonly token: string;
}

const FILE = "monitor.json";

/** @throws RollcallError (unavailable) when the folder cannot be made or written. */
export function prepareStateFolder(folder: string): void {
  const probe = join(folder, `.write-${process.pid}`);
  try {
    makeFolder(folder);
    const file = openSync(probe, "w");
    writeSync(file, "");
    closeSync(file);
    rmSync(probe);
  } catch (error) {
    throw unavailableError(
      {
        place: folder,
        rule: `the state folder cannot be written (${messageOf(error)})`,
        cure: "make it writable, or name another with --state",
      },
      error,
    );
  }
}

/** The monitor that runs on this state folder, if one does. A file left behind by a killed one does not count. */
export function findRunning(folder: string): RunningMonitor | undefined {
  const path = join(folder, FILE);
  if (!existsSync(path)) return undefined;
  try {
    const running = JSON.parse(readFileSync(path, "utf8")) as RunningMonitor;
    // after a restart of its container a monitor may get the very id of the one that was killed
    return running.pid !== process.pid && isAlive(running.pid) ? running : undefined;
  } catch {
    return undefined;
  }
}

/** Says in the state folder that this monitor runs; readable by its owner only. */
export function announce(folder: string, running: RunningMonitor): void {
  const path = join(folder, FILE);
  writeFileSync(`${path}.new`, JSON.stringify(running), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function withdraw(folder: string): void {
  rmSync(join(folder, FILE), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
