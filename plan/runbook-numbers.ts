import type { Environment } from "../catalog/types.ts";
import { formatDuration, formatPercent } from "../catalog/units.ts";
import { isMeasured } from "./alarm-specs.ts";
import { explainObjectives, tierText } from "./explain.ts";
import { blockSeconds, pointSeconds } from "./points.ts";

/** The part of a runbook that the catalog writes: what each server has promised, in numbers. */
export interface RunbookNumbers {
  /** Path of the page, from the root of the project. */
  readonly page: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The tables of numbers that stand in the runbooks, so that no page says another number than the alarm. */
export function runbookNumbers(environment: Environment): RunbookNumbers[] {
  const { families } = environment;
  return [
    {
      page: families["server-down"].runbook,
      head: ["server", "down when", "told to"],
      rows: environment.servers.map((server) => [
        server.name,
        `${server.floor.m} of ${server.floor.n} points of ${formatDuration(pointSeconds(environment, server) * 1_000)} failed`,
        server.escalation,
      ]),
    },
    { page: families["budget-page"].runbook, ...objectiveNumbers(environment) },
    {
      page: families.latency.runbook,
      head: ["server", "promise", "judged over"],
      rows: environment.servers.flatMap((server) =>
        server.objectives.flatMap((objective) =>
          objective.sli === "latency"
            ? [
                [
                  server.name,
                  `p${objective.percentile} below ${formatDuration(objective.below)}`,
                  formatDuration(blockSeconds(environment, server) * 1_000),
                ],
              ]
            : [],
        ),
      ),
    },
    {
      page: families.threshold.runbook,
      head: ["server", "threshold", "metric", "target", "warning", "critical"],
      rows: environment.servers.flatMap((server) =>
        server.thresholds.map((threshold) => [
          server.name,
          isMeasured(environment, server, threshold)
            ? threshold.name
            : `${threshold.name} (not measured yet)`,
          threshold.metric,
          ...[threshold.target, threshold.warning, threshold.critical].map((one) =>
            one === undefined ? "–" : `${threshold.worse === "lower" ? "≥" : "≤"} ${one.text}`,
          ),
        ]),
      ),
    },
  ];
}

function objectiveNumbers(environment: Environment): Pick<RunbookNumbers, "head" | "rows"> {
  return {
    head: ["server", "objective", "promise", "budget", "tier", "fires when so many checks failed"],
    rows: explainObjectives(environment).flatMap(
      ({ server, objective, objectivePpm, windowMs, budgetMs, tiers }) =>
        tiers.map((tier) => [
          server,
          objective,
          `${formatPercent(objectivePpm)} in ${formatDuration(windowMs)}`,
          `${Math.round(budgetMs / 600) / 100} min`,
          tier.name,
          tierText(tier),
        ]),
    ),
  };
}
