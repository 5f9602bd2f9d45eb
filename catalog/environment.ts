import { z } from "zod";
import { maintenance } from "./maintenance.ts";
import { distinctItems, name } from "./names.ts";
import { days, duration, floor, positiveDuration } from "./units.ts";

/** Days that CloudWatch Logs accepts for a retention policy (PutRetentionPolicy, service model). */
export const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const logDays = days.refine((n) => LOG_RETENTION_DAYS.some((legal) => legal === n), {
  message: `must be a retention that CloudWatch Logs accepts: ${LOG_RETENTION_DAYS.map((n) => `${n}d`).join(", ")}`,
});

const override = z
  .record(z.string(), z.unknown())
  .describe("what differs from the shared or the server's file, key by key");

const digestImage = z
  .string()
  .regex(
    /@sha256:[0-9a-f]{64}$/,
    "must be pinned by digest, such as registry.example.com/name@sha256:<64 hexadecimal digits>",
  );

/** Names buckets, labels and topics, so it must please S3 and Kubernetes at once. */
const cloudName = z
  .string()
  .max(30, "must have at most 30 characters")
  .regex(
    /^[a-z]([a-z0-9-]*[a-z0-9])?$/,
    "must be a DNS label: lower case, digits and hyphens, such as staging",
  );

const common = {
  environment: name,
  servers: z
    .union([z.literal("all"), z.array(name).min(1).refine(distinctItems, "must not name anything twice")])
    .describe("all, or the names that this environment holds"),
  shared: override.optional().describe("what differs from shared.yaml"),
  override: z.record(name, override).default({}).describe("what differs from a server's file"),
  floor: floor.optional(),
  fold: z
    .int()
    .min(2)
    .max(100)
    .default(3)
    .describe("how many servers that fail together become one page instead of one each"),
  maintenance: z
    .record(name, maintenance)
    .default({})
    .describe("times in which alarms tell nobody and no budget is charged"),
  control: z
    .array(z.url({ protocol: /^https?$/ }))
    .default([])
    .describe(
      "addresses outside of the fleet: when none of them answers, our own network is down and no failure counts",
    ),
  pace: z
    .strictObject({
      concurrency: z.int().min(1).max(1_000).default(100).describe("checks at once in one runner"),
      jitter: duration
        .prefault("0s")
        .describe("checks begin within this time of their moment, each at its own"),
    })
    .prefault({}),
  deploy: z
    .strictObject({
      timeout: positiveDuration.prefault("300s").describe("time until a started server must be well"),
    })
    .prefault({}),
};

const retention = z.strictObject({ logs: logDays, history: days, backups: days });
/** A machine on a desk keeps a week of its own logs and history. */
const localRetention = retention.extend({
  logs: logDays.prefault("7d"),
  history: days.prefault("7d"),
  backups: days.prefault("30d"),
});

/** `stacks/<environment>.yaml`: which servers an environment holds, and what differs there. */
export const environmentFile = z.discriminatedUnion("platform", [
  z.strictObject({
    ...common,
    platform: z.literal("local"),
    retention: localRetention.prefault({}),
    resolution: z
      .enum(["10s", "20s", "30s", "60s"])
      .transform((text) => duration.parse(text))
      .describe("length of one alarm period"),
    webhook: z
      .strictObject({
        env: z
          .string()
          .regex(/^[A-Z][A-Z0-9_]*$/, "must be a variable name in capitals, such as ROLLCALL_WEBHOOK"),
      })
      .optional()
      .describe("address that every message is also posted to, where the reference is set"),
  }),
  z.strictObject({
    ...common,
    environment: cloudName,
    platform: z.literal("cloud"),
    retention,
    aws: z.strictObject({
      region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "must be an AWS region, such as eu-west-1"),
      protect: z.boolean().default(true).describe("keep backups when the stack is destroyed"),
    }),
    kubernetes: z.strictObject({
      address: z
        .string()
        .regex(/^https:\/\/[^/]*\{server\}[^/]*$/, "must be an https address with {server} in its host")
        .describe("where a server of the cluster answers to a probe outside of it"),
      gatewayImage: digestImage.describe("runs stdio servers behind Streamable HTTP"),
      probeImage: digestImage.describe("runs the probe as a CronJob"),
      prometheus: z
        .strictObject({
          operator: z
            .boolean()
            .default(true)
            .describe("whether the Prometheus operator runs in the cluster and takes rules as its objects"),
          ruleLabels: z
            .record(z.string().min(1), z.string())
            .default({})
            .describe("labels by which its Prometheus chooses rules, such as release: prometheus"),
        })
        .prefault({}),
    }),
  }),
]);

export type EnvironmentFile = z.infer<typeof environmentFile>;
export type CloudEnvironmentFile = Extract<EnvironmentFile, { platform: "cloud" }>;
