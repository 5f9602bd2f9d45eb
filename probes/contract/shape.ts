import { isMap, JSON_TYPES } from "../../catalog/json.ts";
import type { ShapeNode } from "../../catalog/tools-lock.ts";
import { byKey, canonicalJson, mark } from "./digest.ts";
import { inlined, type References, referencesOf, unfold } from "./references.ts";
import { isWords, splitSchema } from "./words.ts";

/** A schema as its places; `words` holds the descriptions of each place that has some. */
export interface SchemaShape {
  readonly nodes: ReadonlyMap<string, ShapeNode>;
  readonly words: ReadonlyMap<string, unknown>;
}

/** A hostile schema may not make the lock endless: what lies beyond is held by a digest. */
const MAX_DEPTH = 12;
const MAX_PLACES = 500;
const MAX_ENUM = 40;
const MAX_TEXT = 100;

/** Keywords that are spelled out as they are where their value is of this type. */
const SPELLED = {
  minimum: "number",
  exclusiveMinimum: "number",
  minLength: "number",
  minItems: "number",
  minProperties: "number",
  maximum: "number",
  exclusiveMaximum: "number",
  maxLength: "number",
  maxItems: "number",
  maxProperties: "number",
  multipleOf: "number",
  format: "string",
  pattern: "string",
} as const satisfies Partial<Record<keyof ShapeNode, "number" | "string">>;

const ALTERNATIVES = ["anyOf", "oneOf", "allOf"] as const;
/** Keywords without a rule of their own; the digest of the whole schema still sees them. */
const SILENT: ReadonlySet<string> = new Set(["$schema", "$id", "$anchor", "$defs", "definitions"]);

type Schema = Readonly<Record<string, unknown>>;

interface Walk {
  readonly references: References;
  readonly nodes: Map<string, ShapeNode>;
  readonly words: Map<string, unknown>;
  placesLeft: number;
}

interface Place {
  readonly path: string;
  readonly schema: unknown;
  readonly required: boolean;
  readonly depth: number;
  readonly followed: ReadonlySet<string>;
}

/** The places of a JSON Schema, with the references inside the document followed. */
export function shapeOf(root: unknown): SchemaShape {
  const references = referencesOf(root);
  const walk: Walk = { references, nodes: new Map(), words: new Map(), placesLeft: MAX_PLACES };
  visit(walk, { path: "$", schema: root, required: false, depth: 0, followed: new Set() });
  return { nodes: new Map([...walk.nodes].sort(byKey)), words: walk.words };
}

function visit(walk: Walk, place: Place): void {
  const { path, depth } = place;
  const required = place.required ? { required: true as const } : {};
  const { schema, ref, followed, overruled } = unfold(walk.references, place.schema, place.followed);
  if (!isMap(schema)) {
    walk.nodes.set(path, { ...required, ...ruleOf(schema) });
    return;
  }
  const below = childrenOf(schema);
  const fits = depth < MAX_DEPTH && below.places.length <= walk.placesLeft;
  const children = fits ? below.places : [];
  walk.placesLeft -= children.length;
  const own = Object.entries(schema).filter(([key]) => !(fits && below.walked.has(key)));
  const words = [Object.fromEntries(own), ...overruled].flatMap((one) => splitSchema(one).words ?? []);
  if (words.length > 0) walk.words.set(path, words);
  const whole = (value: unknown): unknown => splitSchema(inlined(walk.references, value, followed)).structure;
  const { node, left } = spelledOut(schema, { own, whole });
  const hidden = [...left, ...overruled.flatMap((one) => Object.entries(one))]
    .filter(([key]) => !isWords(key))
    .sort(byKey)
    .map((rule) => whole(Object.fromEntries([rule])));
  walk.nodes.set(path, {
    ...node,
    ...required,
    ...(ref === undefined ? {} : { ref: short(ref) }),
    ...(hidden.length === 0 ? {} : { other: mark(hidden) }),
  });
  for (const child of [...children].sort((a, b) => byKey([a.step], [b.step])))
    visit(walk, { ...child, path: path + child.step, depth: depth + 1, followed });
}

/** `true` allows everything, `false` nothing; anything else is no schema. */
function ruleOf(schema: unknown): ShapeNode {
  if (schema === true) return {};
  return schema === false ? { enum: [] } : { other: mark(schema) };
}

interface Child {
  readonly step: string;
  readonly schema: unknown;
  readonly required: boolean;
}

/** The places directly below a schema, and the keywords that they are taken from. */
function childrenOf(schema: Schema): {
  readonly places: readonly Child[];
  readonly walked: ReadonlySet<string>;
} {
  const walked = new Set<string>();
  const places: Child[] = [];
  const { properties, required, items, prefixItems, additionalProperties } = schema;
  const names = new Set(isNames(required) ? required : []);
  if (isNames(required)) walked.add("required");
  if (isMap(properties)) {
    walked.add("properties");
    for (const [name, inner] of Object.entries(properties))
      places.push({ step: stepTo(name), schema: inner, required: names.has(name) });
  }
  const listed = isMap(properties) ? properties : {};
  for (const name of names)
    if (!Object.hasOwn(listed, name)) places.push({ step: stepTo(name), schema: true, required: true });
  if (isMap(items)) {
    walked.add("items");
    places.push({ step: "[]", schema: items, required: false });
  }
  if (Array.isArray(prefixItems)) {
    walked.add("prefixItems");
    for (const [index, inner] of prefixItems.entries())
      places.push({ step: `[${index}]`, schema: inner, required: false });
  }
  if (isMap(additionalProperties)) {
    walked.add("additionalProperties");
    if (Object.keys(additionalProperties).length > 0)
      places.push({ step: ".*", schema: additionalProperties, required: false });
  }
  return { places, walked };
}

/** The rules of one place that the lock spells out, and those that are left of its own keywords. */
function spelledOut(
  schema: Schema,
  given: {
    readonly own: readonly (readonly [string, unknown])[];
    /** A schema without its words and with its references written out. */
    readonly whole: (value: unknown) => unknown;
  },
): { readonly node: ShapeNode; readonly left: readonly (readonly [string, unknown])[] } {
  const rules = new Map<string, unknown>();
  const left = new Map(given.own.filter(([key]) => !SILENT.has(key) && !isWords(key)));
  const spell = (key: string, value: unknown, as = key): void => {
    if (value === undefined) return;
    rules.set(as, value);
    left.delete(key);
  };
  spell("type", typeRule(schema.type));
  spell("anyOf", typesOfAlternatives(schema), "type");
  if (schema.additionalProperties === false) spell("additionalProperties", true, "closed");
  if (schema.additionalProperties === true) left.delete("additionalProperties");
  if (Array.isArray(schema.enum)) spell("enum", enumRule(schema.enum));
  else if (Object.hasOwn(schema, "const")) spell("const", enumRule([schema.const]), "enum");
  if (isScalar(schema.default)) spell("default", schema.default);
  for (const [key, type] of Object.entries(SPELLED)) if (isPlain(schema[key], type)) spell(key, schema[key]);
  if (schema.uniqueItems === true) spell("uniqueItems", true);
  for (const key of ALTERNATIVES) {
    const list = schema[key];
    if (left.has(key) && Array.isArray(list))
      spell(key, [...new Set(list.map((one) => mark(given.whole(one))))].sort());
  }
  return { node: Object.fromEntries(rules) as ShapeNode, left: [...left] };
}

function typeRule(type: unknown): ShapeNode["type"] {
  const list: unknown[] = Array.isArray(type) ? type : [type];
  const types = JSON_TYPES.filter((one) => list.includes(one));
  if (types.length === 0 || types.length !== new Set(list).size) return undefined;
  return types.length === 1 ? types[0] : types;
}

/** `anyOf: [{ type: string }, { type: "null" }]` is a list of types, written at length. */
function typesOfAlternatives({ type, anyOf }: Schema): ShapeNode["type"] {
  if (type !== undefined || !Array.isArray(anyOf)) return undefined;
  const types = anyOf.map((one) => {
    const { structure } = splitSchema(one);
    return isMap(structure) && keysOf(structure).join() === "type" ? structure.type : undefined;
  });
  return types.every((one) => typeof one === "string") ? typeRule(types) : undefined;
}

function keysOf(map: Schema): string[] {
  return Object.keys(map).filter((key) => map[key] !== undefined);
}

/** The values of an enumeration, sorted, or one digest for a list that nobody would read. */
function enumRule(values: readonly unknown[]): NonNullable<ShapeNode["enum"]> {
  if (values.length > MAX_ENUM) return [`sha256:${mark(values.map(canonicalJson).sort())}`];
  const once = new Map(values.map((value) => [canonicalJson(value), value]));
  return [...once].sort(byKey).map(([, value]) => (isScalar(value) ? value : `sha256:${mark(value)}`));
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || typeof value === "boolean" || isPlain(value, "number") || isPlain(value, "string");
}

function isPlain(value: unknown, type: "number" | "string"): boolean {
  if (typeof value === "number") return type === "number" && Number.isFinite(value);
  return type === "string" && typeof value === "string" && value.length <= MAX_TEXT;
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function stepTo(name: string): string {
  if (/^[A-Za-z_][\w-]{0,99}$/.test(name)) return `.${name}`;
  return name.length > MAX_TEXT ? `["sha256:${mark(name)}"]` : `[${JSON.stringify(name)}]`;
}

function short(text: string): string {
  return text.length > MAX_TEXT ? `sha256:${mark(text)}` : text;
}
