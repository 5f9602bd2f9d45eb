import {
  Client,
  InsufficientScopeError,
  type JSONRPCMessage,
  ProtocolError,
  parseJSONRPCMessage,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  StreamableHTTPClientTransport,
  type Transport,
  UnauthorizedError,
  UnsupportedProtocolVersionError,
} from "@modelcontextprotocol/client";
import { type Child, startChild } from "./child.ts";
import { ProbeFault } from "./classify.ts";
import { createFetcher, type FetcherOptions } from "./fetch.ts";
import type { McpSession, OpenSession, ResolvedMcp, ServerProcess, SessionRequest } from "./session.ts";

/** The one file that knows the MCP SDK: both transports, both generations, its errors as ProbeFaults. */

const CLIENT_INFO = { name: "rollcall", version: "0.1.0" };
/** Pages of tools/list that are followed; a list that never ends is a fault of the server. */
const MAX_PAGES = 64;
/** How long ending an HTTP session may take before its connections are cut. */
const GOODBYE_MS = 500;

/** Opens a session over Streamable HTTP or stdio, speaking to modern and legacy servers alike. */
export const openSession: OpenSession = async (request) => {
  request.signal.throwIfAborted();
  const { mcp } = request;
  return mcp.transport === "stdio" ? openStdio(mcp, request) : openHttp(mcp.url, request);
};

async function openHttp(address: string, request: SessionRequest): Promise<McpSession> {
  if (!URL.canParse(address)) throw new ProbeFault("connect", `${address} is not an address`);
  const broken = faultSignal();
  const fetcher = createFetcher({ reach: request.reach, onFault: broken.raise } satisfies FetcherOptions);
  const transport = new StreamableHTTPClientTransport(new URL(address), {
    // The guarded fetch follows and judges redirects itself.
    redirectPolicy: "follow",
    fetch: async (url, init) => (opensIdleStream(init) ? noStream() : fetcher.fetch(url, init)),
  });
  const end = async (client: Client): Promise<void> => {
    // A server that keeps sessions would otherwise gather one of each check.
    if (transport.sessionId !== undefined) await settled(transport.terminateSession(), GOODBYE_MS);
    await settled(client.close(), GOODBYE_MS);
    fetcher.close();
  };
  return converse({ transport, request, broken, end, process: null, legacyOnly: false });
}

async function openStdio(
  target: Extract<ResolvedMcp, { transport: "stdio" }>,
  request: SessionRequest,
): Promise<McpSession> {
  const attempt = async (legacyOnly: boolean): Promise<McpSession> => {
    const broken = faultSignal();
    const transport = new ChildTransport(target, broken.raise);
    const end = async (client: Client): Promise<void> => {
      await transport.close();
      await client.close().catch(() => undefined);
    };
    return converse({ transport, request, broken, end, process: transport, legacyOnly });
  };
  try {
    return await attempt(false);
  } catch (error) {
    // Some older servers end on any request before `initialize`; those deserve a second process.
    if (!(error instanceof DiedAtFirstRequest) || request.signal.aborted) throw error;
    return attempt(true);
  }
}

/** The child ended before it had answered anything. */
class DiedAtFirstRequest extends ProbeFault {}

interface Conversation {
  readonly transport: Transport;
  readonly request: SessionRequest;
  readonly broken: FaultSignal;
  readonly end: (client: Client) => Promise<void>;
  readonly process: ServerProcess | null;
  /** Skips the question for the modern generation. */
  readonly legacyOnly: boolean;
}

async function converse(conversation: Conversation): Promise<McpSession> {
  const { transport, request, broken, end, process, legacyOnly } = conversation;
  const { signal, timeoutMs } = request;
  const client = new Client(CLIENT_INFO, {
    versionNegotiation: {
      mode: "auto",
      // On a pipe silence means an older server, and half of the time must be left for its handshake.
      probe: { timeoutMs: process === null ? timeoutMs : Math.ceil(timeoutMs / 2) },
    },
    // No tool is called, so no schema needs to be compiled.
    jsonSchemaValidator: { getValidator: () => () => ({ valid: false, data: undefined, errorMessage: "" }) },
  });
  let ended: Promise<void> | null = null;
  const close = (): Promise<void> => {
    ended ??= end(client).catch(() => undefined);
    return ended;
  };
  try {
    const connecting = client.connect(transport, {
      timeout: timeoutMs,
      signal,
      ...(legacyOnly ? { prior: { kind: "legacy" } } : {}),
    });
    await race(connecting, broken, signal);
  } catch (error) {
    await close();
    throw toFault(error);
  }
  const closed = Promise.withResolvers<void>();
  client.onclose = () => closed.resolve();
  return {
    era: client.getProtocolEra() === "modern" ? "modern" : "legacy",
    protocolVersion: client.getNegotiatedProtocolVersion() ?? null,
    process,
    closed: closed.promise,
    close,
    async listTools(callSignal) {
      if (client.getServerCapabilities()?.tools === undefined) {
        throw new ProbeFault("capability", "the server does not offer tools");
      }
      try {
        return await race(readPages(client, { signal: callSignal, timeout: timeoutMs }), broken, callSignal);
      } catch (error) {
        throw toFault(error);
      }
    },
  };
}

async function readPages(
  client: Client,
  options: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<string[]> {
  const names: string[] = [];
  const cursors = new Set<string>();
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    // An empty cursor is a valid one: only its absence ends the list.
    const cursor = [...cursors].at(-1);
    const params = cursor === undefined ? {} : { cursor };
    const { tools, nextCursor } = await client.request({ method: "tools/list", params }, options);
    names.push(...tools.map(({ name }) => name));
    if (nextCursor === undefined) return names;
    if (cursors.has(nextCursor)) throw new ProbeFault("protocol", "tools/list repeats a cursor");
    cursors.add(nextCursor);
  }
  throw new ProbeFault("protocol", `tools/list has more than ${MAX_PAGES} pages`);
}

/** A child process as the SDK wants its transports; `pid` and `stderr` also tell it that this is a pipe. */
class ChildTransport implements Transport, ServerProcess {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly stderr = null;
  readonly #target: Extract<ResolvedMcp, { transport: "stdio" }>;
  readonly #raise: (fault: ProbeFault) => void;
  #child: Child | null = null;
  #answered: boolean;
  #closing: boolean;

  constructor(target: Extract<ResolvedMcp, { transport: "stdio" }>, raise: (fault: ProbeFault) => void) {
    this.#target = target;
    this.#raise = raise;
    this.#answered = false;
    this.#closing = false;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  stderrTail(): string {
    return this.#child?.stderrTail() ?? "";
  }

  async start(): Promise<void> {
    const child = await startChild(this.#target, {
      line: (text) => this.#receive(text),
      ended: (fault) => {
        this.#raise(this.#answered ? fault : new DiedAtFirstRequest(fault.failureClass, fault.message));
        this.onclose?.();
      },
    });
    this.#child = child;
    if (this.#closing) await child.stop();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#child?.write(JSON.stringify(message));
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#child?.stop();
  }

  #receive(text: string): void {
    try {
      const message = parseJSONRPCMessage(JSON.parse(text));
      this.#answered = true;
      this.onmessage?.(message);
    } catch (error) {
      // Servers that log to stdout are wrong but common: such a line is passed over.
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

interface FaultSignal {
  readonly raise: (fault: ProbeFault) => void;
  /** Calls back with the first fault, at once when it has been raised already; returns how to stop listening. */
  readonly listen: (heard: (fault: ProbeFault) => void) => () => void;
}

/** Faults of the channel itself, which the SDK would only report as silence. */
function faultSignal(): FaultSignal {
  const listeners = new Set<(fault: ProbeFault) => void>();
  let first: ProbeFault | null = null;
  return {
    raise(fault) {
      if (first !== null) return;
      first = fault;
      for (const heard of listeners) heard(fault);
    },
    listen(heard) {
      if (first !== null) heard(first);
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
  };
}

/**
 * The work, unless the channel breaks or the time is over first. Listeners are taken off again: a promise
 * kept for the life of a session would gather one reaction of every check.
 */
async function race<T>(work: Promise<T>, broken: FaultSignal, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  const cut = Promise.withResolvers<never>();
  const onAbort = (): void => cut.reject(signal.reason);
  const stopListening = broken.listen(cut.reject);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, cut.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    stopListening();
  }
}

async function settled(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => undefined), timeout]);
  clearTimeout(timer);
}

/** The SDK opens a stream for the server's own messages, which a check never waits for; a resumed one it needs. */
function opensIdleStream(init: RequestInit | undefined): boolean {
  return init?.method === "GET" && !new Headers(init.headers).has("last-event-id");
}

function noStream(): Response {
  return new Response(null, { status: 405 });
}

/** The SDK's errors as faults; what came from below it (addresses, sockets, bodies) keeps its own class. */
function toFault(error: unknown): unknown {
  if (hasOwnCause(error)) return error;
  if (error instanceof SdkHttpError) return httpFault(error);
  if (error instanceof UnauthorizedError || error instanceof InsufficientScopeError) {
    return new ProbeFault("auth", error.message, error);
  }
  if (error instanceof UnsupportedProtocolVersionError)
    return new ProbeFault("protocol", error.message, error);
  if (error instanceof ProtocolError) {
    return new ProbeFault("rpc", `JSON-RPC error ${error.code}: ${error.message}`, error);
  }
  if (!(error instanceof SdkError)) return error;
  if (error.code === SdkErrorCode.RequestTimeout) return new ProbeFault("timeout", error.message, error);
  return new ProbeFault("protocol", error.message, error);
}

function httpFault(error: SdkHttpError): ProbeFault {
  const refused = error.status === 401 || error.status === 403;
  const text = `HTTP ${error.status} ${error.statusText ?? ""}`.trimEnd();
  return new ProbeFault(refused ? "auth" : "http", text, error);
}

function hasOwnCause(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof ProbeFault || error.name === "AbortError") return true;
  return hasOwnCause(error.cause);
}
