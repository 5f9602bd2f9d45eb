import { METRICS } from "../catalog/metrics.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { objectiveRules } from "./roster.ts";
import type { CostLine, CostPlan, DashboardPlan, FleetPlan, MetricAlarm, ServerPlan } from "./types.ts";

/**
 * Prices of a month in US dollars, list price of us-east-1 without any free tier (AWS price list, November 2026). A
 * metric-math alarm is billed for each metric that it reads.
 */
const PRICES = {
  alarm: 0.1,
  highResolutionAlarm: 0.3,
  composite: 0.5,
  /** Tiers of custom metrics: up to so many, each at this. */
  metrics: [
    [10_000, 0.3],
    [250_000, 0.1],
    [1_000_000, 0.05],
    [Number.POSITIVE_INFINITY, 0.02],
  ],
  dashboard: 3,
} as const;

/** Calls of PutMetricAlarm and PutCompositeAlarm that an account may make in a second (CloudWatch quotas). */
const PUTS_A_SECOND = 3;

/** What the monitoring itself costs a month, and how long its alarms take to be written. */
export function planCost(input: {
  readonly environment: Environment;
  readonly servers: readonly ServerPlan[];
  readonly fleet: FleetPlan;
  readonly dashboards: readonly DashboardPlan[];
}): CostPlan | null {
  const { environment, servers, fleet, dashboards } = input;
  if (environment.aws === null) return null;
  const alarms = [...servers, fleet].flatMap((one) => one.alarms.map(({ definition }) => definition));
  const composites = [...servers, fleet].reduce((sum, one) => sum + one.composites.length, 0);
  const fine = alarms.filter(isHighResolution);
  const coarse = alarms.filter((definition) => !isHighResolution(definition));
  const metrics =
    environment.servers.reduce((sum, server) => sum + metricsOf(server), 0) + environment.logEvents.length;
  const lines = [
    line("metrics read by alarms", billedMetrics(coarse), PRICES.alarm),
    line("metrics read by alarms under a minute", billedMetrics(fine), PRICES.highResolutionAlarm),
    line("composite alarms", composites, PRICES.composite),
    tiered("custom metrics", metrics),
    line("dashboards", dashboards.length, PRICES.dashboard),
  ].filter(({ quantity }) => quantity > 0);
  return {
    currency: "USD",
    lines,
    monthly: cents(lines.reduce((sum, { monthly }) => sum + monthly, 0)),
    alarmsPerServer: perServer(servers, ({ alarms: own }) => own.length),
    compositesPerServer: perServer(servers, ({ composites: own }) => own.length),
    putSeconds: Math.ceil((alarms.length + composites) / PUTS_A_SECOND),
  };
}

function isHighResolution(definition: MetricAlarm): boolean {
  return "Period" in definition && definition.Period < 60;
}

function billedMetrics(alarms: readonly MetricAlarm[]): number {
  return alarms.reduce(
    (sum, one) =>
      sum + ("Metrics" in one ? one.Metrics.filter(({ MetricStat }) => MetricStat !== undefined).length : 1),
    0,
  );
}

/** How many metrics the probe of a server publishes: those of `METRICS` that can have a value for it, and its own. */
function metricsOf(server: Server): number {
  const rests = Object.values(server.endpoints).flatMap(({ rest }) => (rest === null ? [] : [rest]));
  const never: readonly (keyof typeof METRICS)[] = [
    "ServerMemory",
    ...(rests.length === 0 ? (["RestAvailable", "RestLatency", "CheckLatency"] as const) : []),
    ...(server.canary === null ? (["CanaryLatency"] as const) : []),
    ...(server.dependencies.length === 0 ? (["DependenciesFailed"] as const) : []),
  ];
  const numbers = new Set(rests.flatMap(({ numbers: all = [] }) => all.map(({ metric }) => metric)));
  return Object.keys(METRICS).length - never.length + numbers.size + objectiveRules(server).length;
}

function line(what: string, quantity: number, unitPrice: number): CostLine {
  return { what, quantity, unitPrice, monthly: cents(quantity * unitPrice) };
}

function tiered(what: string, quantity: number): CostLine {
  let [left, below, monthly] = [quantity, 0, 0];
  for (const [upTo, price] of PRICES.metrics) {
    const here = Math.min(left, upTo - below);
    monthly += here * price;
    left -= here;
    below = upTo;
  }
  return { what, quantity, unitPrice: PRICES.metrics[0][1], monthly: cents(monthly) };
}

function perServer(servers: readonly ServerPlan[], count: (server: ServerPlan) => number): number {
  if (servers.length === 0) return 0;
  return Math.round((servers.reduce((sum, server) => sum + count(server), 0) * 10) / servers.length) / 10;
}

const cents = (usd: number): number => Math.round(usd * 100) / 100;
