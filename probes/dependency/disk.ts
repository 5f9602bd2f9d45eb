import { constants } from "node:fs";
import { access, stat, statfs } from "node:fs/promises";
import type { DependencyTarget } from "../../catalog/target.ts";
import { classify, ProbeFault, printable } from "../classify.ts";
import { within } from "./within.ts";

export type DiskTarget = Extract<DependencyTarget, { readonly kind: "disk" }>;

/**
 * What is wrong with a path on this machine, in at most 200 printable characters; null when it is there, may
 * be used as wanted and has room. Writes nothing: access(2) says what this process may do. Never throws.
 */
export async function diskFault(target: DiskTarget, signal: AbortSignal): Promise<string | null> {
  const { path, freeBytes, access: use } = target;
  try {
    // A network disk that is gone does not fail: it hangs.
    const entry = await within(signal, `looking at ${path}`, stat(path));
    await within(signal, `looking at ${path}`, access(path, modeOf(use, entry.isDirectory())));
    const disk = await within(signal, `asking ${path} for its room`, statfs(path, { bigint: true }));
    // What an ordinary user may take; the rest is kept back for root.
    const free = Number(disk.bavail * disk.bsize);
    if (free < freeBytes) return printable(`${path} has ${bytes(free)} free, and needs ${bytes(freeBytes)}`);
    const outOfFiles = use === "write" && disk.files > 0n && disk.ffree === 0n;
    return outOfFiles ? printable(`${path} can hold no more files: no inode is free`) : null;
  } catch (error) {
    if (error instanceof ProbeFault) return classify(error).detail;
    return printable(`${path} ${complaint(error, use)}`);
  }
}

function modeOf(use: DiskTarget["access"], isDirectory: boolean): number {
  const wanted = use === "write" ? constants.W_OK : constants.R_OK;
  // What is in a directory is reached by searching it.
  return isDirectory ? wanted | constants.X_OK : wanted;
}

function complaint(error: unknown, use: DiskTarget["access"]): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const may = use === "write" ? "written to" : "read";
  if (code === "ENOENT") return "does not exist";
  if (code === "EACCES" || code === "EPERM") return `may not be ${may} by this process (${code})`;
  if (code === "EROFS") return "is on a read-only file system";
  return `cannot be used: ${classify(error).detail}`;
}

/** Bytes with a unit a person reads, and exact where it is small. */
function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = count < 1 ? 0 : Math.min(Math.floor(Math.log2(count) / 10), units.length - 1);
  const amount = count / 2 ** (10 * step);
  return `${Number.isInteger(amount) ? amount : amount.toFixed(2)} ${units[step]}`;
}
