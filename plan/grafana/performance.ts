import type { Environment } from "../../catalog/types.ts";
import { alarmsTile } from "./common.ts";
import { framed, type Section } from "./frame.ts";
import { limitPages } from "./limit-pages.ts";
import type { Limit } from "./limits.ts";
import type { GrafanaDashboard } from "./model.ts";
import { graphTile, measuredIn, type Tile, tableTile } from "./panels.ts";
import { at, chosen, fleetWindow, quantile, type Scope } from "./promql.ts";
import { FLEET_UIDS } from "./uids.ts";

const SHARES = [0.5, 0.95, 0.99] as const;

/** `mcp-performance`: who is slow, against which promise, and in which part of the exchange. */
export function performanceDashboards(
  environment: Environment,
  limits: readonly Limit[],
): readonly GrafanaDashboard[] {
  const pages = limitPages(
    environment,
    limits.filter(({ kind }) => kind === "latency"),
  );
  return pages.map((promises, page) =>
    framed({
      environment,
      uid: page === 0 ? FLEET_UIDS.performance : `${FLEET_UIDS.performance}-${page + 1}`,
      title: page === 0 ? "MCP performance" : `MCP performance ${page + 1}`,
      description: "How long servers take, each against what it promises.",
      server: null,
      sections: [
        ...(page === 0 ? [now(environment)] : []),
        ...promises,
        ...(page === 0 ? trends(environment) : []),
      ],
    }),
  );
}

function now(environment: Environment): Section {
  const window = fleetWindow(environment);
  const selector = at(chosen(environment));
  const of = "mcp_request_duration_seconds";
  const slowest = SHARES.map((share) => quantile({ of, share, selector, window, by: ["server", "path"] }));
  const [p50 = "", p95 = "", p99 = ""] = slowest;
  const top = `topk(15, ${p95})`;
  return {
    title: "Now",
    tiles: [
      alarmsTile({ environment, server: null, width: 12, height: 8 }),
      tableTile({
        title: "The slowest",
        description: `Percentiles of the last ${window}, by server and path, the highest p95 first; all: both paths together.`,
        width: 12,
        height: 8,
        queries: [p95, p50, p99].map((expr) => ({
          expr: expr === p95 ? top : `${expr} and on (server, path) ${top}`,
        })),
        columns: {
          server: "Server",
          path: "Path",
          "Value #B": "p50",
          "Value #A": "p95",
          "Value #C": "p99",
        },
        sortBy: "p95",
        descending: true,
        overrides: ["p50", "p95", "p99"].map((column) =>
          measuredIn(column, "s", [{ value: null, color: "text" }]),
        ),
        empty: "No exchange has succeeded",
      }),
    ],
  };
}

function trends(environment: Environment): readonly Section[] {
  const scope = chosen(environment);
  const window = fleetWindow(environment);
  return [
    { title: "MCP path", tiles: percentiles(scope, window, "mcp") },
    { title: "REST path", tiles: percentiles(scope, window, "rest") },
    {
      title: "Where the time goes",
      tiles: [phasesTile(scope), canaryTile(scope, window), failuresTile(scope)],
    },
    { title: "Load", collapsed: true, tiles: loadTiles(scope) },
  ];
}

function percentiles(scope: Scope, window: string, path: "mcp" | "rest"): readonly Tile[] {
  return SHARES.map((share) =>
    graphTile({
      title: `p${share * 100} of the ${path === "mcp" ? "MCP exchange" : "REST request"}`,
      description: `Over the last ${window}; the 15 slowest of the servers that are chosen.`,
      width: 8,
      height: 7,
      unit: "s",
      queries: [
        {
          expr: `topk(15, ${quantile({ of: "mcp_request_duration_seconds", share, selector: at(scope, `path="${path}"`), window })})`,
          legend: "{{server}}",
        },
      ],
      empty: "No exchange has succeeded",
    }),
  );
}

/** The phases of the MCP exchange on top of each other. */
export function phasesTile(scope: Scope): Tile {
  return graphTile({
    title: "Phases of the MCP exchange",
    description:
      "Mean over the servers that are chosen: dns, connect and tls are the way there, first-byte is the server, open, list and call are the protocol.",
    width: 8,
    height: 8,
    unit: "s",
    stacked: true,
    queries: [{ expr: `avg by (phase) (mcp_probe_phase_seconds${at(scope)})`, legend: "{{phase}}" }],
  });
}

/** The time of the canary call. */
export function canaryTile(scope: Scope, window: string): Tile {
  const of = "mcp_tool_execution_duration_seconds";
  return graphTile({
    title: "p95 of the canary call",
    description: `A tool that is called with fixed arguments and whose answer was right, over the last ${window}.`,
    width: 8,
    height: 8,
    unit: "s",
    queries: [
      {
        expr: `topk(15, ${quantile({ of, share: 0.95, selector: at(scope), window })})`,
        legend: "{{server}}",
      },
    ],
    empty: "No server has a canary call",
  });
}

/** Failed probes by what broke. */
export function failuresTile(scope: Scope): Tile {
  return graphTile({
    title: "Failed probes by what broke",
    description: "Failures of each hour before, by path and failure class.",
    width: 8,
    height: 8,
    unit: "none",
    queries: [
      {
        expr: `sum by (path, class) (increase(mcp_probe_failures_total${at(scope)}[1h])) > 0`,
        legend: "{{path}} {{class}}",
      },
    ],
    empty: "No probe has failed",
  });
}

/** What servers say of their own load. */
export function loadTiles(scope: Scope): readonly Tile[] {
  const graph = (title: string, unit: string, expr: string): Tile =>
    graphTile({
      title,
      description: "By the server's own pages, where its catalog file names the number.",
      width: 6,
      height: 7,
      unit,
      queries: [{ expr: `topk(15, ${expr})`, legend: "{{server}}" }],
      empty: "No server tells it",
    });
  return [
    graph("Requests", "reqps", `avg by (server) (mcp_throughput_requests_per_second${at(scope)})`),
    graph("Operations at once", "none", `avg by (server) (mcp_concurrent_operations${at(scope)})`),
    graph("Messages", "cps", `sum by (server) (rate(mcp_messages_processed_total${at(scope)}[15m]))`),
    graph("Cache hit rate", "none", `avg by (server) (mcp_cache_hit_rate${at(scope)})`),
  ];
}
