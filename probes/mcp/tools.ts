import { ProbeFault } from "../classify.ts";
import type { ToolDefinition, ToolList } from "../session.ts";
import { isObject, type JsonObject } from "./json.ts";

/** Pages of one list that are followed, and tools that are kept of them. */
const MAX_PAGES = 64;
const MAX_TOOLS = 10_000;

/**
 * All pages of tools/list, each asked for by `page`. Throws a ProbeFault of class protocol when a page is
 * malformed, a cursor repeats, or the list goes beyond 64 pages or 10,000 tools.
 */
export async function readTools(page: (cursor: string | null) => Promise<JsonObject>): Promise<ToolList> {
  const tools: ToolDefinition[] = [];
  const cursors = new Set<string>();
  let cursor: string | null = null;
  let ttlMs: number | null = null;
  let cacheScope: string | null = null;
  for (let pages = 1; pages <= MAX_PAGES; pages += 1) {
    const result: JsonObject = await page(cursor);
    for (const tool of toolsIn(result)) tools.push(judgeTool(tool, tools.length));
    if (tools.length > MAX_TOOLS) throw fault(`more than ${MAX_TOOLS} tools`);
    // A list may be kept no longer than the page that changes soonest.
    ttlMs = soonest(ttlMs, result.ttlMs);
    if (cacheScope === null && typeof result.cacheScope === "string") cacheScope = result.cacheScope;
    cursor = nextCursor(result);
    if (cursor === null) return { tools, pages, ttlMs, cacheScope };
    if (cursors.has(cursor)) throw fault(`page ${pages} repeats a cursor`);
    cursors.add(cursor);
  }
  throw fault(`more than ${MAX_PAGES} pages`);
}

function toolsIn({ tools }: JsonObject): readonly unknown[] {
  if (!Array.isArray(tools)) throw fault("a result whose tools are no list");
  return tools;
}

/** The very object that came: nothing is copied, so no key of a server gets a meaning. */
function judgeTool(tool: unknown, index: number): ToolDefinition {
  if (!isObject(tool)) throw fault(`tool ${index} is no object`);
  if (typeof tool.name !== "string" || tool.name === "") throw fault(`tool ${index} has no name`);
  if (!hasSchema(tool)) throw fault(`tool ${index} (${tool.name}) has no inputSchema object`);
  return tool;
}

function hasSchema(tool: JsonObject): tool is JsonObject & ToolDefinition {
  return isObject(tool.inputSchema);
}

/** An empty cursor is a valid one: only its absence ends the list. */
function nextCursor({ nextCursor: cursor }: JsonObject): string | null {
  if (cursor === undefined || cursor === null) return null;
  if (typeof cursor === "string") return cursor;
  throw fault("a nextCursor that is no text");
}

function soonest(known: number | null, given: unknown): number | null {
  if (typeof given !== "number" || !(given >= 0)) return known;
  return known === null ? given : Math.min(known, given);
}

function fault(message: string): ProbeFault {
  return new ProbeFault("protocol", `tools/list: ${message}`);
}
