import type { SchemaContract, ServerContract, ToolContract } from "../../catalog/tools-lock.ts";
import type { ToolDefinition, ToolList } from "../session.ts";
import { annotationsOf } from "./annotations.ts";
import { byKey, digest, digestsOf } from "./digest.ts";
import { type SchemaShape, shapeOf } from "./shape.ts";

/** What a list of tools promises, as the lock keeps it; the same for the same tools in any order. */
export function contractOf(list: ToolList, protocolVersion: string | null = null): ServerContract {
  const tools = sortedTools(list).map(({ contract }) => contract);
  return protocolVersion === null ? { tools } : { protocolVersion, tools };
}

/** A tool with its contract; `nth` counts those of the same name, from 0. */
export interface SortedTool {
  readonly tool: ToolDefinition;
  readonly contract: ToolContract;
  readonly nth: number;
}

/** The tools by name; those of the same name by their digests, so that their order means nothing. */
export function sortedTools({ tools }: ToolList): SortedTool[] {
  const sorted = tools
    .map((tool) => {
      const contract = toolContract(tool);
      const { wording, annotations = "", input, output } = contract;
      const words = [input.words ?? "", output?.digest ?? "", output?.words ?? ""];
      return { tool, contract, order: [tool.name, input.digest, wording, annotations, ...words] };
    })
    .sort((a, b) => compare(a.order, b.order));
  const seen = new Map<string, number>();
  return sorted.map(({ tool, contract }) => {
    const nth = seen.get(tool.name) ?? 0;
    seen.set(tool.name, nth + 1);
    return { tool, contract, nth };
  });
}

/** The digest of the descriptions at some places of a schema; undefined where there are none. */
export function wordsDigest(shape: SchemaShape, at: (path: string) => boolean): string | undefined {
  const words = [...shape.words].filter(([path]) => at(path)).sort(byKey);
  return words.length === 0 ? undefined : digest(words);
}

function toolContract(tool: ToolDefinition): ToolContract {
  const { wording, input, output, annotations } = digestsOf(tool);
  const { hints } = annotationsOf(tool.annotations);
  return {
    tool: tool.name,
    ...(hints === undefined ? {} : { hints }),
    wording,
    ...(annotations === undefined ? {} : { annotations }),
    input: schemaContract(tool.inputSchema, input),
    ...(output === undefined ? {} : { output: schemaContract(tool.outputSchema, output) }),
  };
}

function schemaContract(schema: unknown, structure: string): SchemaContract {
  const shape = shapeOf(schema);
  const words = wordsDigest(shape, () => true);
  return {
    digest: structure,
    ...(words === undefined ? {} : { words }),
    shape: Object.fromEntries(shape.nodes),
  };
}

function compare(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((text, index) => text !== b[index]);
  return at === -1 ? 0 : (a[at] ?? "") < (b[at] ?? "") ? -1 : 1;
}
