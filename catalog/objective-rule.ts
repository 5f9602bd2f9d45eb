import type { FailureClass } from "./failures.ts";
import type { Measures } from "./metrics.ts";
import type { ObjectiveRule } from "./target.ts";

/** How a path of a check ended: well, or by the class of its failure; null where it was not checked. */
export type PathEnd = "ok" | FailureClass | null;

/** What one check saw, as far as a promise depends on it. */
export interface Seen {
  readonly mcp: PathEnd;
  readonly rest: PathEnd;
  readonly measures: Measures;
}

/** Whether a promise was kept in a check, as its own rule sees it; undefined where nobody saw. */
export function isKept(rule: ObjectiveRule, seen: Seen): boolean | undefined {
  switch (rule.kind) {
    case "classes": {
      const end = seen[rule.path];
      if (end === null) return undefined;
      if (rule.burns.includes(end)) return false;
      // behind a refusal nobody saw whether the promise is kept
      return end === "auth" ? undefined : true;
    }
    case "latency": {
      // a check that failed took no time; availability is charged for it
      const ms = seen.measures[rule.path === "mcp" ? "McpLatency" : "RestLatency"];
      return ms === undefined ? undefined : ms < rule.belowMs;
    }
    case "value": {
      const value = seen.measures[rule.metric];
      if (value === undefined) return undefined;
      return (
        (rule.below === undefined || value < rule.below) && (rule.above === undefined || value > rule.above)
      );
    }
  }
}
