import type { Shape, ShapeNode } from "../../catalog/tools-lock.ts";
import { canonicalJson } from "./digest.ts";

/** A schema is what callers send, or what they are promised back. */
export type Side = "input" | "output";

export interface ShapeChange {
  readonly kind: "breaking" | "additive";
  /** The place and what happened there, such as `input $.limit is required now`. */
  readonly what: string;
}

/**
 * What a change does to the values that a schema takes: fewer, more, or not to be told. Fewer break who sends,
 * more break who receives.
 */
type Effect = "narrower" | "wider" | "unclear";

interface Finding {
  readonly effect: Effect | "harmless" | "lost";
  readonly text: string;
}

interface Pair {
  readonly before: ShapeNode;
  readonly after: ShapeNode;
}

const LEAST = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"] as const;
const MOST = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"] as const;
const EXACT = ["multipleOf", "format", "pattern", "uniqueItems"] as const;

const OPPOSITE = { narrower: "wider", wider: "narrower" } as const;
const AMOUNT = { narrower: "a narrower", wider: "a wider", unclear: "another" } as const;

/** Every difference between two shapes of the same schema, sorted into what breaks a caller and what does not. */
export function shapeChanges(shapes: {
  readonly side: Side;
  readonly before: Shape;
  readonly after: Shape;
}): ShapeChange[] {
  const { side } = shapes;
  const before = new Map(Object.entries(shapes.before));
  const after = new Map(Object.entries(shapes.after));
  const changes: ShapeChange[] = [];
  const add = (path: string, found: readonly Finding[]): void => {
    for (const { effect, text } of found)
      changes.push({ kind: kindOf(effect, side), what: `${side} ${path} ${text}` });
  };
  for (const [path, node] of before) {
    const other = after.get(path);
    if (other !== undefined) add(path, nodeFindings({ before: node, after: other }, side));
    else if (hasParent(path, after)) add(path, lostAt(path, after));
  }
  for (const [path, node] of after)
    if (!before.has(path) && hasParent(path, before)) add(path, gainedAt(path, { node, before, side }));
  return changes;
}

function kindOf(effect: Finding["effect"], side: Side): ShapeChange["kind"] {
  if (effect === "harmless") return "additive";
  if (effect === "unclear" || effect === "lost") return "breaking";
  return (effect === "narrower") === (side === "input") ? "breaking" : "additive";
}

/** Whether the place above is there too: below a place that came or went as a whole nothing more is said. */
function hasParent(path: string, shape: ReadonlyMap<string, ShapeNode>): boolean {
  return shape.has(parentOf(path));
}

function lostAt(path: string, after: ReadonlyMap<string, ShapeNode>): Finding[] {
  if (isItems(path)) return [{ effect: "wider", text: "takes items of any kind now" }];
  if (!path.endsWith(".*")) return [{ effect: "lost", text: "is gone" }];
  // that the schema is closed now has been said of the place above
  if (after.get(parentOf(path))?.closed === true) return [];
  return [{ effect: "wider", text: "takes values of any kind now" }];
}

function gainedAt(
  path: string,
  at: { readonly node: ShapeNode; readonly before: ReadonlyMap<string, ShapeNode>; readonly side: Side },
): Finding[] {
  if (isItems(path)) return [{ effect: "narrower", text: "has a rule for its items now" }];
  if (path.endsWith(".*")) {
    // that the schema is open now has been said of the place above
    if (at.before.get(parentOf(path))?.closed === true) return [];
    return [{ effect: "narrower", text: "has a rule for further properties now" }];
  }
  if (at.node.required === true && at.side === "input")
    return [{ effect: "narrower", text: "is new and required" }];
  return [{ effect: "harmless", text: "is new" }];
}

function isItems(path: string): boolean {
  return /\[\d*\]$/.test(path);
}

function nodeFindings(pair: Pair, side: Side): Finding[] {
  const { before, after } = pair;
  return [
    ...flagFindings(pair, side),
    ...setFindings({
      before: typesOf(before),
      after: typesOf(after),
      covers: (types, one) => types.includes(one) || (one === "integer" && types.includes("number")),
      words: { takes: "takes the type", any: "of any type" },
    }),
    ...setFindings({
      before: before.enum?.map(canonicalJson),
      after: after.enum?.map(canonicalJson),
      covers: (values, one) => values.includes(one),
      words: { takes: "takes the value", any: "of any value" },
    }),
    ...limitFindings(pair),
    ...exactFindings(pair),
    ...alternativeFindings(pair),
  ];
}

function flagFindings({ before, after }: Pair, side: Side): Finding[] {
  const found: Finding[] = [];
  if (before.required !== after.required)
    found.push(
      after.required === true
        ? { effect: "narrower", text: "is required now" }
        : { effect: "wider", text: "is no longer required" },
    );
  if (before.closed !== after.closed) {
    // what an answer holds beyond its promise breaks nobody
    const effect = side === "output" ? "harmless" : after.closed === true ? "narrower" : "wider";
    const text = after.closed === true ? "takes no further properties now" : "takes further properties now";
    found.push({ effect, text });
  }
  return found;
}

interface SetFinding extends Finding {
  readonly effect: Effect;
}

interface Sets {
  /** Undefined where anything goes. */
  readonly before: readonly string[] | undefined;
  readonly after: readonly string[] | undefined;
  readonly covers: (set: readonly string[], one: string) => boolean;
  readonly words: { readonly takes: string; readonly any: string };
}

function setFindings({ before, after, covers, words }: Sets): SetFinding[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined)
    return [{ effect: "narrower", text: `takes only ${some(after)} now, before ${words.any}` }];
  if (after === undefined)
    return [{ effect: "wider", text: `is ${words.any} now, before only ${some(before)}` }];
  const fewer = before.filter((one) => !covers(after, one));
  const more = after.filter((one) => !covers(before, one));
  if (fewer.length > 0 && more.length > 0)
    return [{ effect: "unclear", text: `${words.takes} ${some(more)} now instead of ${some(fewer)}` }];
  if (fewer.length > 0) return [{ effect: "narrower", text: `${words.takes} ${some(fewer)} no longer` }];
  return more.length === 0 ? [] : [{ effect: "wider", text: `${words.takes} ${some(more)} too now` }];
}

function limitFindings({ before, after }: Pair): Finding[] {
  const compare = (keys: readonly (keyof ShapeNode)[], sign: 1 | -1): Finding[] =>
    keys.flatMap((key): Finding[] => {
      const [was, is] = [before[key], after[key]];
      if (was === is) return [];
      // no limit at all is the widest one
      const limit = (value: unknown): number => (typeof value === "number" ? sign * value : -Infinity);
      const effect = limit(is) > limit(was) ? "narrower" : "wider";
      return [{ effect, text: change(key, was, is) }];
    });
  return [...compare(LEAST, 1), ...compare(MOST, -1)];
}

function exactFindings({ before, after }: Pair): Finding[] {
  const exact = EXACT.flatMap((key): Finding[] => {
    const [was, is] = [before[key], after[key]];
    if (was === is) return [];
    const effect = was === undefined ? "narrower" : is === undefined ? "wider" : "unclear";
    return [{ effect, text: change(key, was, is) }];
  });
  const { default: was } = before;
  const { default: is } = after;
  if (was !== is) {
    const effect = was === undefined ? "harmless" : "unclear";
    exact.push({ effect, text: change("default", was, is) });
  }
  if (before.ref !== after.ref)
    exact.push({ effect: "unclear", text: change("reference", before.ref, after.ref) });
  if (before.other !== after.other)
    exact.push({ effect: "unclear", text: "has another rule, of a kind that the lock does not spell out" });
  return exact;
}

function alternativeFindings({ before, after }: Pair): Finding[] {
  return (["anyOf", "oneOf", "allOf"] as const).flatMap((key) => {
    const found = setFindings({
      before: before[key],
      after: after[key],
      covers: (set, one) => set.includes(one),
      words: { takes: "", any: "" },
    });
    // each part of allOf is one more rule: more of them take less
    const flip = key === "allOf" && before[key] !== undefined && after[key] !== undefined;
    return found.map(({ effect }): Finding => {
      const seen = flip && effect !== "unclear" ? OPPOSITE[effect] : effect;
      return { effect: seen, text: `has ${AMOUNT[seen]} ${key} now` };
    });
  });
}

function typesOf({ type }: ShapeNode): readonly string[] | undefined {
  return typeof type === "string" ? [type] : type;
}

/** `$.a["b.c"][]` -> `$.a["b.c"]`; the quotes of a name are skipped from its end. */
function parentOf(path: string): string {
  const step = /(\["(?:[^"\\]|\\.)*"\]|\[\d*\]|\.\*|\.[\w-]+)$/.exec(path);
  return step === null ? "" : path.slice(0, step.index);
}

function change(key: string, was: unknown, is: unknown): string {
  const said = (given: unknown): string => (given === undefined ? "none" : canonicalJson(given));
  return `has ${key} ${said(is)} now, before ${said(was)}`;
}

/** The first few of a set, for a text that a person reads. */
function some(values: readonly string[] | undefined): string {
  const list = values ?? [];
  if (list.length === 0) return "nothing";
  return list.length > 3 ? `${list.slice(0, 3).join(", ")} and ${list.length - 3} more` : list.join(", ");
}
