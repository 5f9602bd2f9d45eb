/** Seeded damage to bytes: the same seed makes the same damage. */

/** Numbers from 0 up to 1, the same for the same seed (Mulberry32, by Tommy Ettinger, public domain). */
export type Random = () => number;

export function randomOf(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 up to `end`, without it. */
export function below(end: number, random: Random): number {
  return Math.floor(random() * end);
}

export function pick<T>(items: readonly T[], random: Random): T {
  const [item] = items.slice(below(items.length, random));
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

/** The bytes after one to four kinds of damage. */
export function damaged(bytes: Buffer, random: Random): Buffer {
  let result = bytes;
  for (let left = 1 + below(4, random); left > 0; left -= 1) result = pick(DAMAGES, random)(result, random);
  return result;
}

/** The JSON text with one to three of its values or names replaced: still JSON, and no longer the right one. */
export function misvalued(text: string, random: Random): string {
  let result = text;
  for (let left = 1 + below(3, random); left > 0; left -= 1) {
    const [tokens, words] = random() < 0.3 ? [NAMES, NAME_WORDS] : [VALUES, VALUE_WORDS];
    const places = [...result.matchAll(tokens)];
    const place = places[below(places.length, random)];
    if (place === undefined) continue;
    const { index } = place;
    result = result.slice(0, index) + pick(words, random) + result.slice(index + place[0].length);
  }
  return result;
}

const NAMES = /"[^"\\]*"(?=:)/g;
const NAME_WORDS = '"__proto__" "constructor" "result" "error" "id" "tools" "status" ""'.split(" ");
const VALUES = /"[^"\\]*"(?!:)|(?<=:)[{[](?=[^}\]]*[}\]])[^{}[\]]*[}\]]|-?\d+(?:\.\d+)?|true|false|null/g;
const VALUE_WORDS = [
  ...'null true 0 -1 1e999 9007199254740993 "" [] {} [null] {"__proto__":{}} "2.0" "1.0" "DOWN"'.split(" "),
  ...'"2026-07-28" "2025-11-25" "2025-03-26" "complete" "input_required" "__proto__"'.split(" "),
  ...'"\\u0000" "\\ud800" "\\u001b[2J"'.split(" "),
  `"${"x".repeat(9_000)}"`,
  "[".repeat(99) + "]".repeat(99),
];

type Damage = (bytes: Buffer, random: Random) => Buffer;

const flipBit: Damage = (bytes, random) => {
  const copy = Buffer.from(bytes);
  const at = below(copy.length, random);
  copy[at] = (copy[at] ?? 0) ^ (1 << below(8, random));
  return copy;
};

const setByte: Damage = (bytes, random) => {
  const copy = Buffer.from(bytes);
  copy[below(copy.length, random)] = below(256, random);
  return copy;
};

const remove: Damage = (bytes, random) => {
  const [from, to] = rangeIn(bytes, random);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
};

const repeat: Damage = (bytes, random) => {
  const [from, to] = rangeIn(bytes, random);
  const part = bytes.subarray(from, to);
  const times = pick([1, 1, 1, 40], random);
  return Buffer.concat([
    bytes.subarray(0, to),
    ...Array.from({ length: times }, () => part),
    bytes.subarray(to),
  ]);
};

const truncate: Damage = (bytes, random) => bytes.subarray(0, below(bytes.length + 1, random));

const insert: Damage = (bytes, random) => {
  const at = below(bytes.length + 1, random);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(pick(WORDS, random)), bytes.subarray(at)]);
};

const swapTokens: Damage = (bytes, random) => {
  const parts = tokensOf(bytes);
  const [one, other] = [below(parts.length, random), below(parts.length, random)];
  const swapped = parts.with(one, parts[other] ?? "").with(other, parts[one] ?? "");
  return Buffer.from(swapped.join(""), "latin1");
};

const replaceToken: Damage = (bytes, random) => {
  const parts = tokensOf(bytes);
  const word = Buffer.from(pick(WORDS, random)).toString("latin1");
  return Buffer.from(parts.with(below(parts.length, random), word).join(""), "latin1");
};

const DAMAGES: readonly Damage[] = [
  (bytes, random) => (bytes.length === 0 ? bytes : flipBit(bytes, random)),
  (bytes, random) => (bytes.length === 0 ? bytes : setByte(bytes, random)),
  remove,
  repeat,
  truncate,
  insert,
  swapTokens,
  replaceToken,
  replaceToken,
];

/** Words that have broken readers of JSON, HTTP and event streams before. */
const WORDS: readonly string[] = [
  "null",
  "true",
  "-1",
  "0",
  "1e999",
  "9007199254740993",
  '""',
  "[]",
  "{}",
  "[[[[[[",
  "}",
  "]",
  ",",
  ":",
  '"__proto__"',
  '"constructor"',
  '"toString"',
  "\u0000",
  "\u001b[2J",
  "\u202e",
  "\ufeff",
  "\r",
  "\n",
  "\n\n",
  "\r\n",
  "\r\n\r\n",
  "data:",
  "event: endpoint\n",
  "id: \u0000\n",
  "retry: 1\n",
  ": x\n",
  "\\u0000",
  "\\ud800",
  "text/html",
  "text/event-stream",
  "application/json",
  "gzip",
  "chunked",
  "Content-Length: 1\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Content-Encoding: gzip\r\n",
  "Location: /elsewhere\r\n",
  "Mcp-Session-Id: \t\r\n",
  "HTTP/1.1 404 Not Found\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "301",
  "401",
  "404",
  "500",
  "999",
  "1.0",
  "2.0",
  "2025-11-25",
  "2099-01-01",
  "legacy",
  "tools",
  "x".repeat(20_000),
];

function tokensOf(bytes: Buffer): string[] {
  return bytes.toString("latin1").split(/(?<=[\s:,{}[\]"])|(?=[\s:,{}[\]"])/);
}

function rangeIn(bytes: Buffer, random: Random): readonly [number, number] {
  const from = below(bytes.length + 1, random);
  return [from, Math.min(bytes.length, from + 1 + below(pick([4, 40, 400], random), random))];
}
