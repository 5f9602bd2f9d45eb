import type { Certificate, HttpClient, HttpTimings } from "./http/types.ts";
import type { Era } from "./result.ts";

/** The child process behind a stdio session. */
export interface ServerProcess {
  /** Also the id of the process group that ends with the session. */
  readonly pid: number;
  /** The last 4 KiB that the child wrote to stderr. */
  stderrTail(): string;
}

/** A tool as a server lists it: judged to have a name and an input schema, otherwise untouched and untrusted. */
export interface ToolDefinition {
  readonly name: string;
  readonly title?: unknown;
  readonly description?: unknown;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly outputSchema?: unknown;
  readonly annotations?: unknown;
}

/** All pages of tools/list, in the order of the server, duplicates included. */
export interface ToolList {
  readonly tools: readonly ToolDefinition[];
  readonly pages: number;
  /** Milliseconds that the server lets its list be kept; null when it does not say (as no legacy server does). */
  readonly ttlMs: number | null;
  readonly cacheScope: string | null;
}

/** How the answer to a call arrived as a stream; milliseconds since the request was sent. */
export interface StreamTimings {
  readonly events: number;
  readonly firstEventMs: number | null;
  /** Between two events, or between the request and the first one. */
  readonly longestGapMs: number | null;
  readonly lastEventMs: number | null;
  /** The stream ended before the answer came. */
  readonly truncated: boolean;
}

/** The answer of a tool. An error that the tool reports is an answer, a JSON-RPC error is thrown. */
export interface ToolAnswer {
  readonly isError: boolean;
  /** The text blocks of the content, joined by line feeds; at most 64 KiB are kept. */
  readonly text: string;
  readonly structured: unknown;
  /** Null where the answer was one JSON document. */
  readonly stream: StreamTimings | null;
}

/** An open conversation with an MCP server, whichever generation of the protocol it speaks. */
export interface McpSession {
  readonly era: Era;
  readonly transport: "streamable-http" | "sse" | "stdio";
  readonly protocolVersion: string | null;
  /** What the server calls itself, untrusted; null when it does not say. */
  readonly serverInfo: { readonly name: string; readonly version: string } | null;
  /** Of the first exchange; null over stdio. */
  readonly timings: HttpTimings | null;
  readonly certificate: Certificate | null;
  /** The child of a stdio session; null over HTTP. */
  readonly process: ServerProcess | null;
  /** Resolves when the session has ended, by `close` or because the child went away. */
  readonly closed: Promise<void>;
  /** Throws a ProbeFault. */
  listTools(signal: AbortSignal): Promise<ToolList>;
  /** Throws a ProbeFault; one of class protocol with `stream.truncated` when the stream ended early. */
  callTool(
    call: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> },
    signal: AbortSignal,
  ): Promise<ToolAnswer>;
  /** Ends the session and its process group within 1.5 s; never throws. */
  close(): Promise<void>;
}

/** An MCP target with its secrets read: what is opened. */
export type ResolvedMcp =
  | { readonly transport: "streamable-http" | "sse"; readonly url: string }
  | {
      readonly transport: "stdio";
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly cwd?: string;
    };

/** What an earlier session found out, so that the next one need not ask again. */
export interface RememberedEra {
  readonly era: Era;
  readonly transport: McpSession["transport"];
  readonly protocolVersion: string;
}

export interface SessionRequest {
  readonly mcp: ResolvedMcp;
  readonly timeoutMs: number;
  /** Sends what an HTTP target needs; never closed by the session. */
  readonly http: HttpClient;
  /** Tried first; a server that has changed since is asked anew. */
  readonly remembered?: RememberedEra;
  /** W3C trace context, sent as a header over HTTP and in `_meta` to modern servers. */
  readonly traceparent?: string;
  /** Aborts the opening only; an open session is ended by `close`. */
  readonly signal: AbortSignal;
}

/** Opens a session. Throws a ProbeFault, and leaves no connection and no process behind when it does. */
export type OpenSession = (request: SessionRequest) => Promise<McpSession>;

/** A session on loan for one check. */
export interface Lease {
  readonly session: McpSession;
  /** Gives the session back; `ok` is false when the exchange failed and the session should not be used again. */
  release(ok: boolean): Promise<void>;
}
