import type { Environment } from "../../catalog/types.ts";
import { limitTile } from "./common.ts";
import type { Section } from "./frame.ts";
import type { Limit } from "./limits.ts";
import type { Tile } from "./panels.ts";
import { chosenAmong } from "./promql.ts";

/** Panels that one dashboard takes before it is slow to open and nears what a ConfigMap holds. */
const PANELS_A_PAGE = 150;
/** Servers whose lines can be told apart; of more, those that stand worst are shown. */
const SERVERS_A_PANEL = 15;

/**
 * The numbers that the catalog sets for servers, as panels: servers with the same numbers for the same value share
 * one. As many pages as they need; one page where they need none.
 */
export function limitPages(
  environment: Environment,
  limits: readonly Limit[],
): readonly (readonly Section[])[] {
  const tiles = [...Map.groupBy(limits, keyOf).values()].flatMap(
    (group) => groupTile(environment, group) ?? [],
  );
  const pages = Math.max(1, Math.ceil(tiles.length / PANELS_A_PAGE));
  return Array.from({ length: pages }, (_, page) => [
    {
      title: pages === 1 ? "Numbers of the catalog" : `Numbers of the catalog, ${page + 1} of ${pages}`,
      tiles: tiles.slice(page * PANELS_A_PAGE, (page + 1) * PANELS_A_PAGE),
    },
  ]);
}

/** The same for limits that one panel can show. */
function keyOf({ name, unit, worse, lines, expr }: Limit): string {
  const numbers = lines.map(({ level, text }) => `${level} ${text}`);
  return [name, unit, worse, ...numbers, expr("")].join("\n");
}

function groupTile(environment: Environment, limits: readonly Limit[]): Tile | undefined {
  const [limit] = limits;
  if (limit === undefined) return undefined;
  const servers = limits.map(({ server }) => server);
  return limitTile({
    limit,
    scope: chosenAmong(environment, servers),
    ...(servers.length > SERVERS_A_PANEL ? { most: SERVERS_A_PANEL } : {}),
    whose: servers.length === 1 ? limit.server : `${servers.length} servers`,
    width: 8,
    height: 7,
  });
}
