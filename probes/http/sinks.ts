import { ProbeFault } from "../classify.ts";
import type { Flow, Sink } from "./body.ts";

/** How much may wait for a reader, in octets and in pieces, before the body is paused. */
const MAX_WAITING_BYTES = 256 * 1024;
const MAX_WAITING_PIECES = 256;

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** A whole body as text. */
export class TextSink implements Sink {
  readonly #resolve: (text: string) => void;
  readonly #reject: (fault: ProbeFault) => void;
  #octets: Uint8Array | null = null;
  #length = 0;

  constructor(resolve: (text: string) => void, reject: (fault: ProbeFault) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Copies small pieces together: four million chunks of one octet must not be four million objects. */
  data(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (this.#octets === null) {
      this.#octets = piece;
    } else {
      if (length > this.#octets.length) {
        const larger = Buffer.allocUnsafeSlow(length * 2);
        larger.set(this.#octets.subarray(0, this.#length));
        this.#octets = larger;
      }
      this.#octets.set(piece, this.#length);
    }
    this.#length = length;
  }

  end(): void {
    try {
      this.#resolve(this.#octets === null ? "" : UTF8.decode(this.#octets.subarray(0, this.#length)));
    } catch (error) {
      this.#reject(new ProbeFault("protocol", "the body is not valid UTF-8", error));
    }
  }

  fail(fault: ProbeFault): void {
    this.#reject(fault);
  }
}

/** A body in pieces, for a reader that may be slower than the server. What came before a fault is read first. */
export class PieceSink implements Sink {
  #pieces: Uint8Array[] = [];
  #octets = 0;
  #outcome: ProbeFault | "end" | null = null;
  #flow: Flow | null = null;
  #isPaused: boolean = false;
  #wake: () => void = () => undefined;

  data(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#octets += piece.length;
    if (this.#octets > MAX_WAITING_BYTES || this.#pieces.length > MAX_WAITING_PIECES) {
      this.#isPaused = true;
      this.#flow?.pause();
    }
    this.#wake();
  }

  end(): void {
    this.#outcome ??= "end";
    this.#wake();
  }

  fail(fault: ProbeFault): void {
    this.#outcome ??= fault;
    this.#wake();
  }

  /** Yields what flows in, to the end. Throws a ProbeFault. */
  async *read(flow: Flow): AsyncGenerator<Uint8Array> {
    this.#flow = flow;
    for (;;) {
      for (const piece of this.#take()) yield piece;
      if (this.#pieces.length > 0) continue;
      if (this.#outcome === "end") return;
      if (this.#outcome !== null) throw this.#outcome;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(): readonly Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#octets = 0;
    if (this.#isPaused) this.#flow?.resume();
    this.#isPaused = false;
    return pieces;
  }
}
