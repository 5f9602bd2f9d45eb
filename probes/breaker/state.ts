import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "../../catalog/errors.ts";
import { FAILURE_CLASSES, type FailureClass } from "../result.ts";

const PATHS = ["mcp", "rest"] as const;
export type BreakerPath = (typeof PATHS)[number];

const STATES = ["closed", "open", "half-open"] as const;

/** The largest time that a date can hold, ECMA-262 section 21.4.1.1. */
const MAX_TIME = 8.64e15;

/**
 * Where the breaker of one path of one server stands, as it is shown and kept. Times in ms since the epoch.
 */
export interface BreakerSnapshot {
  readonly server: string;
  readonly path: BreakerPath;
  /** Half-open while a trial is under way. */
  readonly state: (typeof STATES)[number];
  /** Failed checks in a row, the trials among them. */
  readonly failures: number;
  /** When the check began that opened it; null while closed. */
  readonly openedAt: number | null;
  /**
   * When the check began after which the path was last left alone, a failed trial included; null while
   * closed.
   */
  readonly restingSince: number | null;
  /** Trials since it opened. */
  readonly recoveryAttempts: number;
  /**
   * What the path failed with last: what is reported while it is left alone. Null when it did not fail last.
   */
  readonly last: { readonly failureClass: FailureClass; readonly detail: string } | null;
}

/**
 * Where breakers survive a restart. Neither call throws: state that cannot be read or kept costs a sick
 * server a few more questions, and must not cost a check.
 */
export interface BreakerStore {
  load(): Promise<readonly BreakerSnapshot[]>;
  save(snapshots: readonly BreakerSnapshot[]): Promise<void>;
}

/** Breakers that live as long as the process. */
export function memoryBreakerStore(initial: readonly BreakerSnapshot[] = []): BreakerStore {
  let kept = initial;
  return {
    load: async () => kept,
    save: async (snapshots) => {
      kept = snapshots;
    },
  };
}

/**
 * Breakers in a JSON file that is replaced whole, so that a crash leaves the old one or the new one. A file
 * that cannot be understood is set aside as `<path>.broken`; `tell` gets one line for it, and for a disk that
 * fails.
 */
export function fileBreakerStore(path: string, tell: (problem: string) => void): BreakerStore {
  /** What the file holds, as far as it was written here: breakers stand still as long as nothing fails. */
  let written: string | null = null;
  let saving: Promise<void> = Promise.resolve();
  return {
    load: () => loadFrom(path, tell),
    save: (snapshots) => {
      // one after the other: the newest state is the one that stays
      saving = saving
        .then(async () => {
          const text = JSON.stringify(snapshots);
          if (text === written) return;
          await saveTo(path, text);
          written = text;
        })
        .catch((error: unknown) => {
          tell(`${path}: the breakers were not kept (${messageOf(error)}); make its folder writable`);
        });
      return saving;
    },
  };
}

/** The snapshots of a JSON text. Throws an Error that names the first entry that is none. */
export function parseSnapshots(text: string): BreakerSnapshot[] {
  const document: unknown = JSON.parse(text);
  if (!Array.isArray(document)) throw new Error("it must be a list of breakers");
  return document.map((entry: unknown, index) => {
    if (!isSnapshot(entry)) throw new Error(`entry ${index} is not the state of a breaker`);
    const { server, path, state, failures, openedAt, restingSince, recoveryAttempts, last } = entry;
    return { server, path, state, failures, openedAt, restingSince, recoveryAttempts, last };
  });
}

async function loadFrom(path: string, tell: (problem: string) => void): Promise<BreakerSnapshot[]> {
  try {
    return parseSnapshots(await readFile(path, "utf8"));
  } catch (error) {
    if (isAbsent(error)) return [];
    const aside = `${path}.broken`;
    const moved = await rename(path, aside).then(
      () => `it was set aside as ${aside}`,
      (why: unknown) => `it could not be set aside (${messageOf(why)})`,
    );
    tell(`${path}: the breakers cannot be read (${messageOf(error)}); ${moved}, and all begin closed`);
    return [];
  }
}

async function saveTo(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, text, { mode: 0o600, flush: true });
  await rename(temporary, path);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function isSnapshot(value: unknown): value is BreakerSnapshot {
  if (!isRecord(value)) return false;
  const { server, path, state, failures, openedAt, restingSince, recoveryAttempts, last } = value;
  const isClosed = state === "closed";
  return (
    typeof server === "string" &&
    isOneOf(PATHS, path) &&
    isOneOf(STATES, state) &&
    isCount(failures) &&
    (isClosed ? openedAt === null : isTime(openedAt)) &&
    (isClosed ? restingSince === null : isTime(restingSince)) &&
    isCount(recoveryAttempts) &&
    (last === null ? isClosed : isFailure(last))
  );
}

function isFailure(value: unknown): boolean {
  return isRecord(value) && isOneOf(FAILURE_CLASSES, value.failureClass) && typeof value.detail === "string";
}

function isOneOf(known: readonly string[], value: unknown): boolean {
  return typeof value === "string" && known.includes(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isTime(value: unknown): boolean {
  return isCount(value) && Number(value) <= MAX_TIME;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
