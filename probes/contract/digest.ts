import { createHash } from "node:crypto";
import type { ToolDefinition } from "../session.ts";
import { annotationsOf } from "./annotations.ts";
import { splitSchema } from "./words.ts";

/** SHA-256 digests of the parts of a tool, 64 hexadecimal digits each; undefined for a part that it has not. */
export interface ToolDigests {
  /** Title and description, the title among the annotations included. */
  readonly wording: string;
  /** The input schema without its descriptions. */
  readonly input: string;
  readonly output: string | undefined;
  /** The annotations but for their title and the hints, which the lock spells out. */
  readonly annotations: string | undefined;
}

export function digestsOf(tool: ToolDefinition): ToolDigests {
  const { title, description, annotations, inputSchema, outputSchema } = tool;
  const { title: annotatedTitle, rest } = annotationsOf(annotations);
  return {
    wording: digest({ title, description, annotatedTitle }),
    annotations: rest === undefined ? undefined : digest(rest),
    input: digest(splitSchema(inputSchema).structure),
    output: outputSchema === undefined ? undefined : digest(splitSchema(outputSchema).structure),
  };
}

/** SHA-256 of the canonical JSON of a value, as 64 hexadecimal digits. */
export function digest(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** The first half of a digest: enough to tell two rules apart that nobody needs to find again. */
export function mark(value: unknown): string {
  return digest(value).slice(0, 32);
}

/** Orders entries by the UTF-16 code units of their keys, as RFC 8785 asks. */
export function byKey([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

type Task = { readonly text: string } | { readonly value: unknown };

/**
 * Canonical JSON after RFC 8785: sorted keys, no white space, nothing that is undefined. Other than there, a lone
 * surrogate is no error but keeps its escape. Takes any depth: it keeps its own stack. The value must come from JSON.
 */
export function canonicalJson(value: unknown): string {
  const parts: string[] = [];
  const tasks: Task[] = [{ value }];
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    if ("text" in task) parts.push(task.text);
    else if (typeof task.value === "object" && task.value !== null) pushParts(tasks, task.value);
    else parts.push(scalarJson(task.value));
  }
  return parts.join("");
}

/** Puts what a list or a map is made of on the stack, the first part on top. */
function pushParts(tasks: Task[], container: object): void {
  const list = Array.isArray(container);
  const items: Task[][] = list
    ? container.map((value: unknown) => [{ value }])
    : Object.entries(container)
        .filter(([, value]) => value !== undefined)
        .sort(byKey)
        .map(([key, value]) => [{ text: `${JSON.stringify(key)}:` }, { value }]);
  const between: Task = { text: "," };
  const inner = items.flatMap((item, index) => (index === 0 ? item : [between, ...item]));
  tasks.push({ text: list ? "]" : "}" });
  for (const task of inner.reverse()) tasks.push(task);
  tasks.push({ text: list ? "[" : "{" });
}

/** What JSON cannot say is null, as `JSON.stringify` has it in a list. */
function scalarJson(value: unknown): string {
  const sayable = value === null || ["string", "number", "boolean"].includes(typeof value);
  return sayable ? JSON.stringify(value) : "null";
}
