import type { Shard } from "../../catalog/run-schedule.ts";
import type { Roster } from "../../catalog/target.ts";
import { openBreakerStore } from "../breaker/open.ts";
import { openResults } from "../results/open.ts";
import { openSink, sinkNameOf } from "../sinks/open.ts";
import type { RunnerPlace, Sink, SinkName } from "../sinks/sink.ts";
import { together } from "../sinks/together.ts";
import { openTracing, type Tracing } from "../trace/trace.ts";
import { createProber, type Prober } from "./prober.ts";
import { readRoster } from "./roster.ts";
import { type RosterRun, type RosterSummary, runRoster } from "./run.ts";

/** What a runner is started with: everything that comes from outside of its process. */
export interface RunnerInput {
  readonly rosterPath: string;
  /**
   * `ROLLCALL_SINK`, `ROLLCALL_BREAKERS` (where breakers are kept between processes: the path of a file, or
   * `dynamodb:<table>`), `ROLLCALL_RESULTS` (where each run leaves the last results: `dynamodb:<table>`) and
   * OpenTelemetry's own.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes the lines of sinks. */
  readonly write: (text: string) => void;
  /** Takes one line about what went wrong beside the checks. */
  readonly tell: (problem: string) => void;
  /** Where observations go unless `ROLLCALL_SINK` says otherwise. @default emf */
  readonly sink?: SinkName;
  /** The part of the roster that is checked. @default all of it */
  readonly shard?: Shard | undefined;
  /** Where it runs; CloudWatch then counts its runs. @default they are not counted */
  readonly place?: RunnerPlace;
}

/** The parts of a runner, made once and kept for all its runs. */
export interface Runner {
  readonly roster: Roster;
  readonly prober: Prober;
  readonly sink: Sink;
  readonly tracing: Tracing | null;
  run(options?: Pick<RosterRun, "deadline" | "stop">): Promise<RosterSummary>;
  /** Ends connections and hands over what is left; never throws. */
  close(): Promise<void>;
}

/** Throws a RollcallError when the roster, the sink or the environment cannot be used. */
export async function createRunner(input: RunnerInput): Promise<Runner> {
  const { rosterPath, env, write, tell, shard, place } = input;
  const sinkName = sinkNameOf(env.ROLLCALL_SINK, input.sink ?? "emf");
  const roster = await readRoster(rosterPath);
  const measured = await openSink(sinkName, {
    environment: roster.environment,
    write,
    published: publishedOf(roster),
    runner: place,
  });
  const results = env.ROLLCALL_RESULTS;
  const sink =
    results === undefined ? measured : together(measured, openResults(results, { roster, shard, tell }));
  const tracing = await openTracing({ env, tell });
  const kept = env.ROLLCALL_BREAKERS;
  const prober = await createProber({
    roster,
    ...(kept === undefined
      ? {}
      : { store: openBreakerStore(kept, { environment: roster.environment, shard, tell }) }),
  });
  return {
    roster,
    prober,
    sink,
    tracing,
    run: (options = {}) => runRoster(roster, { prober, sink, tracing, shard, ...options }),
    async close() {
      prober.close();
      await tracing?.close();
    },
  };
}

/** The metrics of each server whose plan says which of them CloudWatch gets. */
function publishedOf({ targets }: Roster): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    targets.flatMap(({ server, metrics }) =>
      metrics === undefined ? [] : [[server, new Set(metrics)] as const],
    ),
  );
}
