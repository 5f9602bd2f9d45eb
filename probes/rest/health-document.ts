import type { ComponentReading } from "../result.ts";

/** Words by which a health document says that something is down, whatever the HTTP status. */
const SICK_WORDS: ReadonlySet<string> = new Set(["unhealthy", "down", "error", "fail", "failed"]);
/** How many components are reported that nobody configured: a page may name any number. */
const MAX_UNASKED = 50;

/** The value of a JSON text; undefined when it is none. */
export function jsonOf(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    // trim() also takes a byte order mark, which JSON.parse refuses.
    return JSON.parse(text.trim());
  } catch {
    return undefined;
  }
}

/** The word by which a document says that its whole service is down; null when it says nothing of the kind. */
export function sickWord(document: unknown): string | null {
  const word = isObject(document) ? textOf(document.status) : null;
  return word !== null && isSick(word) ? plain(word) : null;
}

/**
 * What each component says against what it must say, and every other component that says it is down. Known
 * forms: `components` of words or of objects with a `status` (Spring Boot), `checks` as lists under a name
 * (the health+json draft), and lists of `{ name, status }` under either key.
 */
export function readComponents({
  document,
  expected,
  show,
}: {
  readonly document: unknown;
  readonly expected: Readonly<Record<string, string>>;
  /** Makes a text of the page fit for a result. */
  readonly show: (text: string) => string;
}): ComponentReading[] {
  const named = namedComponents(document);
  const asked = Object.entries(expected).map(([name, wanted]): ComponentReading => {
    const value = named.get(name) ?? null;
    const ok = value !== null && plain(value) === plain(wanted);
    return { name, ok, value: value === null ? null : show(value), expected: wanted };
  });
  const unasked = [...named]
    .filter(([name, value]) => !Object.hasOwn(expected, name) && isSick(value))
    .slice(0, MAX_UNASKED)
    .map(([name, value]): ComponentReading => {
      return { name: show(name), ok: false, value: show(value), expected: "not failed" };
    });
  return [...asked, ...unasked];
}

/** The word of each component; where both keys name one, `components` counts. */
function namedComponents(document: unknown): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  if (!isObject(document)) return named;
  for (const key of ["checks", "components"]) {
    for (const [name, said] of entriesOf(Object.hasOwn(document, key) ? document[key] : null)) {
      const word = wordOf(said);
      if (word !== null) named.set(name, word);
    }
  }
  return named;
}

function entriesOf(components: unknown): [string, unknown][] {
  if (!Array.isArray(components)) return isObject(components) ? Object.entries(components) : [];
  return components.flatMap((entry: unknown): [string, unknown][] =>
    isObject(entry) && typeof entry.name === "string" ? [[entry.name, entry]] : [],
  );
}

/** A word itself, the `status` of an object, or of several nodes of one component the first sick one. */
function wordOf(said: unknown): string | null {
  if (typeof said === "string") return said;
  if (typeof said === "boolean" || typeof said === "number") return String(said);
  if (!Array.isArray(said)) return isObject(said) ? textOf(said.status) : null;
  const words = said.map((node: unknown) => (isObject(node) ? textOf(node.status) : null));
  return words.find((word) => word !== null && isSick(word)) ?? words[0] ?? null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function isSick(word: string): boolean {
  return SICK_WORDS.has(plain(word));
}

function plain(word: string): string {
  return word.trim().toLowerCase();
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
