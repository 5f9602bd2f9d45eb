import { FLEET } from "../../catalog/names.ts";
import type { Environment } from "../../catalog/types.ts";
import { ESCALATION_ALERT } from "../prometheus/escalation-alerts.ts";
import { marksOf } from "./maintenance.ts";
import type { Annotation, GrafanaDashboard, GridPos, Link, Panel, RowPanel, Variable } from "./model.ts";
import { DATASOURCE, type Tile } from "./panels.ts";
import { at } from "./promql.ts";
import { FLEET_UIDS } from "./uids.ts";

/** The schema of Grafana 12, which newer ones migrate by themselves. */
const SCHEMA_VERSION = 42;
const COLUMNS = 24;
/** The alert that always fires. */
export const WATCHDOG = "Watchdog";

/** Tiles below a heading. */
export interface Section {
  readonly title: string;
  /** Whether it is asked only once somebody opens it. @default false */
  readonly collapsed?: boolean;
  readonly tiles: readonly Tile[];
}

/** A dashboard around its sections: what can be chosen, what is marked on every graph, where to go from it. */
export function framed(input: {
  readonly environment: Environment;
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** The server that it is for; null for those of all servers, which let one choose. */
  readonly server: string | null;
  readonly sections: readonly Section[];
}): GrafanaDashboard {
  const { environment, uid, description, server, sections } = input;
  const title = `${input.title} (${environment.name})`;
  const tags = ["rollcall", environment.name, ...(server === null ? [] : [server])];
  return {
    uid,
    title,
    dashboard: {
      uid,
      title,
      description,
      tags,
      schemaVersion: SCHEMA_VERSION,
      // whoever changes it in Grafana changes it until the next deployment
      editable: false,
      timezone: "browser",
      graphTooltip: 1,
      time: { from: "now-6h", to: "now" },
      refresh: "1m",
      templating: { list: variables(environment, server) },
      annotations: { list: annotations(environment, server) },
      links: links(server),
      panels: laidOut(sections),
    },
  };
}

/** Every panel in its place, with ids that count up. */
function laidOut(sections: readonly Section[]): readonly (Panel | RowPanel)[] {
  let y = 0;
  let id = 0;
  const next = (): number => {
    id += 1;
    return id;
  };
  return sections
    .filter(({ tiles }) => tiles.length > 0)
    .flatMap(({ title, collapsed = false, tiles }): readonly (Panel | RowPanel)[] => {
      const row = {
        type: "row",
        title,
        collapsed,
        id: next(),
        gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      } as const;
      const { places, bottom } = placesOf(tiles, y + 1);
      const panels = tiles.map(({ panel }, index): Panel => {
        const gridPos = places[index];
        return { ...panel, id: next(), ...(gridPos === undefined ? {} : { gridPos }) };
      });
      y = bottom;
      return collapsed ? [{ ...row, panels }] : [{ ...row, panels: [] }, ...panels];
    });
}

/** Each tile as high as it can go and there as far to the left, so that small ones stack beside a large one. */
function placesOf(
  tiles: readonly Tile[],
  top: number,
): { readonly places: readonly GridPos[]; readonly bottom: number } {
  const skyline = Array.from({ length: COLUMNS }, () => top);
  const places = tiles.map(({ width, height }): GridPos => {
    const tops = Array.from({ length: COLUMNS - width + 1 }, (_, x) =>
      Math.max(...skyline.slice(x, x + width)),
    );
    const y = Math.min(...tops);
    const x = tops.indexOf(y);
    skyline.fill(y + height, x, x + width);
    return { x, y, w: width, h: height };
  });
  return { places, bottom: Math.max(...skyline) };
}

function variables({ servers }: Environment, server: string | null): readonly Variable[] {
  const datasource: Variable = {
    type: "datasource",
    name: "datasource",
    label: "Prometheus",
    query: "prometheus",
    current: { text: "default", value: "default" },
  };
  if (server !== null) return [datasource];
  return [
    datasource,
    {
      type: "custom",
      name: "server",
      label: "Server",
      // from the catalog: one that nobody probes any more is still there to be chosen
      query: servers.map(({ name }) => name).join(","),
      multi: true,
      includeAll: true,
      allValue: ".+",
      current: { text: ["All"], value: ["$__all"] },
    },
  ];
}

function annotations(environment: Environment, server: string | null): readonly Annotation[] {
  return [
    annotation({
      name: "Alarms",
      iconColor: "red",
      expr: `max by (alertname, server, slo, severity) (${firing(environment, server)})`,
      titleFormat: "{{alertname}}",
      textFormat: "{{severity}}: {{server}} {{slo}}",
    }),
    ...marksOf(environment, server).map(({ name, reason, expr }) =>
      annotation({
        name: `Maintenance ${name}`,
        // marked, and without a switch of its own at the top
        hide: true,
        iconColor: "blue",
        expr,
        titleFormat: `Maintenance: ${name}`,
        textFormat: reason,
      }),
    ),
  ];
}

/**
 * A selector of the alarms that fire. A dashboard of all servers shows those of the whole fleet as well; the one that
 * always fires, and those that only say that a level is told, are none that anything is wrong by.
 */
export function firing({ name }: Environment, server: string | null, ...matchers: readonly string[]): string {
  const where = server === null ? `server=~"$server|${FLEET}"` : `server="${server}"`;
  const scope = `environment="${name}",${where}`;
  return `ALERTS${at(scope, 'alertstate="firing"', `alertname!~"${WATCHDOG}|${ESCALATION_ALERT}"`, ...matchers)}`;
}

function annotation(
  input: Pick<Annotation, "name" | "iconColor" | "expr" | "titleFormat" | "textFormat" | "hide">,
): Annotation {
  return { ...input, datasource: DATASOURCE, enable: true, step: "60s" };
}

function links(server: string | null): readonly Link[] {
  const own = server === null ? [] : [dashboards(server, ["rollcall", server])];
  const filter = server === null ? "" : `&var-server=${server}`;
  return [
    ...own,
    to("All servers", `/d/${FLEET_UIDS.overview}?$\{__url_time_range}`),
    to("Performance", `/d/${FLEET_UIDS.performance}?$\{__url_time_range}${filter}`),
    to("Resources", `/d/${FLEET_UIDS.resources}?$\{__url_time_range}${filter}`),
    ...(server === null ? [{ ...dashboards("Dashboards", ["rollcall"]), asDropdown: true }] : []),
  ];
}

const LINK = { tags: [], asDropdown: false, targetBlank: false, includeVars: false, keepTime: true } as const;

function to(title: string, url: string): Link {
  // the address carries the time range itself
  return { ...LINK, type: "link", title, url, icon: "dashboard", tooltip: title, keepTime: false };
}

function dashboards(title: string, tags: readonly string[]): Link {
  return { ...LINK, type: "dashboards", title, tags, icon: "external link", tooltip: title };
}
