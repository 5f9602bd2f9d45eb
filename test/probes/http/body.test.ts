import { isUtf8 } from "node:buffer";
import { getEventListeners, once } from "node:events";
import type { ServerResponse } from "node:http";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bomb, endless } from "../../support/faulty.ts";
import { client, exchangeFault, get, plain, post, raw, saying, type Watched } from "./support.ts";

/** Bodies are read whole, decoded and within their cap, or refused; nothing between. */

const CAP = 1000;
const PACKERS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  identity: (body) => body,
  gzip: (body) => gzipSync(body),
  "x-gzip": (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  Deflate: (body) => deflateRawSync(body),
  br: (body) => brotliCompressSync(body),
};

/** Splits a body at some places, as chunks on the wire. */
function pieces(body: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b), body.length];
  return places.slice(1).map((end, index) => body.subarray(places[index], end));
}

async function join(from: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of from) all.push(piece);
  return Buffer.concat(all).toString();
}

describe("a body", () => {
  let server: Watched;
  let next: (response: ServerResponse) => void = () => undefined;

  beforeAll(async () => {
    server = await plain((_, response) => next(response));
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const anyBody = fc.record({
    body: fc.oneof(
      fc.string({ maxLength: 2 * CAP }).map((text) => Buffer.from(text.toWellFormed())),
      fc.integer({ min: CAP - 2, max: CAP + 2 }).map((size) => Buffer.alloc(size, "x")),
    ),
    encoding: fc.constantFrom(...Object.keys(PACKERS)),
    cuts: fc.array(fc.nat(5000), { maxLength: 5 }),
    isChunked: fc.boolean(),
    inPieces: fc.boolean(),
  });

  it("comes whole up to the cap and never beyond it, however it is packed and cut", async () => {
    using http = client({ maxBodyBytes: CAP });
    await fc.assert(
      fc.asyncProperty(anyBody, async ({ body, encoding, cuts, isChunked, inPieces }) => {
        const packed = PACKERS[encoding]?.(body) ?? body;
        next = (response) => {
          response.setHeader("content-encoding", encoding);
          if (!isChunked) response.setHeader("content-length", packed.length);
          for (const piece of pieces(packed, cuts)) response.write(piece);
          response.end();
        };
        const answer = await http.send(get(server.origin));
        const read = (inPieces ? join(answer.chunks()) : answer.text()).catch(String);
        const text = body.toString().replace(/^\uFEFF/, inPieces ? "\uFEFF" : "");
        expect(await read).toBe(body.length > CAP ? `ProbeFault: the body exceeds ${CAP} bytes` : text);
      }),
      { numRuns: 150 },
    );
  });

  it("is text only when it is UTF-8, whatever its octets", async () => {
    using http = client();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 12 }), async (octets) => {
        next = (response) => void response.end(octets);
        const answer = await http.send(get(server.origin));
        const read = await answer.text().catch(String);
        const text = new TextDecoder().decode(octets);
        expect(read).toBe(isUtf8(octets) ? text : "ProbeFault: the body is not valid UTF-8");
      }),
      { numRuns: 100 },
    );
  });

  it("that is empty is none, even when it claims to be packed", async () => {
    using http = client();
    next = (response) => void response.writeHead(200, { "content-encoding": "gzip" }).end();
    expect(await (await http.send(get(server.origin))).text()).toBe("");
    next = (response) => void response.writeHead(204).end();
    expect(await (await http.send(get(server.origin))).text()).toBe("");
    next = (response) => void response.writeHead(200, { "content-length": 5 }).end();
    expect(await (await http.send(get(server.origin, { method: "HEAD" }))).text()).toBe("");
  });

  it.each([
    ["gzip", gzipSync("hello hello").subarray(0, -9)],
    ["gzip", Buffer.from("no gzip at all")],
    ["deflate", deflateSync("hello hello").subarray(0, -5)],
    ["br", brotliCompressSync("hello hello").subarray(0, -2)],
  ])("of broken %s is protocol", async (encoding, octets) => {
    using http = client();
    next = (response) => void response.writeHead(200, { "content-encoding": encoding }).end(octets);
    expect(await exchangeFault(http, get(server.origin))).toMatch(
      new RegExp(`^protocol: the ${encoding} body is broken \\(\\w+\\)$`),
    );
  });

  it.each(["zstd", "gzip, gzip", "\u00e9"])("packed as %j is protocol", async (encoding) => {
    using http = client();
    next = (response) => void response.writeHead(200, { "content-encoding": encoding }).end("x");
    expect(await exchangeFault(http, get(server.origin))).toMatch(
      /^protocol: content-encoding .* was not asked/,
    );
  });

  it("that ends packed before it ends on the wire leaves no connection behind", async () => {
    using http = client();
    next = (response) => {
      response.writeHead(200, { "content-encoding": "deflate" });
      response.write(Buffer.concat([deflateSync("done"), Buffer.alloc(10)]));
    };
    const { signal } = new AbortController();
    const answer = await http.send(get(server.origin, { signal }));
    const socket = server.sockets.at(-1);
    expect(await join(answer.chunks())).toBe("done");
    if (socket !== undefined && !socket.closed) await once(socket, "close");
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("is read once", async () => {
    using http = client();
    next = (response) => void response.end("once");
    const answer = await http.send(get(server.origin));
    expect(await answer.text()).toBe("once");
    await expect(answer.text()).rejects.toThrow("read or discarded before");
    await expect(join(answer.chunks())).rejects.toThrow("read or discarded before");
  });

  it("is piecewise there when it comes: an event need not wait for the end of the stream", async () => {
    using http = client();
    for (const encoding of ["identity", "gzip"]) {
      let more: () => void = () => undefined;
      next = (response) => {
        const whole = PACKERS[encoding]?.(Buffer.from("first".padEnd(2000))) ?? Buffer.alloc(0);
        response.writeHead(200, { "content-encoding": encoding });
        response.write(whole.subarray(0, whole.length - 1));
        more = () => response.end(whole.subarray(whole.length - 1));
      };
      const answer = await http.send(get(server.origin));
      let text = "";
      for await (const piece of answer.chunks()) {
        if (text === "") more();
        text += Buffer.from(piece).toString();
      }
      expect(text.trim()).toBe("first");
    }
  });
});

describe("a hostile body", () => {
  it("of 64 MiB in 64 KiB, and one without end, are cut at 4 MiB", async () => {
    for (const server of [await bomb(), await endless()]) {
      using http = client();
      expect(await exchangeFault(http, get(server.origin))).toBe("protocol: the body exceeds 4194304 bytes");
      await server[Symbol.asyncDispose]();
    }
  });

  it("of many servers at once ends before the memory does, and takes nothing from the next one", async () => {
    const part = Buffer.alloc(3 * 1024 * 1024, "x");
    const going = Promise.withResolvers<void>();
    await using server = await plain((_, response) => {
      response.write(part);
      void going.promise.then(() => response.end());
    });
    using http = client();
    let refused = 0;
    const asked = Array.from({ length: 40 }, async () => {
      const answer = await http.send(get(server.origin));
      const text = answer.text().then(({ length }) => length);
      const said = await text.catch((error: Error) => error.message);
      if (typeof said === "string") {
        expect(said).toContain("while other servers send as much");
        refused += 1;
        // 64 MiB hold 21 of them
        if (refused === 19) going.resolve();
      }
      return said;
    });
    const answers = await Promise.all(asked);
    expect(answers.filter((one) => one === part.length)).toHaveLength(21);
    expect(refused).toBe(19);
    expect((await (await http.send(get(server.origin))).text()).length).toBe(part.length);
  }, 30_000);

  it("of packed nothings is cut by what comes over the wire", async () => {
    // a gzip member of no content, over and over
    const nothing = gzipSync("");
    const block = Buffer.concat(Array.from({ length: 5000 }, () => nothing));
    await using server = await plain((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      const more = (): void => {
        while (!response.destroyed && response.write(block));
      };
      response.on("drain", more);
      more();
    });
    using http = client({ maxBodyBytes: 1000 });
    expect(await exchangeFault(http, get(server.origin))).toBe("protocol: the body exceeds 1000 bytes");
  });

  it("of many chunks of one octet is put together", async () => {
    const chunk = "1\r\nx\r\n".repeat(100_000);
    await using server = await saying(
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`,
    );
    using http = client();
    expect(await (await http.send(get(server.origin))).text()).toBe("x".repeat(100_000));
    using other = client();
    expect((await join((await other.send(get(server.origin))).chunks())).length).toBe(100_000);
  });

  it("that a slow reader has not taken yet is not read ahead without end", async () => {
    const server = await endless();
    using http = client({ maxBodyBytes: Number.MAX_SAFE_INTEGER });
    const answer = await http.send(get(server.origin));
    const { chunks } = { chunks: answer.chunks()[Symbol.asyncIterator]() };
    await chunks.next();
    const before = process.memoryUsage().arrayBuffers;
    for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
    await chunks.return?.();
    await server[Symbol.asyncDispose]();
  });
});

describe("a discarded body", () => {
  it("that is short leaves its connection for the next request, a long one does not", async () => {
    await using server = await plain((request, response) =>
      response.end("x".repeat(request.url === "/long" ? 1_000_000 : 100)),
    );
    using http = client();
    const { signal } = new AbortController();
    (await http.send(get(server.origin, { signal }))).discard();
    await new Promise(setImmediate);
    await (await http.send(get(server.origin, { signal }))).text();
    expect(server.sockets.length).toBe(1);
    (await http.send(get(`${server.origin}/long`, { signal }))).discard();
    await (await http.send(get(server.origin, { signal }))).text();
    expect(server.sockets.length).toBe(2);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("of a stream keeps the connection when the stream ends soon, and gives it up when it does not", async () => {
    await using server = await plain((request, response) => {
      response.write("event");
      if (request.url === "/ends") setImmediate(() => response.end());
    });
    using http = client();
    const firstOf = async (path: string): Promise<string> => {
      const answer = await http.send(get(`${server.origin}${path}`));
      for await (const piece of answer.chunks()) return Buffer.from(piece).toString();
      return "";
    };
    expect(await firstOf("/ends")).toBe("event");
    const [socket] = server.sockets;
    if (socket === undefined) throw new Error("no connection");
    expect(await firstOf("/lasts")).toBe("event");
    const last = server.sockets.at(-1);
    if (last !== undefined && !last.closed) await once(last, "close");
    expect(await firstOf("/ends")).toBe("event");
  });

  it("whose reader still waits tells him", async () => {
    await using server = await plain((_, response) => response.write("half"));
    using http = client();
    const answer = await http.send(get(server.origin));
    const text = answer.text();
    answer.discard();
    await expect(text).rejects.toThrow("read or discarded before");
  });
});

describe("a request's body", () => {
  it("is sent with its length in octets, and an empty one too", async () => {
    await using server = await raw((socket) => {
      let text = "";
      socket.on("data", (piece) => {
        text += piece.toString();
        if (!text.includes("\r\n\r\n") || !text.endsWith("é}")) return;
        const answer = JSON.stringify(text.toLowerCase());
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(answer)}\r\n\r\n${answer}`);
      });
    });
    using http = client();
    const text = await (await http.send(post(server.origin, "{é}"))).text();
    expect(text).toContain("content-length: 4\\r\\n");
    expect(text).not.toContain("transfer-encoding");
  });
});
