import { isDeepStrictEqual } from "node:util";
import { isRecord, type JsonRecord } from "../json.ts";

/**
 * The inputs with what really stands in their place. Only what the program had set is looked at, since AWS answers
 * with its defaults too, and only where the answer speaks of it. The order of texts in a list, the layout of JSON
 * documents and numbers written as text are no differences.
 */
export function standing(stored: JsonRecord, actual: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(stored).map(([key, value]) => [key, stands(value, actual[key])]));
}

function stands(stored: unknown, actual: unknown): unknown {
  if (actual === undefined || actual === null) return stored;
  if (isRecord(stored) && isRecord(actual)) return standing(stored, actual);
  if (Array.isArray(stored) && Array.isArray(actual)) return standingList(stored, actual);
  return isDeepStrictEqual(meaning(stored), meaning(actual)) ? stored : actual;
}

function standingList(stored: readonly unknown[], actual: readonly unknown[]): readonly unknown[] {
  if (stored.length !== actual.length) return actual;
  if (stored.every(isRecord)) return stored.map((item, index) => stands(item, actual[index]));
  return isDeepStrictEqual(stored.map(String).sort(), actual.map(String).sort()) ? stored : actual;
}

function meaning(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return String(value);
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
