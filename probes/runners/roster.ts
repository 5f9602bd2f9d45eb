import { readFile } from "node:fs/promises";
import { EXIT, messageOf, type Problem, RollcallError } from "../../catalog/errors.ts";
import type { Roster } from "../../catalog/target.ts";
import { rosterMistakes } from "./roster-rules.ts";

/**
 * How many mistakes of a roster are told: it is written by a program, and one mistake is often all of them.
 */
const TOLD = 10;

/** Reads a roster that the plan has written. Throws a RollcallError of code ROSTER that names the file. */
export async function readRoster(path: string): Promise<Roster> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw rosterError([problem(path, "", `cannot be read (${messageOf(error)})`)], error);
  });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw rosterError([problem(path, "", "is not JSON")], error);
  }
  return parseRoster(document, path);
}

/**
 * A document as a roster. Throws a RollcallError of code ROSTER with a problem for each field that cannot be
 * used, ten at most; a server that stands in it twice is one.
 */
export function parseRoster(document: unknown, place: string): Roster {
  const mistakes = rosterMistakes(document);
  if (isRoster(document, mistakes.length === 0)) {
    const names = document.targets.map(({ server }) => server);
    const twice = names.findIndex((name, index) => names.indexOf(name) < index);
    if (twice === -1) return document;
    mistakes.push({ path: `targets[${twice}].server`, rule: `must not name ${names[twice]} a second time` });
  }
  throw rosterError(mistakes.slice(0, TOLD).map(({ path, rule }) => problem(place, path, rule)));
}

/** The rules have judged it; the compiler takes their word. */
function isRoster(_document: unknown, sound: boolean): _document is Roster {
  return sound;
}

function problem(place: string, path: string, rule: string): Problem {
  return { place, path, rule, cure: "write it anew with the deployment that made it" };
}

function rosterError(problems: readonly Problem[], cause?: unknown): RollcallError {
  return new RollcallError({ code: "ROSTER", exitCode: EXIT.catalog, problems, cause });
}
