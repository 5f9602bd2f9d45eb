import type { Environment } from "../../catalog/types.ts";
import { firing } from "./frame.ts";
import type { Limit } from "./limits.ts";
import { wordsOf } from "./lines.ts";
import type { ThresholdStep } from "./model.ts";
import { graphTile, type Shown, shownAs, type Tile, tableTile } from "./panels.ts";
import { at, type Scope } from "./promql.ts";

/** The health status of a server by its number. */
export const STATES: Readonly<Record<string, Shown>> = {
  "2": { text: "healthy", color: "green" },
  "1": { text: "degraded", color: "orange" },
  "0": { text: "down", color: "red" },
  "-1": { text: "unknown", color: "purple" },
};

/** Good at 0 and bad from 1 on. */
export const NONE_IS_GOOD: readonly ThresholdStep[] = [
  { value: null, color: "green" },
  { value: 1, color: "red" },
];

/** The worst that any runner saw of each server. */
export function health(scope: Scope): string {
  return `min by (server) (mcp_server_health_status${at(scope)})`;
}

/** Alarms that fire, one row each; what a dashboard begins with. */
export function alarmsTile(input: {
  readonly environment: Environment;
  /** Null for every server that is chosen. */
  readonly server: string | null;
  readonly title?: string;
  readonly matchers?: readonly string[];
  readonly width: number;
  readonly height: number;
}): Tile {
  const { environment, server, title = "Alarms that fire", matchers = [], width, height } = input;
  const alarms = firing(environment, server, ...matchers);
  return tableTile({
    title,
    description:
      "Every alarm of Prometheus that fires now, the most severe first. Its runbook stands in its message and in docs/runbooks/.",
    width,
    height,
    queries: [{ expr: `max by (severity, alertname, server, slo, threshold, step, escalation) (${alarms})` }],
    columns: {
      severity: "Severity",
      alertname: "Alarm",
      server: "Server",
      slo: "Promise",
      threshold: "Threshold",
      step: "Step",
      escalation: "Who is told",
    },
    // critical, high, low, medium: what wakes somebody stands first
    sortBy: "Severity",
    overrides: [
      shownAs("Severity", {
        critical: { text: "critical", color: "red" },
        high: { text: "high", color: "orange" },
        medium: { text: "medium", color: "yellow" },
        low: { text: "low", color: "blue" },
      }),
    ],
    empty: "No alarm fires",
  });
}

/** A value with the numbers that the catalog sets for it; `whose` stands before its name. */
export function limitTile(input: {
  readonly limit: Limit;
  readonly scope: Scope;
  readonly whose?: string;
  /** Show only so many series, those that stand worst. */
  readonly most?: number;
  readonly width: number;
  readonly height: number;
}): Tile {
  const { limit, scope, whose, most, width, height } = input;
  const expr = limit.expr(scope);
  const worst = limit.worse === "higher" ? "topk" : "bottomk";
  const name = whose === undefined ? limit.name : `${whose}: ${limit.name}`;
  return graphTile({
    title: `${name} (${wordsOf(limit)})`,
    description: `${limit.what}. ${limit.worse === "higher" ? "Higher" : "Lower"} is worse. The numbers are those of the catalog: ${wordsOf(limit)}. A line has the colour of the values above it.`,
    width,
    height,
    unit: limit.unit,
    limits: limit,
    queries: [{ expr: most === undefined ? expr : `${worst}(${most}, ${expr})`, legend: "{{server}}" }],
  });
}
