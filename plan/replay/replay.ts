import { FLEET } from "../../catalog/names.ts";
import { type AlarmRun, compositeTransitions } from "../cloudwatch/composite.ts";
import { parseRule } from "../cloudwatch/composite-rule.ts";
import type { SeriesOf, TimeRange } from "../cloudwatch/types.ts";
import type { CompositeKind, Plan, PlannedComposite } from "../types.ts";
import { incidentsOf } from "./incidents.ts";
import { alarmRuns, LONG_AGO, serverRun } from "./server-run.ts";
import type { Incident, ReplayReport, ServerRun, ServerSummary } from "./types.ts";

/** What holds for an environment beside its plan and its samples. */
export interface ReplaySettings {
  /** Stretches in which a composite tells nobody, in order and without overlap. @default none */
  readonly quietOf?: (composite: PlannedComposite) => readonly TimeRange[];
  /** Stretches that are charged to no budget of a server, in order and without overlap. @default none */
  readonly excludedOf?: (server: string) => readonly TimeRange[];
  /** When the outages of a server began, where that is known. @default by its failed checks */
  readonly onsetsOf?: (server: string) => readonly number[];
  /** When the alarms were made, from which their warm-up counts; milliseconds since the epoch. @default long ago */
  readonly created?: number;
}

/**
 * What the alarms of a plan would have done, whom they would have told and what that left of the budgets. Servers are
 * replayed one at a time, so that the samples of one are in memory; composites over several servers come after, from
 * the transitions alone.
 */
export async function replayPlan(
  input: ReplaySettings & {
    readonly plan: Plan;
    readonly range: TimeRange;
    /** Samples of one server over the range and `leadMs` before it; `fleet` has those that belong to no server. */
    readonly seriesOf: (server: string) => SeriesOf | Promise<SeriesOf>;
  },
): Promise<ReplayReport> {
  const { plan, range, seriesOf, excludedOf, onsetsOf, created = LONG_AGO } = input;
  const runs: ServerRun[] = [];
  for (const server of plan.servers) {
    const onsets = onsetsOf?.(server.server);
    const about = { plan, server, range, created, excluded: excludedOf?.(server.server) ?? [] };
    const samples = await seriesOf(server.server);
    runs.push(serverRun({ ...about, seriesOf: samples, ...(onsets === undefined ? {} : { onsets }) }));
  }
  return reportOf({ ...input, runs, fleet: await seriesOf(FLEET) });
}

function reportOf(
  input: Pick<ReplaySettings, "quietOf" | "created"> & {
    readonly plan: Plan;
    readonly range: TimeRange;
    readonly runs: readonly ServerRun[];
    readonly fleet: SeriesOf;
  },
): ReplayReport {
  const { plan, range, runs, quietOf } = input;
  const all = allRuns(input);
  const byServer = new Map(runs.map((run) => [run.server, run]));
  const escalations = new Map(plan.escalations.map((one) => [one.escalation, one]));
  const onsets = [...new Set(runs.flatMap((run) => run.onsets))].sort((a, b) => a - b);
  const composites = [...plan.fleet.composites, ...plan.servers.flatMap((server) => server.composites)];
  const parts = new Map(
    composites
      .filter(({ definition }) => !definition.ActionsEnabled)
      .map(({ definition }) => [definition.AlarmName, parseRule(definition.AlarmRule)] as const),
  );
  const incidents = composites
    .flatMap((composite) =>
      incidentsOf({
        composite,
        escalation: escalations.get(composite.escalation),
        runs: all,
        parts,
        range,
        server: byServer.get(composite.server),
        quiet: quietOf?.(composite) ?? [],
        onsets,
      }),
    )
    .sort((a, b) => a.firesAt - b.firesAt);
  const names = [FLEET, ...plan.servers.map(({ server }) => server)];
  return {
    environment: plan.environment,
    catalog: plan.catalog,
    range,
    incidents,
    servers: names.map((server) => summaryOf(server, { incidents, run: byServer.get(server) })),
  };
}

/** The runs of every alarm: those of the servers, and on top of them the fleet's. */
function allRuns(input: Parameters<typeof reportOf>[0]): Map<string, AlarmRun> {
  const { plan, range, runs, fleet, created = LONG_AGO } = input;
  const metric = new Map([
    ...runs.flatMap(({ alarms }) => [...alarms]),
    ...alarmRuns(plan.fleet.alarms, fleet, { ...range, created }),
  ]);
  const composites = plan.fleet.composites.map(({ definition }) => definition);
  return new Map([...metric, ...compositeTransitions({ composites, metric, range, initialOf: () => "OK" })]);
}

function summaryOf(
  server: string,
  { incidents, run }: { readonly incidents: readonly Incident[]; readonly run: ServerRun | undefined },
): ServerSummary {
  const own = incidents.filter((incident) => incident.server === server);
  const told = own.filter((incident) => incident.told.length > 0);
  const count = (tier: CompositeKind): number => told.filter((one) => one.tier === tier).length;
  const first = told.find(({ tier }) => tier === "page");
  const firstAt = first?.told[0]?.at;
  return {
    server,
    told: {
      page: count("page"),
      ticket: count("ticket"),
      blind: count("blind"),
      security: count("security"),
    },
    silenced: own.length - told.length,
    firstPageAfterMs: first?.onsetAt == null || firstAt === undefined ? null : firstAt - first.onsetAt,
    budgets: run?.budgetsAtEnd ?? [],
  };
}
