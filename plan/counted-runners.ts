import { isInShard } from "../catalog/run-schedule.ts";
import type { Roster, RosterTarget } from "../catalog/target.ts";
import type { Environment } from "../catalog/types.ts";
import { shipsLogs } from "./logs.ts";
import { legalPeriod } from "./periods.ts";
import { planRoster } from "./roster.ts";
import { shardsOf } from "./scale.ts";

/** A runner of the probe whose runs CloudWatch counts by its name, whatever other runners watch the same servers. */
export interface CountedRunner {
  readonly runner: "aws" | "cluster";
  /** Length in seconds of one point, in which every part of its roster is run. */
  readonly period: number;
  /** Runs in a point while all is well: one for each part of the roster that holds a server. */
  readonly least: number;
}

const MINUTE_SECONDS = 60;

/**
 * The runners that the plan has and whose lines reach CloudWatch: the function's always, the cluster's only where
 * Rollcall ships them. Where somebody else does, nobody knows what becomes of them.
 */
export function countedRunners(environment: Environment): CountedRunner[] {
  if (environment.aws === null || environment.kubernetes === null) return [];
  const inside = shipsLogs(environment) ? [planRoster(environment, "cluster").targets] : [];
  return [...counted("aws", partsOf(planRoster(environment, "aws"))), ...counted("cluster", inside)];
}

/** The servers of each run of the function, split as the runs split them. */
function partsOf(roster: Roster): RosterTarget[][] {
  const of = shardsOf(roster);
  return Array.from({ length: of }, (_, index) =>
    roster.targets.filter(({ server }) => isInShard(server, { shard: index + 1, of })),
  );
}

function counted(
  runner: CountedRunner["runner"],
  parts: readonly (readonly RosterTarget[])[],
): CountedRunner[] {
  const filled = parts.filter((targets) => targets.length > 0);
  if (filled.length === 0) return [];
  // a part runs as often as the server in it that is checked most often
  const slowest = Math.max(...filled.map((targets) => Math.min(...targets.map(({ everyMs }) => everyMs))));
  const period = legalPeriod(Math.max(MINUTE_SECONDS, slowest / 1_000));
  return [{ runner, period, least: filled.length }];
}
