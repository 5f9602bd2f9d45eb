import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import https from "node:https";
import { type AddressInfo, createServer as createRawServer, type Server, type Socket } from "node:net";
import { expect } from "vitest";
import type { ProbeFault } from "../../../probes/classify.ts";
import { createHttpClient, type HttpClientOptions } from "../../../probes/http/client.ts";
import type { HttpClient, HttpRequest } from "../../../probes/http/types.ts";

/** A server that also shows its connections, oldest first. */
export interface Watched extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  readonly sockets: readonly Socket[];
}

/** Speaks whatever it likes on each connection. */
export function raw(onSocket: (socket: Socket, index: number) => void): Promise<Watched> {
  return watch(createRawServer(), "http", onSocket);
}

/** Writes one text to each connection after its first data, and maybe hangs up. */
export function saying(text: string | Buffer, end = false): Promise<Watched> {
  return raw((socket) => {
    socket.once("data", () => void (end ? socket.end(text) : socket.write(text)));
  });
}

export function plain(listener: RequestListener): Promise<Watched> {
  return watch(createServer(listener), "http");
}

export function encrypted(options: https.ServerOptions, listener: RequestListener): Promise<Watched> {
  return watch(https.createServer(options, listener), "https");
}

async function watch(
  server: Server,
  scheme: string,
  onSocket: (socket: Socket, index: number) => void = () => undefined,
): Promise<Watched> {
  const sockets: Socket[] = [];
  server.on("connection", (socket) => {
    socket.on("error", () => undefined);
    sockets.push(socket);
    onSocket(socket, sockets.length - 1);
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${scheme}://127.0.0.1:${port}`,
    port,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A client that may connect to this machine and lives as long as one test. */
export function client(options: Partial<HttpClientOptions> = {}): HttpClient & Disposable {
  const made = createHttpClient({ reach: "loopback", ...options });
  return { ...made, [Symbol.dispose]: () => made.close() };
}

export function get(url: string, given: Partial<HttpRequest> = {}): HttpRequest {
  return { url: new URL(url), method: "GET", headers: {}, signal: new AbortController().signal, ...given };
}

export function post(url: string, body: string, given: Partial<HttpRequest> = {}): HttpRequest {
  return get(url, { method: "POST", body, ...given });
}

/** What a promise is rejected with, which has to be a ProbeFault: its class and its words in one line. */
export async function faultOf(work: Promise<unknown>): Promise<string> {
  const fault = await work.then(
    () => expect.fail("it should have failed"),
    (error: ProbeFault) => error,
  );
  expect(fault.name, String(fault)).toBe("ProbeFault");
  return `${fault.failureClass}: ${fault.message}`;
}

/** The fault of a whole exchange, wherever it breaks. */
export async function exchangeFault(by: HttpClient, request: HttpRequest): Promise<string> {
  return await faultOf(by.send(request).then((answer) => answer.text()));
}
