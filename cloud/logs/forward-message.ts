/** One line on its way to a log group. */
export interface LogRecord {
  /** By which Fluent Bit chooses the log group. */
  readonly tag: string;
  /** Name of the log stream. */
  readonly stream: string;
  readonly log: string;
  /** Nanoseconds since 1970, as the container runtime wrote them. */
  readonly at: bigint;
}

const SECOND = 1_000_000_000n;

/**
 * A message of the forward protocol, which Fluent Bit speaks: `[tag, [[time, record], …], {chunk}]` in MessagePack. Who
 * has taken it over answers with the chunk's name (Forward Protocol Specification v1, "Forward Mode" and "Response").
 */
export function forwardMessage({
  tag,
  records,
  chunk,
}: {
  readonly tag: string;
  readonly records: readonly LogRecord[];
  readonly chunk: string;
}): Buffer {
  return Buffer.concat([
    arrayHeader(3),
    text(tag),
    arrayHeader(records.length),
    ...records.flatMap(({ at, log, stream }) => [
      arrayHeader(2),
      eventTime(at),
      // `log` stands first: Fluent Bit compares keys with log_key only as far as the key goes
      mapHeader(2),
      text("log"),
      text(log),
      text("stream"),
      text(stream),
    ]),
    mapHeader(1),
    text("chunk"),
    text(chunk),
  ]);
}

/** What says that a chunk was taken over: `{ack: chunk}`. */
export function acknowledgement(chunk: string): Buffer {
  return Buffer.concat([mapHeader(1), text("ack"), text(chunk)]);
}

/** Extension type 0 of eight bytes: seconds and nanoseconds, each of 32 bits. */
function eventTime(at: bigint): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt8(0xd7, 0);
  bytes.writeUInt32BE(Number((at / SECOND) & 0xffff_ffffn), 2);
  bytes.writeUInt32BE(Number(at % SECOND), 6);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([textHeader(bytes.length), bytes]);
}

function textHeader(length: number): Buffer {
  if (length < 32) return Buffer.of(0xa0 | length);
  if (length < 0x100) return Buffer.of(0xd9, length);
  const header = Buffer.alloc(length < 0x1_0000 ? 3 : 5);
  if (header.length === 3) {
    header.writeUInt8(0xda, 0);
    header.writeUInt16BE(length, 1);
  } else {
    header.writeUInt8(0xdb, 0);
    header.writeUInt32BE(length, 1);
  }
  return header;
}

function arrayHeader(length: number): Buffer {
  return length < 16 ? Buffer.of(0x90 | length) : Buffer.of(0xdc, length >> 8, length & 0xff);
}

/** Of at most 15 entries. */
function mapHeader(length: number): Buffer {
  return Buffer.of(0x80 | length);
}
