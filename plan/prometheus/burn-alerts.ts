import type { Environment, ResolvedRatio, Server } from "../../catalog/types.ts";
import { formatDuration, formatPercent } from "../../catalog/units.ts";
import { type BurnWindow, burnWindows } from "../burn.ts";
import type { PrometheusGroup, PrometheusRule } from "../types.ts";
import { alertRule } from "./alert.ts";
import { errorRatio } from "./recordings.ts";
import { heldFor, idOf, labels, span, successGauge } from "./series.ts";

const ALERTS = {
  "budget-page": "MCPErrorBudgetPage",
  "budget-ticket": "MCPErrorBudgetTicket",
} as const satisfies Record<BurnWindow["family"], string>;

export interface BurnAlertsInput {
  readonly environment: Environment;
  readonly server: Server;
  readonly objective: ResolvedRatio;
  /** Seconds between two evaluations, of the recordings too. */
  readonly intervalSeconds: number;
}

/**
 * One page and one ticket alert an objective, over the same windows and limits as CloudWatch's. One whose file says
 * `page: false` has no page.
 */
export function burnAlerts(input: BurnAlertsInput): PrometheusGroup {
  const { environment, server, objective, intervalSeconds } = input;
  const windows = burnWindows(environment, server, objective);
  const promise = `${formatPercent(objective.objective)} in ${formatDuration(objective.window)}`;
  const rules = (["budget-page", "budget-ticket"] as const).flatMap((family): PrometheusRule[] => {
    const pairs = windows.filter((one) => one.family === family);
    if (pairs.length === 0) return [];
    return [
      alertRule({
        environment,
        server,
        alert: ALERTS[family],
        family,
        expr: pairs.map((pair) => `(${burning(input, pair).join(" and ")})`).join(" or "),
        detail: `the error budget of ${objective.name} (${promise}) burns too fast`,
        labels: { slo: objective.name },
      }),
    ];
  });
  return {
    name: `${environment.name}-${server.name}-${objective.name}-alerts`,
    interval: span(intervalSeconds),
    rules,
  };
}

/** What must hold together for a pair of windows to fire. */
function burning(input: BurnAlertsInput, { family, long, short }: BurnWindow): string[] {
  const { environment, server, objective, intervalSeconds } = input;
  const at = labels({ ...idOf(environment, server), slo: objective.name });
  const ratio = (seconds: number): string => `${errorRatio(seconds)}${at}`;
  // over the first hours, or after a silence, a ratio is one over a handful of checks:
  // it counts for as much of the window as was seen
  const seen = `count_over_time(${ratio(short.seconds)}[${span(long.seconds)}])`;
  const share = `clamp_max(${seen} / ${long.seconds / intervalSeconds}, 1)`;
  const over = [
    `${ratio(long.seconds)} * ${share} > ${long.limit}`,
    `${ratio(short.seconds)} > ${short.limit}`,
  ];
  if (family === "budget-ticket") return over;
  // for the same reason a page takes the failures themselves
  const failures = heldFor({
    condition: `${successGauge(environment, server, objective)} == bool 0`,
    pointSeconds: short.seconds / short.samples,
    m: short.failures,
    n: short.samples,
  });
  return [...over, `on (environment, server) ${failures}`];
}
