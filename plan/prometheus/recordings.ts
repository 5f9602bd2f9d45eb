import type { Environment, ResolvedRatio, Server } from "../../catalog/types.ts";
import { formatDuration, formatPercent, PPM } from "../../catalog/units.ts";
import { burnWindows } from "../burn.ts";
import type { PrometheusGroup, PrometheusRule } from "../types.ts";
import { idOf, labels, span, successGauge } from "./series.ts";

const DAY_MS = 86_400_000;
/** Well within the 5 minutes for which Prometheus takes a sample as the present one. */
const BUDGET_INTERVAL = "2m";

/** The series of the error ratio over one window, which Sloth's users know. */
export function errorRatio(seconds: number): string {
  return `slo:sli_error:ratio_rate${span(seconds)}`;
}

/**
 * The recordings of one objective under Sloth's names: the error ratio of each window in its probe form,
 * 1 - avg_over_time of a 0/1 gauge, and what a dashboard of the budget reads.
 */
export function recordingGroups(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly objective: ResolvedRatio;
  readonly interval: string;
}): PrometheusGroup[] {
  const { environment, server, objective, interval } = input;
  const id = { ...idOf(environment, server), slo: objective.name };
  const record = (name: string, expr: string): PrometheusRule => ({ record: name, expr, labels: id });
  const gauge = successGauge(environment, server, objective);
  const windows = windowsOf(environment, server, objective);
  const base = `${environment.name}-${server.name}-${objective.name}`;
  return [
    {
      name: `${base}-recordings`,
      interval,
      rules: windows.map((seconds) =>
        // averaged over whoever scraped it, so that the series carries the promise's labels and no others
        record(
          errorRatio(seconds),
          `1 - avg by (environment, server) (avg_over_time(${gauge}[${span(seconds)}]))`,
        ),
      ),
    },
    {
      name: `${base}-budget`,
      interval: BUDGET_INTERVAL,
      rules: [...budgetRecordings(windows, objective, id), infoSeries(server, objective, id)],
    },
  ];
}

/** Every window that an alert of the objective could read, also where it has no page: dashboards show them all. */
function windowsOf(environment: Environment, server: Server, objective: ResolvedRatio): number[] {
  const windows = burnWindows(environment, server, { ...objective, page: true });
  return [...new Set(windows.flatMap(({ long, short }) => [short.seconds, long.seconds]))].sort(
    (a, b) => a - b,
  );
}

function budgetRecordings(
  windows: readonly number[],
  objective: ResolvedRatio,
  id: Readonly<Record<string, string>>,
): PrometheusRule[] {
  const at = labels(id);
  const record = (name: string, expr: string): PrometheusRule => ({ record: name, expr, labels: id });
  const current = `${errorRatio(windows[0] ?? 0)}${at}`;
  const period = formatDuration(objective.window);
  const whole = errorRatio(objective.window / 1_000);
  const budget = `slo:error_budget:ratio${at}`;
  return [
    // a window of the alerts may be as long as the promise's own, and is recorded already
    ...(windows.includes(objective.window / 1_000)
      ? []
      : [record(whole, `sum_over_time(${current}[${period}]) / count_over_time(${current}[${period}])`)]),
    record("slo:objective:ratio", `vector(${objective.objective / PPM})`),
    record("slo:error_budget:ratio", `vector(${(PPM - objective.objective) / PPM})`),
    record("slo:time_period:days", `vector(${objective.window / DAY_MS})`),
    record("slo:current_burn_rate:ratio", `${current} / on (environment, server, slo) ${budget}`),
    record("slo:period_burn_rate:ratio", `${whole}${at} / on (environment, server, slo) ${budget}`),
    record("slo:period_error_budget_remaining:ratio", `1 - slo:period_burn_rate:ratio${at}`),
  ];
}

/** What a dashboard wants to say about a promise, as labels of a series that is always 1. */
function infoSeries(
  server: Server,
  objective: ResolvedRatio,
  id: Readonly<Record<string, string>>,
): PrometheusRule {
  return {
    record: "rollcall_slo_info",
    expr: "vector(1)",
    labels: {
      ...id,
      sli: objective.sli,
      objective: formatPercent(objective.objective),
      window: formatDuration(objective.window),
      page: String(objective.page),
      owner: server.owner,
      escalation: server.escalation,
    },
  };
}
