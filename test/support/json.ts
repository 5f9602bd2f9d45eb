/** A JSON object as it comes over a wire: nothing is known of its values yet. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** The value as an object; anything that is none becomes an empty one. */
export function asRecord(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

/** Whether the value is a JSON object (no array, no null). */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value when it is a string, else undefined. */
export function asString(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The value when it is a number, else undefined. */
export function asNumber(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** The value when it is an array, else an empty one. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What happened to one path between two values. */
export type Change = "add" | "delete" | "update";

/**
 * Every place where two JSON values differ, as `path -> change`; paths are written as Pulumi writes them
 * (`spec.template.spec.containers[0].image`).
 */
export function differences(before: unknown, after: unknown, path = ""): ReadonlyMap<string, Change> {
  if (Object.is(before, after)) return new Map();
  if (Array.isArray(before) && Array.isArray(after)) {
    return merge(range(Math.max(before.length, after.length)), (index) =>
      step({ before: before[index], after: after[index], path: `${path}[${index}]` }),
    );
  }
  if (isRecord(before) && isRecord(after)) {
    return merge([...new Set([...Object.keys(before), ...Object.keys(after)])], (key) =>
      step({
        before: before[key],
        after: after[key],
        path: path === "" ? keyPath(key) : childPath(path, key),
      }),
    );
  }
  return new Map([[path, "update"]]);
}

function step({ before, after, path }: { before: unknown; after: unknown; path: string }) {
  if (before === undefined && after === undefined) return new Map<string, Change>();
  if (before === undefined) return new Map<string, Change>([[path, "add"]]);
  if (after === undefined) return new Map<string, Change>([[path, "delete"]]);
  return differences(before, after, path);
}

function merge<T>(keys: readonly T[], changes: (key: T) => ReadonlyMap<string, Change>) {
  return new Map(keys.flatMap((key) => [...changes(key)]));
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}

function childPath(path: string, key: string): string {
  return isPlainKey(key) ? `${path}.${key}` : `${path}${keyPath(key)}`;
}

function keyPath(key: string): string {
  return isPlainKey(key) ? key : `["${key.replaceAll('"', '\\"')}"]`;
}

function isPlainKey(key: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(key);
}
