/** A line that is too long is cut down to this depth: below a reading, fields are not looked into. */
const DEPTH = 2;

interface Cut {
  readonly path: readonly string[];
  readonly bytes: number;
}

/**
 * Writes a value as a line of at most `maxBytes`: while it is longer, the largest of its lists and texts is
 * emptied, and the field `cut` names it by its path. Values that are neither stay.
 */
export function shortened<T extends object>({
  value,
  line,
  maxBytes,
}: {
  readonly value: T;
  readonly line: (value: object) => string;
  readonly maxBytes: number;
}): string {
  let text = line(value);
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const candidates = cutsOf(value).sort((a, b) => b.bytes - a.bytes);
  const cut: string[] = [];
  let rest: object = value;
  for (const { path } of candidates) {
    cut.push(path.join("."));
    rest = { ...emptied(rest, path), cut };
    text = line(rest);
    if (Buffer.byteLength(text) <= maxBytes) break;
  }
  return text;
}

/** Every list, text and deep object of a value, with the bytes that it takes. */
function cutsOf(value: object, path: readonly string[] = []): Cut[] {
  return Object.entries(value).flatMap(([name, field]): Cut[] => {
    const here = [...path, name];
    if (isPlainObject(field) && here.length < DEPTH) return cutsOf(field, here);
    if (typeof field !== "string" && (typeof field !== "object" || field === null)) return [];
    return [{ path: here, bytes: Buffer.byteLength(JSON.stringify(field)) }];
  });
}

function emptied(value: object, [name, ...deeper]: readonly string[]): object {
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      if (key !== name) return [key, field];
      if (deeper.length > 0 && isPlainObject(field)) return [key, emptied(field, deeper)];
      return [key, typeof field === "string" ? "" : Array.isArray(field) ? [] : null];
    }),
  );
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
