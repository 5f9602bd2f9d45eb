import { emptyMcp } from "../../probes/mcp-path.ts";
import { emptyRest } from "../../probes/rest.ts";
import type {
  CheckResult,
  FailureClass,
  McpReading,
  Observation,
  PathVerdict,
  RestReading,
} from "../../probes/result.ts";
import { findingOf, statusOf } from "../../probes/verdict.ts";

export const OK: PathVerdict = { outcome: "ok", failureClass: null };
export const SKIPPED: PathVerdict = { outcome: "skipped", failureClass: null };

export function failing(failureClass: FailureClass): PathVerdict {
  return { outcome: "fail", failureClass };
}

/** A result as a check gives it, of what a test says about its paths; the verdict is the check's own. */
export function resultOf(
  given: Partial<Omit<CheckResult, "mcp" | "rest">> & {
    readonly mcp?: PathVerdict & Partial<McpReading>;
    readonly rest?: PathVerdict & Partial<RestReading>;
  },
): CheckResult {
  const { mcp = SKIPPED, rest = SKIPPED, dependencies = [], replicas = [], ...others } = given;
  const readings = {
    mcp: { ...emptyMcp({ ...mcp, detail: "" }), ...mcp },
    rest: { ...emptyRest({ ...rest, detail: "" }), ...rest },
    dependencies,
    replicas,
  };
  return {
    server: "subject",
    status: statusOf(readings),
    finding: findingOf(readings),
    checkedAt: "2026-11-21T08:00:00.000Z",
    durationMs: 1,
    ...readings,
    credentialExpiresAt: null,
    attempts: [],
    ...others,
  };
}

/** An observation of a result whose exchanges took so long, where they succeeded. */
export function observed(
  result: CheckResult,
  { mcpMs = 5, restMs = 5, missingTools = [] }: Partial<Omit<Observation, "result">> = {},
): Observation {
  return {
    result,
    mcpMs: result.mcp.outcome === "ok" ? mcpMs : null,
    restMs: result.rest.outcome === "ok" ? restMs : null,
    missingTools,
  };
}

/** What a check of two paths that ended so would have observed. */
export function observationOf({
  mcp = OK,
  rest = SKIPPED,
  checkedAt = "2026-11-21T08:00:00.000Z",
  detail = "",
}: {
  mcp?: PathVerdict;
  rest?: PathVerdict;
  checkedAt?: string;
  detail?: string;
}): Observation {
  const result = resultOf({
    mcp: { ...mcp, detail },
    rest: { ...rest, detail },
    checkedAt,
    finding: null,
    durationMs: 7,
  });
  return observed(result, { mcpMs: 3, restMs: 2 });
}
