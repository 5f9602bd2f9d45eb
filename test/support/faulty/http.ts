import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { AddressInfo, Server } from "node:net";
import type { TlsOptions } from "node:tls";

/** A server on this machine that lives as long as one test. */
export interface LocalServer extends AsyncDisposable {
  readonly origin: string;
  /** The MCP address. */
  readonly url: string;
  /** The REST address. */
  readonly health: string;
}

export type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => unknown;

/** Serves a handler on a free port of 127.0.0.1, over TLS where its options are given. */
export async function serve(handler: Handler, tls: TlsOptions | null = null): Promise<LocalServer> {
  const listener: http.RequestListener = (request, response) => void handler(request, response);
  const server = tls === null ? http.createServer(listener) : https.createServer(tls, listener);
  return listening(server, {
    scheme: tls === null ? "http" : "https",
    end: () => server.closeAllConnections(),
  });
}

/** Listens on a free port of 127.0.0.1 until the test is over; `end` cuts what is still open then. */
export async function listening(
  server: Server,
  { scheme, end }: { readonly scheme: "http" | "https"; readonly end: () => void },
): Promise<LocalServer> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  // over TLS by name, because a certificate without extensions vouches for no address
  const origin = `${scheme}://${scheme === "https" ? "localhost" : "127.0.0.1"}:${port}`;
  return {
    origin,
    url: `${origin}/mcp`,
    health: `${origin}/health`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      end();
      await closed;
    },
  };
}

/** Answers everything with one status, and nothing more. */
export function status(code: number, headers: Record<string, string> = {}): Promise<LocalServer> {
  return serve((_, response) => response.writeHead(code, headers).end());
}

/** Accepts and never answers. */
export function silent(): Promise<LocalServer> {
  return serve(() => undefined);
}

/** Redirects everything to itself for ever. */
export function redirectLoop(code = 307): Promise<LocalServer> {
  return status(code, { location: "/mcp" });
}

/** Redirects everything to a new address for ever, so that no address repeats. */
export function redirectMaze(): Promise<LocalServer> {
  return serve((_, response) => response.writeHead(307, { location: `/mcp/${crypto.randomUUID()}` }).end());
}

/** Redirects everything elsewhere. */
export function redirectTo(location: string, code = 307): Promise<LocalServer> {
  return status(code, { location });
}

/** Redirects once within its own origin, and answers there. */
export function movedWithin(handler: Handler, code = 307): Promise<LocalServer> {
  return serve((request, response) =>
    request.url === "/moved"
      ? handler(request, response)
      : response.writeHead(code, { location: "/moved" }).end(),
  );
}
