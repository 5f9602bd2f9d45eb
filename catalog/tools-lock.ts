import { z } from "zod";
import { catalogError, RollcallError } from "./errors.ts";
import { JSON_TYPES } from "./json.ts";
import { single } from "./merge.ts";
import { name } from "./names.ts";
import { validate } from "./validate.ts";
import { parseYaml, type YamlFile } from "./yaml.ts";

/** Where the lock of a catalog stands. */
export const TOOLS_LOCK = "stacks/tools.lock.yaml";
const RELOCK = "run `rollcall tools lock`";

const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be a SHA-256 digest of 64 hexadecimal digits")
  .describe("SHA-256 of the canonical JSON, in hexadecimal");
const mark = z.string().regex(/^[0-9a-f]{32}$/, "must be a digest of 32 hexadecimal digits");
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const jsonType = z.enum(JSON_TYPES);

const shapeNode = z
  .strictObject({
    type: z.union([jsonType, z.array(jsonType).min(2).readonly()]).optional(),
    required: z.literal(true).optional(),
    closed: z.literal(true).optional().describe("takes no property that is not listed"),
    enum: z.array(scalar).readonly().optional(),
    default: scalar.optional(),
    minimum: z.number().optional(),
    exclusiveMinimum: z.number().optional(),
    minLength: z.number().optional(),
    minItems: z.number().optional(),
    minProperties: z.number().optional(),
    maximum: z.number().optional(),
    exclusiveMaximum: z.number().optional(),
    maxLength: z.number().optional(),
    maxItems: z.number().optional(),
    maxProperties: z.number().optional(),
    multipleOf: z.number().optional(),
    uniqueItems: z.literal(true).optional(),
    format: z.string().optional(),
    pattern: z.string().optional(),
    ref: z.string().optional().describe("a reference back to a schema that this one stands in"),
    anyOf: z.array(mark).readonly().optional().describe("digests of the alternatives"),
    oneOf: z.array(mark).readonly().optional().describe("digests of the alternatives"),
    allOf: z.array(mark).readonly().optional().describe("digests of what holds as well"),
    other: mark.optional().describe("digest of every rule that is not spelled out here"),
  })
  .readonly();

const schemaContract = z
  .strictObject({
    digest: digest.describe("of the schema without its descriptions"),
    words: digest.optional().describe("of the descriptions inside the schema"),
    shape: z
      .record(z.string().startsWith("$", "must be a path that starts with $"), shapeNode)
      .readonly()
      .describe("each place of the schema, such as $.edits[].oldText"),
  })
  .readonly();

const toolContract = z
  .strictObject({
    tool: z.string(),
    hints: z
      .strictObject({
        readOnly: z.boolean().optional(),
        destructive: z.boolean().optional(),
        idempotent: z.boolean().optional(),
        openWorld: z.boolean().optional(),
      })
      .readonly()
      .optional(),
    wording: digest.describe("of title and description"),
    annotations: digest.optional(),
    input: schemaContract,
    output: schemaContract.optional(),
  })
  .readonly();

const serverContract = z
  .strictObject({
    protocolVersion: z.string().optional().describe("spoken when the tools were locked"),
    tools: z.array(toolContract).readonly().describe("sorted by name"),
  })
  .readonly();

/** `stacks/tools.lock.yaml`: the tools that each server is known to offer. */
export const toolsLockFile = z.strictObject({
  version: z.literal(1),
  servers: z.record(name, serverContract).readonly(),
});

export type ToolsLock = Readonly<z.infer<typeof toolsLockFile>>;
export type ServerContract = z.infer<typeof serverContract>;
export type ToolContract = z.infer<typeof toolContract>;
export type SchemaContract = z.infer<typeof schemaContract>;
/** One place of a schema: the rules that it spells out, and a digest of those that it does not. */
export type ShapeNode = z.infer<typeof shapeNode>;
/** A schema as its places, by paths such as `$.edits[].oldText`. */
export type Shape = SchemaContract["shape"];

/**
 * Reads a lock from its text; undefined stands for a file that is not there.
 * @throws RollcallError (catalog, exit 65) with every problem, its place and its cure.
 */
export function parseToolsLock(file: string, text: string | undefined): ToolsLock {
  if (text === undefined) {
    throw catalogError([{ place: file, path: "", rule: "the file is missing", cure: RELOCK }]);
  }
  const yaml = yamlOf(file, text);
  const result = validate(toolsLockFile, single(yaml));
  const problems = [...yaml.problems, ...(result.ok ? [] : result.problems)];
  if (problems.length === 0 && result.ok) return result.value;
  throw unusable(problems);
}

function yamlOf(file: string, text: string): YamlFile {
  try {
    return parseYaml(file, text);
  } catch (error) {
    throw error instanceof RollcallError ? unusable(error.problems) : error;
  }
}

/** The lock is written by a command: what is broken in it is not mended by hand. */
function unusable(problems: RollcallError["problems"]): RollcallError {
  return catalogError(
    problems.map((one) => ({ ...one, cure: `take the reviewed file back, or delete it and ${RELOCK}` })),
  );
}
