import type { Measures } from "../catalog/metrics.ts";
import { isFailed, isRefused, type Observation, type PathVerdict } from "./result.ts";

/** The metrics of one run. A run without a verdict measured nothing and publishes nothing. */
export function measuresOf({ result, mcpMs, restMs, missingTools }: Observation): Measures {
  const { status, mcp, rest } = result;
  if (status === "unknown") return {};
  const checked = [mcp, rest].filter((path) => path.outcome !== "skipped");
  const failed = checked.filter(isFailed).length;
  return {
    ProbeRuns: 1,
    ...given("McpAvailable", availability(mcp)),
    ...given("RestAvailable", availability(rest)),
    Unhealthy: status === "unhealthy" ? 1 : 0,
    Degraded: checked.length === 2 && failed === 1 ? 1 : 0,
    AuthRefused: checked.some(isRefused) ? 1 : 0,
    ...given("McpLatency", mcpMs),
    ...given("RestLatency", restMs),
    ...given("ToolsMissing", mcp.outcome === "ok" ? missingTools.length : null),
  };
}

function availability(path: PathVerdict): number | null {
  if (path.outcome === "skipped" || isRefused(path)) return null;
  return path.outcome === "ok" ? 1 : 0;
}

function given(name: keyof Measures, value: number | null): Measures {
  return value === null ? {} : { [name]: value };
}
