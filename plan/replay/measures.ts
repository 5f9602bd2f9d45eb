import type { FailureClass } from "../../catalog/failures.ts";
import { type Measures, objectiveMetric } from "../../catalog/metrics.ts";
import { isKept } from "../../catalog/objective-rule.ts";
import type { Subject } from "./subject.ts";

/** How one path of a check ended: well, or on which rung it broke. */
export type PathState = "ok" | FailureClass;

/** What one check found, as far as its measures depend on it. */
export interface CheckState {
  readonly mcp: PathState;
  /** Of no meaning where the server has no REST side. */
  readonly rest: PathState;
  /** Both paths answer, and a component, a readiness page or a replica is not well. */
  readonly weak: boolean;
  /** Milliseconds that every answer took. */
  readonly ms: number;
  /** It was the repetition of one that failed. */
  readonly repeated: boolean;
  /** Metrics that a trace sets to a value of its own, where the check measures them. */
  readonly values: ReadonlyMap<string, number>;
}

/** The metrics that a check in this state publishes: those of `measuresOf` of the probe, which a test compares. */
export function measuresIn(subject: Subject, state: CheckState): Measures {
  const { mcp, weak, ms, repeated, values } = state;
  const rest = subject.hasRest ? state.rest : null;
  const paths = rest === null ? [mcp] : [mcp, rest];
  const failed = paths.filter(isFailed).length;
  const refused = paths.includes("auth");
  const measured: Record<string, number> = {
    ...subject.usage,
    ...(rest === "ok" ? subject.numbers : {}),
    ProbeRuns: 1,
    ...(mcp === "auth" ? {} : { McpAvailable: mcp === "ok" ? 1 : 0 }),
    ...(rest === null || rest === "auth" ? {} : { RestAvailable: rest === "ok" ? 1 : 0 }),
    ...(failed > 0 ? { AllAvailable: 0 } : refused ? {} : { AllAvailable: 1 }),
    Unhealthy: failed === paths.length ? 1 : 0,
    Degraded: (failed === 1 && paths.length === 2) || (failed === 0 && weak) ? 1 : 0,
    AuthRefused: refused ? 1 : 0,
    Retries: repeated ? 1 : 0,
    ...(mcp === "ok" ? answers(subject, ms) : {}),
    ...(rest === "ok" ? { RestLatency: ms } : {}),
    ...(mcp === "ok" && rest === "ok" ? { CheckLatency: ms } : {}),
    ...(subject.hasDependencies ? { DependenciesFailed: 0 } : {}),
  };
  for (const [metric, value] of values) if (Object.hasOwn(measured, metric)) measured[metric] = value;
  for (const rule of subject.rules) {
    const good = isKept(rule, { mcp, rest, measures: measured });
    if (good !== undefined) measured[objectiveMetric(rule.objective)] = good ? 1 : 0;
  }
  return measured;
}

export function isFailed(path: PathState): boolean {
  return path !== "ok" && path !== "auth";
}

/** What only an MCP path that answers shows. */
function answers({ hasCanary, hoursToExpiry }: Subject, ms: number): Measures {
  return {
    McpLatency: ms,
    ToolsMissing: 0,
    ToolsBreaking: 0,
    ToolsAdditive: 0,
    ToolsWording: 0,
    ...(hasCanary ? { CanaryLatency: ms } : {}),
    ...(hoursToExpiry === null ? {} : { HoursToExpiry: hoursToExpiry }),
  };
}
