import { z } from "zod";
import { name } from "./names.ts";
import { probeDefaults } from "./probe-settings.ts";
import { duration, floor, percent, positiveDuration } from "./units.ts";

export const SEVERITIES = ["critical", "high", "medium", "low"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The kinds of alarm that a plan derives for a server. */
export const FAMILIES = [
  "server-down",
  "budget-page",
  "budget-ticket",
  "heartbeat",
  "degraded",
  "latency",
  "threshold",
  "tools-missing",
  "tools-breaking",
  "tools-additive",
  "tools-wording",
  "auth",
  "expiry",
  "dependency",
  "security",
  "auth-failures",
  "fleet",
  "data-loss",
  "log-shipping",
  "backup",
  "probe-runner",
  "delivery",
] as const;
export type FamilyName = (typeof FAMILIES)[number];

/** What the name of each severity's own escalation begins with. */
export const SEVERITY_PREFIX = "severity-";
/** The escalation of who answers for a severity: one level, for what waits and does not climb. */
export const severityEscalation = (severity: Severity): string => `${SEVERITY_PREFIX}${severity}`;

const email = z.email("must be an e-mail address");
const slack = z.string().regex(/^#[a-z0-9_-]{1,80}$/, "must be a Slack channel, such as #mcp-alerts");

const contact = z
  .strictObject({
    role: z.string().min(1),
    email: z.array(email).default([]),
    sms: z
      .array(z.string().regex(/^\+[1-9]\d{6,14}$/, "must be a phone number in E.164, such as +15550123"))
      .default([]),
    slack: z.array(slack).default([]),
    webhook: z.array(z.url({ protocol: /^https$/ })).default([]),
    pagerduty: z.array(z.string().min(1)).default([]).describe("names of PagerDuty services"),
  })
  .describe("who can be told, and by which channels");

const responsibility = z
  .strictObject({
    respond: positiveDuration.describe("time in which somebody answers"),
    tell: z.array(name).min(1).describe("contacts who are told of what does not climb a ladder"),
  })
  .describe("who answers for a severity, and in which time");

const level = z.strictObject({
  after: duration.describe("time since the start of the incident"),
  respond: duration.describe("time in which this level answers"),
  tell: z.array(name).min(1).describe("contacts of this level"),
});

const family = z.strictObject({
  severity: z.enum(SEVERITIES),
  runbook: z.string().regex(/^docs\/runbooks\/[a-z-]+\.md$/, "must be a page of docs/runbooks/"),
  means: z.string().min(1).describe("what the alarm means, with {server} and {detail} filled in"),
  first: z.string().min(1).describe("what to do first"),
  escalation: name
    .optional()
    .describe("an escalation that its alarms go to instead of the server's, such as security"),
  respond: positiveDuration
    .optional()
    .describe("time in which somebody answers, where it is shorter than its severity's"),
});

const budgetPolicy = z
  .strictObject({
    spent: percent.describe("share of the error budget from which on it holds"),
    freeze: z.boolean().default(false).describe("whether rollouts of the server stop"),
    consequence: z.string().min(1).describe("what the team does"),
  })
  .describe("what follows when so much of an error budget is spent");

const logEvent = z
  .strictObject({
    family: z.enum(["security", "auth-failures"]),
    pattern: z
      .string()
      .min(1)
      .max(1_024)
      .describe("filter pattern of CloudWatch Logs, over the log groups of the servers"),
    count: z.int().min(1).max(1_000_000).describe("how many lines"),
    within: positiveDuration
      .refine((ms) => ms % 60_000 === 0 && ms <= 3_600_000, "must be whole minutes up to 1h, such as 5m")
      .describe("in how long a time"),
  })
  .describe("lines of the servers' logs that somebody must know of");

const burnRate = z
  .strictObject({
    family: z.enum(["budget-page", "budget-ticket"]),
    long: duration,
    short: duration,
    factor: z.number().positive().describe("how many times faster than allowed the budget burns"),
  })
  .describe("one pair of windows of the multi-window multi-burn-rate method");

/** `stacks/shared.yaml`: what every environment shares. */
export const sharedFile = z.strictObject({
  defaults: z.strictObject({
    probe: probeDefaults,
    floor: floor.describe("points that must fail before a page"),
    escalation: name,
  }),
  severities: z.record(z.enum(SEVERITIES), responsibility),
  contacts: z.record(name, contact),
  escalations: z.record(name, z.strictObject({ levels: z.record(name, level) })),
  burnRates: z.record(name, burnRate),
  families: z.record(z.enum(FAMILIES), family),
  budgetPolicy: z.record(name, budgetPolicy).default({}),
  logEvents: z.record(name, logEvent).default({}),
});

export type SharedFile = z.infer<typeof sharedFile>;
export type Contact = z.infer<typeof contact>;
export type Responsibility = z.infer<typeof responsibility>;
export type EscalationLevel = z.infer<typeof level>;
export type Family = z.infer<typeof family>;
export type BurnRate = z.infer<typeof burnRate>;
export type BudgetPolicy = z.infer<typeof budgetPolicy>;
export type LogEvent = z.infer<typeof logEvent>;
