import { ProbeFault } from "../classify.ts";

/** A login and the answer to `SELECT 1` are a few hundred bytes. */
const MAX_BYTES = 64 * 1024;
const HEADER_BYTES = 5;
/** What may come between a login and the end of one query: from authentication to an error or a notice. */
const EXPECTED = "RSKZTDCENI";

/**
 * Lets whole messages of the PostgreSQL protocol through, as they become whole. Throws a ProbeFault of class
 * protocol at the first that is none: pg believes every byte, and its parser never returns from an error
 * without an end, such as the greeting of a MySQL server (github.com/brianc/node-postgres/issues/1694).
 */
export function wholeMessages(): (piece: Uint8Array) => Buffer {
  let kept = Buffer.alloc(0);
  let received = 0;
  return (piece) => {
    received += piece.byteLength;
    if (received > MAX_BYTES) throw new ProbeFault("protocol", `more than ${MAX_BYTES} bytes came`);
    const bytes = Buffer.concat([kept, piece]);
    let whole = 0;
    while (whole + HEADER_BYTES <= bytes.length) {
      const end = whole + 1 + lengthOf(bytes, whole);
      if (end > bytes.length) break;
      if (!isSound(bytes, { start: whole, end })) throw new ProbeFault("protocol", "a message has no end");
      whole = end;
    }
    kept = bytes.subarray(whole);
    return bytes.subarray(0, whole);
  };
}

/** The length that a message states, which counts itself and not the type before it. */
function lengthOf(bytes: Buffer, start: number): number {
  const type = String.fromCharCode(bytes.readUInt8(start));
  const length = bytes.readUInt32BE(start + 1);
  if (EXPECTED.includes(type) && length >= 4 && length <= MAX_BYTES) return length;
  throw new ProbeFault("protocol", "this is no PostgreSQL server");
}

/** Errors and notices are fields of a letter and a text that ends with a zero, and a zero behind the last. */
function isSound(bytes: Buffer, { start, end }: { readonly start: number; readonly end: number }): boolean {
  if (!"EN".includes(String.fromCharCode(bytes.readUInt8(start)))) return true;
  let at = start + HEADER_BYTES;
  while (at < end && bytes.readUInt8(at) !== 0) {
    const zero = bytes.indexOf(0, at + 1);
    if (zero === -1) return false;
    at = zero + 1;
  }
  return at === end - 1;
}
