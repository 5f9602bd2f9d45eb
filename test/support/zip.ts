import { crc32, deflateRawSync } from "node:zlib";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
const MADE_ON_UNIX = (3 << 8) | VERSION;
const DEFLATED = 8;
const UTF8_NAMES = 1 << 11;
/** A regular file that everybody may read, as Lambda needs it. */
const MODE = 0o100644 << 16;
/** 1 January 1980: the same files give the same bytes, and so the same hash. */
const DATE = (1 << 5) | 1;

/** A zip archive of files by their path. Equal files give equal bytes. */
export function zip(files: ReadonlyMap<string, Buffer>): Buffer {
  const entries = [...files].sort(([one], [other]) => (one < other ? -1 : 1));
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [path, content] of entries) {
    const name = Buffer.from(path);
    const data = deflateRawSync(content);
    const shared = sharedHeader({ name, content, data });
    const local = Buffer.concat([number(LOCAL, 4), shared, name, data]);
    centrals.push(
      Buffer.concat([
        number(CENTRAL, 4),
        number(MADE_ON_UNIX, 2),
        shared,
        // no comment, first disk, no internal attributes
        Buffer.alloc(6),
        number(MODE, 4),
        number(offset, 4),
        name,
      ]),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const count = number(entries.length, 2);
  const end = [number(END, 4), Buffer.alloc(4), count, count, number(directory.length, 4), number(offset, 4)];
  return Buffer.concat([...locals, directory, ...end, Buffer.alloc(2)]);
}

/** What the local header and the central directory both say of a file. */
function sharedHeader({
  name,
  content,
  data,
}: {
  readonly name: Buffer;
  readonly content: Buffer;
  readonly data: Buffer;
}): Buffer {
  return Buffer.concat([
    number(VERSION, 2),
    number(UTF8_NAMES, 2),
    number(DEFLATED, 2),
    number(0, 2),
    number(DATE, 2),
    number(crc32(content), 4),
    number(data.length, 4),
    number(content.length, 4),
    number(name.length, 2),
    number(0, 2),
  ]);
}

function number(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value >>> 0, 0, bytes);
  return buffer;
}
