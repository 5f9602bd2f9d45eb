import { z } from "zod";
import type { Problem } from "./errors.ts";
import { isMap } from "./json.ts";
import { isSecret } from "./literal-secrets.ts";
import { type Layered, valueAt } from "./merge.ts";
import { formatPath, type Path } from "./yaml.ts";

export type Validated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Checks a value against its schema and turns every issue into a problem with place, rule and cure. */
export function validate<T>(schema: z.ZodType<T>, input: Layered): Validated<T> {
  const parsed = schema.safeParse(input.value);
  const unread = unreadKeys(input.value, []).map((path) => ({
    place: input.place(path),
    path: formatPath(path),
    rule: `unknown key "${String(path.at(-1))}"`,
    cure: "take it out",
  }));
  if (parsed.success && unread.length === 0) return { ok: true, value: parsed.data };
  const document = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const issues = parsed.error?.issues ?? [];
  return {
    ok: false,
    problems: [
      ...unread,
      ...issues
        .flatMap((issue) => problemsOf(issue, input, document))
        .filter(({ path }) => !unread.some((one) => one.path === path)),
    ],
  };
}

/** Paths that zod passes over in silence: it leaves a key of this name out of every record. */
function unreadKeys(value: unknown, path: Path): Path[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => unreadKeys(item, [...path, index]));
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "__proto__" ? [[...path, key]] : unreadKeys(inner, [...path, key]),
  );
}

type JsonSchema = { readonly [key: string]: unknown };

function problemsOf(issue: z.core.$ZodIssue, input: Layered, document: JsonSchema): Problem[] {
  const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(document, path);
    return issue.keys.map((key) => ({
      place: input.place([...path, key]),
      path: formatPath([...path, key]),
      rule: `unknown key "${key}"`,
      cure: suggestion(key, known),
    }));
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // the branch that got furthest says best what is wrong
    const best = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [];
    const nested = best.flatMap((inner) =>
      problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, input, document),
    );
    if (nested.length > 0) return nested;
  }
  const actual = valueAt(input.value, path);
  const [rule, given] = issue.message.split(", such as ");
  const example = given ?? exampleAt(document, path);
  return [
    {
      place: input.place(path),
      path: formatPath(path),
      ...(actual === undefined
        ? { rule: "is missing", cure: example === undefined ? "add it" : `add it, such as ${example}` }
        : { rule: `${show(actual, path)} ${ruleText(issue, rule ?? "")}`, cure: cureFor(issue, example) }),
    },
  ];
}

function ruleText(issue: z.core.$ZodIssue, message: string): string {
  if (issue.code === "invalid_type") return `must be ${article(issue.expected)}`;
  if (issue.code === "invalid_value") return `must be one of ${issue.values.map(String).join(", ")}`;
  if (issue.code === "too_small" || issue.code === "too_big")
    return message.replace(/^Too (small|big): expected \w+ to (be|have) /, "must $2 ");
  if (issue.code === "invalid_format" && issue.format === "url") return "must be an http or https address";
  if (issue.code === "invalid_key")
    return "is not a name: it must match [a-zA-Z0-9_-] and have at most 48 characters";
  return message;
}

function cureFor(issue: z.core.$ZodIssue, example: string | undefined): string {
  if (example !== undefined) return `write it such as ${example}`;
  if (issue.code === "invalid_value") return `write ${issue.values.map(String).join(" or ")}`;
  if (issue.code === "invalid_type") return `write ${article(issue.expected)}`;
  if (issue.code === "invalid_key") return "rename it";
  return "correct the value to fit the rule";
}

const article = (type: string): string => {
  const word = type === "record" || type === "object" ? "map" : type === "array" ? "list" : type;
  return /^[aeiou]/.test(word) ? `an ${word}` : `a ${word}`;
};

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length + (issue.code === "invalid_type" ? 0 : 1)));
}

/** A value as it may be printed: what looks like a secret, or may hold one, is not. */
function show(value: unknown, path: Path): string {
  if (Array.isArray(value)) return "this list";
  if (isMap(value)) return "this map";
  if (isSecret(value, path)) return "this secret";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The keys that the schema knows at a path, over all branches of its unions. */
function keysAt(at: unknown, path: Path): string[] {
  if (!isMap(at)) return [];
  const branches = [at.anyOf, at.oneOf, at.allOf].flatMap((list) => (Array.isArray(list) ? list : []));
  const [step, ...rest] = path;
  const below = branches.flatMap((branch) => keysAt(branch, path));
  if (step === undefined) return [...(isMap(at.properties) ? Object.keys(at.properties) : []), ...below];
  const next = childOf(at, step);
  return [...keysAt(next, rest), ...below];
}

/** The example that the schema's own description gives for a path. */
function exampleAt(at: unknown, path: Path): string | undefined {
  if (!isMap(at)) return undefined;
  const [step, ...rest] = path;
  const branches = [at.anyOf, at.oneOf, at.allOf].flatMap((list) => (Array.isArray(list) ? list : []));
  const found = branches.map((branch) => exampleAt(branch, path)).find((example) => example !== undefined);
  if (step === undefined) {
    return typeof at.description === "string" ? (at.description.split(", such as ")[1] ?? found) : found;
  }
  return exampleAt(childOf(at, step), rest) ?? found;
}

function childOf(at: Record<string, unknown>, step: string | number): unknown {
  if (isMap(at.properties) && Object.hasOwn(at.properties, String(step))) return at.properties[String(step)];
  return at.additionalProperties ?? at.items;
}

function suggestion(key: string, known: readonly string[]): string {
  const unique = [...new Set(known)];
  const near = unique
    .map((name) => ({ name, distance: distance(key, name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  if (near?.distance === 0) return "take it out: it does not go with what else is set here";
  if (near !== undefined && near.distance <= Math.max(2, key.length / 3))
    return `write ${near.name}, or take it out`;
  return unique.length > 0 ? `take it out; known here: ${unique.join(", ")}` : "take it out";
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
