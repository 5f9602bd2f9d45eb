import { createServer, type Socket } from "node:net";
import { flood, trickle } from "./body.ts";
import { type LocalServer, listening } from "./http.ts";

/** Below HTTP: each server gets a connection whose first bytes have come. */

type Talk = (socket: Socket, first: Buffer) => unknown;

/** Serves bare TCP connections; `scheme` is what its address pretends to be. */
export function tcp(talk: Talk, scheme: "http" | "https" = "http"): Promise<LocalServer> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined);
    socket.once("data", (first) => void talk(socket, first));
  });
  return listening(server, {
    scheme,
    end: () => {
      for (const socket of open) socket.destroy();
    },
  });
}

/** Answers everything with these bytes and ends the connection. */
export function bytes(text: string | Buffer): Promise<LocalServer> {
  return tcp((socket) => socket.end(text));
}

/** Ends each connection before a byte of an answer. */
export function hangUp(): Promise<LocalServer> {
  return tcp((socket) => socket.destroy());
}

/** Resets each connection before a byte of an answer. */
export function reset(scheme: "http" | "https" = "http"): Promise<LocalServer> {
  return tcp((socket) => socket.resetAndDestroy(), scheme);
}

/** Ends each connection in the middle of the headers. */
export function cutInHeaders(): Promise<LocalServer> {
  return bytes("HTTP/1.1 200 OK\r\nContent-Type: applic");
}

/** Resets each connection in the middle of the headers. */
export function resetInHeaders(): Promise<LocalServer> {
  return tcp((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Ty", () => socket.resetAndDestroy()));
}

/** Ends each connection in the middle of a chunk. */
export function cutInChunk(): Promise<LocalServer> {
  return bytes(`${CHUNKED}40\r\n{"jsonrpc":"2.0",`);
}

/** Ends each connection after a whole chunk, without the last one that says so. */
export function cutAfterChunk(): Promise<LocalServer> {
  return bytes(`${CHUNKED}2\r\n{}\r\n`);
}

/** Resets each connection in the middle of the body. */
export function resetInBody(): Promise<LocalServer> {
  return tcp((socket) => socket.write(`${CHUNKED}40\r\n{"json`, () => socket.resetAndDestroy()));
}

/** Never ends its headers, as fast as they are read. */
export function endlessHeaders(): Promise<LocalServer> {
  return tcp((socket) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    flood(socket, () => `x-line-${crypto.randomUUID()}: ${"a".repeat(1_000)}\r\n`);
  });
}

/** One header whose value never ends. */
export function endlessHeader(): Promise<LocalServer> {
  return tcp((socket) => {
    socket.write("HTTP/1.1 200 OK\r\nx-long: ");
    flood(socket, () => "a".repeat(64_000));
  });
}

/** One header every 20 ms, for ever. */
export function dripHeaders(): Promise<LocalServer> {
  return tcp((socket) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    trickle(socket, () => "x: y\r\n");
  });
}

/** Answers "wait, there are hints" without end. */
export function endlessHints(): Promise<LocalServer> {
  return tcp((socket) => flood(socket, () => "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(20)));
}

/** An HTTP answer written by hand. */
export function answer(headers: readonly string[], text: string): string {
  return [`HTTP/1.1 200 OK`, "Content-Type: application/json", ...headers, "", text].join("\r\n");
}

const CHUNKED = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
