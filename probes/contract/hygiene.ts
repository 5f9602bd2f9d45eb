import { isMap } from "../../catalog/json.ts";
import { printable } from "../classify.ts";
import type { Era } from "../result.ts";
import type { ToolDefinition, ToolList } from "../session.ts";
import { canonicalJson } from "./digest.ts";

export const HYGIENE_KINDS = [
  "duplicate-names",
  "unstable-order",
  "missing-ttl",
  "public-cache",
  "hidden-characters",
] as const;
export type HygieneKind = (typeof HYGIENE_KINDS)[number];

/** Something about a tool list that no contract forbids and no client wants; printable. */
export interface HygieneFinding {
  readonly kind: HygieneKind;
  readonly detail: string;
}

export interface Hygiene {
  /**
   * What the list costs in a model's context, approximately: a quarter of the characters of the names, descriptions
   * and input schemas as JSON. Every model counts otherwise; languages other than English cost more.
   */
  readonly approximateTokens: number;
  readonly findings: readonly HygieneFinding[];
}

export interface HygieneInput {
  readonly list: ToolList;
  /** The names of an earlier list, in its order. */
  readonly previousOrder?: readonly string[] | undefined;
  readonly era: Era;
  /** Whether the server answers only who shows credentials. */
  readonly needsCredentials: boolean;
}

const CHARACTERS_A_TOKEN = 4;

/**
 * Characters that nobody sees and every model reads: zero widths, bidirectional overrides, the tag block, variation
 * selectors that carry bytes, blank letters, controls, private use and halves of characters.
 */
const HIDDEN = /[\p{DI}\p{Cf}\p{Co}\p{Cs}\u2028\u2029\u2800]|(?![\t\n\r])\p{Cc}/gu;
/** The invisible parts of emoji, which are meant, and those of keycaps. */
const EMOJI =
  /\p{ExtPict}(?:\ufe0f|\p{EMod})?(?:\u200d\p{ExtPict}(?:\ufe0f|\p{EMod})?)*|[\d#*]\ufe0f\u20e3/gu;
/** Findings of one kind; a list of a thousand poisoned tools is one fact. */
const MAX_FINDINGS = 20;

/** What a tool list costs a model, and what is unclean about it. */
export function hygieneOf({ list, previousOrder, era, needsCredentials }: HygieneInput): Hygiene {
  const names = list.tools.map(({ name }) => name);
  return {
    approximateTokens: tokensOf(list.tools),
    findings: [
      ...duplicates(names),
      ...(previousOrder === undefined ? [] : reordered(names, previousOrder)),
      ...(era === "modern" && list.ttlMs === null ? [NO_TTL] : []),
      ...(needsCredentials && list.cacheScope === "public" ? [PUBLIC] : []),
      ...list.tools.flatMap(hiddenIn).slice(0, MAX_FINDINGS),
    ],
  };
}

const NO_TTL: HygieneFinding = {
  kind: "missing-ttl",
  detail:
    "tools/list does not say how long it may be kept (ttlMs), which its generation of the protocol requires",
};
const PUBLIC: HygieneFinding = {
  kind: "public-cache",
  detail: "tools/list may be kept for everybody (cacheScope public), though the server asks for credentials",
};

function tokensOf(tools: readonly ToolDefinition[]): number {
  const seen = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  return Math.ceil(canonicalJson(seen).length / CHARACTERS_A_TOKEN);
}

function duplicates(names: readonly string[]): HygieneFinding[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > 1)
    .slice(0, MAX_FINDINGS)
    .map(([name, count]) => ({
      kind: "duplicate-names",
      detail: `${printable(name)} is listed ${count} times`,
    }));
}

/** Another order of the same names; other names are drift and none of this. */
function reordered(names: readonly string[], previous: readonly string[]): HygieneFinding[] {
  const at = names.findIndex((name, index) => name !== previous[index]);
  const same = canonicalJson([...names].sort()) === canonicalJson([...previous].sort());
  if (!same || at === -1) return [];
  const detail = `the same tools came in another order: ${names[at]} where ${previous[at]} was`;
  return [{ kind: "unstable-order", detail: printable(detail) }];
}

function hiddenIn({ name, ...texts }: ToolDefinition): HygieneFinding[] {
  return Object.entries({ name, ...texts }).flatMap(([part, value]): HygieneFinding[] => {
    const found = new Set<string>();
    let count = 0;
    for (const text of textsIn(value)) {
      for (const [character] of text.replace(EMOJI, "").matchAll(HIDDEN)) {
        count += 1;
        if (found.size < 5)
          found.add(`U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`);
      }
    }
    if (count === 0) return [];
    const which = `${count} hidden ${count === 1 ? "character" : "characters"} (${[...found].join(", ")})`;
    return [{ kind: "hidden-characters", detail: printable(`the ${part} of ${name} holds ${which}`) }];
  });
}

/** Every text of a JSON value, keys included; takes any depth. */
function* textsIn(value: unknown): Generator<string> {
  const queue = [value];
  while (queue.length > 0) {
    const next = queue.pop();
    if (typeof next === "string") yield next;
    else if (Array.isArray(next)) for (const item of next) queue.push(item);
    else if (isMap(next))
      for (const [key, inner] of Object.entries(next)) {
        yield key;
        queue.push(inner);
      }
  }
}
