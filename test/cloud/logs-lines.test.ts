import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acknowledgement, forwardMessage } from "../../cloud/logs/forward-message.ts";
import { linesOf, safeLine, timedLine } from "../../cloud/logs/lines.ts";
import { backoff } from "../../cloud/logs/pause.ts";
import { Position } from "../../cloud/logs/position.ts";
import { decode } from "../support/fluent.ts";

async function read(chunks: readonly Buffer[], longest = 100): Promise<string[]> {
  const lines: string[] = [];
  async function* all() {
    yield* chunks;
  }
  for await (const { bytes, cut } of linesOf(all(), longest))
    lines.push(`${bytes.toString()}${cut ? "|cut" : ""}`);
  return lines;
}

describe("lines", () => {
  test("are the same however the bytes are cut into chunks, in the middle of a character too", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !text.includes("\n"))),
        fc.array(fc.integer({ min: 1, max: 30 })),
        async (lines, sizes) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
          const chunks: Buffer[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const size = sizes[turn % Math.max(1, sizes.length)] ?? 7;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          expect(await read(chunks, 1_000)).toEqual(lines);
        },
      ),
    );
  });

  test("longer than is held are cut, whatever chunk they end in, and the next one is whole", async () => {
    const long = Buffer.from("x".repeat(250));
    expect(await read([long, long, Buffer.from("\nnext\n")])).toEqual([`${"x".repeat(100)}|cut`, "next"]);
    expect(await read([Buffer.from(`${"x".repeat(100)}\n${"y".repeat(101)}`)])).toEqual([
      "x".repeat(100),
      `${"y".repeat(100)}|cut`,
    ]);
  });

  test("carry the time of the container runtime to the nanosecond", () => {
    expect(timedLine("2026-11-21T10:00:00.123456789Z hello there")).toEqual({
      at: 1_795_255_200_123_456_789n,
      text: "hello there",
    });
    expect(timedLine("2026-11-21T12:00:00.5+02:00 ")).toEqual({ at: 1_795_255_200_500_000_000n, text: "" });
    expect(timedLine("unable to retrieve container logs for containerd://1")).toBeNull();
    expect(timedLine("2026-99-99T10:00:00Z x")).toBeNull();
  });

  test("of a server lose what steers a terminal or cannot be seen, and tokens", () => {
    const start = String.fromCharCode(0x1b);
    const hidden = String.fromCharCode(0x202e, 0x200b, 0x00, 0x07, 0x85, 0x2028);
    const line = `${start}[31mred${start}[0m ${hidden}ok\tAuthorization: Bearer ${"a".repeat(40)}\r`;
    expect(safeLine(Buffer.from(line))).toBe("red ok Authorization: Bearer ***");
    expect(safeLine(Buffer.from([0x66, 0xff, 0x66]))).toBe("f\ufffdf");
  });

  test.each([
    ["Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***"],
    ['{"authorization":"Bearer abc"}', '{"authorization":"Bearer ***"}'],
    ["sent basic YTpi to it", "sent basic *** to it"],
    ["basic auth failed, the bearer token is old", "basic auth failed, the bearer token is old"],
    ["connecting to postgres://app:hunter2@db/x", "connecting to …db/x"],
    ["token ghp_0123456789abcdefABCDEF, next", "token …, next"],
    ["--api-key=one two", "…"],
    [
      '{"url":"http://0.0.0.0:80","mail":"a@example.com"}',
      '{"url":"http://0.0.0.0:80","mail":"a@example.com"}',
    ],
  ])("of a server lose what has the shape of a secret: %s", (line, kept) => {
    expect(safeLine(Buffer.from(line))).toBe(kept);
  });

  test.each([
    "a.",
    "a+",
    "eyJ-",
    "eyJaaaaaaaa.",
    "a://b:",
    "a:b://c:d",
    "-",
    "--token",
    "basic ",
    "-----BEGIN ",
  ])("of a server cost no more than their length, however they are made to be searched: %s", (part) => {
    const bytes = Buffer.from(part.repeat(16_000 / part.length));
    const took = [1, 2, 3, 4].map(() => {
      const start = performance.now();
      safeLine(bytes);
      return performance.now() - start;
    });
    // a search that goes to the end from every character takes several hundred
    expect(Math.min(...took)).toBeLessThan(60);
  });

  test("of a server that CloudWatch would take metrics out of are none that it does", () => {
    const metric = (name: string) =>
      `{"${name}":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"Rollcall"}]},"McpAvailable":1}`;
    for (const name of ["_aws", "\\u005faws", "\\u005Faws", "_a\\u0077s"]) {
      const safe = safeLine(Buffer.from(`  ${metric(name)}`));
      expect(() => JSON.parse(safe)).toThrow();
      expect(safe).toContain("McpAvailable");
    }
    const plain = '{"level":"info","msg":"listening"}';
    expect(safeLine(Buffer.from(plain))).toBe(plain);
  });
});

describe("a position", () => {
  test("passes over what was read, and nothing else, wherever a stream is taken up again", () => {
    // times as a runtime writes them: in order, and some of them alike
    const times = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 40 }).map((steps) => {
      let at = 1_000_000_000_000n;
      return steps.map((step) => (at += BigInt(step) * 400_000_000n));
    });
    fc.assert(
      fc.property(times, fc.array(fc.nat({ max: 40 }), { maxLength: 5 }), (all, breaks) => {
        const position = new Position(null);
        const read: number[] = [];
        const stream = (until: number): void => {
          const since = position.resume();
          const from = since === null ? 0n : BigInt(Date.parse(since)) * 1_000_000n;
          all.slice(0, until).forEach((at, index) => {
            if (at >= from && position.isNew(at)) read.push(index);
          });
        };
        // each stream begins where the last was, and breaks a little later
        for (const until of breaks.sort((a, b) => a - b)) stream(until);
        stream(all.length);
        expect(read).toEqual(all.map((_, index) => index));
      }),
    );
  });

  test("loses nothing where lines are not in the order of their times, or the last one is gone", () => {
    const position = new Position(null);
    position.resume();
    for (const at of [5n, 3n]) position.isNew(at * 1_000_000_000n);
    expect(position.resume()).toBe("1970-01-01T00:00:03Z");
    const again = [5n, 3n, 4n].map((at) => position.isNew(at * 1_000_000_000n));
    expect(again.at(-1)).toBe(true);
    position.resume();
    expect(position.isNew(9_000_000_000n)).toBe(true);
  });

  test("begins at the moment that it is given until there is a line", () => {
    const position = new Position(Date.parse("2026-11-21T10:00:00.900Z"));
    expect(position.resume()).toBe("2026-11-21T10:00:00Z");
    expect(new Position(null).resume()).toBeNull();
  });
});

describe("a message of the forward protocol", () => {
  test("is MessagePack: tag, timed records and the name of the chunk, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            log: fc.oneof(
              fc.string({ unit: "grapheme" }),
              fc.integer({ min: 0, max: 70_000 }).map((n) => "x".repeat(n)),
            ),
            at: fc.bigInt({ min: 0n, max: 4_000_000_000n * 1_000_000_000n }),
          }),
          { minLength: 1, maxLength: 20 },
        ),
        (lines) => {
          const records = lines.map((line) => ({ ...line, tag: "servers", stream: "a/b/c" }));
          const message = forwardMessage({ tag: "servers", records, chunk: "chunk-1" });
          const found = decode(message, 0);
          if (found === null) throw new Error("the message is not whole");
          expect(found.end).toBe(message.length);
          const [tag, entries, options] = found.value as [
            string,
            [Buffer, Map<string, string>][],
            Map<string, string>,
          ];
          expect([tag, options.get("chunk")]).toEqual(["servers", "chunk-1"]);
          expect(
            entries.map(([time, body]) => ({
              at: BigInt(time.readUInt32BE(0)) * 1_000_000_000n + BigInt(time.readUInt32BE(4)),
              body: [...body],
            })),
          ).toEqual(
            records.map(({ at, log, stream }) => ({
              at,
              body: [
                ["log", log],
                ["stream", stream],
              ],
            })),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  test("is, byte by byte, what the specification says", () => {
    const record = { tag: "t", stream: "s", log: "l", at: 1_000_000_002n };
    expect(forwardMessage({ tag: "t", records: [record], chunk: "c" }).toString("hex")).toBe(
      // [ "t", [ [ ext 0 (1 s, 2 ns), {"log": "l", "stream": "s"} ] ], {"chunk": "c"} ]
      `93${"a174"}91${"92"}d7000000000100000002${"82"}a36c6f67a16c${"a673747265616d"}a173${"81"}a56368756e6ba163`,
    );
    expect(acknowledgement("c").toString("hex")).toBe("81a361636ba163");
  });
});

test("tries grow apart up to half a minute, and never come at once", () => {
  expect([0, 1, 5, 6, 100].map((attempt) => backoff(attempt, () => 1))).toEqual([
    500, 1_000, 16_000, 30_000, 30_000,
  ]);
  expect(backoff(3, () => 0)).toBe(2_000);
});
