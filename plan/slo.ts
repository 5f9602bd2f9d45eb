import type { RatioObjective } from "../catalog/objective.ts";
import { formatDuration, PPM } from "../catalog/units.ts";

/** How long a promise may be broken within its window, in milliseconds: 99.9 % over 30 d allows 43.2 min. */
export function errorBudgetMs(objectivePpm: number, windowMs: number): number {
  return ((PPM - objectivePpm) * windowMs) / PPM;
}

/** What makes one check good, in words. */
export function goodCheck(objective: RatioObjective): string {
  switch (objective.sli) {
    case "mcp":
    case "rest":
      return objective.burns === undefined
        ? `the ${objective.sli} path answered`
        : `the ${objective.sli} path did not fail with ${objective.burns.join(", ")}`;
    case "latency-share":
      return `the ${objective.path} path answered in under ${formatDuration(objective.below)}`;
    case "error-rate":
    case "freshness":
      return `${objective.metric} is under ${objective.below.text}`;
    case "kpi":
      return objective.below === undefined
        ? `${objective.metric} is over ${objective.above?.text ?? ""}`
        : `${objective.metric} is under ${objective.below.text}`;
  }
}
