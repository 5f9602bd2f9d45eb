/** A part of a file, `from <= byte < to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const LIST = 0x5b;
/** The square and the curly bracket of a kind differ by this bit only. */
const CURLY = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/**
 * Takes a JSON object apart without parsing it: where the elements of its list `key` stand, and the document with that
 * list emptied. Both are to be parsed by whoever asked; what is no JSON shows there.
 */
export function elementsOf(
  bytes: Buffer,
  key: string,
): { readonly rest: Buffer; readonly elements: readonly Span[] } {
  const open = openingOf(bytes, Buffer.from(JSON.stringify(key)));
  if (open === undefined) return { rest: bytes, elements: [] };
  const elements: Span[] = [];
  let from = open + 1;
  const end = walk(bytes, from, (at, depth) => {
    const closes = depth === -1;
    if (!closes && (depth > 0 || bytes[at] !== COMMA)) return false;
    const isEmpty = closes && elements.length === 0 && isBlank(bytes, { from, to: at });
    if (!isEmpty) elements.push({ from, to: at });
    from = at + 1;
    return closes;
  });
  // a list without an end is cut at its beginning, so that the rest is no JSON either
  if (end === undefined) return { rest: bytes.subarray(0, open + 1), elements: [] };
  return { rest: Buffer.concat([bytes.subarray(0, open + 1), bytes.subarray(end)]), elements };
}

/** Where the list of a key of the outermost object begins. */
function openingOf(bytes: Buffer, key: Buffer): number | undefined {
  let isKey = false;
  return walk(bytes, 0, (at, depth) => {
    if (depth === 2 && bytes[at] === LIST && isKey) return true;
    if (depth === 1 && bytes[at] === QUOTE) isKey = bytes.subarray(at, at + key.length).equals(key);
    return false;
  });
}

/**
 * Calls `visit` for each bracket and comma outside of strings and for the beginning of each string, with how deep it
 * stands (a bracket counts inside itself when it opens, and outside when it closes). Ends where that returns true,
 * and returns the place.
 */
function walk(
  bytes: Buffer,
  start: number,
  visit: (at: number, depth: number) => boolean,
): number | undefined {
  let depth = 0;
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    const bracket = byte | CURLY;
    if (bracket === OPENING) depth += 1;
    else if (bracket === CLOSING) depth -= 1;
    else if (byte !== QUOTE && byte !== COMMA) continue;
    if (visit(at, depth)) return at;
    if (byte === QUOTE) at = endOfString(bytes, at);
  }
  return undefined;
}

function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

function isBlank(bytes: Buffer, { from, to }: Span): boolean {
  return bytes.subarray(from, to).every((byte) => byte <= 0x20);
}
