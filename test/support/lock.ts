import { mkdir, rm, stat, utimes } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** The holder touches its lock this often, in milliseconds. */
const HEARTBEAT_MS = 5_000;
/** A lock that nobody touched for this long belongs to a process that is gone. */
const STALE_MS = 30_000;
const POLL_MS = 250;

/**
 * Runs `work` while holding the folder `path` as a lock between processes, and waits for whoever holds it.
 * Two processes that find the same dead lock in the same instant may both run, so `work` must look whether
 * its result is there and must put it in place by a rename.
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  while (!(await take(path))) {
    if (await isStale(path)) await rm(path, { recursive: true, force: true });
    else await delay(POLL_MS);
  }
  const heartbeat = setInterval(() => {
    touch(path).catch(() => undefined);
  }, HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    await rm(path, { recursive: true, force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > STALE_MS;
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
