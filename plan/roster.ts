import type { BurnRule, CheckTarget, Roster, RosterTarget } from "../catalog/target.ts";
import { targetOf } from "../catalog/target-of.ts";
import type { Environment, Server } from "../catalog/types.ts";

/** What a runner in AWS or in the cluster checks: the servers that name it, at the addresses it can reach. */
export function planRoster(environment: Environment, runner: "aws" | "cluster"): Roster {
  const targets = environment.servers.flatMap((server): RosterTarget[] => {
    const endpoint = server.endpoints[runner];
    if (endpoint === undefined || endpoint.mcp === null || !server.probe.from.includes(runner)) return [];
    return [rosterTarget(server, targetOf({ server, endpoint, runner }))];
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

/** The objectives of a server that name the failure classes they are charged for. */
export function burnRules({ objectives }: Server): BurnRule[] {
  return objectives.flatMap((objective) =>
    objective.sli === "latency" || objective.burns === undefined
      ? []
      : [{ objective: objective.name, path: objective.sli, burns: objective.burns }],
  );
}

/** A target with how often and how patiently it is checked. */
export function rosterTarget(server: Server, target: CheckTarget): RosterTarget {
  const { every, samples, confirm, breaker, cache } = server.probe;
  const rules = burnRules(server);
  return {
    ...target,
    everyMs: every,
    samples,
    confirmMs: confirm,
    cacheMs: cache,
    ...(breaker.failures === 0 ? {} : { breaker: { failures: breaker.failures, restMs: breaker.rest } }),
    ...(rules.length === 0 ? {} : { burnRules: rules }),
  };
}
