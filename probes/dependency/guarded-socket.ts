import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { guardedLookup, type Reach, refuseLiteral } from "../address.ts";
import { ProbeFault } from "../classify.ts";
import { wholeMessages } from "./wire.ts";

/** A socket that connects only within the reach; a Unix socket counts as an address of this machine. */
export class GuardedSocket extends Socket {
  readonly #reach: Reach;

  constructor(reach: Reach) {
    super();
    this.#reach = reach;
  }

  /** As pg calls it: with a port and a host, or with the path of a Unix socket. */
  override connect(...args: readonly unknown[]): this {
    const [target, host] = args;
    try {
      if (typeof target === "string") return super.connect({ path: this.#allowed(target) });
      refuseLiteral(String(host), this.#reach);
      return super.connect({ port: Number(target), host: String(host), lookup: guardedLookup(this.#reach) });
    } catch (error) {
      return this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #allowed(path: string): string {
    if (this.#reach !== "public") return path;
    const cure = "the target does not allow private addresses";
    throw new ProbeFault("connect", `refused to connect to the Unix socket ${path}: ${cure}`);
  }
}

/**
 * Keeps what a stream does to its listeners inside of it: they are given whole messages only, and one that
 * throws breaks the stream and not the process. pg's parser throws on messages that are shorter than they say.
 */
export function contain(stream: Duplex): void {
  const emit = stream.emit.bind(stream);
  const whole = wholeMessages();
  stream.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    try {
      const [piece] = args;
      if (event !== "data" || !(piece instanceof Uint8Array)) return emit(event, ...args);
      const messages = whole(piece);
      return messages.length === 0 || emit("data", messages);
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
      return true;
    }
  };
}
