import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProbeFault } from "../../../probes/classify.ts";
import { wholeMessages } from "../../../probes/dependency/wire.ts";

/** The guard before pg's parser: it hands on sound messages whole, and nothing else. */

function message(type: string, body: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

const letter = fc.constantFrom("S", "V", "C", "M", "D");
const field = fc
  .tuple(letter, fc.string({ unit: "grapheme-ascii", maxLength: 20 }))
  .map((parts) => parts.join(""));
const failure = fc.tuple(fc.constantFrom("E", "N"), fc.array(field)).map(([type, fields]) => {
  return message(type, Buffer.from(`${fields.map((text) => `${text}\0`).join("")}\0`));
});
const other = fc
  .tuple(fc.constantFrom(..."RSKZTDCI"), fc.uint8Array({ maxLength: 30 }))
  .map(([type, body]) => {
    return message(type, body);
  });

describe("a guarded connection", () => {
  it("hands on sound messages unchanged and whole, however they are cut on their way", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(failure, other)), fc.array(fc.nat(200)), (messages, cuts) => {
        const bytes = Buffer.concat(messages);
        const ends = new Set([0]);
        for (const { length } of messages) ends.add(Math.max(...ends) + length);
        const whole = wholeMessages();
        const handed: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const next = at + 1 + (cuts[turn] ?? 50);
          handed.push(whole(bytes.subarray(at, next)));
          expect(ends.has(Buffer.concat(handed).length)).toBe(true);
          at = next;
        }
        expect(Buffer.concat(handed)).toEqual(bytes);
      }),
    );
  });

  it.each([
    ["no field's end", message("E", Buffer.from("SFATAL"))],
    ["no list's end", message("E", Buffer.from("SFATAL\0"))],
    ["nothing at all", message("N", Buffer.alloc(0))],
    ["more behind its end", message("N", Buffer.from("SA\0\0SB\0\0"))],
    [
      "an end that belongs to the next message",
      Buffer.concat([message("E", Buffer.from("S")), Buffer.alloc(9)]),
    ],
  ])("refuses an error or notice with %s", (_, bytes) => {
    expect(() => wholeMessages()(bytes)).toThrow("a message has no end");
  });

  it.each([
    ["another type", message("H", Buffer.alloc(4))],
    ["a length below its own", Buffer.from("R\0\0\0\x03")],
    ["a length beyond all need", Buffer.from("R\x7f\xff\xff\xff", "latin1")],
  ])("refuses a message with %s", (_, bytes) => {
    expect(() => wholeMessages()(bytes)).toThrow(new ProbeFault("protocol", "this is no PostgreSQL server"));
  });

  it("is over after 64 KiB", () => {
    const whole = wholeMessages();
    const status = message("S", Buffer.from("a\0b\0"));
    expect(() => {
      for (let count = 0; count <= (64 * 1024) / status.length; count += 1) whole(status);
    }).toThrow("more than 65536 bytes came");
  });
});
