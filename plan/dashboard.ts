import { type METRICS, NAMESPACE } from "../catalog/metrics.ts";
import type { Environment, Server } from "../catalog/types.ts";
import { formatDuration, formatPercent } from "../catalog/units.ts";
import { owned } from "./names.ts";
import type { DashboardPlan } from "./types.ts";

/** CloudWatch's grid is 24 columns wide. */
const COLUMNS = 24;
const HEIGHT = 6;

/** One dashboard an environment: a row of availability, latency and alarms for each server. */
export function planDashboards(environment: Environment): DashboardPlan[] {
  if (environment.aws === null) return [];
  const region = environment.aws.region;
  const widgets = environment.servers.flatMap((server, row) =>
    serverRow({ environment, server, region, y: row * HEIGHT }),
  );
  return [{ name: owned(environment.name, "overview"), body: { widgets } }];
}

function serverRow(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly region: string;
  readonly y: number;
}): Readonly<Record<string, unknown>>[] {
  const { environment, server, region, y } = input;
  const width = COLUMNS / 3;
  const series = (metric: keyof typeof METRICS): string[] => [
    NAMESPACE,
    metric,
    "Environment",
    environment.name,
    "Server",
    server.name,
  ];
  const rest = Object.values(server.endpoints).some((endpoint) => endpoint.rest !== null);
  const graph = (
    column: number,
    title: string,
    metrics: readonly unknown[],
    extra: Readonly<Record<string, unknown>>,
  ) => ({
    type: "metric",
    x: column * width,
    y,
    width,
    height: HEIGHT,
    properties: {
      title,
      region,
      period: environment.resolutionSeconds,
      view: "timeSeries",
      metrics,
      ...extra,
    },
  });
  const promises = server.objectives.flatMap((objective) =>
    objective.sli === "latency"
      ? []
      : [
          {
            label: `${objective.name} ${formatPercent(objective.objective)} in ${formatDuration(objective.window)}`,
            value: objective.objective / 1_000_000,
          },
        ],
  );
  const limits = server.objectives.flatMap((objective) =>
    objective.sli === "latency"
      ? [{ label: `${objective.name} p${objective.percentile}`, value: objective.below }]
      : [],
  );
  return [
    graph(
      0,
      `${server.name}: availability`,
      rest ? [series("McpAvailable"), series("RestAvailable")] : [series("McpAvailable")],
      {
        stat: "Average",
        yAxis: { left: { min: 0, max: 1 } },
        annotations: { horizontal: promises },
      },
    ),
    graph(1, `${server.name}: latency`, [[...series("McpLatency"), { stat: "p95" }]], {
      annotations: { horizontal: limits },
    }),
    graph(
      2,
      `${server.name}: what is wrong`,
      [series("Unhealthy"), series("Degraded"), series("AuthRefused"), series("ToolsMissing")],
      {
        stat: "Maximum",
      },
    ),
  ];
}
