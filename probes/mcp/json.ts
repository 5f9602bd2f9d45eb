import { ProbeFault } from "../classify.ts";

/** How deep arrays and objects may lie in each other. */
export const MAX_DEPTH = 64;

/** An object as JSON knows it. Its keys are the server's: read by name, never copied onto another object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The value of a JSON text; a byte order mark in front is passed over. Throws a ProbeFault of class protocol
 * when the text is no JSON, or nests deeper than 64 levels.
 */
export function parseJson(text: string): unknown {
  const json = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (isTooDeep(json)) throw new ProbeFault("protocol", `the JSON nests deeper than ${MAX_DEPTH} levels`);
  try {
    return JSON.parse(json);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProbeFault("protocol", `the answer is not JSON: ${reason}`, error);
  }
}

/**
 * Whether a text opens more than 64 brackets that are not closed. Decided on the text, before anything is
 * built from it; a text that is no JSON gets some answer, and fails when it is parsed.
 */
export function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) {
      depth -= 1;
    }
  }
  return false;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Where the string that begins at `start` ends; the end of the text when it does not. */
function endOfString(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at === -1) return text.length;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
}
