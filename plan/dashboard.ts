import { inMetricUnit, NAMESPACE } from "../catalog/metrics.ts";
import type { Environment, ResolvedRatio, ResolvedThreshold, Server } from "../catalog/types.ts";
import { formatDuration, formatPercent, PPM } from "../catalog/units.ts";
import { isMeasured, successMetric } from "./alarm-specs.ts";
import { owned } from "./names.ts";
import type { DashboardPlan } from "./types.ts";

/** CloudWatch's grid is 24 columns wide; three graphs stand beside each other. */
const COLUMNS = 24;
const ABREAST = 3;
const WIDTH = COLUMNS / ABREAST;
const HEIGHT = 6;
/** Widgets that one dashboard of CloudWatch holds (PutDashboard). */
const MAX_WIDGETS = 500;

/**
 * One dashboard an environment: a row of availability, latency and alarms for each server, and under it a graph for
 * each of its thresholds that a runner measures.
 */
export function planDashboards(environment: Environment): DashboardPlan[] {
  if (environment.aws === null) return [];
  const region = environment.aws.region;
  const rows = environment.servers.map((server) => serverGraphs({ environment, server, region }));
  return pages(rows).map((page, index) => ({
    name: owned(environment.name, index === 0 ? "overview" : `overview-${index + 1}`),
    body: { widgets: placed(page) },
  }));
}

type Graph = Readonly<Record<string, unknown>>;

/** Servers in as few dashboards as hold them, none of them torn apart. */
function pages(rows: readonly (readonly Graph[])[]): (readonly Graph[])[][] {
  const all: (readonly Graph[])[][] = [[]];
  let held = 0;
  for (const row of rows) {
    if (held + row.length > MAX_WIDGETS) {
      all.push([]);
      held = 0;
    }
    all.at(-1)?.push(row);
    held += row.length;
  }
  return all;
}

/** Each server begins a line of its own. */
function placed(rows: readonly (readonly Graph[])[]): Graph[] {
  let line = 0;
  return rows.flatMap((graphs) => {
    const widgets = graphs.map((properties, index) => ({
      type: "metric",
      x: (index % ABREAST) * WIDTH,
      y: (line + Math.floor(index / ABREAST)) * HEIGHT,
      width: WIDTH,
      height: HEIGHT,
      properties,
    }));
    line += Math.ceil(graphs.length / ABREAST);
    return widgets;
  });
}

function serverGraphs(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly region: string;
}): Graph[] {
  const { environment, server, region } = input;
  const series = (metric: string): string[] => [
    NAMESPACE,
    metric,
    "Environment",
    environment.name,
    "Server",
    server.name,
  ];
  const rest = Object.values(server.endpoints).some((endpoint) => endpoint.rest !== null);
  const graph = (title: string, metrics: readonly unknown[], extra: Readonly<Record<string, unknown>>) => ({
    title,
    region,
    period: environment.resolutionSeconds,
    view: "timeSeries",
    metrics,
    ...extra,
  });
  const promises = server.objectives.flatMap((objective) =>
    objective.sli === "mcp" || objective.sli === "rest" ? [promiseLine(objective)] : [],
  );
  const limits = server.objectives.flatMap((objective) => {
    if (objective.sli === "latency")
      return [{ label: `${objective.name} p${objective.percentile}`, value: objective.below }];
    if (objective.sli !== "latency-share") return [];
    return [{ label: `${objective.name} ${formatPercent(objective.objective)}`, value: objective.below }];
  });
  return [
    graph(
      `${server.name}: availability`,
      rest ? [series("McpAvailable"), series("RestAvailable")] : [series("McpAvailable")],
      {
        stat: "Average",
        yAxis: { left: { min: 0, max: 1 } },
        annotations: { horizontal: promises },
      },
    ),
    graph(`${server.name}: latency`, [[...series("McpLatency"), { stat: "p95" }]], {
      annotations: { horizontal: limits },
    }),
    graph(
      `${server.name}: what is wrong`,
      [series("Unhealthy"), series("Degraded"), series("AuthRefused"), series("ToolsMissing")],
      {
        stat: "Maximum",
      },
    ),
    ...server.objectives.flatMap((objective) =>
      objective.sli === "error-rate" || objective.sli === "freshness" || objective.sli === "kpi"
        ? [
            graph(`${server.name}: ${objective.name}`, [series(successMetric(objective))], {
              stat: "Average",
              yAxis: { left: { min: 0, max: 1 } },
              annotations: { horizontal: [promiseLine(objective)] },
            }),
          ]
        : [],
    ),
    ...server.thresholds
      .filter((threshold) => isMeasured(environment, server, threshold))
      .map((threshold) =>
        graph(`${server.name}: ${threshold.name}`, [series(threshold.metric)], {
          stat: "Average",
          annotations: { horizontal: thresholdLines(threshold) },
        }),
      ),
  ];
}

function promiseLine({ name, objective, window }: ResolvedRatio): { label: string; value: number } {
  return {
    label: `${name} ${formatPercent(objective)} in ${formatDuration(window)}`,
    value: objective / PPM,
  };
}

function thresholdLines(threshold: ResolvedThreshold): { label: string; value: number }[] {
  return (["target", "warning", "critical"] as const).flatMap((step) => {
    const quantity = threshold[step];
    return quantity === undefined
      ? []
      : [{ label: `${step} ${quantity.text}`, value: inMetricUnit(threshold.metric, quantity) }];
  });
}
