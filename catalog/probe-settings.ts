import { z } from "zod";
import { duration, positiveDuration } from "./units.ts";

const breaker = z
  .strictObject({
    failures: z
      .int()
      .min(0)
      .max(1_000)
      .describe("failed checks in a row after which a path is left alone; 0 for never"),
    rest: positiveDuration.describe("time until one check tries the path again"),
  })
  .describe("keeps a dead path from being hammered; while it is open the path counts as failed");

/** How a server is probed; every setting of a server's file wins over the shared default. */
export const probeSettings = z.strictObject({
  every: positiveDuration.describe("time between probe runs"),
  timeout: positiveDuration.describe("deadline of one check"),
  samples: z.int().min(1).max(6).describe("checks in one run, spread evenly"),
  from: z.array(z.enum(["aws", "cluster"])).min(1),
  confirm: duration.describe("wait before a failed check is repeated once in the same run; 0s for never"),
  breaker,
  cache: duration.describe("how long a result answers whoever asks for one on demand"),
});

/** The settings that every server starts from: what a shared file leaves out has these values. */
export const probeDefaults = probeSettings.extend({
  every: probeSettings.shape.every.prefault("60s"),
  timeout: probeSettings.shape.timeout.prefault("10s"),
  samples: probeSettings.shape.samples.default(1),
  from: probeSettings.shape.from.default(["aws", "cluster"]),
  confirm: probeSettings.shape.confirm.prefault("2s"),
  breaker: breaker.prefault({ failures: 5, rest: "45s" }),
  cache: probeSettings.shape.cache.prefault("300s"),
});

export type ProbeSettings = z.infer<typeof probeSettings>;
