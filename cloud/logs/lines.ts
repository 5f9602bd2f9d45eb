import { censored } from "../../catalog/literal-secrets.ts";

/** A line without its end; `cut` says that it was longer than was kept. */
export interface Line {
  readonly bytes: Buffer;
  readonly cut: boolean;
}

const NEW_LINE = 0x0a;

/**
 * The lines of a stream of bytes, whatever chunks they come in. Of a line at most `longest` bytes are held; the rest of
 * it is passed over. A last line without an end is one too.
 */
export async function* linesOf(chunks: AsyncIterable<unknown>, longest: number): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let held = 0;
  let cut = false;
  const add = (part: Buffer): void => {
    const room = longest - held;
    cut ||= part.length > room;
    const kept = part.subarray(0, Math.max(0, room));
    if (kept.length > 0) parts.push(kept);
    held += kept.length;
  };
  const take = (): Line => {
    const line = { bytes: Buffer.concat(parts), cut };
    parts = [];
    held = 0;
    cut = false;
    return line;
  };
  for await (const chunk of chunks) {
    let rest = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    for (let end = rest.indexOf(NEW_LINE); end >= 0; end = rest.indexOf(NEW_LINE)) {
      add(rest.subarray(0, end));
      yield take();
      rest = rest.subarray(end + 1);
    }
    add(rest);
  }
  if (held > 0 || cut) yield take();
}

const TIMED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?/;

/** The time that the kubelet puts before a line, in nanoseconds since 1970, and the line; null where there is none. */
export function timedLine(text: string): { readonly at: bigint; readonly text: string } | null {
  const found = TIMED.exec(text);
  if (found === null) return null;
  const [head, whole = "", fraction = "", zone = "Z"] = found;
  const ms = Date.parse(`${whole}${zone}`);
  if (!Number.isFinite(ms)) return null;
  return { at: BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0")), text: text.slice(head.length) };
}

/** Colours and cursor movements of a terminal (ECMA-48 control sequences, and what sets a window's title). */
// written by code: a control character in a source is one that a reader does not see
const TERMINAL = new RegExp(
  `${String.fromCharCode(0x1b)}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${String.fromCharCode(0x07, 0x1b)}]*)`,
  "g",
);
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
/** What stands behind the name of a scheme, and whether the name of the header stands before it. */
const TOKEN = /\b(authorization\W{1,5})?(bearer|basic)\s+([\w.~+/=-]+)/gi;
const LONG_TOKEN = 16;

/**
 * A line of a server as it may be kept: without control and invisible characters, and without what has the shape of a
 * secret. A document that CloudWatch would take metrics out of (EMF) is made one that it does not: no server writes
 * metrics, least of all ours.
 */
export function safeLine(bytes: Buffer): string {
  const clean = bytes
    .toString("utf8")
    .replace(TERMINAL, "")
    .replace(UNSEEN, (character) => (character === "\t" ? " " : ""))
    .replace(TOKEN, (all: string, header: string | undefined, scheme: string, token: string) =>
      header !== undefined || isToken(scheme, token) ? `${header ?? ""}${scheme} ***` : all,
    )
    .trimEnd();
  const safe = censored(clean);
  return holdsMetrics(safe) ? `not a metric: ${safe}` : safe;
}

/** A name and a password have a colon between them (RFC 7617); "basic configuration" is a word that alarms may count. */
function isToken(scheme: string, text: string): boolean {
  if (text.length >= LONG_TOKEN) return true;
  return scheme.toLowerCase() === "basic" && Buffer.from(text, "base64").includes(":");
}

/** CloudWatch reads an event that is one JSON object with `_aws` at its root, however that name is escaped. */
function holdsMetrics(text: string): boolean {
  if (!text.trimStart().startsWith("{")) return false;
  const plain = text.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return plain.includes("_aws");
}
