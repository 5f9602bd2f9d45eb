import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { isRecord } from "./json.ts";

/** Columns of a golden file: what fits stands on one line, so that a change of one fact is a diff of one line. */
const WIDTH = 110;

/** JSON that a reviewer reads: objects and lists on one line where they fit, broken up where they do not. */
export function pretty(value: unknown, indent = ""): string {
  const flat = oneLine(value);
  if (indent.length + flat.length <= WIDTH || typeof value !== "object" || value === null) return flat;
  const inner = `${indent} `;
  const lines = Array.isArray(value)
    ? value.map((item) => `${inner}${pretty(item, inner)}`)
    : Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${pretty(item, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${oneLine(item)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

/** What a golden file holds; undefined where it is not there yet. */
export function readGolden(file: string): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

export function writeGolden(file: string, value: unknown): void {
  writeFileSync(file, `${pretty(value)}\n`);
}
