import {
  type CheckResult,
  type Finding,
  isFailed,
  type PathVerdict,
  type Status,
  verdictOf,
} from "./result.ts";

type Readings = Pick<CheckResult, "mcp" | "rest" | "dependencies" | "replicas">;

/**
 * The status of a server from everything that was read of it: the paths decide between up and down; a component,
 * a readiness page, a dependency or a replica that is not well makes a healthy server degraded, never unhealthy.
 */
export function statusOf(readings: Readings): Status {
  const status = verdictOf([readings.mcp, readings.rest]);
  return status === "healthy" && weaknesses(readings).length > 0 ? "degraded" : status;
}

/** What is not well about a server whose paths answer, each in a few words. */
export function weaknesses({ rest, dependencies, replicas }: Readings): string[] {
  return [
    ...rest.components
      .filter(({ ok }) => !ok)
      .map(({ name, value, expected }) =>
        value === null ? `${name} is not named` : `${name} says ${value}, not ${expected}`,
      ),
    ...(rest.live === false ? ["the liveness page fails"] : []),
    ...(rest.ready === false ? ["the readiness page fails"] : []),
    ...dependencies.filter(({ ok }) => !ok).map(({ name, detail }) => `needs ${name}: ${detail}`),
    ...replicas
      .filter(({ disagrees, outcome }) => disagrees || outcome === "fail")
      .map(({ address, failureClass }) => `replica ${address} ${failureClass ?? "answers otherwise"}`),
  ];
}

/** What the two paths say about each other: a health page that is wrong either way is a fault of its own. */
export function findingOf({
  mcp,
  rest,
}: {
  readonly mcp: PathVerdict;
  readonly rest: PathVerdict;
}): Finding | null {
  if (isFailed(mcp) && rest.outcome === "ok") return "lying health";
  return mcp.outcome === "ok" && isFailed(rest) ? "bad health endpoint" : null;
}
