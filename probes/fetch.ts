import http from "node:http";
import https from "node:https";
import { pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { guardedLookup, type Reach, refuseLiteral } from "./address.ts";
import { classify, ProbeFault } from "./classify.ts";

/** The largest body that is read, after decompression. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const MAX_REDIRECTS = 3;

export interface FetcherOptions {
  readonly reach: Reach;
  /** @default 4 MiB */
  readonly maxBodyBytes?: number;
  /** Told when a body breaks while it is read: whoever reads it may keep the error to itself. */
  readonly onFault?: (fault: ProbeFault) => void;
}

/** Connections of one path of one check. */
export interface Fetcher {
  /** Like the global fetch for text bodies; failures are ProbeFaults or errors with a Node code. */
  fetch(input: string | URL, init?: RequestInit): Promise<Response>;
  /** Ends every connection, used or not. */
  close(): void;
}

interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * A fetch for servers that are not trusted: only http and https, only addresses within the reach, redirects
 * only within the origin and at most three, bodies up to 4 MiB.
 */
export function createFetcher({ reach, maxBodyBytes = MAX_BODY_BYTES, onFault }: FetcherOptions): Fetcher {
  const lookup = guardedLookup(reach);
  const agents = {
    "http:": new http.Agent({ keepAlive: true, lookup }),
    "https:": new https.Agent({ keepAlive: true, lookup }),
  };

  async function send({ url, method, headers, body, signal }: Exchange): Promise<http.IncomingMessage> {
    assertAllowed(url, reach);
    return new Promise((resolve, reject) => {
      const options = {
        method,
        headers: Object.fromEntries(headers),
        ...(signal === undefined ? {} : { signal }),
      };
      const request =
        url.protocol === "https:"
          ? https.request(url, { ...options, agent: agents["https:"] })
          : http.request(url, { ...options, agent: agents["http:"] });
      request.on("response", resolve);
      request.on("error", (error) => reject(asFault(error)));
      request.end(body);
    });
  }

  return {
    async fetch(input, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has("accept-encoding")) headers.set("accept-encoding", "identity");
      if (!headers.has("user-agent")) headers.set("user-agent", "rollcall");
      const exchange: Exchange = {
        url: new URL(input),
        method: init.method ?? "GET",
        headers,
        body: textBody(init.body),
        signal: init.signal ?? undefined,
      };
      const message = await follow(exchange, send);
      return toResponse(message, (source) => capped(source, maxBodyBytes, onFault));
    },
    close() {
      agents["http:"].destroy();
      agents["https:"].destroy();
    },
  };
}

async function follow(
  exchange: Exchange,
  send: (exchange: Exchange) => Promise<http.IncomingMessage>,
): Promise<http.IncomingMessage> {
  let url = exchange.url;
  for (let hops = 0; ; hops += 1) {
    const message = await send({ ...exchange, url });
    const status = message.statusCode ?? 0;
    const location = message.headers.location;
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return message;
    message.destroy();
    if (hops === MAX_REDIRECTS) throw new ProbeFault("http", `more than ${MAX_REDIRECTS} redirects`);
    if (!URL.canParse(location, url.href))
      throw new ProbeFault("http", `HTTP ${status} to an invalid address`);
    const next = new URL(location, url);
    if (next.origin !== url.origin) {
      throw new ProbeFault("http", `HTTP ${status} to another origin: ${next.origin}`);
    }
    if (exchange.method !== "GET" && status < 307) {
      throw new ProbeFault("http", `HTTP ${status} would turn a ${exchange.method} into a GET`);
    }
    url = next;
  }
}

function assertAllowed(url: URL, reach: Reach): void {
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new ProbeFault("connect", `only http and https addresses are checked, not ${url.protocol}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new ProbeFault("auth", "credentials do not belong in an address; give them by reference");
  }
  refuseLiteral(url.hostname, reach);
}

/** Classed here, because the SDK hands on less of an error than it is given. */
function asFault(error: Error): Error {
  if (error instanceof ProbeFault || error.name === "AbortError") return error;
  const { failureClass, detail } = classify(error);
  return new ProbeFault(failureClass, detail, error);
}

function textBody(body: RequestInit["body"]): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body !== "string") throw new TypeError("the guarded fetch sends text bodies only");
  return body;
}

function toResponse(
  message: http.IncomingMessage,
  read: (source: Readable) => ReadableStream<Uint8Array>,
): Response {
  const status = message.statusCode ?? 0;
  // Nobody may be reading when a connection breaks; the reader gets the same error from its own end.
  message.on("error", () => undefined);
  try {
    const headers = new Headers();
    for (const [name, values] of Object.entries(message.headersDistinct)) {
      for (const value of values ?? []) headers.append(name, value);
    }
    const bodyless = status === 204 || status === 205 || status === 304;
    if (bodyless) message.resume();
    const body = bodyless ? null : read(decoded(message));
    return new Response(body, { status, statusText: message.statusMessage ?? "", headers });
  } catch (error) {
    message.destroy();
    throw error instanceof ProbeFault
      ? error
      : new ProbeFault("protocol", `not a usable HTTP answer (status ${status})`, error);
  }
}

function decoded(message: http.IncomingMessage): Readable {
  const encoding = message.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "") return message;
  const decoder = decoderOf(encoding);
  // The error reaches the reader through the decoder, which pipeline destroys with it.
  return pipeline(message, decoder, () => undefined);
}

function decoderOf(encoding: string): ReturnType<typeof createGunzip | typeof createBrotliDecompress> {
  if (encoding === "gzip" || encoding === "x-gzip") return createGunzip();
  if (encoding === "deflate") return createInflate();
  if (encoding === "br") return createBrotliDecompress();
  throw new ProbeFault("protocol", `content-encoding ${encoding} was not asked for`);
}

function capped(
  source: Readable,
  maxBytes: number,
  onFault: ((fault: ProbeFault) => void) | undefined,
): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = source[Symbol.asyncIterator]();
  let total = 0;
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (done === true) return controller.close();
        total += value.byteLength;
        if (total > maxBytes) throw new ProbeFault("protocol", `the body exceeds ${maxBytes} bytes`);
        return controller.enqueue(new Uint8Array(value));
      } catch (error) {
        source.destroy();
        if (error instanceof Error && error.name === "AbortError") return controller.error(error);
        const fault = error instanceof ProbeFault ? error : brokenBody(error);
        onFault?.(fault);
        return controller.error(fault);
      }
    },
    cancel() {
      source.destroy();
    },
  });
}

/** A connection that ends inside a body is the connection's failure; data that does not decode is the server's. */
function brokenBody(error: unknown): ProbeFault {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reset = code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE";
  return reset
    ? new ProbeFault("connect", "the connection ended inside the body", error)
    : new ProbeFault("protocol", `the body is broken (${code})`, error);
}
