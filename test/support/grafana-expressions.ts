import type { Environment } from "../../catalog/types.ts";
import type { DashboardModel, GrafanaDashboard, Panel } from "../../plan/grafana/model.ts";
import { PLAYBOOK_METRICS, PROBE_METRICS } from "../../probes/sinks/prometheus-table.ts";

/** An expression of a dashboard, and where it stands. */
export interface Expression {
  readonly place: string;
  readonly expr: string;
}

/** Every panel, those in collapsed rows too. */
export function panelsOf({ panels }: DashboardModel): readonly Panel[] {
  return panels.flatMap((panel) => (panel.type === "row" ? panel.panels : [panel]));
}

/** The panel of a title that there is once. @throws Error when it is not there once */
export function panelOf({ uid, dashboard }: GrafanaDashboard, title: string | RegExp): Panel {
  const found = panelsOf(dashboard).filter((panel) =>
    typeof title === "string" ? panel.title === title : title.test(panel.title ?? ""),
  );
  const [panel] = found;
  if (panel === undefined || found.length > 1)
    throw new Error(`${uid} has ${found.length} panels ${String(title)}, not one`);
  return panel;
}

/** Every expression, of panels and annotations, as it is asked when all servers are chosen. */
export function expressionsOf({ uid, dashboard }: GrafanaDashboard): readonly Expression[] {
  const panels = panelsOf(dashboard).flatMap(({ title = "", targets = [] }) =>
    targets.map(({ expr }) => ({ place: `${uid}: ${title}`, expr })),
  );
  const annotations = (dashboard.annotations.list ?? []).map(({ name, expr = "" }) => ({
    place: `${uid}: ${name}`,
    expr,
  }));
  return [...panels, ...annotations].map(({ place, expr }) => ({ place, expr: asAsked(expr) }));
}

/** An expression as Grafana sends it when all servers are chosen. */
export function asAsked(expr: string): string {
  return expr.replaceAll("$server", ".+");
}

/** The names of the series in an expression; no part of it but names has a form of its own in this check. */
export function seriesIn(expr: string): readonly string[] {
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, "")
    .replaceAll(/\{[^}]*\}/g, " ")
    .replaceAll(/\[[^\]]*\]/g, " ")
    .replaceAll(/\b(?:by|on|without|ignoring)\s*\([^)]*\)/g, " ");
  const words = [...bare.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*(?!\s*\(|[a-zA-Z0-9_:])/g)].map(([word]) => word);
  return words.filter((word) => !["and", "or", "unless", "bool"].includes(word));
}

/** The names of all series that an environment's exporter shows. */
export function exportedNames(environment: Environment): ReadonlySet<string> {
  const families = [...PLAYBOOK_METRICS, ...PROBE_METRICS];
  const own = environment.servers.flatMap(({ endpoints }) =>
    Object.values(endpoints).flatMap(({ rest }) => rest?.numbers?.map(({ metric }) => metric) ?? []),
  );
  return new Set([
    ...families.flatMap(({ name, type }) =>
      type === "histogram" ? ["_bucket", "_sum", "_count"].map((part) => `${name}${part}`) : [name],
    ),
    ...own,
  ]);
}
