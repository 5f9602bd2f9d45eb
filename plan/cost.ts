import type { Environment } from "../catalog/types.ts";
import { countedRunners } from "./counted-runners.ts";
import { PRICED, PRICES, priceOf } from "./prices.ts";
import type { Published } from "./published.ts";
import type {
  CostLine,
  CostPlan,
  DashboardPlan,
  FleetPlan,
  MetricAlarm,
  PlannedAlarm,
  ProbePlan,
  ServerPlan,
} from "./types.ts";
import { type Usage, usageOf } from "./usage.ts";

/** Calls of PutMetricAlarm and PutCompositeAlarm that an account may make in a second (CloudWatch quotas). */
const PUTS_A_SECOND = 3;

export interface CostInput {
  readonly environment: Environment;
  readonly servers: readonly ServerPlan[];
  readonly fleet: FleetPlan;
  readonly dashboards: readonly DashboardPlan[];
  readonly published: Published;
  readonly probe: ProbePlan | null;
}

/**
 * What the monitoring of an environment costs a month by service and by server, with the arithmetic of each line, and
 * how long its alarms take to be written. Prices of AWS alone, of one region: the cluster is paid for anyway.
 */
export function planCost(input: CostInput): CostPlan | null {
  const { environment, servers, fleet } = input;
  if (environment.aws === null) return null;
  const lines = [...countedOf(input), ...usageOf(input)].flatMap(priced);
  const monthly = cents(lines.reduce((sum, line) => sum + line.monthly, 0));
  const own = servers.map((server) => ({ server: server.server, monthly: ownCost(server, input) }));
  const ceiling = environment.costCeiling;
  const alarms = [...servers, fleet].reduce((sum, one) => sum + one.alarms.length, 0);
  const composites = [...servers, fleet].reduce((sum, one) => sum + one.composites.length, 0);
  return {
    currency: "USD",
    priced: PRICED,
    lines,
    monthly,
    ceiling,
    servers: own,
    shared: cents(monthly - own.reduce((sum, one) => sum + one.monthly, 0)),
    alarmsPerServer: perServer(servers, ({ alarms: all }) => all.length),
    compositesPerServer: perServer(servers, ({ composites: all }) => all.length),
    putSeconds: Math.ceil((alarms + composites) / PUTS_A_SECOND),
  };
}

/** What stands in the plan and is billed by being there. */
function countedOf({ environment, servers, fleet, dashboards, published }: CostInput): Usage[] {
  const alarms = [...servers, fleet].flatMap((one) => one.alarms);
  const composites = [...servers, fleet].reduce((sum, one) => sum + one.composites.length, 0);
  const metrics = [...published.values()].reduce((sum, names) => sum + names.length, 0);
  const runners = countedRunners(environment).length;
  return [
    { price: "alarmMetric", quantity: billedMetrics(alarms, false), how: "one a metric that an alarm reads" },
    { price: "fastAlarmMetric", quantity: billedMetrics(alarms, true), how: "periods under 60 s" },
    { price: "composite", quantity: composites, how: "every composite, also those that tell nobody" },
    {
      price: "metric",
      quantity: metrics + runners + environment.logEvents.length,
      how: `${metrics} of the probe that an alarm or a dashboard reads, ${runners} that count its runs, ${environment.logEvents.length} counted in logs`,
    },
    { price: "dashboard", quantity: dashboards.length, how: "one an environment, more above 500 graphs" },
  ];
}

/** What a server adds by being in the catalog: its alarms, composites and metrics. */
function ownCost({ server, alarms, composites }: ServerPlan, { published }: CostInput): number {
  return cents(
    priceOf("alarmMetric", billedMetrics(alarms, false)) +
      priceOf("fastAlarmMetric", billedMetrics(alarms, true)) +
      priceOf("composite", composites.length) +
      priceOf("metric", published.get(server)?.length ?? 0),
  );
}

function priced({ price, quantity, how }: Usage): CostLine[] {
  if (quantity === 0) return [];
  const { service, unit, tiers } = PRICES[price];
  const monthly = cents(priceOf(price, quantity));
  return [{ service, what: unit, quantity, unitPrice: tiers[0][1], monthly, how }];
}

function billedMetrics(alarms: readonly PlannedAlarm[], isFast: boolean): number {
  return alarms
    .map(({ definition }) => definition)
    .filter((definition) => isHighResolution(definition) === isFast)
    .reduce(
      (sum, one) =>
        sum +
        ("Metrics" in one ? one.Metrics.filter(({ MetricStat }) => MetricStat !== undefined).length : 1),
      0,
    );
}

function isHighResolution(definition: MetricAlarm): boolean {
  return "Period" in definition && definition.Period < 60;
}

function perServer(servers: readonly ServerPlan[], count: (server: ServerPlan) => number): number {
  if (servers.length === 0) return 0;
  return Math.round((servers.reduce((sum, server) => sum + count(server), 0) * 10) / servers.length) / 10;
}

const cents = (usd: number): number => Math.round(usd * 100) / 100;
