import { ProbeFault } from "../classify.ts";
import type { Flow, Sink } from "./body.ts";

/** How much may wait for a reader, in octets and in pieces, before the body is paused. */
const MAX_WAITING_BYTES = 256 * 1024;
const MAX_WAITING_PIECES = 256;

/** From this size on a text counts as a large one, in octets. */
const LARGE_BYTES = 256 * 1024;
/** What all large texts of the process may hold together, in octets: a hundred of 4 MiB at once would end it. */
const MAX_LARGE_BYTES = 64 * 1024 * 1024;

/** The large texts that are being put together now. Memory is one for all checks, so this count is, too. */
const large = { octets: 0 };

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** A whole body as text. */
export class TextSink implements Sink {
  readonly #resolve: (text: string) => void;
  readonly #reject: (fault: ProbeFault) => void;
  #octets: Uint8Array | null = null;
  #length = 0;
  /** What of it is counted among the large texts. */
  #counted = 0;
  #isOver: boolean = false;

  constructor(resolve: (text: string) => void, reject: (fault: ProbeFault) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Copies small pieces together: four million chunks of one octet must not be four million objects. */
  data(piece: Uint8Array): void {
    if (this.#isOver) return;
    const length = this.#length + piece.length;
    if (length > LARGE_BYTES && !this.#count(length)) {
      this.fail(new ProbeFault("protocol", `${length} bytes of body, while other servers send as much`));
      return;
    }
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
    if (this.#isOver) return;
    this.#uncount();
    try {
      this.#resolve(this.#octets === null ? "" : UTF8.decode(this.#octets.subarray(0, this.#length)));
    } catch (error) {
      this.#reject(new ProbeFault("protocol", "the body is not valid UTF-8", error));
    }
  }

  fail(fault: ProbeFault): void {
    this.#isOver = true;
    this.#octets = null;
    this.#uncount();
    this.#reject(fault);
  }

  /** Whether there is room for a text of this length. */
  #count(length: number): boolean {
    if (large.octets - this.#counted + length > MAX_LARGE_BYTES) return false;
    large.octets += length - this.#counted;
    this.#counted = length;
    return true;
  }

  #uncount(): void {
    large.octets -= this.#counted;
    this.#counted = 0;
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
