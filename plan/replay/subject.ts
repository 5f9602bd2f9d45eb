import { inMetricUnit } from "../../catalog/metrics.ts";
import type { ObjectiveRule } from "../../catalog/target.ts";
import type { Endpoint, Environment, Server } from "../../catalog/types.ts";
import { conditionsOf } from "../condition-specs.ts";
import { objectiveRules } from "../roster.ts";

/** An answer of a healthy server takes this long, or a quarter of what is promised where that is less. */
const USUAL_MS = 50;
const SHARE_OF_LIMIT = 0.25;
/** Far from any warning: a certificate of a year. */
const HOURS_TO_EXPIRY = 8_760;

/** A server as a trace acts on it: what its checks measure, and what they say while it is well. */
export interface Subject {
  readonly server: string;
  readonly hasRest: boolean;
  readonly hasCanary: boolean;
  readonly hasDependencies: boolean;
  /** Hours until something that it is reached with ends; null where nothing does. */
  readonly hoursToExpiry: number | null;
  readonly timeoutMs: number;
  readonly confirmMs: number;
  readonly usualMs: number;
  /** The numbers that it is read for from its own pages, by metric. */
  readonly numbers: Readonly<Record<string, number>>;
  /** What its runner measures beside the checks, by metric. */
  readonly usage: Readonly<Record<string, number>>;
  readonly rules: readonly ObjectiveRule[];
}

/** What is known of a server's checks, all within what its file promises. */
export function subjectOf(environment: Environment, server: Server): Subject {
  const endpoint = endpointOf(server);
  const numbers = (endpoint?.rest?.numbers ?? []).map(({ metric }) => metric);
  const rules = objectiveRules(server);
  const healthy = (metric: string): number => healthyValue(server, rules, metric);
  const usual = Math.min(
    ...["McpLatency", "RestLatency", "CheckLatency"].map((one) => upperLimit(server, rules, one)),
  );
  return {
    server: server.name,
    hasRest: endpoint?.rest != null,
    hasCanary: server.canary !== null,
    hasDependencies: server.dependencies.length > 0,
    hoursToExpiry: conditionsOf(server).some(({ family }) => family === "expiry") ? HOURS_TO_EXPIRY : null,
    timeoutMs: server.probe.timeout,
    confirmMs: server.probe.confirm,
    usualMs: Math.min(USUAL_MS, usual * SHARE_OF_LIMIT),
    numbers: Object.fromEntries(numbers.map((metric) => [metric, healthy(metric)])),
    usage:
      environment.platform === "local" && server.run !== null
        ? { ServerMemory: healthy("ServerMemory") }
        : {},
    rules,
  };
}

/** The runner whose checks are alarmed on: this machine's, else the one outside of the cluster. */
function endpointOf({ endpoints, probe }: Server): Endpoint | undefined {
  if (endpoints.local !== undefined) return endpoints.local;
  return probe.from.includes("aws") ? endpoints.aws : endpoints.cluster;
}

/** A value on the good side of every threshold and promise that is set on a metric; 1 where none is. */
function healthyValue(server: Server, rules: readonly ObjectiveRule[], metric: string): number {
  const low = lowerLimit(server, rules, metric);
  const high = upperLimit(server, rules, metric);
  if (Number.isFinite(low) && Number.isFinite(high)) return (low + high) / 2;
  if (Number.isFinite(high)) return high / 2;
  return Number.isFinite(low) ? low + Math.max(1, Math.abs(low) / 10) : 1;
}

function upperLimit(server: Server, rules: readonly ObjectiveRule[], metric: string): number {
  return Math.min(
    Number.POSITIVE_INFINITY,
    ...thresholdsOn(server, metric, "higher"),
    ...server.objectives.flatMap((one) =>
      one.sli === "latency" && metric === "McpLatency" ? [one.below] : [],
    ),
    ...rules.flatMap((rule) => {
      if (rule.kind === "latency") return metric.endsWith("Latency") ? [rule.belowMs] : [];
      return rule.kind === "value" && rule.metric === metric && rule.below !== undefined ? [rule.below] : [];
    }),
  );
}

function lowerLimit(server: Server, rules: readonly ObjectiveRule[], metric: string): number {
  return Math.max(
    Number.NEGATIVE_INFINITY,
    ...thresholdsOn(server, metric, "lower"),
    ...rules.flatMap((rule) =>
      rule.kind === "value" && rule.metric === metric && rule.above !== undefined ? [rule.above] : [],
    ),
  );
}

function thresholdsOn({ thresholds }: Server, metric: string, worse: "higher" | "lower"): number[] {
  return thresholds
    .filter((one) => one.metric === metric && one.worse === worse)
    .flatMap(({ target, warning, critical }) => [target, warning, critical])
    .flatMap((quantity) => (quantity === undefined ? [] : [inMetricUnit(metric, quantity)]));
}
