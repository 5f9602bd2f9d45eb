import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { InMemoryEventStore } from "@modelcontextprotocol/sdk/examples/shared/inMemoryEventStore.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import {
  EmptyResultSchema,
  InitializeRequestSchema,
  ListRootsResultSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { type LocalServer, serve } from "../../support/faulty.ts";
import { referenceServer } from "../../support/servers.ts";

/** Servers that others wrote, as peers. */

/** server-everything over HTTP with SSE, as a child on a port that the system chooses. */
export async function everythingOverSse(): Promise<LocalServer> {
  // The server would listen on every interface and at a port that must be known before.
  const onlyHere = `import net from "node:net";
    const { listen } = net.Server.prototype;
    net.Server.prototype.listen = function (port, ...rest) {
      this.once("listening", () => console.error("port=" + this.address().port));
      return listen.call(this, 0, "127.0.0.1", ...rest.filter((item) => typeof item === "function"));
    };`;
  const preload = `data:text/javascript,${encodeURIComponent(onlyHere)}`;
  const child = spawn(process.execPath, ["--import", preload, referenceServer("everything"), "sse"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<string>();
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += String(chunk);
    const port = /port=(\d+)/.exec(said)?.[1];
    if (port !== undefined) resolve(port);
  });
  child.once("exit", (code) => reject(new Error(`server-everything ended with ${code}`)));
  const origin = `http://127.0.0.1:${await listening}`;
  return {
    origin,
    url: `${origin}/sse`,
    health: `${origin}/health`,
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** A server on the SDK's first major version that speaks one revision only, whatever it is offered. */
function speaking(protocolVersion: string): McpServer {
  const server = new McpServer({ name: "sdk-1", version: "1" });
  server.registerTool("one", {}, () => ({ content: [{ type: "text", text: "1" }] }));
  server.registerTool("interrupted", {}, async (extra) => {
    extra.closeSSEStream?.();
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { content: [{ type: "text", text: "resumed" }] };
  });
  server.registerTool("curious", {}, async (extra) => {
    const related = { relatedRequestId: extra.requestId };
    const answer = await server.server.request({ method: "ping" }, EmptyResultSchema, related);
    const roots = await server.server
      .request({ method: "roots/list" }, ListRootsResultSchema, related)
      .catch((error: unknown) => String(error));
    return { content: [{ type: "text", text: `${JSON.stringify(answer)} ${roots}` }] };
  });
  server.server.setRequestHandler(InitializeRequestSchema, () => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "sdk-1", version: "1" },
  }));
  return server;
}

/** Streamable HTTP with sessions, resumable streams and one old revision. */
export async function oldServer(
  protocolVersion: string,
  { retryInterval }: { readonly retryInterval?: number } = {},
): Promise<LocalServer & { readonly sessions: Map<string, StreamableHTTPServerTransport> }> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
      ...(retryInterval === undefined ? {} : { eventStore: new InMemoryEventStore(), retryInterval }),
    });
    const server = speaking(protocolVersion);
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    return transport;
  };
  const server = await serve(async (request, response) => {
    const id = request.headers["mcp-session-id"];
    const known = sessions.get(String(id));
    if (id !== undefined && known === undefined) return response.writeHead(404).end();
    return (known ?? (await open())).handleRequest(request, response);
  });
  return { ...server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](), sessions };
}

/** HTTP with SSE on the SDK's first major version; POSTs to its address are refused as the SDK's examples do. */
export async function oldSseServer(): Promise<
  LocalServer & { readonly open: Map<string, SSEServerTransport> }
> {
  const open = new Map<string, SSEServerTransport>();
  const server = await serve(async (request, response) => {
    const id = new URL(request.url ?? "", "http://here").searchParams.get("sessionId");
    if (request.method === "POST") {
      const transport = open.get(id ?? "");
      return transport === undefined
        ? response.writeHead(404).end("Cannot POST")
        : transport.handlePostMessage(request, response);
    }
    const transport = new SSEServerTransport("/message", response);
    open.set(transport.sessionId, transport);
    response.on("close", () => open.delete(transport.sessionId));
    return speaking("2024-11-05").connect(transport);
  });
  return { ...server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](), open };
}
