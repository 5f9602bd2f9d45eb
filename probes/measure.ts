import { type Measures, type MetricName, objectiveMetric } from "../catalog/metrics.ts";
import { isKept, type PathEnd } from "../catalog/objective-rule.ts";
import type { ObjectiveRule } from "../catalog/target.ts";
import { type CheckResult, isFailed, isRefused, type Observation, type PathVerdict } from "./result.ts";
import { weaknesses } from "./verdict.ts";

const HOUR_MS = 3_600_000;

/**
 * The metrics of one run. A run without a verdict measured nothing and publishes nothing. `rules` are the objectives
 * that are judged by something else than whether their path answered.
 */
export function measuresOf(observation: Observation, rules: readonly ObjectiveRule[] = []): Measures {
  const measures = pathMeasures(observation);
  // a run without a verdict says nothing of any promise either
  if (observation.result.status === "unknown") return measures;
  const { mcp, rest } = observation.result;
  const seen = { mcp: endOf(mcp), rest: endOf(rest), measures };
  const kept = rules.flatMap((rule): [string, number][] => {
    const good = isKept(rule, seen);
    return good === undefined ? [] : [[objectiveMetric(rule.objective), good ? 1 : 0]];
  });
  return kept.length === 0 ? measures : { ...measures, ...Object.fromEntries(kept) };
}

function pathMeasures(observation: Observation): Measures {
  const { result, mcpMs, restMs } = observation;
  const { status, mcp, rest, attempts } = result;
  if (status === "unknown") return {};
  const checked = [mcp, rest].filter((path) => path.outcome !== "skipped");
  const failed = checked.filter(isFailed).length;
  const sick = checked.length === 2 && failed === 1;
  return {
    ...rest.numbers,
    ProbeRuns: 1,
    ...given("McpAvailable", availability(mcp)),
    ...given("RestAvailable", availability(rest)),
    ...given("AllAvailable", allAvailable(checked)),
    Unhealthy: status === "unhealthy" ? 1 : 0,
    Degraded: sick || (failed === 0 && weaknesses(result).length > 0) ? 1 : 0,
    AuthRefused: checked.some(isRefused) ? 1 : 0,
    ...given("McpLatency", mcpMs),
    ...given("RestLatency", restMs),
    ...given("CheckLatency", mcpMs === null || restMs === null ? null : Math.max(mcpMs, restMs)),
    Retries: attempts.length > 1 ? 1 : 0,
    ...toolMeasures(observation),
    ...given("CanaryLatency", mcp.canary?.outcome === "ok" ? mcp.canary.ms : null),
    ...given(
      "DependenciesFailed",
      result.dependencies.length === 0 ? null : result.dependencies.filter(({ ok }) => !ok).length,
    ),
    ...given("HoursToExpiry", hoursToExpiry(result)),
  };
}

function toolMeasures({ result: { mcp }, missingTools }: Observation): Measures {
  if (mcp.tools === null) return {};
  const drifted = (kind: string): number =>
    new Set(mcp.drift.filter((one) => one.kind === kind).map(({ tool }) => tool)).size;
  return {
    ToolsMissing: missingTools.length,
    ToolsBreaking: drifted("breaking"),
    ToolsAdditive: drifted("additive"),
    ToolsWording: drifted("wording"),
  };
}

/** How a path ended, as an objective's rule asks; a failure of no class burns no budget. */
function endOf(path: PathVerdict): PathEnd {
  if (path.outcome === "skipped") return null;
  return path.outcome === "ok" ? "ok" : (path.failureClass ?? "ok");
}

/** Of the credential and the certificate, whichever runs out first. */
function hoursToExpiry({ credentialExpiresAt, mcp, checkedAt }: CheckResult): number | null {
  const moments = [credentialExpiresAt, mcp.certificate?.validTo ?? null]
    .filter((moment) => moment !== null)
    .map((moment) => Date.parse(moment))
    .filter(Number.isFinite);
  return moments.length === 0 ? null : Math.floor((Math.min(...moments) - Date.parse(checkedAt)) / HOUR_MS);
}

function allAvailable(checked: readonly PathVerdict[]): number | null {
  // one sure failure is enough; behind a refusal nobody saw
  if (checked.some(isFailed)) return 0;
  return checked.length === 0 || checked.some(isRefused) ? null : 1;
}

function availability(path: PathVerdict): number | null {
  if (path.outcome === "skipped" || isRefused(path)) return null;
  return path.outcome === "ok" ? 1 : 0;
}

function given(name: MetricName, value: number | null): Measures {
  return value === null ? {} : { [name]: value };
}
