import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Counts } from "./counts.ts";
import { acknowledgement, forwardMessage, type LogRecord } from "./forward-message.ts";
import { backoff, type Pause } from "./pause.ts";

export interface ForwardOptions {
  /** Port of Fluent Bit on this pod's loopback. */
  readonly port: number;
  readonly counts: Counts;
  readonly failed: (error: unknown) => void;
  readonly pause: Pause;
  /** Names a chunk; no two alike. */
  readonly chunkName: () => string;
  /** Bytes that may wait; whoever brings more waits himself. */
  readonly mostWaiting?: number;
  /** Milliseconds until a chunk that is not acknowledged is sent again. */
  readonly patienceMs?: number;
}

const MOST_WAITING = 4 * 1024 * 1024;
const PATIENCE_MS = 30_000;
const MOST_RECORDS = 500;
const MOST_BYTES = 512 * 1024;

/**
 * Brings records to Fluent Bit in their order. A chunk is done when Fluent Bit says that it has it, and is sent again
 * until then; meanwhile readers wait, so that what is not taken over stays with the kubelet and not in this memory.
 */
export class Forward {
  readonly #options: ForwardOptions;
  readonly #queue: LogRecord[] = [];
  #bytes = 0;
  #wake: (() => void)[] = [];
  #socket: Socket | null = null;

  constructor(options: ForwardOptions) {
    this.#options = options;
  }

  /** Takes a record; resolves when there is room for the next, or at the signal. */
  async write(record: LogRecord, signal: AbortSignal): Promise<void> {
    this.#queue.push(record);
    this.#count(sizeOf(record));
    this.#changed();
    const most = this.#options.mostWaiting ?? MOST_WAITING;
    while (this.#bytes > most && !signal.aborted) await this.#change(signal);
  }

  /** Sends until the signal, and then what is left, until `last`. */
  async run(signal: AbortSignal, last: AbortSignal): Promise<void> {
    for (let attempt = 0; !last.aborted; ) {
      const records = this.#next();
      if (records.length === 0) {
        if (signal.aborted) break;
        await this.#change(signal);
        continue;
      }
      const chunk = this.#options.chunkName();
      for (let taken = false; !taken && !last.aborted; ) {
        try {
          await this.#send(records, chunk, last);
          taken = true;
          attempt = 0;
        } catch (error) {
          this.#hangUp();
          if (last.aborted) break;
          this.#options.failed(error);
          await this.#options.pause(backoff(attempt), last);
          attempt += 1;
        }
      }
      if (!last.aborted) this.#done(records);
    }
    this.#hangUp();
  }

  /** The longest run of records of one tag that fits into a chunk, left in the queue. */
  #next(): LogRecord[] {
    const tag = this.#queue[0]?.tag;
    let bytes = 0;
    const end = this.#queue.findIndex((record, index) => {
      bytes += sizeOf(record);
      return index > 0 && (record.tag !== tag || bytes > MOST_BYTES || index >= MOST_RECORDS);
    });
    return end < 0 ? [...this.#queue] : this.#queue.slice(0, end);
  }

  #done(records: readonly LogRecord[]): void {
    this.#queue.splice(0, records.length);
    const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
    this.#count(-bytes);
    this.#options.counts.lines += records.length;
    this.#options.counts.bytes += records.reduce((sum, { log }) => sum + Buffer.byteLength(log), 0);
    this.#changed();
  }

  async #send(records: readonly LogRecord[], chunk: string, last: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([last, AbortSignal.timeout(this.#options.patienceMs ?? PATIENCE_MS)]);
    const socket = this.#socket ?? (await dial(this.#options.port, signal));
    this.#socket = socket;
    const tag = records[0]?.tag ?? "";
    const wanted = acknowledgement(chunk);
    const answered = read(socket, wanted.length, signal);
    socket.write(forwardMessage({ tag, records, chunk }));
    const answer = await answered;
    if (!answer.equals(wanted)) throw new Error("Fluent Bit acknowledged something else than was sent");
  }

  #hangUp(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#options.counts.waiting = this.#bytes;
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const one of wake) one();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        signal.removeEventListener("abort", end);
        resolve();
      };
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", end, { once: true });
      this.#wake.push(end);
    });
  }
}

async function dial(port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  // between two chunks nobody listens; what broke it is heard of at the next one
  socket.on("error", () => undefined);
  try {
    await once(socket, "connect", { signal });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}

/** So many bytes of the answer. Throws when the connection ends before, or at the signal. */
function read(socket: Socket, length: number, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let held = Buffer.alloc(0);
    const end = (error: Error | null): void => {
      socket.off("data", take).off("close", closed);
      signal.removeEventListener("abort", aborted);
      error === null ? resolve(held) : reject(error);
    };
    const take = (bytes: Buffer): void => {
      held = Buffer.concat([held, bytes]);
      if (held.length >= length) end(null);
    };
    const closed = (): void => end(new Error("Fluent Bit closed the connection"));
    const aborted = (): void => end(new Error("Fluent Bit did not acknowledge in time"));
    if (signal.aborted) return aborted();
    if (socket.destroyed) return closed();
    socket.on("data", take).once("close", closed);
    signal.addEventListener("abort", aborted, { once: true });
  });
}

/** About what a record takes in memory and on the wire. */
function sizeOf({ log, stream }: LogRecord): number {
  return log.length + stream.length + 32;
}
