import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { McpServer as LegacyServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import type { CheckTarget, McpTarget } from "../../probes/target.ts";
import { type LocalServer, serve } from "./faulty/http.ts";

export { scripted } from "./faulty/stdio.ts";

/** The main file of one of the reference servers. */
export function referenceServer(name: string): string {
  const manifest = createRequire(import.meta.url).resolve(
    `@modelcontextprotocol/server-${name}/package.json`,
  );
  return manifest.replace(/package\.json$/, "dist/index.js");
}

/** A reference server over stdio. */
export function stdioServer(
  name: string,
  { args = [], env = {} }: { args?: string[]; env?: Record<string, string> } = {},
): McpTarget {
  return { transport: "stdio", command: process.execPath, args: [referenceServer(name), ...args], env };
}

/** What a check needs, with everything left out filled in. */
export function target(given: Partial<CheckTarget>): CheckTarget {
  const rest: CheckTarget = {
    server: "subject",
    mcp: null,
    rest: null,
    timeoutMs: 10_000,
    requiredTools: [],
    allowPrivate: false,
  };
  return { ...rest, ...given };
}

/** The Streamable HTTP target of an address. */
export function over(url: string): McpTarget {
  return { transport: "streamable-http", url };
}

/** server-everything over one of its HTTP transports, as a child process on a free port. */
export async function everythingOverHttp(
  transport: "streamableHttp" | "sse" = "streamableHttp",
): Promise<LocalServer & { readonly pid: number }> {
  const port = await freePort();
  const main = referenceServer("everything");
  const child = spawn(process.execPath, ["--import", ONLY_HERE, main, transport], {
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  child.stderr.on("data", (chunk) => /listening|running/.test(String(chunk)) && resolve());
  child.once("exit", (code) => reject(new Error(`server-everything ended with ${code}`)));
  await listening;
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    url: `${origin}/${transport === "sse" ? "sse" : "mcp"}`,
    health: `${origin}/health`,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/**
 * A module to `--import` before somebody else's server: such servers listen on every interface of the machine,
 * and a test has no business there. The address needs no lookup, so that whoever asks for the port at once gets it.
 */
export const ONLY_HERE = `data:text/javascript,${encodeURIComponent(`import dns from "node:dns";
  import net from "node:net";
  const { lookup } = dns;
  dns.lookup = (host, ...rest) => {
    if (host !== "127.0.0.1") return lookup(host, ...rest);
    const told = rest.at(-1);
    return rest[0]?.all === true ? told(null, [{ address: host, family: 4 }]) : told(null, host, 4);
  };
  const { listen } = net.Server.prototype;
  net.Server.prototype.listen = function (port, ...rest) {
    return listen.call(this, Number(port), "127.0.0.1", ...rest.filter((item) => typeof item === "function"));
  };`)}`;

/** A server of the modern generation, built on the SDK's second major version. */
export function modernServer(legacy: "stateless" | "reject" = "stateless"): Promise<LocalServer> {
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: "modern", version: "1" });
      for (const name of ["one", "two"]) server.registerTool(name, {}, () => ({ content: [] }));
      return server;
    },
    { legacy },
  );
  const listener = getRequestListener((request) => handler.fetch(request));
  return serve((request, response) => void listener(request, response));
}

/** A server of the older generation with sessions, built on the SDK's first major version. */
export function legacyServer(): Promise<LocalServer & { readonly sessions: ReadonlyMap<string, unknown> }> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const server = new LegacyServer({ name: "legacy", version: "1" });
    for (const name of ["one", "two", "three"]) server.registerTool(name, {}, () => ({ content: [] }));
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    return transport;
  };
  const serving = serve(async (request, response) => {
    const id = String(request.headers["mcp-session-id"] ?? "");
    const transport = sessions.get(id) ?? (await open());
    await transport.handleRequest(request, response);
  });
  return serving.then((server) => ({
    ...server,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    sessions,
  }));
}

/** Whether a process still runs; one that ended and waits to be reaped does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
