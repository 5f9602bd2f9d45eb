import type { IncomingMessage } from "node:http";
import {
  type BrotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  type Gunzip,
  type Inflate,
} from "node:zlib";
import { ProbeFault, printable } from "../classify.ts";
import { codeOf } from "./faults.ts";

/** Where a body goes: some pieces, then one `end` or one `fail`. */
export interface Sink {
  data(piece: Uint8Array): void;
  end(): void;
  fail(fault: ProbeFault): void;
}

/** A body that flows. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** The sink hears nothing more. */
  stop(): void;
}

export interface Reading {
  readonly message: IncomingMessage;
  /** The largest decoded body, in octets. */
  readonly maxBytes: number;
  readonly sink: Sink;
}

/** Packed data that cannot be packed is a little larger than it was. */
const PACKING_BYTES = 64 * 1024;

type Decoder = Gunzip | Inflate | BrotliDecompress;

/** Lets the decoded body of a message flow into a sink. Errors of the message itself are its owner's. */
export function readBody(reading: Reading): Flow {
  const encoding = reading.message.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  return encoding === "identity" || encoding === "" ? plain(reading) : encoded(reading, encoding);
}

function plain({ message, maxBytes, sink }: Reading): Flow {
  let octets = 0;
  const onData = (piece: Buffer): void => {
    octets += piece.length;
    if (octets > maxBytes) sink.fail(tooLarge(maxBytes));
    else sink.data(piece);
  };
  const onEnd = (): void => sink.end();
  message.on("data", onData).on("end", onEnd);
  return {
    pause: () => void message.pause(),
    resume: () => void message.resume(),
    stop: () => void message.off("data", onData).off("end", onEnd),
  };
}

function encoded({ message, maxBytes, sink }: Reading, encoding: string): Flow {
  let decoder: Decoder | null = null;
  let octets = 0;
  let decodedOctets = 0;

  function decoderFor(piece: Buffer): Decoder {
    const made = decoderOf(encoding, piece);
    made.on("data", (decoded: Buffer) => {
      decodedOctets += decoded.length;
      if (decodedOctets > maxBytes) sink.fail(tooLarge(maxBytes));
      else sink.data(decoded);
    });
    made.on("end", () => sink.end());
    made.on("error", (error) => sink.fail(undecodable(encoding, error)));
    made.on("drain", () => message.resume());
    return made;
  }
  const onData = (piece: Buffer): void => {
    octets += piece.length;
    try {
      if (octets > maxBytes + PACKING_BYTES) throw tooLarge(maxBytes);
      decoder ??= decoderFor(piece);
      if (!decoder.write(piece)) message.pause();
    } catch (error) {
      sink.fail(undecodable(encoding, error));
    }
  };
  // An empty body is no stream of any encoding, and no fault either.
  const onEnd = (): void => void (decoder === null ? sink.end() : decoder.end());
  message.on("data", onData).on("end", onEnd);
  return {
    pause: () => void (decoder ?? message).pause(),
    resume: () => void (decoder ?? message).resume(),
    stop() {
      message.off("data", onData).off("end", onEnd);
      decoder
        ?.removeAllListeners()
        .on("error", () => undefined)
        .destroy();
    },
  };
}

/** Flushes at every piece: an event of a stream is wanted when it comes, not when the window is full. */
function decoderOf(encoding: string, first: Buffer): Decoder {
  const options = { flush: constants.Z_SYNC_FLUSH };
  if (encoding === "gzip" || encoding === "x-gzip") return createGunzip(options);
  if (encoding === "br") return createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH });
  if (encoding !== "deflate") {
    throw new ProbeFault("protocol", `content-encoding ${printable(encoding)} was not asked for`);
  }
  // Some servers leave out the zlib header that "deflate" means (RFC 9110, 8.4.1.2); its low half-octet is 8.
  return ((first[0] ?? 0) & 0x0f) === 8 ? createInflate(options) : createInflateRaw(options);
}

function tooLarge(maxBytes: number): ProbeFault {
  return new ProbeFault("protocol", `the body exceeds ${maxBytes} bytes`);
}

function undecodable(encoding: string, error: unknown): ProbeFault {
  if (error instanceof ProbeFault) return error;
  return new ProbeFault("protocol", `the ${printable(encoding)} body is broken (${codeOf(error)})`, error);
}
