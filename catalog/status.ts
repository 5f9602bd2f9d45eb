import { z } from "zod";
import { distinctItems } from "./names.ts";
import { dnsLabel } from "./network.ts";

/** One role or one user: a whole account, a wildcard or the world cannot be written. */
const principal = z
  .string()
  .regex(
    /^arn:aws[\w-]*:iam::\d{12}:(role|user)\/[\w+=,.@/-]+$/,
    "must be the ARN of one IAM role or user, such as arn:aws:iam::123456789012:role/operators",
  );

/** Where the status API of an environment is served, and to whom: to nobody unless somebody is named. */
export const status = z
  .strictObject({
    aws: z
      .enum(["function-url", "off"])
      .default("function-url")
      .describe("function-url serves it from AWS at an address that takes requests signed by IAM only"),
    cluster: z
      .boolean()
      .default(false)
      .describe("serve it within the cluster too, from what the exporter there has found"),
    readers: z
      .array(principal)
      .default([])
      .refine(distinctItems, "must not name anything twice")
      .describe(
        "roles and users that may call the address in AWS, besides those whose own policies in that account allow it",
      ),
    namespaces: z
      .array(dnsLabel)
      .default([])
      .refine(distinctItems, "must not name anything twice")
      .describe("namespaces whose pods may call it within the cluster"),
  })
  .describe("who may read the status of the servers, and where");

export type StatusSettings = z.infer<typeof status>;
