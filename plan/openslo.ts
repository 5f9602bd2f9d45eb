import { createHash } from "node:crypto";
import { type MetricName, NAMESPACE } from "../catalog/metrics.ts";
import type { BurnRate } from "../catalog/shared.ts";
import type { Environment, ResolvedObjective, ResolvedRatio, Server } from "../catalog/types.ts";
import { formatDuration, formatPercent, PPM } from "../catalog/units.ts";
import { successMetric } from "./alarm-specs.ts";
import { type BurnWindow, burnWindows } from "./burn.ts";
import { escalationOf } from "./escalation.ts";
import { blockSeconds } from "./points.ts";
import { idOf, labels, PROBE_DURATION, successGauge } from "./prometheus/series.ts";
import { errorBudgetMs, goodCheck } from "./slo.ts";

const API_VERSION = "openslo/v1";
/** Longest name (RFC 1123 label), title and description that the specification takes. */
const MAX_NAME = 63;
const MAX_TITLE = 63;
const MAX_DESCRIPTION = 1_050;

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

export interface OpenSloDocument {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: "DataSource" | "Service" | "SLI" | "SLO" | "AlertPolicy" | "AlertNotificationTarget";
  readonly metadata: Metadata;
  readonly spec: Readonly<Record<string, Json>>;
}

interface Metadata {
  readonly name: string;
  readonly displayName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

type Engine = "CloudWatch" | "Prometheus";

/**
 * The promises of an environment as OpenSLO v1 documents. An SLO carries the indicator of the engine that its
 * environment alarms with, CloudWatch in the cloud; the other engine's stands beside it as an SLI of its own.
 * A burn-rate condition of OpenSLO has one window: the short one, which must burn too, is told in words.
 * Source: github.com/OpenSLO/OpenSLO, specification v1.
 */
export function openSlo(environment: Environment): OpenSloDocument[] {
  return [
    ...dataSources(environment),
    ...notificationTargets(environment),
    ...environment.servers.flatMap((server) => [
      service(environment, server),
      ...server.objectives.flatMap((objective) => promiseDocuments(environment, server, objective)),
    ]),
  ];
}

/**
 * A lower-case label of at most 63 characters; what cannot be written so gets a mark by which it stays
 * unique.
 */
export function dnsLabel(...parts: readonly string[]): string {
  const given = parts.join("-");
  const label = given
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, "-")
    .replace(/^-+|-+$/g, "");
  if (label === given && label.length <= MAX_NAME) return label;
  const mark = createHash("sha256").update(given).digest("hex").slice(0, 8);
  return `${label.slice(0, MAX_NAME - mark.length - 1).replace(/-+$/, "")}-${mark}`.replace(/^-/, "");
}

/**
 * Milliseconds in the units of OpenSLO, of which a minute is the least; what is no whole minute is rounded
 * up.
 */
export function openSloDuration(ms: number): string {
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  if (minutes % 1_440 === 0) return `${minutes / 1_440}d`;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}

function dataSources(environment: Environment): OpenSloDocument[] {
  const source = (engine: Engine, details: Readonly<Record<string, Json>>): OpenSloDocument => ({
    apiVersion: API_VERSION,
    kind: "DataSource",
    metadata: { name: sourceName(environment, engine), labels: { environment: environment.name } },
    spec: { type: engine, connectionDetails: details },
  });
  return [
    ...(environment.aws === null ? [] : [source("CloudWatch", { region: environment.aws.region })]),
    // where Prometheus stands, the catalog does not say
    source("Prometheus", {}),
  ];
}

function notificationTargets(environment: Environment): OpenSloDocument[] {
  return Object.entries(environment.contacts).map(([name, contact]) => {
    const { role, pagerduty, sms, email, slack, webhook } = contact;
    const channels = Object.entries({ pagerduty, sms, email, slack, webhook }).filter(
      ([, list]) => list.length > 0,
    );
    return {
      apiVersion: API_VERSION,
      kind: "AlertNotificationTarget",
      metadata: { name: dnsLabel(environment.name, name), labels: { environment: environment.name } },
      spec: {
        description: limited(role, MAX_DESCRIPTION),
        target: channels.map(([channel]) => channel).join(", "),
      },
    };
  });
}

function service(environment: Environment, server: Server): OpenSloDocument {
  return {
    apiVersion: API_VERSION,
    kind: "Service",
    metadata: {
      name: dnsLabel(environment.name, server.name),
      displayName: limited(server.name, MAX_TITLE),
      labels: labelsOf(environment, server),
    },
    spec: { description: limited(server.description, MAX_DESCRIPTION) },
  };
}

function promiseDocuments(
  environment: Environment,
  server: Server,
  objective: ResolvedObjective,
): OpenSloDocument[] {
  const engine: Engine = environment.aws === null ? "Prometheus" : "CloudWatch";
  const name = dnsLabel(environment.name, server.name, objective.name);
  const policies = objective.sli === "latency" ? [] : alertPolicies(environment, server, objective);
  const slo: OpenSloDocument = {
    apiVersion: API_VERSION,
    kind: "SLO",
    metadata: {
      name,
      displayName: limited(`${server.name} ${objective.name}`, MAX_TITLE),
      labels: labelsOf(environment, server),
    },
    spec: {
      description: describe(objective),
      service: dnsLabel(environment.name, server.name),
      indicator: { metadata: { name }, spec: indicator({ environment, server, objective, engine }) },
      timeWindow: [{ duration: openSloDuration(windowMs(environment, server, objective)), isRolling: true }],
      budgetingMethod: "Occurrences",
      objectives: [
        {
          displayName: limited(objective.name, MAX_TITLE),
          ...(objective.sli === "latency" && engine === "Prometheus"
            ? { op: "lte", value: objective.below / 1_000 }
            : {}),
          target: target(objective),
        },
      ],
      ...(policies.length === 0
        ? {}
        : { alertPolicies: policies.map(({ metadata }) => ({ alertPolicyRef: metadata.name })) }),
    },
  };
  if (engine === "Prometheus") return [slo, ...policies];
  const other: OpenSloDocument = {
    apiVersion: API_VERSION,
    kind: "SLI",
    metadata: {
      name: dnsLabel(environment.name, server.name, objective.name, "prometheus"),
      labels: labelsOf(environment, server),
    },
    spec: indicator({ environment, server, objective, engine: "Prometheus" }),
  };
  return [slo, other, ...policies];
}

/**
 * Good and all checks; for Prometheus the gauge of each check: of 0 and 1 its mean is the share of good ones.
 */
function indicator(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly objective: ResolvedObjective;
  readonly engine: Engine;
}): Readonly<Record<string, Json>> {
  const { environment, server, objective, engine } = input;
  const metricSourceRef = sourceName(environment, engine);
  const from = (spec: Readonly<Record<string, Json>>): Json => ({
    metricSource: { metricSourceRef, type: engine, spec },
  });
  if (engine === "CloudWatch") {
    const stat = (name: string): Json => from({ ...metricOf(environment, server, objective), stat: name });
    const good = objective.sli === "latency" ? `TC(:${objective.below})` : "Sum";
    return { ratioMetric: { counter: false, good: stat(good), total: stat("SampleCount") } };
  }
  if (objective.sli === "latency") {
    const query = `${PROBE_DURATION}${labels({ ...idOf(environment, server), path: "mcp" })}`;
    return { thresholdMetric: from({ query }) };
  }
  const raw = from({ query: `avg(${successGauge(environment, server, objective)})` });
  return { ratioMetric: { counter: false, rawType: "success", raw } };
}

function metricOf(
  environment: Environment,
  server: Server,
  objective: ResolvedObjective,
): Readonly<Record<string, Json>> {
  const metric = objective.sli === "latency" ? ("McpLatency" satisfies MetricName) : successMetric(objective);
  return {
    ...(environment.aws === null ? {} : { region: environment.aws.region }),
    namespace: NAMESPACE,
    metricName: metric,
    dimensions: [
      { name: "Environment", value: environment.name },
      { name: "Server", value: server.name },
    ],
  };
}

/** The share that must be good, as an exact decimal; of a percentile the share of checks within its limit. */
function target(objective: ResolvedObjective): number {
  if (objective.sli === "latency") return Math.round(objective.percentile * 10_000) / PPM;
  return objective.objective / PPM;
}

/** A percentile is promised for each block of checks. */
function windowMs(environment: Environment, server: Server, objective: ResolvedObjective): number {
  return objective.sli === "latency" ? blockSeconds(environment, server) * 1_000 : objective.window;
}

function describe(objective: ResolvedObjective): string {
  if (objective.sli === "latency")
    return `p${objective.percentile} of the MCP exchange is under ${formatDuration(objective.below)}.`;
  const { objective: ppm, window } = objective;
  const minutes = Math.round(errorBudgetMs(ppm, window) / 600) / 100;
  const text = `${formatPercent(ppm)} of the checks in ${formatDuration(window)} are good: ${goodCheck(objective)}. The error budget is ${minutes} minutes.`;
  return limited(text, MAX_DESCRIPTION);
}

/** One policy a burn rate, with its one condition inline. */
function alertPolicies(
  environment: Environment,
  server: Server,
  objective: ResolvedRatio,
): OpenSloDocument[] {
  return burnWindows(environment, server, objective).map((window) => {
    const name = dnsLabel(environment.name, server.name, objective.name, window.name);
    const { severity, runbook } = environment.families[window.family];
    return {
      apiVersion: API_VERSION,
      kind: "AlertPolicy",
      metadata: { name, labels: labelsOf(environment, server), annotations: { runbook } },
      spec: {
        description: limited(burnText(objective, window), MAX_DESCRIPTION),
        alertWhenNoData: false,
        alertWhenBreaching: true,
        alertWhenResolved: true,
        conditions: [
          {
            kind: "AlertCondition",
            metadata: { name },
            spec: {
              severity,
              description: limited(burnText(objective, window), MAX_DESCRIPTION),
              condition: {
                kind: "burnrate",
                op: "gt",
                threshold: rateOf(window.long.limit, objective),
                lookbackWindow: openSloDuration(window.long.seconds * 1_000),
              },
            },
          },
        ],
        notificationTargets: firstTold(environment, server, window.family).map((contact) => ({
          targetRef: dnsLabel(environment.name, contact),
        })),
      },
    };
  });
}

function burnText(objective: ResolvedRatio, { factor, long, short }: BurnWindow): string {
  const over = (window: BurnWindow["long"]): string =>
    `over ${rateOf(window.limit, objective)} in ${formatDuration(window.seconds * 1_000)}`;
  return `The budget of ${objective.name} burns ${factor} times too fast: its burn rate is ${over(long)} and ${over(short)}.`;
}

/** An error ratio as a burn rate: a limit that chance has raised is a higher rate than the catalog's. */
function rateOf(limit: number, { objective }: ResolvedRatio): number {
  return Math.round((limit * PPM * 1e6) / (PPM - objective)) / 1e6;
}

/** Who is told at once; later levels are the escalation's own matter. */
function firstTold(environment: Environment, server: Server, family: BurnRate["family"]): readonly string[] {
  const { severity } = environment.families[family];
  const climbs = family === "budget-page";
  const wanted = escalationOf(environment, { family, severity, climbs, ladder: server.escalation });
  return environment.escalations.find(({ name }) => name === wanted)?.levels[0]?.tell ?? [];
}

function labelsOf(environment: Environment, server: Server): Readonly<Record<string, string>> {
  return {
    environment: environment.name,
    server: server.name,
    owner: server.owner,
    escalation: server.escalation,
  };
}

function sourceName(environment: Environment, engine: Engine): string {
  return dnsLabel(environment.name, engine.toLowerCase());
}

function limited(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
