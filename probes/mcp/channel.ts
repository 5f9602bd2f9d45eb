import type { Certificate, HttpTimings } from "../http/types.ts";
import type { Era } from "../result.ts";
import type { McpSession, ServerProcess, StreamTimings } from "../session.ts";
import type { JsonObject } from "./json.ts";

/** The generation of the protocol that a channel speaks; the version is null until it is agreed. */
export interface Dialect {
  readonly era: Era;
  readonly version: string | null;
}

export interface RpcCall {
  readonly method: string;
  readonly params: JsonObject;
  /** What a modern server wants named in a header: the tool that is called. */
  readonly name?: string;
}

export interface Reply {
  readonly result: JsonObject;
  /** Null where the answer was no stream of its own. */
  readonly stream: StreamTimings | null;
}

/** What the first answer over HTTP told below the protocol. */
export interface FirstExchange {
  readonly timings: HttpTimings;
  readonly certificate: Certificate | null;
}

/** A way to a server that carries JSON-RPC: Streamable HTTP, the older HTTP with SSE, or a child's pipes. */
export interface Channel {
  readonly transport: McpSession["transport"];
  /** The child of a stdio channel. */
  readonly process: ServerProcess | null;
  /** Null before the first answer, and always over stdio. */
  first(): FirstExchange | null;
  /** What the server gave to know the session by; null where there is none. */
  sessionId(): string | null;
  /** Resolves when nothing can be asked any more. */
  readonly closed: Promise<void>;
  speak(dialect: Dialect): void;
  /** Throws a ProbeFault: an HttpFault, an RpcFault or a StreamFault where it is one. */
  request(call: RpcCall, signal: AbortSignal): Promise<Reply>;
  /** Throws a ProbeFault when the server refuses the message. */
  notify(method: string, signal: AbortSignal): Promise<void>;
  /** Ends the session, its connections and its process; never throws. */
  close(): Promise<void>;
}
