import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT, messageOf, type Problem, RollcallError } from "../catalog/errors.ts";
import { check } from "./check.ts";
import type { Status } from "./result.ts";
import { isDue, sampleOffsets } from "./schedule.ts";
import { emfLine } from "./sinks/emf.ts";
import type { Roster, RosterTarget } from "./target.ts";

/** How many servers of a roster came to which verdict. */
export type RosterSummary = { readonly environment: string; readonly checked: number } & Readonly<
  Record<Status, number>
>;

/** Reads a roster that the plan has written. Throws a RollcallError of code ROSTER that names the file. */
export async function readRoster(path: string): Promise<Roster> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw rosterError(path, `cannot be read (${messageOf(error)})`, error);
  });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw rosterError(path, "is not JSON", error);
  }
  if (!isRoster(document)) throw rosterError(path, "must hold an environment and a list of targets");
  return document;
}

/** What a run of a roster needs from its surroundings. */
export interface RosterRun {
  /** Takes one line for each check, as it ends. */
  readonly write: (line: string) => void;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** @default a timer */
  readonly wait?: (ms: number) => Promise<void>;
}

/**
 * Checks the servers of a roster that are due, all at once, each as often as it asks for; writes each line as its
 * check ends, and no server waits for another. The summary counts the last verdict of each server.
 */
export async function runRoster(
  roster: Roster,
  { write, now = Date.now, wait = sleep }: RosterRun,
): Promise<RosterSummary> {
  const counts: Record<Status, number> = { healthy: 0, degraded: 0, unhealthy: 0, unknown: 0 };
  const startedAt = now();
  const due = roster.targets.filter((target) => isDue(target, startedAt));
  const once = async (target: RosterTarget, offset: number): Promise<Status> => {
    if (offset > 0) await wait(offset);
    const observation = await check(target);
    write(emfLine(observation, roster.environment));
    return observation.result.status;
  };
  await Promise.all(
    due.map(async (target) => {
      const statuses = await Promise.all(sampleOffsets(target).map((offset) => once(target, offset)));
      counts[statuses.at(-1) ?? "unknown"] += 1;
    }),
  );
  return { environment: roster.environment, checked: due.length, ...counts };
}

function isRoster(document: unknown): document is Roster {
  if (!isRecord(document) || typeof document.environment !== "string") return false;
  return Array.isArray(document.targets) && document.targets.every(isTarget);
}

function isTarget(value: unknown): value is RosterTarget {
  if (!isRecord(value)) return false;
  const { server, mcp, rest, timeoutMs, everyMs, samples, requiredTools, allowPrivate } = value;
  return (
    typeof server === "string" &&
    (mcp === null || isMcp(mcp)) &&
    (rest === null || (isRecord(rest) && typeof rest.url === "string")) &&
    typeof timeoutMs === "number" &&
    timeoutMs > 0 &&
    typeof everyMs === "number" &&
    Number.isInteger(samples) &&
    Number(samples) >= 1 &&
    isStrings(requiredTools) &&
    typeof allowPrivate === "boolean"
  );
}

function isMcp(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (value.transport === "streamable-http") return typeof value.url === "string";
  return (
    value.transport === "stdio" &&
    typeof value.command === "string" &&
    isStrings(value.args) &&
    isRecord(value.env)
  );
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function rosterError(place: string, rule: string, cause?: unknown): RollcallError {
  const problem: Problem = { place, path: "", rule, cure: "write it anew with the deployment that made it" };
  return new RollcallError({ code: "ROSTER", exitCode: EXIT.catalog, problems: [problem], cause });
}
