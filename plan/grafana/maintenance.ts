import type { Environment, ResolvedMaintenance } from "../../catalog/types.ts";
import type { TimeRange } from "../cloudwatch/types.ts";
import { occurrences, wallOf } from "../maintenance.ts";

const DAY_MS = 86_400_000;
const WEEK_SECONDS = 604_800;
/** A weekly maintenance has an end and no beginning; nobody looks at graphs of before this time. */
const FIRST = Date.UTC(2026, 0, 1);

/** A maintenance as something that graphs can mark: an expression that has a value while it lasts. */
export interface Mark {
  readonly name: string;
  readonly reason: string;
  readonly expr: string;
}

/** The maintenance of one server, or of any where it is null. Of a server's clock and of no series: it needs none. */
export function marksOf(environment: Environment, server: string | null): readonly Mark[] {
  return environment.maintenance
    .filter(({ servers }) => (server === null ? servers.length > 0 : servers.includes(server)))
    .flatMap((maintenance) => {
      const { name, reason, durationMs } = maintenance;
      const runs = runsOf(occurrences(maintenance, rangeOf(maintenance)));
      const seconds = durationMs / 1_000;
      return runs.length === 0
        ? []
        : [{ name, reason, expr: runs.map((run) => expression(run, seconds)).join(" or ") }];
    });
}

/** Begins in seconds since the epoch that are exactly a week apart each. */
interface Run {
  readonly first: number;
  readonly last: number;
}

function rangeOf({ schedule, durationMs }: ResolvedMaintenance): TimeRange {
  if (schedule.kind === "once") return { from: 0, to: wallOf(schedule.at) + durationMs + 2 * DAY_MS };
  return { from: FIRST, to: wallOf(`${schedule.until}T00:00`) + 2 * DAY_MS };
}

/** Weeks are told by what they have in common; a change of the clocks begins another run. */
function runsOf(stretches: readonly TimeRange[]): readonly Run[] {
  const open = new Map<number, Run>();
  const done: Run[] = [];
  for (const { from } of stretches) {
    const begin = from / 1_000;
    const phase = begin % WEEK_SECONDS;
    const run = open.get(phase);
    if (run !== undefined && begin - run.last !== WEEK_SECONDS) done.push(run);
    const isNext = run !== undefined && begin - run.last === WEEK_SECONDS;
    open.set(phase, { first: isNext ? run.first : begin, last: begin });
  }
  return [...done, ...open.values()].sort((a, b) => a.first - b.first);
}

function expression({ first, last }: Run, seconds: number): string {
  const within = `vector(time()) >= ${first} < ${last + seconds}`;
  if (first === last) return `(${within})`;
  return `(${within} and (vector(time()) - ${first}) % ${WEEK_SECONDS} < ${seconds})`;
}
