import { z } from "zod";
import { secretRef } from "./secrets.ts";
import { quantity } from "./units.ts";

const size = quantity.refine(({ dimension }) => dimension === "size", "must be a size, such as 1GiB");

/** Something that a server needs to do its work, checked beside it and named when it fails. */
export const dependency = z.discriminatedUnion("kind", [
  z
    .strictObject({
      kind: z.literal("postgresql"),
      url: secretRef.describe("connection string, by reference"),
    })
    .describe("a database: a real connection and one SELECT"),
  z.strictObject({ kind: z.literal("http"), url: z.url({ protocol: /^https?$/ }) }).describe("an HTTP API"),
  z
    .strictObject({
      kind: z.literal("disk"),
      path: z.string().min(1),
      free: size.describe("space that must be free"),
      access: z.enum(["read", "write"]).default("write"),
    })
    .describe("a folder on the machine where the probe runs; checked by the local runner only"),
]);

export type DependencyFile = z.infer<typeof dependency>;
