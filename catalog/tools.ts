import { z } from "zod";
import { distinctItems } from "./names.ts";
import { positiveDuration } from "./units.ts";

const stream = z
  .strictObject({
    first: positiveDuration.describe("time until the first event"),
    gap: positiveDuration.describe("longest time between two events"),
    events: z.int().min(1).max(1_000).default(2).describe("events before the answer, at least"),
  })
  .describe("the answer must come as a stream: late, with gaps, cut short or held back by a proxy it fails");

const canary = z
  .strictObject({
    call: z.string().min(1).describe("a tool that only reads; the probe calls no other"),
    arguments: z.record(z.string(), z.unknown()).default({}),
    expect: z
      .strictObject({
        text: z.string().min(1).optional().describe("text that the answer must contain"),
        values: z
          .record(
            z.string().regex(/^(\/([^~/]|~[01])*)*$/, "must be a JSON Pointer, such as /total"),
            z.unknown(),
          )
          .optional()
          .describe("values of the structured content, by JSON Pointer"),
      })
      .prefault({}),
    stream: stream.optional(),
  })
  .describe("one call with fixed arguments, whose answer must be the expected one");

/** What a server promises of its tools. */
export const tools = z
  .strictObject({
    required: z.array(z.string().min(1)).refine(distinctItems, "must not name anything twice").default([]),
    contract: z
      .boolean()
      .default(true)
      .describe("compare the tool list with stacks/tools.lock.yaml, where the server stands in it"),
    canary: canary.optional(),
  })
  .prefault({});

export type CanaryFile = z.infer<typeof canary>;
