import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Phase } from "./faults.ts";
import type { Certificate, HttpTimings } from "./types.ts";

/** How long a connection may lie idle, in milliseconds. */
const IDLE_MS = 15_000;
/** After this many milliseconds a connection is given up, so that name, route and certificate are tried anew. */
const MAX_AGE_MS = 60_000;
/** Milliseconds before the announced end of a connection at which it is no longer used. */
const HINT_MARGIN_MS = 1_000;
const DAY_MS = 86_400_000;

/** The course of one connection. Moments are milliseconds of the monotonic clock; 0 is not yet. */
export class Connection {
  readonly #socket: Socket;
  readonly #startedAt = performance.now();
  readonly #encrypted: boolean;
  readonly #named: boolean;
  #lookedUpAt = 0;
  #connectedAt = 0;
  #securedAt = 0;
  #requestedAt = 0;
  #firstByteAt = 0;
  #requests = 0;
  #busy: boolean = false;
  #keepAlive: string | undefined;
  #idleMs = IDLE_MS;
  #validTo: number | null = null;

  /** `named` says that the socket is to resolve a name first. */
  constructor(socket: Socket, named: boolean) {
    this.#socket = socket;
    this.#named = named;
    this.#encrypted = socket instanceof TLSSocket;
    socket.setTimeout(IDLE_MS);
    // Between two requests nobody else listens, and an error that nobody hears would end the process.
    socket.on("error", () => undefined);
    socket.on("lookup", (error) => {
      if (error === null && this.#lookedUpAt === 0) this.#lookedUpAt = performance.now();
    });
    socket.on("connect", () => {
      this.#connectedAt = performance.now();
    });
    if (socket instanceof TLSSocket) {
      socket.on("secureConnect", () => {
        this.#securedAt = performance.now();
        this.#validTo = validTo(socket);
      });
    }
    socket.on("data", () => {
      // What comes unasked would be taken for the answer to the next request.
      if (!this.#busy) socket.destroy();
      else if (this.#firstByteAt === 0) this.#firstByteAt = performance.now();
    });
  }

  /** Whether an earlier request has been sent on it. */
  get isReused(): boolean {
    return this.#requests > 1;
  }

  get isAnswered(): boolean {
    return this.#firstByteAt !== 0;
  }

  /** A request takes the connection. */
  take(): void {
    this.#requests += 1;
    this.#busy = true;
    this.#requestedAt = performance.now();
    this.#firstByteAt = 0;
  }

  /** The request is over; whether the connection may be kept for another one. */
  release(): boolean {
    this.#busy = false;
    return this.#idleMs > 0 && performance.now() - this.#startedAt < MAX_AGE_MS;
  }

  /** Heeds what a server announces in `Keep-Alive` about the time it waits for another request. */
  heed(keepAlive: string | undefined): void {
    if (keepAlive === this.#keepAlive) return;
    this.#keepAlive = keepAlive;
    const seconds = /\btimeout=(\d{1,6})/.exec(keepAlive ?? "")?.[1];
    this.#idleMs = Math.min(
      IDLE_MS,
      seconds === undefined ? IDLE_MS : Number(seconds) * 1000 - HINT_MARGIN_MS,
    );
    if (this.#idleMs > 0) this.#socket.setTimeout(this.#idleMs);
  }

  get phase(): Phase {
    if (this.#connectedAt === 0) return this.#named && this.#lookedUpAt === 0 ? "dns" : "connect";
    if (this.#encrypted && this.#securedAt === 0) return "tls";
    return this.isAnswered ? "headers" : "wait";
  }

  timings(): HttpTimings {
    const ready = this.#encrypted ? this.#securedAt : this.#connectedAt;
    const firstByteMs = this.#firstByteAt - Math.max(this.#requestedAt, ready);
    if (this.isReused) return { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs };
    const resolvedAt = this.#named ? this.#lookedUpAt : this.#startedAt;
    return {
      dnsMs: this.#named ? resolvedAt - this.#startedAt : null,
      connectMs: this.#connectedAt - resolvedAt,
      tlsMs: this.#encrypted ? this.#securedAt - this.#connectedAt : null,
      firstByteMs,
    };
  }

  /** The certificate that the server showed in the handshake, judged at `now` in milliseconds of the epoch. */
  certificate(now: number): Certificate | null {
    if (this.#validTo === null) return null;
    return {
      validTo: new Date(this.#validTo).toISOString(),
      daysLeft: Math.floor((this.#validTo - now) / DAY_MS),
    };
  }
}

function validTo(socket: TLSSocket): number | null {
  const time = Date.parse(socket.getPeerCertificate().valid_to ?? "");
  return Number.isNaN(time) ? null : time;
}
