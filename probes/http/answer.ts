import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { ProbeFault } from "../classify.ts";
import { type Flow, readBody, type Sink } from "./body.ts";
import type { Connection } from "./connection.ts";
import { PieceSink, TextSink } from "./sinks.ts";
import type { Certificate, HttpAnswer, HttpTimings } from "./types.ts";

/** What of an unwanted body is read away to save its connection, in octets and in milliseconds. */
const DRAIN_BYTES = 64 * 1024;
const DRAIN_MS = 250;

export interface AnswerOptions {
  readonly message: IncomingMessage;
  readonly connection: Connection;
  /** What the answer belongs to. */
  readonly exchange: { fail(fault: ProbeFault): void; finish(): void };
  readonly maxBodyBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** An answer whose headers have come. Its exchange is over once the body was read, given up or has failed. */
export class Answer implements HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  readonly timings: HttpTimings;
  readonly certificate: Certificate | null;
  readonly #options: AnswerOptions;
  #state: "unread" | "reading" | "draining" | "over" = "unread";
  #fault: ProbeFault | null = null;
  #sink: Sink | null = null;
  #flow: Flow | null = null;
  #timer: NodeJS.Timeout | undefined;
  #released: () => void = () => undefined;

  constructor(options: AnswerOptions) {
    const { message, connection, now } = options;
    this.#options = options;
    this.status = message.statusCode ?? 0;
    this.statusText = message.statusMessage ?? "";
    this.headers = message.headers;
    this.timings = connection.timings();
    this.certificate = connection.certificate(now);
  }

  /** Whether all of the answer has come, read or not: what befalls the connection then is no fault of it. */
  get isComplete(): boolean {
    return this.#options.message.complete;
  }

  text(): Promise<string> {
    return new Promise((resolve, reject) => void this.#read(new TextSink(resolve, reject)));
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const sink = new PieceSink();
    const flow = this.#read(sink);
    try {
      yield* sink.read(flow);
    } finally {
      // Only what is here already is worth waiting for: the rest of a stream may never come.
      if (this.isComplete) await this.drained();
      else this.discard();
    }
  }

  /** Discards the body and waits, 250 ms at most, until its connection is free or given up. */
  drained(): Promise<void> {
    if (this.#state === "over") return Promise.resolve();
    return new Promise((resolve) => {
      this.#released = resolve;
      this.discard();
    });
  }

  discard(): void {
    if (this.#state === "draining" || this.#state === "over") return;
    this.#state = "draining";
    this.#flow?.stop();
    this.#sink?.fail(DISCARDED);
    const { message, exchange } = this.#options;
    const giveUp = (): void => exchange.fail(DISCARDED);
    if (Number(message.headers["content-length"] ?? 0) > DRAIN_BYTES) {
      giveUp();
      return;
    }
    let octets = 0;
    message.on("data", (piece: Buffer) => {
      octets += piece.length;
      if (octets > DRAIN_BYTES) giveUp();
    });
    message.on("end", () => this.#finish());
    if (!message.complete) this.#timer = setTimeout(giveUp, DRAIN_MS).unref();
  }

  /** Told by the exchange that it failed; whoever reads learns why. */
  fail(fault: ProbeFault): void {
    this.#state = "over";
    this.#fault = fault;
    clearTimeout(this.#timer);
    this.#flow?.stop();
    this.#sink?.fail(fault);
    this.#released();
  }

  #read(sink: Sink): Flow {
    const { message, exchange, maxBodyBytes } = this.#options;
    if (this.#state !== "unread") {
      sink.fail(this.#fault ?? DISCARDED);
      return STILL;
    }
    this.#state = "reading";
    this.#sink = sink;
    const told: Sink = {
      data: (piece) => sink.data(piece),
      end: () => {
        sink.end();
        // A decoder may find its end before the body has ended.
        if (message.complete) this.#finish();
        else this.discard();
      },
      fail: (fault) => exchange.fail(fault),
    };
    this.#flow = readBody({ message, maxBytes: maxBodyBytes, sink: told });
    return this.#flow;
  }

  #finish(): void {
    this.#state = "over";
    clearTimeout(this.#timer);
    this.#options.exchange.finish();
    this.#released();
  }
}

/** What a second reader of a body is told. */
const DISCARDED = new ProbeFault("protocol", "the body was read or discarded before");
const STILL: Flow = { pause: () => undefined, resume: () => undefined, stop: () => undefined };
