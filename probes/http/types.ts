import type { IncomingHttpHeaders } from "node:http";

/** One request as the probe sends it; bodies are text. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: "GET" | "POST" | "DELETE" | "HEAD";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Aborts the request and the reading of its answer. */
  readonly signal: AbortSignal;
}

/**
 * Milliseconds of the phases of one exchange. What did not happen is null: a connection that was kept
 * needs neither name nor handshake.
 */
export interface HttpTimings {
  readonly dnsMs: number | null;
  readonly connectMs: number | null;
  readonly tlsMs: number | null;
  /** From the request's start on the socket to the first byte of the answer. */
  readonly firstByteMs: number | null;
}

/** The certificate that a server showed. */
export interface Certificate {
  /** ISO 8601, UTC. */
  readonly validTo: string;
  /** Whole days until then, rounded down; negative once it has run out. */
  readonly daysLeft: number;
}

/** An answer whose headers have arrived. The body is decoded, capped and read at most once. */
export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  readonly timings: HttpTimings;
  readonly certificate: Certificate | null;
  /** The body as valid UTF-8. Throws a ProbeFault. */
  text(): Promise<string>;
  /** The body in pieces, as they come. Throws a ProbeFault. */
  chunks(): AsyncIterable<Uint8Array>;
  /** Leaves the body unread; the connection is given up unless the body was short. */
  discard(): void;
}

/** Sends requests to one server that is not trusted. */
export interface HttpClient {
  /** Throws a ProbeFault whose class is the rung that failed: dns, connect, tls, timeout, http, auth or protocol. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Ends what this client alone holds; the connections of a shared pool stay. */
  close(): void;
}

/** A private CA and a client certificate, as PEM. */
export interface TlsIdentity {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Puts credentials to requests; made in `probes/auth/`. */
export interface Authorizer {
  /** Headers that authorise this very request. Throws a ProbeFault of class auth when there is no credential. */
  headers(request: HttpRequest): Promise<Readonly<Record<string, string>>>;
  /**
   * Told of a 401 or 403 with its `WWW-Authenticate`; true when new credentials were got, and the request is
   * worth one repetition.
   */
  refused(challenge: string | null): Promise<boolean>;
}
