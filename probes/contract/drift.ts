import type { SchemaContract, ServerContract, ToolContract } from "../../catalog/tools-lock.ts";
import { printable } from "../classify.ts";
import type { ToolDefinition, ToolList } from "../session.ts";
import { HINT_NAMES, HINTS, type Hints } from "./annotations.ts";
import { type SortedTool, sortedTools, wordsDigest } from "./contract.ts";
import { shapeOf } from "./shape.ts";
import { type Side, shapeChanges } from "./shape-drift.ts";

/** Kinds of drift, the most dangerous first. */
export const DRIFT_KINDS = ["missing", "breaking", "wording", "additive"] as const;
/**
 * `missing`: a tool is gone. `breaking`: a caller may fail, or may do harm that it did not before. `wording`: a text
 * that models read is another one, which is how tools are poisoned. `additive`: nobody is harmed.
 */
export type DriftKind = (typeof DRIFT_KINDS)[number];

/** One difference between the contract of a server and what it lists; printable. */
export interface Drift {
  readonly kind: DriftKind;
  readonly tool: string;
  readonly what: string;
}

/** Differences that are told one by one; a hostile server may not fill the store with them. */
const MAX_DRIFTS = 100;

type Change = Omit<Drift, "tool">;

/** Where a list of tools left its contract, the dangerous differences first; empty when it keeps it. */
export function driftOf(contract: ServerContract, list: ToolList): Drift[] {
  const locked = numbered(contract.tools);
  const listed = sortedTools(list);
  const found = new Map(listed.map((one) => [keyOf(one.tool.name, one.nth), one]));
  const drifts = [...locked].flatMap(([key, before]) => {
    const now = found.get(key);
    const changes = now === undefined ? [GONE] : toolChanges(before, now);
    return changes.map((change) => drift(before.tool, change));
  });
  const added = listed.filter(({ tool, nth }) => !locked.has(keyOf(tool.name, nth)));
  return capped([...drifts, ...added.map(({ tool }) => drift(tool.name, NEW))]);
}

const GONE: Change = { kind: "missing", what: "the tool is gone" };
const NEW: Change = { kind: "additive", what: "the tool is new" };

/** Tools by name and by their number among those of the same name: a server may list a name twice. */
function numbered(tools: readonly ToolContract[]): Map<string, ToolContract> {
  const seen = new Map<string, number>();
  return new Map(
    tools.map((tool) => {
      const nth = seen.get(tool.tool) ?? 0;
      seen.set(tool.tool, nth + 1);
      return [keyOf(tool.tool, nth), tool];
    }),
  );
}

function keyOf(name: string, nth: number): string {
  return `${nth} ${name}`;
}

function drift(tool: string, { kind, what }: Change): Drift {
  return { kind, tool: printable(tool), what: printable(what) };
}

function capped(drifts: readonly Drift[]): Drift[] {
  const sorted = DRIFT_KINDS.flatMap((kind) => drifts.filter((one) => one.kind === kind));
  const [first, ...others] = sorted.slice(MAX_DRIFTS - 1);
  if (first === undefined || others.length === 0) return sorted;
  const what = `and ${others.length + 1} more differences`;
  return [...sorted.slice(0, MAX_DRIFTS - 1), { kind: first.kind, tool: "…", what }];
}

function toolChanges(before: ToolContract, { tool, contract: after }: SortedTool): Change[] {
  const wording: Change[] =
    before.wording === after.wording
      ? []
      : [{ kind: "wording", what: "the title or the description is another one" }];
  return [
    ...wording,
    ...annotationChanges(before, after),
    ...schemaChanges({ side: "input", before: before.input, after: after.input, schema: tool.inputSchema }),
    ...outputChanges(before, { tool, after }),
  ];
}

function outputChanges(
  { output: before }: ToolContract,
  { tool, after: { output: after } }: { readonly tool: ToolDefinition; readonly after: ToolContract },
): Change[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ kind: "additive", what: "the output has a schema now" }];
  if (after === undefined) return [{ kind: "breaking", what: "the output has no schema any more" }];
  return schemaChanges({ side: "output", before, after, schema: tool.outputSchema });
}

interface Schemas {
  readonly side: Side;
  readonly before: SchemaContract;
  readonly after: SchemaContract;
  readonly schema: unknown;
}

function schemaChanges({ side, before, after, schema }: Schemas): Change[] {
  const rules =
    before.digest === after.digest ? [] : shapeChanges({ side, before: before.shape, after: after.shape });
  const unexplained = before.digest !== after.digest && rules.length === 0;
  return [
    ...rules,
    ...(unexplained
      ? [{ kind: "breaking", what: `the ${side} schema changed where the lock cannot tell how` } as const]
      : []),
    ...(hasOtherWords({ before, after, schema })
      ? [{ kind: "wording", what: `a description inside the ${side} schema is another one` } as const]
      : []),
  ];
}

/** Whether the texts that the lock knows are others now; what describes a new place only is no change of them. */
function hasOtherWords({ before, after, schema }: Omit<Schemas, "side">): boolean {
  if (before.words === after.words) return false;
  const lost = Object.keys(before.shape).some((path) => !Object.hasOwn(after.shape, path));
  // with a place its texts are gone too, and what is left cannot be compared: the loss itself is told
  if (lost) return false;
  return wordsDigest(shapeOf(schema), (path) => Object.hasOwn(before.shape, path)) !== before.words;
}

function annotationChanges(before: ToolContract, after: ToolContract): Change[] {
  const hints = HINT_NAMES.flatMap((name) => hintChange(name, before.hints?.[name], after.hints?.[name]));
  if (before.annotations === after.annotations) return hints;
  return [...hints, { kind: "breaking", what: "annotations other than the hints of the protocol changed" }];
}

function hintChange(name: keyof Hints, was: boolean | undefined, is: boolean | undefined): Change[] {
  if (was === is) return [];
  const { key, danger, absent } = HINTS[name];
  const worse = (is ?? absent) === danger && (was ?? absent) !== danger;
  // said aloud it counts, though the protocol assumes it of a tool that says nothing
  const spoken = name === "destructive" && was === undefined && is === true;
  const what = `${key} is ${is ?? "absent"} now, before ${was ?? "absent"}`;
  return [{ kind: worse || spoken ? "breaking" : "additive", what }];
}
