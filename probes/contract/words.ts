import { isMap } from "../../catalog/json.ts";

/** Keywords that a model reads and no validator does. */
const WORDS: ReadonlySet<string> = new Set(["title", "description", "$comment", "examples"]);
/** Keywords whose value is a map of schemas: its keys are names, however they read. */
const MAPS: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]);
/** Keywords whose value is a schema or a list of schemas. */
const SCHEMAS: ReadonlySet<string> = new Set([
  "items",
  "prefixItems",
  "additionalItems",
  "additionalProperties",
  "unevaluatedItems",
  "unevaluatedProperties",
  "propertyNames",
  "contains",
  "contentSchema",
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
]);
/** What lies deeper is not told apart: it counts as structure. */
const MAX_DEPTH = 40;

export interface SplitSchema {
  /** The schema without its words. */
  readonly structure: unknown;
  /** The words alone, at their places; undefined where there are none. */
  readonly words: unknown;
}

/** Takes the words out of a JSON Schema, so that a new description is not mistaken for a new rule. */
export function splitSchema(schema: unknown, depth = 0): SplitSchema {
  if (Array.isArray(schema)) {
    const items = schema.map((item) => splitSchema(item, depth + 1));
    const words = items.flatMap((item, index) => (item.words === undefined ? [] : [[index, item.words]]));
    return { structure: items.map(({ structure }) => structure), words: orNone(words) };
  }
  if (!isMap(schema) || depth > MAX_DEPTH) return { structure: schema, words: undefined };
  const parts = Object.entries(schema).map(([key, value]) => [key, splitKeyword(key, value, depth)] as const);
  return together(parts);
}

export function isWords(keyword: string): boolean {
  return WORDS.has(keyword);
}

function splitKeyword(key: string, value: unknown, depth: number): SplitSchema {
  if (isWords(key)) return { structure: undefined, words: value };
  if (SCHEMAS.has(key)) return splitSchema(value, depth + 1);
  if (!MAPS.has(key) || !isMap(value)) return { structure: value, words: undefined };
  const parts = Object.entries(value).map(([name, inner]) => [name, splitSchema(inner, depth + 1)] as const);
  return together(parts);
}

function together(parts: readonly (readonly [string, SplitSchema])[]): SplitSchema {
  const words = parts.flatMap(([key, part]) =>
    part.words === undefined ? [] : [[key, part.words] as const],
  );
  // fromEntries defines own properties: a key such as __proto__ stays an ordinary key
  return {
    structure: Object.fromEntries(parts.map(([key, part]) => [key, part.structure])),
    words: words.length === 0 ? undefined : Object.fromEntries(words),
  };
}

function orNone<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
