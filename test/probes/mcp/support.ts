import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { createHttpClient } from "../../../probes/http/client.ts";
import { openSession } from "../../../probes/mcp/open.ts";
import type { McpSession, RememberedEra, ResolvedMcp } from "../../../probes/session.ts";
import type { McpTarget } from "../../../probes/target.ts";
import { type LocalServer, serve } from "../../support/faulty.ts";

export interface OpenOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly remembered?: RememberedEra;
  readonly traceparent?: string;
}

/** A session that ends with the test, and its connections with it. */
export type OpenedSession = McpSession & AsyncDisposable;

/** Opens a session as a check would, with connections of its own. */
export async function open(mcp: ResolvedMcp | McpTarget, options: OpenOptions = {}): Promise<OpenedSession> {
  const http = createHttpClient({ reach: "loopback" });
  const { timeoutMs = 10_000, signal = AbortSignal.timeout(20_000), ...rest } = options;
  try {
    const session = await openSession({ mcp: mcp as ResolvedMcp, timeoutMs, http, signal, ...rest });
    const end = async (): Promise<void> => {
      await session.close();
      http.close();
    };
    return { ...session, [Symbol.asyncDispose]: end };
  } catch (error) {
    http.close();
    throw error;
  }
}

/** The older HTTP transport at an address. */
export function sse(url: string): ResolvedMcp {
  return { transport: "sse", url };
}

export interface Message {
  readonly jsonrpc: string;
  readonly id?: number | string;
  readonly method: string;
  readonly params?: Record<string, unknown>;
  readonly error?: unknown;
  readonly result?: unknown;
}

/** One request as a server saw it. */
export interface Seen {
  readonly verb: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly message: Message | null;
}

export interface ScriptedServer extends LocalServer {
  readonly seen: readonly Seen[];
  /** Resolves once a request like this has come. */
  until(matches: (seen: Seen) => boolean): Promise<Seen>;
  /** The methods of JSON-RPC that were asked, in turn; other requests by their verb. */
  asked(): string[];
}

/** A server that a function answers, and that remembers what it was asked. */
export async function scriptedHttp(
  answer: (seen: Seen, response: ServerResponse) => unknown,
): Promise<ScriptedServer> {
  const seen: Seen[] = [];
  const waiting: { matches: (one: Seen) => boolean; resolve: (one: Seen) => void }[] = [];
  const server = await serve(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const message = text === "" ? null : (JSON.parse(text) as Message);
    const { method: verb = "", url: path = "", headers } = request;
    const one = { verb, path, headers, message };
    seen.push(one);
    for (const { matches, resolve } of waiting) if (matches(one)) resolve(one);
    await answer(one, response);
  });
  return {
    ...server,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    seen,
    asked: () => seen.map(({ verb, message }) => message?.method ?? verb),
    until(matches) {
      const known = seen.find(matches);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve) => waiting.push({ matches, resolve }));
    },
  };
}

export function json(response: ServerResponse, value: unknown, status = 200, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

export function result(seen: Seen, value: object): object {
  return { jsonrpc: "2.0", id: seen.message?.id, result: value };
}

export function error(seen: Seen, code: number, data?: unknown): object {
  return { jsonrpc: "2.0", id: seen.message?.id, error: { code, message: `error ${code}`, data } };
}

/** What a server of the older revisions says to `initialize`. */
export function initialized(protocolVersion = "2025-11-25"): object {
  return { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "scripted", version: "1" } };
}

/** What a modern server says to `server/discover`. */
export function discovered(supportedVersions: unknown = ["2026-07-28"]): object {
  return {
    supportedVersions,
    capabilities: { tools: {} },
    resultType: "complete",
    ttlMs: 0,
    cacheScope: "private",
  };
}

type Answers = Record<string, (seen: Seen, response: ServerResponse) => unknown>;

/** A legacy server over Streamable HTTP, right in all that the given answers leave out. */
export function legacyHttp(answers: Answers = {}): Promise<ScriptedServer> {
  return scriptedHttp((seen, response) => {
    const method = seen.message?.method ?? seen.verb;
    const given = answers[method];
    if (given !== undefined) return given(seen, response);
    if (method === "initialize") return json(response, result(seen, initialized()));
    if (method === "tools/list") return json(response, result(seen, { tools: [tool("a")] }));
    if (seen.verb !== "POST") return response.writeHead(405).end();
    if (seen.message?.id === undefined) return response.writeHead(202).end();
    return json(response, error(seen, -32601));
  });
}

/** A modern server, right in all that the given answers leave out. */
export function modernHttp(answers: Answers = {}): Promise<ScriptedServer> {
  return scriptedHttp((seen, response) => {
    const method = seen.message?.method ?? seen.verb;
    const given = answers[method];
    if (given !== undefined) return given(seen, response);
    if (method === "server/discover") return json(response, result(seen, discovered()));
    const complete = { resultType: "complete", ttlMs: 5_000, cacheScope: "public" };
    if (method === "tools/list") return json(response, result(seen, { ...complete, tools: [tool("a")] }));
    return json(response, error(seen, -32601), 404);
  });
}

export function tool(name: string): object {
  return { name, inputSchema: { type: "object" } };
}

/** Events of a stream, as text. */
export function events(...messages: readonly unknown[]): string {
  return messages.map((message) => `event: message\ndata: ${JSON.stringify(message)}\n\n`).join("");
}

export function eventStream(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { "content-type": "text/event-stream" });
}

/** What a promise was rejected with. */
export async function faultOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}
