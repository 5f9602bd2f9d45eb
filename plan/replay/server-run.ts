import { type Spending, spending } from "../budget.ts";
import { checksOf } from "../budget-checks.ts";
import { createColumns } from "../cloudwatch/columns.ts";
import { type AlarmRun, compositeTransitions } from "../cloudwatch/composite.ts";
import { metricTransitions, periodOf } from "../cloudwatch/metric-alarm.ts";
import type { SeriesOf, TimeRange } from "../cloudwatch/types.ts";
import { serverMetric } from "../server-metric.ts";
import type { ObjectivePlan, Plan, PlannedAlarm, ServerPlan } from "../types.ts";
import type { BudgetStand, ServerRun } from "./types.ts";

/** Failures with less than this between them are one outage. */
const ONE_OUTAGE_MS = 3_600_000;

type Ratio = Exclude<ObjectivePlan, { readonly sli: "latency" }>;

/**
 * What the alarms of one server would have done. They start in OK, with their warm-up behind them where they were made
 * long ago; of the samples nothing is kept.
 */
export function serverRun(input: {
  readonly plan: Plan;
  readonly server: ServerPlan;
  /** Samples of the range, and of {@link leadMs} before it. */
  readonly seriesOf: SeriesOf;
  readonly range: TimeRange;
  /** When the alarms were made; milliseconds since the epoch. @default long ago */
  readonly created?: number;
  /** Stretches that are charged to no budget, in order and without overlap. @default none */
  readonly excluded?: readonly TimeRange[];
  /** When its outages began, where that is known. @default by its failed checks */
  readonly onsets?: readonly number[];
}): ServerRun {
  const { plan, server, seriesOf, range, created = LONG_AGO, excluded = [] } = input;
  const metric = alarmRuns(server.alarms, seriesOf, { ...range, created });
  const composites = compositeTransitions({
    composites: server.composites.map(({ definition }) => definition),
    metric,
    range,
    initialOf: () => "OK",
  });
  const promises = server.objectives
    .filter((objective): objective is Ratio => objective.sli !== "latency")
    .map((objective) => {
      const { environment } = plan;
      const series = seriesOf(serverMetric({ environment, server: server.server, metric: objective.metric }));
      return { objective, checks: checksOf(series ?? EMPTY) };
    });
  const standAt = (now: number): BudgetStand[] =>
    promises.map(({ objective, checks }) =>
      standOf(
        objective.name,
        spending({
          checks,
          objectivePpm: objective.objectivePpm,
          windowMs: objective.windowMs,
          now,
          excluded,
          everyMs: server.probe.everyMs,
          samples: server.probe.samples,
          policy: plan.budgetPolicy,
        }),
      ),
    );
  const fired = [...composites.values()].flatMap(({ transitions }) =>
    transitions.filter(({ to }) => to === "ALARM").map(({ at }) => at),
  );
  return {
    server: server.server,
    alarms: new Map([...metric, ...composites]),
    budgetsAt: new Map([...new Set(fired)].map((at) => [at, standAt(at)])),
    budgetsAtEnd: standAt(range.to),
    onsets:
      input.onsets ??
      onsetsOf(
        promises.flatMap(({ checks }) => failedAt(checks).filter((at) => at >= range.from && at < range.to)),
      ),
  };
}

/** How long before a range the samples must begin for every alarm to look over a full window, in milliseconds. */
export function leadMs(alarms: readonly PlannedAlarm[]): number {
  return Math.max(
    0,
    ...alarms.map(({ definition }) => periodOf(definition) * definition.EvaluationPeriods * 1_000),
  );
}

/** The runs of metric alarms over a range, by name; `created` is when they were made. */
export function alarmRuns(
  alarms: readonly PlannedAlarm[],
  seriesOf: SeriesOf,
  { created, ...range }: TimeRange & { readonly created: number },
): Map<string, AlarmRun> {
  const columns = createColumns(seriesOf);
  return new Map(
    alarms.map(({ definition }) => [
      definition.AlarmName,
      metricTransitions({ definition, seriesOf, range, columns, initial: "OK", created }),
    ]),
  );
}

/** Before every warm-up that an alarm could have. */
export const LONG_AGO = 0;
const EMPTY = { times: new Float64Array(), values: new Float64Array() };

function standOf(objective: string, { spentPpm, spentMs, policy }: Spending): BudgetStand {
  return { objective, spentPpm, spentMs, policy: policy?.name ?? null };
}

function failedAt({ times, good, total }: ReturnType<typeof checksOf>): number[] {
  return [...times].filter((_, index) => (good[index] ?? 0) < (total[index] ?? 0));
}

function onsetsOf(failed: readonly number[]): number[] {
  const inOrder = [...failed].sort((a, b) => a - b);
  return inOrder.filter((at, index) => at - (inOrder[index - 1] ?? Number.NEGATIVE_INFINITY) > ONE_OUTAGE_MS);
}
