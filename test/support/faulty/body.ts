import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type LocalServer, serve } from "./http.ts";

const JSON_TYPE = { "content-type": "application/json" };
const BLANKS = Buffer.alloc(256 * 1024, " ");

/** Answers everything with one body. */
export function body(text: string | Buffer, type = "application/json", code = 200): Promise<LocalServer> {
  return serve((_, response) =>
    response.writeHead(code, type === "" ? {} : { "content-type": type }).end(text),
  );
}

/** Answers everything with bytes that say to be encoded so. */
export function encoded(bytes: Buffer | string, encoding: string): Promise<LocalServer> {
  return serve((_, response) =>
    response.writeHead(200, { ...JSON_TYPE, "content-encoding": encoding }).end(bytes),
  );
}

/** Answers 200 with a body that never ends, as fast as it is read. */
export function endless(): Promise<LocalServer> {
  return serve((_, response) => {
    response.writeHead(200, JSON_TYPE);
    flood(response, () => BLANKS);
  });
}

/** Answers 200 and one blank every 20 ms. */
export function drip(): Promise<LocalServer> {
  return serve((_, response) => {
    response.writeHead(200, JSON_TYPE);
    trickle(response, () => " ");
  });
}

/** Answers headers, and never a body. */
export function bodyless(): Promise<LocalServer> {
  return serve((_, response) => response.writeHead(200, JSON_TYPE).flushHeaders());
}

/** Answers 64 MiB of blanks in 64 KiB of gzip. */
export function bomb(): Promise<LocalServer> {
  return encoded(gzipSync(Buffer.alloc(64 * 1024 * 1024, " ")), "gzip");
}

/** Answers 256 MiB of blanks in a few hundred bytes of Brotli. */
export function brotliBomb(): Promise<LocalServer> {
  return encoded(brotliCompressSync(Buffer.alloc(256 * 1024 * 1024, " ")), "br");
}

/** Answers gzip within gzip within gzip, each hiding the next. */
export function nestedBomb(): Promise<LocalServer> {
  const once = gzipSync(Buffer.alloc(64 * 1024 * 1024, " "));
  return encoded(gzipSync(gzipSync(once)), "gzip, gzip, gzip");
}

/** Answers gzip that breaks off, with a connection that ends well. */
export function brokenGzip(): Promise<LocalServer> {
  return encoded(gzipSync('{"jsonrpc":"2.0","id":1,"result":{}}').subarray(0, 30), "gzip");
}

/** Announces more bytes than it sends, and hangs up. */
export function cutOff(): Promise<LocalServer> {
  return serve((_, response) => {
    response.writeHead(200, { ...JSON_TYPE, "content-length": "1000" });
    response.write('{"jsonrpc":"2.0"', () => response.socket?.destroy());
  });
}

/** Announces more bytes than it sends, and waits. */
export function shortOfBytes(): Promise<LocalServer> {
  return serve((_, response) => {
    response.writeHead(200, { ...JSON_TYPE, "content-length": "1000" });
    response.write('{"jsonrpc":"2.0"');
  });
}

/** JSON of so many lists within each other. */
export function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

/** Writes blocks as fast as they are read, until the reader has gone. */
export function flood(stream: Writable, block: () => Buffer | string): void {
  const more = (): void => {
    while (!stream.destroyed && stream.writable && stream.write(block()));
  };
  stream.on("drain", more);
  more();
}

/** Writes one piece every 20 ms, until the reader has gone. */
export function trickle(stream: ServerResponse | Writable, piece: () => string): void {
  const timer = setInterval(() => stream.write(piece()), 20);
  stream.on("close", () => clearInterval(timer));
}
