import type { MetricName } from "../catalog/metrics.ts";
import type { Environment, ResolvedObjective, ResolvedRatio, Server } from "../catalog/types.ts";
import { formatDuration, formatPercent } from "../catalog/units.ts";
import { successMetric } from "../plan/alarm-specs.ts";
import { type Attainment, attainment, type Budget, errorBudget } from "../plan/budget.ts";
import type { Checks } from "../plan/budget-checks.ts";
import { burnWindows } from "../plan/burn.ts";
import type { TimeRange } from "../plan/cloudwatch/types.ts";
import { exclusions } from "../plan/maintenance.ts";
import type { BudgetPolicyPlan } from "../plan/types.ts";

/** A latency percentile has no window of its own; it is judged over the usual one. */
const LATENCY_WINDOW_MS = 30 * 86_400_000;

/** Which checks a promise is judged by. */
export interface CheckQuery {
  readonly server: string;
  readonly metric: string;
  /** A check is good up to this many milliseconds; null where the metric says 1 or 0. */
  readonly belowMs: number | null;
  readonly windowMs: number;
}

/** Where checks come from: the history of this machine, or CloudWatch. */
export interface CheckSource {
  /** The checks of each query in its order. */
  read(queries: readonly CheckQuery[], now: number): Promise<readonly Checks[]>;
  /** What of a range is charged to no budget of a server. @default the maintenance of the catalog */
  readonly excludedOf?: (server: string, range: TimeRange) => readonly TimeRange[];
  close(): void;
}

interface RowBase {
  readonly server: string;
  readonly objective: string;
  readonly sli: ResolvedObjective["sli"];
  /** In words: `99.9% in 30d`. */
  readonly promise: string;
  readonly windowMs: number;
}

/** One promise as it stands now. */
export type SloRow =
  | (RowBase & { readonly kind: "latency" } & Attainment)
  | (RowBase & { readonly kind: "budget" } & Budget & {
        readonly burnWindows: { readonly longMs: number; readonly shortMs: number };
      });

export interface SloReport {
  readonly environment: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly rows: readonly SloRow[];
}

/** Every promise of the servers, judged at one moment. Maintenance does not count, nor does a mute of this machine. */
export async function sloReport(
  environment: Environment,
  input: { readonly servers: readonly Server[]; readonly source: CheckSource; readonly now: number },
): Promise<SloReport> {
  const { servers, source, now } = input;
  const promises = servers.flatMap((server) => server.objectives.map((objective) => ({ server, objective })));
  const queries = promises.map(({ server, objective }) => queryOf(server, objective));
  const checks = queries.length === 0 ? [] : await source.read(queries, now);
  const excludedOf = source.excludedOf ?? ((server, range) => exclusions(environment, server, range));
  const rows = promises.flatMap(({ server, objective }, index) => {
    const found = checks[index];
    const about = { environment, server, objective, now, excludedOf };
    return found === undefined ? [] : [rowOf({ ...about, checks: found })];
  });
  return { environment: environment.name, at: now, rows };
}

/** The promises that stop rollouts now: their budget's policy says so. */
export function frozen({ rows }: SloReport): readonly SloRow[] {
  return rows.filter((row) => row.kind === "budget" && row.policy?.freeze === true);
}

/** Milliseconds that the longest of the windows takes from which the burn rates are read. */
export function longestBurnMs(environment: Environment, servers: readonly Server[]): number {
  const windows = servers.flatMap((server) =>
    server.objectives.flatMap((objective) =>
      objective.sli === "latency" ? [] : [fastest(environment, server, objective).longMs],
    ),
  );
  return Math.max(0, ...windows);
}

function queryOf(server: Server, objective: ResolvedObjective): CheckQuery {
  if (objective.sli !== "latency") {
    const metric = successMetric(objective);
    return { server: server.name, metric, belowMs: null, windowMs: objective.window };
  }
  const metric: MetricName = "McpLatency";
  return { server: server.name, metric, belowMs: objective.below, windowMs: LATENCY_WINDOW_MS };
}

function rowOf(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly objective: ResolvedObjective;
  readonly checks: Checks;
  readonly now: number;
  readonly excludedOf: NonNullable<CheckSource["excludedOf"]>;
}): SloRow {
  const { environment, server, objective, checks, now, excludedOf } = input;
  const { windowMs } = queryOf(server, objective);
  const measured = {
    checks,
    now,
    windowMs,
    excluded: excludedOf(server.name, { from: now - windowMs, to: now }),
    everyMs: server.probe.every,
    samples: server.probe.samples,
  };
  const about = { server: server.name, objective: objective.name, sli: objective.sli, windowMs };
  if (objective.sli === "latency") {
    // p95 is under a limit exactly when 95 % of the checks are
    const objectivePpm = Math.round(objective.percentile * 10_000);
    const promise = `p${objective.percentile} under ${formatDuration(objective.below)}`;
    return { kind: "latency", ...about, promise, ...attainment({ ...measured, objectivePpm }) };
  }
  const burn = fastest(environment, server, objective);
  const promise = `${formatPercent(objective.objective)} in ${formatDuration(objective.window)}`;
  const policy = environment.budgetPolicy.map(policyPlan);
  const budget = errorBudget({ ...measured, objectivePpm: objective.objective, burn, policy });
  return { kind: "budget", ...about, promise, ...budget, burnWindows: burn };
}

/** The windows of the fastest page; of the fastest ticket where a promise pages nobody. */
function fastest(
  environment: Environment,
  server: Server,
  objective: ResolvedRatio,
): { readonly longMs: number; readonly shortMs: number } {
  const [window] = burnWindows(environment, server, objective);
  return { longMs: (window?.long.seconds ?? 0) * 1_000, shortMs: (window?.short.seconds ?? 0) * 1_000 };
}

function policyPlan({
  name,
  spent,
  freeze,
  consequence,
}: Environment["budgetPolicy"][number]): BudgetPolicyPlan {
  return { name, spentPpm: spent, freeze, consequence };
}
