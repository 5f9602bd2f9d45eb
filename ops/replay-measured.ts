import { FLEET } from "../catalog/names.ts";
import type { Environment } from "../catalog/types.ts";
import type { Mutes } from "../monitor/mutes.ts";
import { metricKey } from "../plan/cloudwatch/series.ts";
import type { MetricId, Series, SeriesOf, TimeRange } from "../plan/cloudwatch/types.ts";
import { leadMs } from "../plan/replay/server-run.ts";
import { longestWindowMs } from "../plan/replay/settings.ts";
import { serverMetric } from "../plan/server-metric.ts";
import type { MetricAlarm, Plan, PlannedAlarm } from "../plan/types.ts";
import {
  KEPT_POINTS,
  keptPeriod,
  type MetricReader,
  openCloudWatch,
  readSamples,
} from "./series-cloudwatch.ts";
import { History } from "./series-store.ts";

const HOUR_SECONDS = 3_600;
const [FINE, COARSE] = KEPT_POINTS;
const COARSE_MS = COARSE.seconds * 1_000;

/** What was measured of an environment. */
export interface Measured {
  /** The first check of any server in a range; undefined where there is none. */
  firstIn(range: TimeRange): Promise<number | undefined>;
  /** What a server's alarms look at over a range, and its promises over their windows before it. */
  seriesOf(server: string, range: TimeRange): Promise<SeriesOf>;
  /** Maintenance and mutes; undefined where only the maintenance of the catalog is known. */
  readonly quiet?: Pick<Mutes, "quiet" | "exclusions">;
  close(): void;
}

interface MeasuredInput {
  readonly environment: Environment;
  readonly plan: Plan;
  /** State folder of a local environment. */
  readonly state: string;
  /** Milliseconds since the epoch: what the age of points counts from. */
  readonly now: number;
}

/** The history of this machine, or CloudWatch. @throws RollcallError (unavailable) when there is none. */
export async function openMeasured(input: MeasuredInput): Promise<Measured> {
  const { aws } = input.environment;
  return aws === null ? storedSamples(input) : cloudSamples(input, await openCloudWatch(aws.region));
}

function storedSamples({ environment, plan, state }: MeasuredInput): Measured {
  const history = new History(state);
  const windowMs = longestWindowMs(environment);
  return {
    firstIn: async (range) =>
      earliest(plan.servers.map(({ server }) => history.series({ server, metric: "ProbeRuns" }, range))),
    seriesOf: async (server, range) =>
      history.seriesOf({ ...range, from: range.from - Math.max(windowMs, leadMs(alarmsOf(plan, server))) }),
    quiet: history.quiet(environment),
    close: () => history.close(),
  };
}

/** Samples by GetMetricData; exported for tests, which have no CloudWatch. */
export function cloudSamples({ environment, plan, now }: MeasuredInput, reader: MetricReader): Measured {
  const windowMs = longestWindowMs(environment);
  return {
    firstIn: async (range) => {
      const metrics = plan.servers.map(({ server }) =>
        serverMetric({ environment: environment.name, server, metric: "ProbeRuns" }),
      );
      const queries = metrics.map((metric) => ({ metric, stat: "SampleCount" }));
      const hour = earliest(
        await reader.read({ queries, range: wholeHours(range), periodSeconds: HOUR_SECONDS }),
      );
      if (hour === undefined) return undefined;
      const within = { from: hour, to: hour + HOUR_SECONDS * 1_000 };
      const exact = await reader.read({ queries, range: within, periodSeconds: keptPeriod(now - hour) });
      return earliest(exact) ?? hour;
    },
    seriesOf: async (server, range) => {
      const alarms = alarmsOf(plan, server);
      const promised = promisedMetrics(plan, server);
      const keys = new Set(promised.map(metricKey));
      const watched = metricsOf(alarms).filter((metric) => !keys.has(metricKey(metric)));
      const before = (ms: number): TimeRange => ({ from: range.from - ms, to: range.to });
      const lead = leadMs(alarms);
      const [long, short] = [
        await readSamples(reader, { metrics: promised, range: before(Math.max(windowMs, lead)), now }),
        await readSamples(reader, { metrics: watched, range: before(lead), now }),
      ];
      return (metric) => {
        const found = keys.has(metricKey(metric)) ? long(metric) : short(metric);
        return found === undefined ? undefined : spread(found, now - FINE.ms);
      };
    },
    close: () => reader.close(),
  };
}

/**
 * Samples that fell into one point of five minutes, evenly over it: at one moment they would read as four minutes
 * without a check.
 */
export function spread({ times, values }: Series, before: number): Series {
  const moved = Float64Array.from(times);
  for (let first = 0; first < times.length; ) {
    const at = times[first] ?? 0;
    let next = first;
    while (next < times.length && times[next] === at) next += 1;
    if (at < before)
      for (let index = first; index < next; index += 1)
        moved[index] = at + ((index - first) * COARSE_MS) / (next - first);
    first = next;
  }
  return { times: moved, values };
}

function alarmsOf(plan: Plan, server: string): readonly PlannedAlarm[] {
  if (server === FLEET) return plan.fleet.alarms;
  return plan.servers.find((one) => one.server === server)?.alarms ?? [];
}

/** The metrics of promises with a budget. */
function promisedMetrics(plan: Plan, server: string): MetricId[] {
  const objectives = plan.servers.find((one) => one.server === server)?.objectives ?? [];
  return distinct(
    objectives.flatMap((one) =>
      one.sli === "latency"
        ? []
        : [serverMetric({ environment: plan.environment, server, metric: one.metric })],
    ),
  );
}

function metricsOf(alarms: readonly PlannedAlarm[]): MetricId[] {
  return distinct(alarms.flatMap(({ definition }) => sourcesOf(definition)));
}

function sourcesOf(definition: MetricAlarm): MetricId[] {
  if ("Metrics" in definition)
    return definition.Metrics.flatMap(({ MetricStat }) =>
      MetricStat === undefined ? [] : [MetricStat.Metric],
    );
  const { Namespace, MetricName, Dimensions } = definition;
  return [{ Namespace, MetricName, Dimensions }];
}

function distinct(metrics: readonly MetricId[]): MetricId[] {
  return [...new Map(metrics.map((metric) => [metricKey(metric), metric])).values()];
}

function earliest(series: readonly Series[]): number | undefined {
  const first = Math.min(...series.map(({ times }) => times[0] ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(first) ? first : undefined;
}

function wholeHours({ from, to }: TimeRange): TimeRange {
  const hour = HOUR_SECONDS * 1_000;
  return { from: Math.floor(from / hour) * hour, to };
}
