import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSseParser, type SseEvent, type SseParser } from "../../../probes/mcp/sse.ts";

/** The event stream of the HTML standard, in whatever pieces it comes. */

const bytesOf = (text: string): Uint8Array => Buffer.from(text, "utf8");

function read(parser: SseParser, ...chunks: Uint8Array[]): SseEvent[] {
  const events: SseEvent[] = [];
  for (const chunk of chunks) parser.push(chunk, (event) => events.push(event) < 0);
  return events;
}

const eventsOf = (text: string): SseEvent[] => read(createSseParser(), bytesOf(text));
const message = (data: string): SseEvent => ({ type: "message", data });

describe("an event stream", () => {
  it.each<[string, string, SseEvent[]]>([
    ["ends lines with LF", "data: a\n\n", [message("a")]],
    ["ends lines with CR", "data: a\r\r", [message("a")]],
    ["ends lines with CRLF", "data: a\r\n\r\n", [message("a")]],
    ["mixes line ends", "data: a\r\ndata: b\rdata: c\n\r\n", [message("a\nb\nc")]],
    ["begins with a byte order mark", "\uFEFFdata: a\n\n", [message("a")]],
    ["has comments between events and lines", ": hi\n\ndata: a\n:x\ndata: b\n\n:\n\n", [message("a\nb")]],
    [
      "names its events",
      "event: endpoint\ndata: /x\n\ndata: b\n\n",
      [{ type: "endpoint", data: "/x" }, message("b")],
    ],
    ["takes off one blank after the colon only", "data:a\n\ndata:  b\n\n", [message("a"), message(" b")]],
    ["has fields without a colon", "data\n\ndata\ndata\n\n", [message(""), message("\n")]],
    ["has fields that nobody knows", "foo: 1\ndata: a\nbar\n\n", [message("a")]],
    ["has events without data", "event: x\n\nid: 1\n\ndata: a\n\n", [message("a")]],
    ["ends inside an event", "data: a\n\ndata: b\n", [message("a")]],
    ["ends inside a line", "data: a\n\ndata: b", [message("a")]],
    ["has colons in its data", "data: a: b: c\n\n", [message("a: b: c")]],
  ])("that %s is read", (_, text, expected) => {
    expect(eventsOf(text)).toEqual(expected);
  });

  it("gives an id and a time to retry from the end of their event on", () => {
    const parser = createSseParser();
    expect([parser.lastEventId(), parser.retryMs()]).toEqual([null, null]);
    read(parser, bytesOf("id: 7\nretry: 250\ndata: \n"));
    expect(parser.lastEventId()).toBe(null);
    read(parser, bytesOf("\nretry: soon\nid: a\0b\ndata: x\n\n"));
    expect([parser.lastEventId(), parser.retryMs()]).toEqual(["7", 250]);
    read(parser, bytesOf("id:\n\n"));
    expect(parser.lastEventId()).toBe(null);
  });

  it("is no longer read once the reader is content", () => {
    const taken: string[] = [];
    createSseParser().push(
      bytesOf("data: a\n\ndata: b\n\ndata: c\n\n"),
      ({ data }) => taken.push(data) === 2,
    );
    expect(taken).toEqual(["a", "b"]);
  });

  it("is refused when it is not UTF-8, however it is cut", () => {
    const broken = Buffer.from([...bytesOf("data: "), 0xc3, 0x28, 10, 10]);
    expect(() => read(createSseParser(), broken)).toThrow("the stream is not valid UTF-8");
    expect(() => read(createSseParser(), broken.subarray(0, 7), broken.subarray(7))).toThrow(
      "not valid UTF-8",
    );
  });

  it("may bring so many events and bytes, and is counted anew for the next answer", () => {
    const parser = createSseParser({ events: 2, bytes: 40 });
    expect(read(parser, bytesOf("data: a\n\ndata: b\n\n"))).toHaveLength(2);
    parser.restart();
    expect(read(parser, bytesOf("data: a\n\ndata: b\n\n"))).toHaveLength(2);
    expect(() => read(parser, bytesOf("data: c\n\n"))).toThrow("more than 2 events before the answer");
    const other = createSseParser({ events: 2, bytes: 40 });
    expect(() => read(other, bytesOf(`:${"x".repeat(30)}\n`), bytesOf(`:${"x".repeat(30)}\n`))).toThrow(
      "the stream exceeds 40 bytes before the answer",
    );
  });

  it("brings the same events in any pieces", () => {
    const line = fc.constantFrom(
      "data: a",
      "data:",
      "data: ä€😀",
      ": c",
      "event: x",
      "id: 1",
      "retry: 5",
      "",
      "",
      "z",
    );
    const end = fc.constantFrom("\n", "\r", "\r\n");
    const stream = fc
      .array(fc.tuple(line, end), { maxLength: 40 })
      .map((lines) => bytesOf(lines.map((pair) => pair.join("")).join("")));
    const cuts = fc.array(fc.nat(300), { maxLength: 30 });
    fc.assert(
      fc.property(stream, cuts, (bytes, at) => {
        const whole = createSseParser();
        const expected = read(whole, bytes);
        const cut = createSseParser();
        expect(read(cut, ...pieces(bytes, at))).toEqual(expected);
        expect([cut.lastEventId(), cut.retryMs()]).toEqual([whole.lastEventId(), whole.retryMs()]);
      }),
      { numRuns: 500 },
    );
  });

  it("brings any text that a server writes as lines of data", () => {
    const text = fc.string({ unit: "binary" }).map((raw) => raw.replace(/[\r\n]/g, "").toWellFormed());
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), fc.array(fc.nat(200)), (lines, at) => {
        const stream = bytesOf(`${lines.map((one) => `data: ${one}\n`).join("")}\n`);
        expect(read(createSseParser(), ...pieces(stream, at))).toEqual([message(lines.join("\n"))]);
      }),
    );
  });

  it("of any bytes gives events or a ProbeFault", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          read(createSseParser(), bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: "ProbeFault", failureClass: "protocol" });
        }
      }),
    );
  });

  it("of one long line in many pieces costs no more than the line", () => {
    const parser = createSseParser();
    const piece = bytesOf("x".repeat(64));
    read(parser, bytesOf("data: "));
    for (let count = 0; count < 60_000; count += 1) read(parser, piece);
    const [event] = read(parser, bytesOf("\n\n"));
    expect(event?.data).toHaveLength(64 * 60_000);
  });
});

function pieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [0, ...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}
