import { asRecord, isRecord, type JsonRecord } from "../json.ts";

/** Input names whose name in the API is not just the same with a capital: `id` -> `ID`. */
export type Special = Readonly<Record<string, string>>;

/**
 * Inputs in the API's words: `{roleArn}` becomes `{RoleArn}`, at every depth. The emulator judges the shape, as AWS
 * would; keys that are data (tags, dimensions, variables) must not come through here.
 */
export function words<T>(inputs: unknown, special: Special = {}): T {
  return renamed(inputs, (key) => special[key] ?? key.charAt(0).toUpperCase() + key.slice(1)) as T;
}

/** An answer of the API in the inputs' words, the reverse of `words`. */
export function inputWords(answer: unknown, special: Special = {}): JsonRecord {
  const back = Object.fromEntries(Object.entries(special).map(([input, api]) => [api, input]));
  return asRecord(renamed(answer, (key) => back[key] ?? key.charAt(0).toLowerCase() + key.slice(1)));
}

/** The record without some of its keys. */
export function without(record: JsonRecord, ...keys: readonly string[]): JsonRecord {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

/** The value when it is a string; anything else is a mistake in the program or the table and throws. */
export function text(value: unknown): string {
  if (typeof value !== "string") throw new Error(`${JSON.stringify(value)} stands where a text belongs`);
  return value;
}

/** A JSON document: given as text or, as some inputs allow, as the object itself. */
export function document(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** `{attribute: "text"}` of inputs, for the services whose API takes every attribute as text. */
export function attributesOf(inputs: JsonRecord, names: Special): Record<string, string> {
  return Object.fromEntries(
    Object.entries(names)
      .filter(([input]) => inputs[input] !== undefined)
      .map(([input, attribute]) => [attribute, document(inputs[input])]),
  );
}

/** The inputs that attributes of an answer say, the reverse of `attributesOf`. */
export function inputsOf(attributes: JsonRecord, names: Special): JsonRecord {
  return Object.fromEntries(
    Object.entries(names)
      .filter(([, attribute]) => attributes[attribute] !== undefined)
      .map(([input, attribute]) => [input, attributes[attribute]]),
  );
}

function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (!isRecord(value) || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [rename(key), renamed(item, rename)]),
  );
}
