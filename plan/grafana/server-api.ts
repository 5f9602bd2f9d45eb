import type { Environment, Server } from "../../catalog/types.ts";
import { alarmsTile, limitTile } from "./common.ts";
import { framed } from "./frame.ts";
import { limitsOf } from "./limits.ts";
import type { GrafanaDashboard } from "./model.ts";
import { graphTile, type Tile } from "./panels.ts";
import { canaryTile, failuresTile, loadTiles, phasesTile } from "./performance.ts";
import { at, only, quantile, type Scope, windowOf } from "./promql.ts";
import { uidOf } from "./uids.ts";

/** `<server>-api`: how fast and how rightly it answers, against its promises. */
export function serverApi(environment: Environment, server: Server): GrafanaDashboard {
  const scope = only(environment, server.name);
  const window = windowOf(environment, server);
  const limits = limitsOf(environment, server).filter(({ kind }) => kind !== "resource");
  const hasRest = Object.values(server.endpoints).some(({ rest }) => rest !== null);
  return framed({
    environment,
    uid: uidOf(server.name, "api"),
    title: `${server.name}: API`,
    description: `How fast and how rightly ${server.name} answers.`,
    server: server.name,
    sections: [
      {
        title: "Now",
        tiles: [alarmsTile({ environment, server: server.name, width: 12, height: 7 }), successTile(scope)],
      },
      {
        title: "Promises",
        tiles: limits.map((limit) => limitTile({ limit, scope, width: 8, height: 7 })),
      },
      {
        title: "Times",
        tiles: [
          percentilesTile({ scope, window, path: "mcp" }),
          ...(hasRest ? [percentilesTile({ scope, window, path: "rest" })] : []),
          phasesTile(scope),
          canaryTile(scope, window),
          failuresTile(scope),
        ],
      },
      { title: "Load", tiles: loadTiles(scope) },
    ],
  });
}

function successTile(scope: Scope): Tile {
  return graphTile({
    title: "Good among the last 100 probes",
    description: "By path; all: both paths together.",
    width: 12,
    height: 7,
    unit: "percentunit",
    max: 1,
    queries: [{ expr: `min by (path) (mcp_probe_success_ratio${at(scope)})`, legend: "{{path}}" }],
    empty: "No probe has come to a verdict",
  });
}

function percentilesTile({
  scope,
  window,
  path,
}: {
  readonly scope: Scope;
  readonly window: string;
  readonly path: "mcp" | "rest";
}): Tile {
  const selector = at(scope, `path="${path}"`);
  return graphTile({
    title: path === "mcp" ? "Time of the MCP exchange" : "Time of the REST request",
    description: `Percentiles of successful exchanges over the last ${window}.`,
    width: 8,
    height: 8,
    unit: "s",
    queries: [0.5, 0.95, 0.99].map((share) => ({
      expr: quantile({ of: "mcp_request_duration_seconds", share, selector, window }),
      legend: `p${share * 100}`,
    })),
    empty: "No exchange has succeeded",
  });
}
