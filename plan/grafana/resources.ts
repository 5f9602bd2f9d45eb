import type { Environment } from "../../catalog/types.ts";
import { alarmsTile } from "./common.ts";
import { framed } from "./frame.ts";
import { limitPages } from "./limit-pages.ts";
import type { Limit } from "./limits.ts";
import type { GrafanaDashboard } from "./model.ts";
import { graphTile, type Tile } from "./panels.ts";
import { at, chosen, type Scope } from "./promql.ts";
import { FLEET_UIDS } from "./uids.ts";

/** `system-resources`: memory, processor, files, and every other number that a catalog file sets limits to. */
export function resourcesDashboards(
  environment: Environment,
  limits: readonly Limit[],
): readonly GrafanaDashboard[] {
  // promised times have their place on the dashboard of performance
  const pages = limitPages(
    environment,
    limits.filter(({ kind, lines }) => kind !== "latency" || lines.every(({ level }) => level !== "promise")),
  );
  const scope = chosen(environment);
  return pages.map((numbers, page) =>
    framed({
      environment,
      uid: page === 0 ? FLEET_UIDS.resources : `${FLEET_UIDS.resources}-${page + 1}`,
      title: page === 0 ? "System resources" : `System resources ${page + 1}`,
      description:
        "What servers use, against the target, warning and critical numbers of their catalog files.",
      server: null,
      sections: [
        ...(page === 0
          ? [{ title: "Now", tiles: [alarmsTile({ environment, server: null, width: 24, height: 6 })] }]
          : []),
        ...(page === 0 ? [{ title: "The highest", tiles: resourceTiles(scope) }] : []),
        ...numbers,
      ],
    }),
  );
}

/** What a process uses, as the runner sees it or the server tells it. */
export function resourceTiles(scope: Scope): readonly Tile[] {
  const graph = (title: string, unit: string, metric: string): Tile =>
    graphTile({
      title,
      description: "Measured of the process, or by the server's own page; the 15 highest.",
      width: 6,
      height: 7,
      unit,
      queries: [{ expr: `topk(15, avg by (server) (${metric}${at(scope)}))`, legend: "{{server}}" }],
      empty: "No server tells it",
    });
  return [
    graph("Memory", "bytes", "mcp_server_memory_usage_bytes"),
    graph("Processor", "percent", "mcp_server_cpu_usage_percent"),
    graph("Files and sockets", "none", "mcp_server_file_descriptors"),
    graph("Connections", "none", "mcp_server_connections_active"),
  ];
}
