import fc from "fast-check";
import type { ToolDefinition, ToolList } from "../../probes/session.ts";

/** A list of tools as a server of the older generation gives it. */
export function listOf(...tools: readonly ToolDefinition[]): ToolList {
  return { tools, pages: 1, ttlMs: null, cacheScope: null };
}

/** A tool with everything left out filled in. */
export function tool(given: Partial<ToolDefinition> = {}): ToolDefinition {
  return { name: "search", description: "Finds files", inputSchema: { type: "object" }, ...given };
}

/** A tool whose input is an object of these properties. */
export function toolTaking(
  properties: unknown,
  rest: Readonly<Record<string, unknown>> = {},
): ToolDefinition {
  return tool({ inputSchema: { type: "object", properties, ...rest } });
}

/** A tool that promises an answer of these properties. */
export function toolGiving(
  properties: unknown,
  rest: Readonly<Record<string, unknown>> = {},
): ToolDefinition {
  return tool({ outputSchema: { type: "object", properties, ...rest } });
}

/** Names that break what is careless: of JavaScript, of YAML, of a path, of a terminal. */
export const HOSTILE_NAMES = [
  "__proto__",
  "constructor",
  "<<",
  "a: b",
  "two\nlines",
  "- item",
  "# no comment",
  "&anchor",
  "*alias",
  "!!js/function",
  "null",
  "true",
  "no",
  "1e3",
  "2025-11-25",
  "",
  " ",
  '"quoted"',
  "'single'",
  "a.b[]",
  '"]',
  "back\\slash",
  "\u0000\u007f\u0085\u2028\ufeff",
  "\u202eevil",
  "\ud800",
  "😀",
] as const;

const name = fc.oneof(
  fc.constantFrom(...HOSTILE_NAMES, "path", "query", "type", "properties", "description", "$ref"),
  fc.string({ unit: "binary", maxLength: 8 }),
);

/** JSON Schemas, the sensible and the broken, with references that lead somewhere, back, and nowhere. */
export const anySchema: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.letrec((tie) => {
  const schema = fc.oneof(
    { maxDepth: 3 },
    fc.record(
      {
        type: fc.oneof(
          fc.constantFrom<unknown>("string", "object", "integer", "nonsense", 7),
          fc.uniqueArray(fc.constantFrom("string", "null", "number"), { maxLength: 3 }),
        ),
        description: fc.string(),
        enum: fc.array(fc.oneof(name, fc.double(), fc.constant(null)), { maxLength: 3 }),
        default: fc.jsonValue({ maxDepth: 1 }),
        minimum: fc.oneof(fc.double(), fc.boolean()),
        maxLength: fc.nat(),
        pattern: fc.string(),
        $ref: fc.constantFrom("#", "#/$defs/node", "#/$defs/none", "https://example.com/schema"),
      },
      { requiredKeys: [] },
    ),
    fc.record({ type: fc.constant("array"), items: tie("schema") }),
    fc.record({ anyOf: fc.array(tie("schema"), { maxLength: 3 }), examples: fc.array(fc.string()) }),
    fc.boolean(),
    tie("object"),
  );
  const object = fc.record(
    {
      type: fc.constant("object"),
      title: fc.string(),
      properties: fc.dictionary(name, tie("schema"), { maxKeys: 4 }),
      required: fc.array(name, { maxLength: 2 }),
      additionalProperties: fc.oneof(fc.boolean(), tie("schema")),
      $defs: fc.record({ node: tie("schema") }),
    },
    { requiredKeys: ["type"] },
  );
  return { schema, object };
}).object as fc.Arbitrary<Readonly<Record<string, unknown>>>;

export const anyTool: fc.Arbitrary<ToolDefinition> = fc.record(
  {
    name,
    title: fc.string(),
    description: fc.string({ unit: "binary" }),
    inputSchema: anySchema,
    outputSchema: anySchema,
    annotations: fc.record(
      {
        title: fc.string(),
        readOnlyHint: fc.boolean(),
        destructiveHint: fc.oneof(fc.boolean(), fc.string()),
        custom: fc.jsonValue({ maxDepth: 1 }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ["name", "inputSchema"] },
);

/** A list as a server may send it, duplicates and all: what has been JSON on its way. */
export const anyList: fc.Arbitrary<ToolList> = fc
  .array(anyTool, { maxLength: 4 })
  .map((tools) => listOf(...(JSON.parse(JSON.stringify(tools)) as ToolDefinition[])));
