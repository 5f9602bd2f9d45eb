import { isMap } from "../../catalog/json.ts";
import { byKey, canonicalJson } from "./digest.ts";

type Schema = Readonly<Record<string, unknown>>;

/** References that are followed on the way to one place. */
const MAX_FOLLOWED = 16;
/** Characters of JSON that the references of one schema may unfold. */
const MAX_UNFOLDED = 1_000_000;
const MAX_DEPTH = 40;

/** The references of one document, and how much they may still unfold. */
export interface References {
  readonly root: unknown;
  readonly sizes: Map<string, number>;
  left: number;
}

export interface Unfolded {
  readonly schema: unknown;
  /** References that have been followed on the way here. */
  readonly followed: ReadonlySet<string>;
  /** A reference that is not followed: it leads back, out of the document, or nowhere. */
  readonly ref?: string;
  /** Keywords of what was unfolded that the place has one of its own for. */
  readonly overruled: readonly Schema[];
}

export function referencesOf(root: unknown): References {
  return { root, sizes: new Map(), left: MAX_UNFOLDED };
}

/**
 * A schema with the references at its top replaced by what they point at, and `anyOf: [X, null]` by X that may be null:
 * the two ways in which generators of schemas hide a plain one.
 */
export function unfold(references: References, start: unknown, before: ReadonlySet<string>): Unfolded {
  const plain = followed(references, { schema: start, followed: before, overruled: [] });
  if (!isMap(plain.schema)) return plain;
  const { anyOf, ...beside } = plain.schema;
  const other = Object.hasOwn(beside, "type") ? undefined : besideNull(anyOf);
  if (other === undefined) return plain;
  const inner = followed(references, { schema: other, followed: plain.followed, overruled: plain.overruled });
  if (!isMap(inner.schema) || inner.ref !== undefined) return plain;
  const { type } = inner.schema;
  if (typeof type !== "string" || Object.hasOwn(inner.schema, "enum") || Object.hasOwn(inner.schema, "const"))
    return plain;
  const overruled = overlapOf(inner.schema, beside);
  return {
    ...inner,
    schema: { ...inner.schema, ...beside, type: [type, "null"] },
    overruled: [...inner.overruled, ...overruled],
  };
}

/** A value with every reference in it written out, for a digest; one that leads back stays. */
export function inlined(
  references: References,
  value: unknown,
  seen: ReadonlySet<string>,
  depth = 0,
): unknown {
  if (depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item) => inlined(references, item, seen, depth + 1));
  if (!isMap(value)) return value;
  const { ref, target } = targetOf(references, value, seen);
  const within = ref === undefined ? seen : new Set([...seen, ref]);
  const entries = Object.entries(value)
    .sort(byKey)
    .map(([key, inner]) => {
      const goesOn = key === "$ref" && target !== undefined ? target : inner;
      return [key, inlined(references, goesOn, key === "$ref" ? within : seen, depth + 1)] as const;
    });
  return Object.fromEntries(entries);
}

function followed(references: References, start: Unfolded): Unfolded {
  let at = start;
  while (isMap(at.schema) && typeof at.schema.$ref === "string") {
    const { $ref, ...beside } = at.schema;
    const { ref, target } = targetOf(references, at.schema, at.followed);
    if (ref === undefined || !isMap(target)) return { ...at, schema: beside, ref: String($ref) };
    at = {
      schema: { ...target, ...beside },
      followed: new Set([...at.followed, ref]),
      overruled: [...at.overruled, ...overlapOf(target, beside)],
    };
  }
  return at;
}

/** What a reference points at, where it may be followed: `ref` is undefined where it may not. */
function targetOf(
  references: References,
  { $ref: ref }: Schema,
  seen: ReadonlySet<string>,
): { readonly ref?: string; readonly target?: unknown } {
  if (typeof ref !== "string" || seen.has(ref) || seen.size >= MAX_FOLLOWED) return {};
  const target = pointedAt(references.root, ref);
  if (target === undefined) return {};
  const size = references.sizes.get(ref) ?? canonicalJson(target).length;
  references.sizes.set(ref, size);
  if (size > references.left) return {};
  references.left -= size;
  return { ref, target };
}

/** What a reference such as `#/$defs/node` points at; undefined outside of the document. */
function pointedAt(root: unknown, ref: string): unknown {
  if (ref === "#") return root;
  if (!ref.startsWith("#/") || ref.length > 500) return undefined;
  return ref
    .slice(2)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((at, step) => {
      if (Array.isArray(at)) return at[Number(step)] as unknown;
      return isMap(at) && Object.hasOwn(at, step) ? at[step] : undefined;
    }, root);
}

function overlapOf(target: Schema, beside: Schema): Schema[] {
  const twice = Object.entries(target).filter(([key]) => Object.hasOwn(beside, key));
  return twice.length === 0 ? [] : [Object.fromEntries(twice)];
}

/** The other one of two alternatives of which one is null, and has no words of its own. */
function besideNull(anyOf: unknown): unknown {
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return undefined;
  const index = anyOf.findIndex((one) => canonicalJson(one) === '{"type":"null"}');
  const other: unknown = index === -1 ? undefined : anyOf[1 - index];
  return isMap(other) ? other : undefined;
}
