import { z } from "zod";
import { httpPath, metricName } from "./names.ts";
import { positiveDuration } from "./units.ts";

/** Pages of the REST side that numbers are read from. */
const page = z.enum(["health", "live", "ready", "diagnostics", "metrics"]);

const number = z.union([
  z
    .strictObject({
      page,
      pointer: z
        .string()
        .regex(/^(\/([^~/]|~[01])*)*$/, "must be a JSON Pointer, such as /performance/cpu_percent"),
    })
    .describe("a value of a JSON page, by JSON Pointer (RFC 6901)"),
  z
    .strictObject({
      page,
      series: z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, "must be the name of a Prometheus series"),
      labels: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string()).default({}),
    })
    .describe("a series of a Prometheus page; several that carry the labels are summed"),
]);

/** The REST side of a server. */
export const rest = z
  .strictObject({
    health: httpPath.optional(),
    live: httpPath.optional(),
    ready: httpPath.optional(),
    metrics: httpPath.optional(),
    diagnostics: httpPath.optional(),
    components: z
      .record(z.string().min(1), z.string().min(1))
      .default({})
      .describe("what each component must say on the health page; another word degrades the server"),
    numbers: z
      .record(metricName, number)
      .default({})
      .describe("metrics of the server's own, by the page that shows them"),
    authenticated: z
      .boolean()
      .default(false)
      .describe("send the server's credentials to these pages as well; most keep their health open"),
    timeout: positiveDuration
      .optional()
      .describe("deadline of this path, where it is shorter than the check's"),
  })
  .superRefine(({ numbers, ...paths }, context) => {
    for (const [name, { page: asked }] of Object.entries(numbers)) {
      if (paths[asked] !== undefined) continue;
      context.addIssue({
        code: "custom",
        path: ["numbers", name, "page"],
        message: `names the ${asked} page, which this server does not have: add rest.${asked}`,
      });
    }
  })
  .describe("paths of the server's REST side; the probe asks health, else ready, else live");

export type RestFile = z.infer<typeof rest>;
