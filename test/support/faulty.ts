import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { selfSigned } from "./selfsigned.ts";

/** A server on this machine that lives as long as one test. */
export interface LocalServer extends AsyncDisposable {
  readonly origin: string;
  /** The MCP address. */
  readonly url: string;
  /** The REST address. */
  readonly health: string;
}

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => unknown;

/** Serves a handler on a free port of 127.0.0.1. */
export async function serve(handler: Handler, tls = false): Promise<LocalServer> {
  const listener: http.RequestListener = (request, response) => void handler(request, response);
  const server = tls ? https.createServer(selfSigned(), listener) : http.createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const origin = `${tls ? "https" : "http"}://127.0.0.1:${port}`;
  return {
    origin,
    url: `${origin}/mcp`,
    health: `${origin}/health`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers everything with one status, and nothing more. */
export function status(code: number, headers: Record<string, string> = {}): Promise<LocalServer> {
  return serve((_, response) => response.writeHead(code, headers).end());
}

/** Answers everything with one body. */
export function body(text: string, type = "application/json", code = 200): Promise<LocalServer> {
  return serve((_, response) => response.writeHead(code, { "content-type": type }).end(text));
}

/** Accepts and never answers. */
export function silent(): Promise<LocalServer> {
  return serve(() => undefined);
}

/** Answers 200 with a body that never ends, as fast as it is read. */
export function endless(): Promise<LocalServer> {
  const block = Buffer.alloc(256 * 1024, " ");
  return serve((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const more = (): void => {
      while (!response.destroyed && response.write(block));
    };
    response.on("drain", more);
    more();
  });
}

/** Answers 200 and one blank every 20 ms. */
export function drip(): Promise<LocalServer> {
  return serve((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(timer));
  });
}

/** Answers 64 MiB of blanks in 64 KiB of gzip. */
export function bomb(): Promise<LocalServer> {
  const packed = gzipSync(Buffer.alloc(64 * 1024 * 1024, " "));
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  return serve((_, response) => response.writeHead(200, headers).end(packed));
}

/** Announces more bytes than it sends, and hangs up. */
export function cutOff(): Promise<LocalServer> {
  return serve((_, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    response.write('{"jsonrpc":"2.0"', () => response.socket?.destroy());
  });
}

/** Redirects everything to itself for ever. */
export function redirectLoop(): Promise<LocalServer> {
  return serve((_, response) => response.writeHead(307, { location: "/mcp" }).end());
}

/** Redirects everything elsewhere. */
export function redirectTo(location: string): Promise<LocalServer> {
  return status(307, { location });
}

/** Answers correctly, behind a certificate that nobody vouches for. */
export function untrusted(): Promise<LocalServer> {
  return serve((_, response) => response.writeHead(200).end(), true);
}

type Rpc = { readonly result: unknown } | { readonly error: { code: number; message: string } };

/** A server of the older generation that answers each method as told; the handshake is right unless told. */
export function rpc(methods: Record<string, (params: unknown) => Rpc>): Promise<LocalServer> {
  return serve(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    if (request.method !== "POST") return response.writeHead(405).end();
    const message: { id?: string | number; method: string; params?: unknown } = JSON.parse(text);
    if (message.id === undefined) return response.writeHead(202).end();
    const answer = methods[message.method] ?? HANDSHAKE[message.method] ?? (() => NO_METHOD);
    response.writeHead(200, { "content-type": "application/json" });
    return response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, ...answer(message.params) }));
  });
}

const NO_METHOD: Rpc = { error: { code: -32601, message: "Method not found" } };
const HANDSHAKE: Record<string, () => Rpc> = { initialize: () => initialized({ tools: {} }) };

/** The answer to `initialize` of a server with the given capabilities. */
export function initialized(capabilities: object): Rpc {
  const serverInfo = { name: "faulty", version: "1" };
  return { result: { protocolVersion: "2025-11-25", capabilities, serverInfo } };
}

/** A tool as tools/list shows it. */
export function tool(name: string): object {
  return { name, inputSchema: { type: "object" } };
}
