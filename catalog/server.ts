import { z } from "zod";
import { credentials, tlsIdentity } from "./credentials.ts";
import { dependency } from "./dependencies.ts";
import { serverLogs } from "./log-classes.ts";
import { FLEET, name } from "./names.ts";
import { dnsLabel, egress, peer } from "./network.ts";
import { objective, threshold } from "./objective.ts";
import { probeSettings } from "./probe-settings.ts";
import { rest } from "./rest.ts";
import { secretRef } from "./secrets.ts";
import { tools } from "./tools.ts";
import { floor, percent } from "./units.ts";

const envVariable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a variable name");

/** A plain value, or a secret by reference; a value that looks like a secret is refused in literal-secrets.ts. */
const envValue = z.union([z.string(), secretRef]);

const mcp = z
  .discriminatedUnion("transport", [
    z.strictObject({
      transport: z.literal("streamable-http"),
      url: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe("where somebody else runs it; left out when we run it"),
      path: z.string().startsWith("/").default("/mcp").describe("path of the MCP endpoint where we run it"),
    }),
    z.strictObject({
      transport: z.literal("sse"),
      url: z.url({ protocol: /^https?$/ }).optional(),
      path: z.string().startsWith("/").default("/sse").describe("path of the event stream where we run it"),
    }),
    z.strictObject({ transport: z.literal("stdio") }),
  ])
  .describe("how the server speaks MCP; sse is the older pair of event stream and POST");

const run = z
  .strictObject({
    package: z.string().min(1).optional().describe("npm package whose command is run"),
    command: z.string().min(1).optional().describe("command that is run, as in a Claude Desktop file"),
    args: z.array(z.string()).default([]),
    env: z.record(envVariable, envValue).default({}),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe("where it listens on 127.0.0.1, for Streamable HTTP"),
  })
  .refine((value) => (value.package === undefined) !== (value.command === undefined), {
    message: "needs exactly one of package and command",
  })
  .describe("how the process is started, on one machine and behind a gateway");

const replicas = z.union([
  z.int().min(1).max(500),
  z
    .string()
    .regex(/^\d+\.\.\d+$/, "must be a number or a range such as 3..10")
    .refine((text) => {
      const [low, high] = text.split("..").map(Number);
      return low !== undefined && high !== undefined && low >= 1 && low <= high;
    }, "needs a range from low to high, such as 3..10"),
]);

const cpu = z.string().regex(/^\d+m$|^\d+(\.\d+)?$/, "must be Kubernetes CPU, such as 100m");
const memory = z.string().regex(/^\d+(Ki|Mi|Gi)$/, "must be Kubernetes memory, such as 256Mi");

const kubernetes = z
  .strictObject({
    namespace: dnsLabel.default("mcp"),
    deployment: z
      .string()
      .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, "must be a DNS label that starts with a letter")
      .optional()
      .describe("name of the Deployment and Service; the server's name in lower case when left out"),
    image: z
      .string()
      .regex(
        /@sha256:[0-9a-f]{64}$/,
        "must be pinned by digest, such as registry.example.com/name@sha256:<64 hexadecimal digits>",
      )
      .optional()
      .describe("container image; left out for a stdio server that runs in the environment's gateway image"),
    port: z.int().min(1024, "must be an unprivileged port (1024 or more)").max(65_535).default(8000),
    replicas: replicas
      .default(1)
      .describe("a number, or a range such as 3..10 that a HorizontalPodAutoscaler moves in"),
    scaleAt: percent
      .refine((ppm) => ppm >= 100_000 && ppm % 10_000 === 0, "must be a whole percentage from 10% to 100%")
      .prefault("70%")
      .describe("share of the CPU that a pod asks for, above which replicas are added; for a range of them"),
    resources: z
      .strictObject({
        cpu: cpu.default("100m"),
        memory: memory.default("256Mi"),
        memoryLimit: memory.default("512Mi"),
      })
      .prefault({}),
    perPod: z
      .boolean()
      .default(false)
      .describe("check every pod as well, past the Service: the ones that answer otherwise are named"),
    ingress: z
      .array(peer)
      .default([])
      .describe("who may call it, besides the probe and whoever the environment's file names"),
    egress: z
      .array(egress)
      .default([])
      .describe("where it may connect to; nowhere but the cluster's DNS when left out"),
  })
  .describe("the Deployment and Service; left out where somebody else runs the server");

/** One reviewed file of `stacks/servers/`: what a server is, what it promises, and who answers for it. */
export const serverFile = z.strictObject({
  server: name.refine((text) => text !== FLEET, `must not be ${FLEET}, the name of all servers together`),
  formerly: name
    .optional()
    .describe(
      "its name before a rename: its Deployment is taken over, what was measured stays under that name",
    ),
  description: z.string().min(1),
  owner: name.describe("a contact of shared.yaml"),
  mcp,
  rest: rest.optional(),
  run: run.optional(),
  kubernetes: kubernetes.optional(),
  probe: probeSettings.partial().optional(),
  floor: floor.optional().describe("points that must fail before a page, where it differs from the rest"),
  objectives: z.record(name, objective).default({}),
  thresholds: z.record(name, threshold).default({}),
  tools,
  credentials: credentials.optional(),
  tls: tlsIdentity.optional(),
  dependencies: z.record(name, dependency).default({}).describe("what the server needs to do its work"),
  escalation: name.optional().describe("an escalation of shared.yaml"),
  logs: serverLogs,
  dashboards: z
    .boolean()
    .default(false)
    .describe("whether it has Grafana dashboards of its own: overview, api, infrastructure and security"),
});

export type ServerFile = z.infer<typeof serverFile>;
export type RunSpec = z.infer<typeof run>;
export type Workload = z.infer<typeof kubernetes>;
