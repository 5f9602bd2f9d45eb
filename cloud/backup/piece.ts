import { gzipSync } from "node:zlib";
import type { Format, Source } from "./manifest.ts";

/** One object of a backup before it is written. */
export interface Piece {
  /** Below the folder of the run. */
  readonly path: string;
  readonly source: Source;
  readonly format: Format;
  readonly bytes: Uint8Array;
  /** Something in it had the shape of a secret and was masked. */
  readonly redacted?: boolean;
}

/** What can be said of a source: its pieces, or why there are none. */
export interface Gathered {
  readonly source: Source;
  /** Reads it when its turn comes: what is not asked for at once is not in memory at once. */
  readonly pieces: () => Promise<readonly Piece[]> | AsyncIterable<Piece>;
}

export const CONTENT_TYPES = {
  json: "application/json",
  yaml: "application/yaml",
  text: "text/plain; charset=utf-8",
  "jsonl.gz": "application/gzip",
} as const satisfies Record<Format, string>;

export function jsonPiece(source: Source, path: string, value: unknown): Piece {
  return { path, source, format: "json", bytes: Buffer.from(`${JSON.stringify(value, null, 1)}\n`) };
}

export function textPiece(source: Source, path: string, text: string): Piece {
  const format = /\.ya?ml$/.test(path) ? "yaml" : path.endsWith(".json") ? "json" : "text";
  return { path, source, format, bytes: Buffer.from(text) };
}

/** One JSON document a line, packed. The same lines give the same bytes: gzip's header has no time here. */
export function linesPiece(source: Source, path: string, lines: readonly unknown[]): Piece {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  return { path, source, format: "jsonl.gz", bytes: gzipSync(text) };
}
