import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A record as a receiver of the forward protocol reads it. */
export interface Received {
  readonly tag: string;
  readonly stream: string;
  readonly log: string;
  readonly seconds: number;
  readonly nanos: number;
}

/** A receiver of Fluent Bit's forward protocol, on 127.0.0.1. */
export interface Fluent {
  readonly port: number;
  /** What was taken over, in order; a chunk that was not acknowledged is not. */
  readonly records: readonly Received[];
  /** Chunks that came, acknowledged or not. */
  readonly chunks: readonly string[];
  /** Whether chunks are taken over and acknowledged; `wrongly` is by another name, and takes nothing over. */
  acknowledge: boolean | "wrongly";
  /** Resolves when there are so many records. */
  until(count: number): Promise<void>;
  /** Resolves when so many chunks have come. */
  untilChunks(count: number): Promise<void>;
  /** Breaks every connection. */
  hangUp(): void;
  close(): Promise<void>;
}

type Value = string | number | Buffer | readonly Value[] | ReadonlyMap<Value, Value>;

export async function startFluent(port = 0): Promise<Fluent> {
  const records: Received[] = [];
  const chunks: string[] = [];
  const sockets = new Set<Socket>();
  let waiting: (() => void)[] = [];
  const changed = (): void => {
    const all = waiting;
    waiting = [];
    for (const one of all) one();
  };
  const until = async (enough: () => boolean): Promise<void> => {
    while (!enough()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    let held = Buffer.alloc(0);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      held = Buffer.concat([held, bytes]);
      for (;;) {
        const found = decode(held, 0);
        if (found === null) return;
        held = held.subarray(found.end);
        const { tag, entries, chunk } = messageOf(found.value);
        chunks.push(chunk);
        if (fluent.acknowledge === "wrongly") answer(socket, chunk.replace(/.$/, "?"));
        else if (fluent.acknowledge) {
          records.push(...entries.map((entry) => ({ tag, ...entry })));
          answer(socket, chunk);
        }
        changed();
      }
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const fluent: Fluent = {
    port: (server.address() as AddressInfo).port,
    records,
    chunks,
    acknowledge: true,
    until: (count) => until(() => records.length >= count),
    untilChunks: (count) => until(() => chunks.length >= count),
    hangUp() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return fluent;
}

/** One MessagePack value at an offset; null when it is not whole. Only the kinds that the protocol uses. */
export function decode(bytes: Buffer, start: number): { readonly value: Value; readonly end: number } | null {
  const kind = bytes[start];
  if (kind === undefined) return null;
  const body = (header: number, length: number) => {
    const end = start + header + length;
    return bytes.length < end ? null : { bytes: bytes.subarray(start + header, end), end };
  };
  const textOf = (header: number, length: number) => {
    const found = body(header, length);
    return found === null ? null : { value: found.bytes.toString("utf8"), end: found.end };
  };
  const number = (width: 1 | 2 | 4): number =>
    bytes.length < start + 1 + width ? 0 : bytes.readUIntBE(start + 1, width);
  if (kind < 0x80) return { value: kind, end: start + 1 };
  if (kind < 0x90) return map(bytes, start + 1, kind & 0x0f);
  if (kind < 0xa0) return array(bytes, start + 1, kind & 0x0f);
  if (kind < 0xc0) return textOf(1, kind & 0x1f);
  if (kind === 0xd9) return textOf(2, number(1));
  if (kind === 0xda) return textOf(3, number(2));
  if (kind === 0xdb) return textOf(5, number(4));
  if (kind === 0xdc) return array(bytes, start + 3, number(2));
  if (kind === 0xd7) {
    const found = body(2, 8);
    return found === null ? null : { value: found.bytes, end: found.end };
  }
  throw new Error(`no kind that the forward protocol uses: 0x${kind.toString(16)}`);
}

function array(bytes: Buffer, start: number, length: number) {
  const values: Value[] = [];
  let end = start;
  for (let index = 0; index < length; index += 1) {
    const found = decode(bytes, end);
    if (found === null) return null;
    values.push(found.value);
    end = found.end;
  }
  return { value: values, end };
}

function map(bytes: Buffer, start: number, length: number) {
  const found = array(bytes, start, 2 * length);
  if (found === null) return null;
  const pairs = Array.from(
    { length },
    (_, index) => [found.value[2 * index] ?? "", found.value[2 * index + 1] ?? ""] as const,
  );
  return { value: new Map(pairs), end: found.end };
}

function messageOf(value: Value) {
  const [tag, entries, options] = value as readonly [string, readonly Value[], ReadonlyMap<Value, Value>];
  return {
    tag,
    chunk: String(options.get("chunk")),
    entries: entries.map((entry) => {
      const [time, body] = entry as readonly [Buffer, ReadonlyMap<Value, Value>];
      return {
        stream: String(body.get("stream")),
        log: String(body.get("log")),
        seconds: time.readUInt32BE(0),
        nanos: time.readUInt32BE(4),
      };
    }),
  };
}

function answer(socket: Socket, chunk: string): void {
  socket.write(Buffer.concat([Buffer.from("81a3", "hex"), Buffer.from("ack"), short(chunk)]));
}

function short(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([
    bytes.length < 32 ? Buffer.of(0xa0 | bytes.length) : Buffer.of(0xd9, bytes.length),
    bytes,
  ]);
}
