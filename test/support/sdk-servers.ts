import { randomUUID } from "node:crypto";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { InitializeRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import type { McpTarget } from "../../probes/target.ts";
import { type LocalServer, serve } from "./faulty/http.ts";
import { scripted } from "./faulty/stdio.ts";

/** Servers on the SDK's first major version, each held to one revision of the protocol; none speaks a newer one. */

export const OLDER_VERSIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] as const;
export type OlderVersion = (typeof OLDER_VERSIONS)[number];

export interface StreamableKind {
  readonly version: OlderVersion;
  readonly sessions: boolean;
  /** Answers as JSON documents instead of event streams. */
  readonly json: boolean;
}

/** What a server noticed of its clients. */
export interface Noticed {
  /** `MCP-Protocol-Version` of every request behind the handshake. */
  readonly versions: readonly string[];
  /** How many sessions were opened and not ended. */
  readonly openSessions: () => number;
}

/** A server over Streamable HTTP. */
export async function streamableOf(kind: StreamableKind): Promise<LocalServer & Noticed> {
  const versions: string[] = [];
  const open = new Map<string, StreamableHTTPServerTransport>();
  const connect = async (): Promise<StreamableHTTPServerTransport> => {
    const session = {
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id: string) => void open.set(id, transport),
      onsessionclosed: (id: string) => void open.delete(id),
    };
    const transport = new StreamableHTTPServerTransport({
      enableJsonResponse: kind.json,
      ...(kind.sessions ? session : {}),
    });
    await serverOf(kind.version).connect(transport as Parameters<McpServer["connect"]>[0]);
    return transport;
  };
  const server = await serve(async (request, response) => {
    const version = request.headers["mcp-protocol-version"];
    if (typeof version === "string") versions.push(version);
    const id = String(request.headers["mcp-session-id"] ?? "");
    const transport = open.get(id) ?? (await connect());
    await transport.handleRequest(request, response);
  });
  return { ...server, versions, openSessions: () => open.size };
}

/** A server over the HTTP+SSE transport of 2024-11-05. */
export function sseOf(version: OlderVersion): Promise<LocalServer> {
  const open = new Map<string, SSEServerTransport>();
  return serve(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    if (request.method === "GET" && url.pathname === "/mcp") {
      const transport = new SSEServerTransport("/messages", response);
      open.set(transport.sessionId, transport);
      return serverOf(version).connect(transport);
    }
    const transport = open.get(url.searchParams.get("sessionId") ?? "");
    if (request.method !== "POST" || transport === undefined) return response.writeHead(404).end();
    return transport.handlePostMessage(request, response);
  });
}

/** A server on the SDK's second major version as a child; `legacy` says what it does with older clients. */
export function modernOverStdio(legacy: "serve" | "reject"): McpTarget {
  return scripted(`import { McpServer } from "@modelcontextprotocol/server";
    import { serveStdio } from "@modelcontextprotocol/server/stdio";
    serveStdio(() => {
      const server = new McpServer({ name: "modern", version: "1" });
      for (const name of ["one", "two"]) server.registerTool(name, {}, () => ({ content: [] }));
      return server;
    }, { legacy: ${JSON.stringify(legacy)} });`);
}

function serverOf(version: OlderVersion): McpServer {
  const server = new McpServer({ name: "older", version: "1" });
  for (const name of ["one", "two", "three"]) server.registerTool(name, {}, () => ({ content: [] }));
  server.server.setRequestHandler(InitializeRequestSchema, () => ({
    protocolVersion: version,
    capabilities: { tools: { listChanged: true } },
    serverInfo: { name: "older", version: "1" },
  }));
  return server;
}
