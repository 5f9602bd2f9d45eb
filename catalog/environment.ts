import { z } from "zod";
import { backup } from "./backup.ts";
import { logRetention } from "./log-classes.ts";
import { maintenance } from "./maintenance.ts";
import { distinctItems, name } from "./names.ts";
import { dnsLabel, egress, peer } from "./network.ts";
import { status } from "./status.ts";
import { days, duration, floor, positiveDuration, usdPerMonth } from "./units.ts";

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

const retention = z.strictObject({ logs: logRetention, history: days, backups: days });
/** A machine on a desk keeps a week of its own logs and history. */
const localRetention = retention.extend({
  logs: logRetention.prefault("7d"),
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
    backup: backup.prefault({}),
    status: status.prefault({}),
    cost: z
      .strictObject({ ceiling: usdPerMonth.describe("the most that the monitoring may cost") })
      .optional(),
    aws: z.strictObject({
      region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "must be an AWS region, such as eu-west-1"),
      protect: z
        .boolean()
        .default(true)
        .describe(
          "keep backups, and the logs of escalations and of audited servers, when the stack is destroyed",
        ),
      vpc: z
        .strictObject({
          subnets: z.array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/, "must be a subnet's id")).min(1),
          securityGroups: z.array(z.string().regex(/^sg-[0-9a-f]{8,17}$/, "must be a group's id")).min(1),
        })
        .optional()
        .describe(
          "network of one's own that the probe's function runs in, to reach servers without a public address",
        ),
    }),
    kubernetes: z.strictObject({
      address: z
        .string()
        .regex(/^https:\/\/[^/]*\{server\}[^/]*$/, "must be an https address with {server} in its host")
        .describe("where a server of the cluster answers to a probe outside of it"),
      gatewayImage: digestImage.describe("runs stdio servers behind Streamable HTTP"),
      gatewayLogs: z
        .enum(["none", "info"])
        .default("none")
        .describe("what the gateway writes; info has every message, with the arguments and results of tools"),
      probeImage: digestImage.describe("runs the probe; built from cloud/Dockerfile"),
      prober: z
        .enum(["cronjob", "exporter", "both"])
        .optional()
        .describe(
          "a CronJob starts a pod a minute, an exporter runs on and is scraped; exporter where prometheus.operator is true, else cronjob",
        ),
      probeEgress: z
        .array(egress)
        .default([])
        .describe(
          "where the probe may connect to besides the addresses of the catalog, such as a database whose address is a secret",
        ),
      ingress: z
        .array(peer)
        .default([])
        .describe("who may call every server besides the probe, such as the controller behind address"),
      issuer: z
        .string()
        .regex(/^[a-z0-9.-]+(\/[A-Za-z0-9._-]+)*$/, "must be a host with a path and no scheme")
        .optional()
        .describe("OpenID Connect issuer of the cluster, by which its pods get roles of AWS"),
      logs: z
        .enum(["ship", "existing"])
        .default("ship")
        .describe(
          "who brings the pods' lines to CloudWatch Logs: ship runs a pipeline in the cluster, existing leaves it to one that runs there already",
        ),
      fluentBitImage: digestImage
        .optional()
        .describe("ships the pods' lines, where logs is ship and issuer is set"),
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
          monitorLabels: z
            .record(z.string().min(1), z.string())
            .default({})
            .describe("labels by which its Prometheus chooses what it scrapes, such as release: prometheus"),
          namespace: dnsLabel
            .default("monitoring")
            .describe("where Prometheus runs: it may read the pages of metrics"),
        })
        .prefault({}),
    }),
  }),
]);

export type EnvironmentFile = z.infer<typeof environmentFile>;
export type CloudEnvironmentFile = Extract<EnvironmentFile, { platform: "cloud" }>;
