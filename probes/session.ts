import type { Reach } from "./address.ts";
import type { Era } from "./result.ts";

/** The child process behind a stdio session. */
export interface ServerProcess {
  /** Also the id of the process group that ends with the session. */
  readonly pid: number;
  /** The last 4 KiB that the child wrote to stderr. */
  stderrTail(): string;
}

/** An open conversation with an MCP server, whichever generation of the protocol it speaks. */
export interface McpSession {
  readonly era: Era;
  readonly protocolVersion: string | null;
  /** The child of a stdio session; null over HTTP. */
  readonly process: ServerProcess | null;
  /** Resolves when the session has ended, by `close` or because the child went away. */
  readonly closed: Promise<void>;
  /** The names of all tools over all pages. Throws a ProbeFault. */
  listTools(signal: AbortSignal): Promise<string[]>;
  /** Ends the session and its process group within 1.5 s; never throws. */
  close(): Promise<void>;
}

/** An MCP target with its secrets read: what is opened. */
export type ResolvedMcp =
  | { readonly transport: "streamable-http"; readonly url: string }
  | {
      readonly transport: "stdio";
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly cwd?: string;
    };

export interface SessionRequest {
  readonly mcp: ResolvedMcp;
  readonly timeoutMs: number;
  readonly reach: Reach;
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
