import http, { type ClientRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { ProbeFault } from "../classify.ts";
import { Answer } from "./answer.ts";
import type { Connection } from "./connection.ts";
import type { Connections, Underway } from "./connections.ts";
import { abortedIn, brokenIn, codeOf, type Phase, unsendable } from "./faults.ts";

/** Octets of all header lines of one answer. */
const MAX_HEADER_BYTES = 16 * 1024;
/** The least number that is a status (RFC 9110, section 15). */
const MIN_STATUS = 100;
/** Informational answers (1xx) that are passed over before the real one has to come. */
const MAX_INFORMATIONAL = 16;

/** One request, made ready to be sent. */
export interface Errand {
  readonly connections: Connections;
  readonly owner: object;
  readonly secure: boolean;
  /** A name, or an IP address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly method: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: string | undefined;
  readonly signal: AbortSignal;
  readonly maxBodyBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * One request on its way, until its answer has been read to the end. Every event of its request, message and
 * signal ends in `fail` or `finish`, and only the first of those counts.
 */
export class Exchange implements Underway {
  readonly owner: object;
  readonly #errand: Errand;
  readonly #startedAt = performance.now();
  readonly #abort: () => void;
  #resolve: (answer: Answer) => void = () => undefined;
  #reject: (fault: ProbeFault) => void = () => undefined;
  #request: ClientRequest | null = null;
  #connection: Connection | null = null;
  #answer: Answer | null = null;
  #informational = 0;
  #isOver: boolean = false;

  constructor(errand: Errand) {
    this.owner = errand.owner;
    this.#errand = errand;
    this.#abort = () => this.fail(this.#aborted());
  }

  /** Resolves when the headers have come. Rejects with a ProbeFault. */
  start(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      const { signal, connections } = this.#errand;
      if (signal.aborted) return reject(this.#aborted());
      connections.underway.add(this);
      signal.addEventListener("abort", this.#abort);
      this.#send(false);
    });
  }

  /** Gives up the exchange and its connection. Whoever waits is told why. */
  fail(fault: ProbeFault): void {
    if (this.#isOver) return;
    this.finish();
    this.#request?.destroy();
    if (this.#answer === null) this.#reject(fault);
    else this.#answer.fail(fault);
  }

  /** Nothing more is to come: lets go of everything but the connection. */
  finish(): void {
    this.#isOver = true;
    this.#errand.connections.underway.delete(this);
    this.#errand.signal.removeEventListener("abort", this.#abort);
  }

  #send(fresh: boolean): void {
    const { connections, secure, host, port, path, method, headers, body } = this.#errand;
    try {
      const request = http.request({
        agent: connections.agent(secure, fresh),
        protocol: secure ? "https:" : "http:",
        host,
        port,
        path,
        method,
        headers,
        maxHeaderSize: MAX_HEADER_BYTES,
        insecureHTTPParser: false,
      });
      this.#request = request;
      this.#connection = null;
      this.#listen(request);
      request.end(body);
    } catch (error) {
      this.fail(unsendable(error));
    }
  }

  #listen(request: ClientRequest): void {
    request.on("socket", (socket) => {
      this.#connection = this.#errand.connections.of(socket);
      this.#connection?.take();
    });
    request.on("response", (message) => this.#receive(request, message));
    request.on("error", (error) => this.#broken(request, error));
    request.on("information", () => {
      this.#informational += 1;
      if (this.#informational > MAX_INFORMATIONAL) {
        this.fail(new ProbeFault("protocol", `more than ${MAX_INFORMATIONAL} informational answers`));
      }
    });
    request.on("upgrade", (_message: IncomingMessage, socket: Socket) => {
      socket.destroy();
      this.fail(switched());
    });
    request.on("close", () => {
      if (request === this.#request && this.#answer === null) this.fail(brokenIn(this.#phase(), CLOSED));
    });
  }

  #receive(request: ClientRequest, message: IncomingMessage): void {
    const connection = this.#connection;
    // The connection may end with an error at any time from now on, also when nobody reads.
    message.on("error", (error) => this.#broken(request, error));
    if (this.#isOver || connection === null) {
      message.destroy();
      return;
    }
    if (message.statusCode === 101) {
      // Without the header that names a protocol, Node takes it for an ordinary answer.
      this.fail(switched());
      return;
    }
    const status = message.statusCode ?? 0;
    if (status < MIN_STATUS) {
      // Node's parser takes any number for a status
      message.destroy();
      this.fail(new ProbeFault("protocol", `HTTP ${status} is no status of HTTP`));
      return;
    }
    connection.heed(message.headers["keep-alive"]?.toString());
    const { maxBodyBytes, now } = this.#errand;
    this.#answer = new Answer({ message, connection, exchange: this, maxBodyBytes, now: now() });
    this.#resolve(this.#answer);
  }

  #broken(request: ClientRequest, error: Error): void {
    if (this.#isOver || request !== this.#request) return;
    if (this.#answer?.isComplete === true) return;
    if (this.#wasStale(error)) this.#send(true);
    else this.fail(brokenIn(this.#phase(), error));
  }

  /** A server may close a kept connection at the very moment that it is used again: no outage, and sent anew. */
  #wasStale(error: Error): boolean {
    const connection = this.#connection;
    if (connection === null || !connection.isReused || connection.isAnswered) return false;
    const code = codeOf(error);
    return code === "ECONNRESET" || code === "EPIPE";
  }

  #phase(): Phase {
    if (this.#answer !== null) return "body";
    const socket = this.#request?.socket ?? null;
    return (this.#connection ?? this.#errand.connections.of(socket))?.phase ?? "queue";
  }

  #aborted(): ProbeFault {
    return abortedIn(this.#phase(), this.#errand.signal.reason, performance.now() - this.#startedAt);
  }
}

function switched(): ProbeFault {
  return new ProbeFault("protocol", "HTTP 101, but no upgrade was asked for");
}

const CLOSED = Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" });
