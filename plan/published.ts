import { NAMESPACE } from "../catalog/metrics.ts";
import type { Roster } from "../catalog/target.ts";
import type { DashboardPlan, MetricAlarm, ServerPlan } from "./types.ts";

/** Metrics of CloudWatch that somebody reads, by server, sorted. */
export type Published = ReadonlyMap<string, readonly string[]>;

/**
 * What a probe publishes to CloudWatch: the metrics that an alarm or a dashboard reads. Each custom metric is billed
 * by the month, and everything that a run measured stands in the probe's log lines anyway.
 */
export function publishedMetrics(
  servers: readonly ServerPlan[],
  dashboards: readonly DashboardPlan[],
): Published {
  const shown = Map.groupBy(dashboards.flatMap(graphed), ({ server }) => server);
  return new Map(
    servers.map(({ server, alarms }) => {
      const watched = alarms.flatMap(({ definition }) => read(definition));
      const drawn = shown.get(server)?.map(({ metric }) => metric) ?? [];
      return [server, [...new Set([...watched, ...drawn])].sort()] as const;
    }),
  );
}

/** A roster whose targets know which of their metrics CloudWatch gets: all, for a server that nothing is said of. */
export function withPublished(roster: Roster, published: Published): Roster {
  const targets = roster.targets.map((target) => {
    const metrics = published.get(target.server);
    return metrics === undefined ? target : { ...target, metrics };
  });
  return { ...roster, targets };
}

function read(definition: MetricAlarm): string[] {
  if (!("Metrics" in definition)) return definition.Namespace === NAMESPACE ? [definition.MetricName] : [];
  return definition.Metrics.flatMap(({ MetricStat }) =>
    MetricStat?.Metric.Namespace === NAMESPACE ? [MetricStat.Metric.MetricName] : [],
  );
}

/** The series of a dashboard's graphs, each as CloudWatch writes it: namespace, metric, then names and values of dimensions. */
function graphed({ body }: DashboardPlan): { readonly server: string; readonly metric: string }[] {
  return body.widgets.flatMap(({ properties }) => {
    const { metrics } = (properties ?? {}) as { readonly metrics?: readonly (readonly unknown[])[] };
    return (metrics ?? []).flatMap((series) => {
      const [namespace, metric] = series;
      const server = series[series.indexOf("Server") + 1];
      if (namespace !== NAMESPACE || typeof metric !== "string" || typeof server !== "string") return [];
      return [{ server, metric }];
    });
  });
}
