import { inMetricUnit } from "../catalog/metrics.ts";
import type { CheckTarget, ObjectiveRule, Roster, RosterTarget } from "../catalog/target.ts";
import { targetOf } from "../catalog/target-of.ts";
import type { Environment, ResolvedObjective, Server } from "../catalog/types.ts";
import type { Quantity } from "../catalog/units.ts";

/** What a runner in AWS or in the cluster checks: the servers that name it, at the addresses it can reach. */
export function planRoster(environment: Environment, runner: "aws" | "cluster"): Roster {
  const isPrivate = runner === "cluster" || environment.aws?.vpc !== undefined;
  const targets = environment.servers.flatMap((server): RosterTarget[] => {
    const endpoint = server.endpoints[runner];
    if (endpoint === undefined || endpoint.mcp === null || !server.probe.from.includes(runner)) return [];
    return [rosterTarget(server, targetOf({ server, endpoint, runner, isPrivate }))];
  });
  const { control, pace } = environment;
  return {
    environment: environment.name,
    targets,
    ...(control.length === 0 ? {} : { control }),
    concurrency: pace.concurrency,
    jitterMs: pace.jitter,
  };
}

/** The objectives of a server that are judged by something else than whether their path answered. */
export function objectiveRules({ objectives }: Server): ObjectiveRule[] {
  return objectives.flatMap((objective) => ruleOf(objective) ?? []);
}

function ruleOf(objective: ResolvedObjective): ObjectiveRule | undefined {
  const { name } = objective;
  switch (objective.sli) {
    case "latency":
      return undefined;
    case "mcp":
    case "rest":
      return objective.burns === undefined
        ? undefined
        : { objective: name, kind: "classes", path: objective.sli, burns: objective.burns };
    case "latency-share":
      return { objective: name, kind: "latency", path: objective.path, belowMs: objective.below };
    case "error-rate":
    case "freshness":
    case "kpi":
      return valueRule(name, objective);
  }
}

function valueRule(
  objective: string,
  {
    metric,
    below,
    above,
  }: {
    readonly metric: string;
    readonly below?: Quantity | undefined;
    readonly above?: Quantity | undefined;
  },
): ObjectiveRule {
  return {
    objective,
    kind: "value",
    metric,
    ...(below === undefined ? {} : { below: inMetricUnit(metric, below) }),
    ...(above === undefined ? {} : { above: inMetricUnit(metric, above) }),
  };
}

/** A target with how often and how patiently it is checked. */
export function rosterTarget(server: Server, target: CheckTarget): RosterTarget {
  const { every, samples, confirm, breaker, cache } = server.probe;
  const rules = objectiveRules(server);
  return {
    ...target,
    everyMs: every,
    samples,
    confirmMs: confirm,
    cacheMs: cache,
    ...(breaker.failures === 0 ? {} : { breaker: { failures: breaker.failures, restMs: breaker.rest } }),
    ...(rules.length === 0 ? {} : { objectiveRules: rules }),
  };
}
