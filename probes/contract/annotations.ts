import { isMap } from "../../catalog/json.ts";
import type { ToolContract } from "../../catalog/tools-lock.ts";

export type Hints = NonNullable<ToolContract["hints"]>;

interface HintRule {
  readonly key: string;
  /** The value that asks more care of a caller. */
  readonly danger: boolean;
  /** What the protocol assumes of a tool that does not say. */
  readonly absent: boolean;
}

/** The hints of the protocol (2025-03-26 and later), by their names in the lock. */
export const HINTS: Readonly<Record<keyof Hints, HintRule>> = {
  readOnly: { key: "readOnlyHint", danger: false, absent: false },
  destructive: { key: "destructiveHint", danger: true, absent: true },
  idempotent: { key: "idempotentHint", danger: false, absent: false },
  openWorld: { key: "openWorldHint", danger: true, absent: true },
};

export const HINT_NAMES = ["readOnly", "destructive", "idempotent", "openWorld"] as const;

/** The annotations of a tool taken apart. */
export interface Annotations {
  readonly title: unknown;
  /** Undefined where the tool gives none. */
  readonly hints: Hints | undefined;
  /** What is neither title nor hint; undefined where there is nothing of it. */
  readonly rest: unknown;
}

export function annotationsOf(annotations: unknown): Annotations {
  if (!isMap(annotations)) return { title: undefined, hints: undefined, rest: annotations };
  const given = new Map(Object.entries(annotations));
  const title = given.get("title");
  given.delete("title");
  const hints: [string, unknown][] = [];
  for (const name of HINT_NAMES) {
    const { key } = HINTS[name];
    if (typeof given.get(key) !== "boolean") continue;
    hints.push([name, given.get(key)]);
    given.delete(key);
  }
  return {
    title,
    hints: hints.length === 0 ? undefined : (Object.fromEntries(hints) as Hints),
    rest: given.size === 0 ? undefined : Object.fromEntries(given),
  };
}
