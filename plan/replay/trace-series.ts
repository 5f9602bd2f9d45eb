import { catalogError, type Problem } from "../../catalog/errors.ts";
import type { Measures } from "../../catalog/metrics.ts";
import type { Trace } from "../../catalog/trace.ts";
import type { Environment, Server } from "../../catalog/types.ts";
import { metricKey } from "../cloudwatch/series.ts";
import type { Series, SeriesOf } from "../cloudwatch/types.ts";
import { serverMetric } from "../server-metric.ts";
import { checkAt, happeningsOf, stateIn } from "./happenings.ts";
import { measuresIn } from "./measures.ts";
import { checkMoments } from "./moments.ts";
import { type Subject, subjectOf } from "./subject.ts";

/**
 * What the checks of one server publish over a trace, and over `leadMs` before it, in which all is well. Calling it
 * makes every sample of the server at once; the next call shares nothing with it.
 */
export function traceSeries(input: {
  readonly environment: Environment;
  readonly server: Server;
  readonly trace: Trace;
  /** Milliseconds. */
  readonly leadMs: number;
}): SeriesOf {
  const { environment, server, trace, leadMs } = input;
  const subject = subjectOf(environment, server);
  const names = environment.servers.map(({ name }) => name);
  const happenings = happeningsOf(trace, server.name, names);
  const moments = checkMoments(environment, server, {
    from: trace.start - leadMs,
    to: trace.start + trace.length,
  });
  const table = new SampleTable(moments.length);
  const well = measuresIn(subject, stateIn(subject, []));
  for (const at of moments) {
    if (at < trace.start || happenings.length === 0) {
      table.add(at, well);
      continue;
    }
    const check = checkAt({ trace, subject, happenings, at });
    if (check !== undefined) table.add(check.at, measuresIn(subject, check.state));
  }
  const byKey = new Map(
    [...table.series()].map(([metric, series]) => [
      metricKey(serverMetric({ environment: environment.name, server: server.name, metric })),
      series,
    ]),
  );
  return (metric) => byKey.get(metricKey(metric));
}

/**
 * Refuses a trace that would leave an environment as it is: servers that it does not have, values of metrics that
 * none of them publishes.
 * @throws RollcallError (catalog, exit 65) with every such place.
 */
export function assertFits(trace: Trace, environment: Environment): void {
  const names = environment.servers.map(({ name }) => name);
  const subjects = environment.servers.map((server) => subjectOf(environment, server));
  const problems = trace.happenings.flatMap((one): Problem[] => {
    const { place, servers } = one;
    const path = `happenings[${trace.happenings.indexOf(one)}]`;
    const strangers = Array.isArray(servers) ? servers.filter((server) => !names.includes(server)) : [];
    const hit = subjects.filter(({ server }) => happeningsOf(trace, server, names).includes(one));
    const unknown = strangers.map((server) => ({
      place,
      path,
      rule: `${environment.name} has no server "${server}"`,
      cure: `name some of ${names.join(", ")}, or write { first: 1 }`,
    }));
    if (one.what !== "value" || strangers.length > 0 || hit.some((subject) => publishes(subject, one.metric)))
      return unknown;
    const cure = `name one of ${[...new Set(hit.flatMap(metricsOf))].sort().join(", ")}`;
    return [{ place, path, rule: `no server that it hits publishes ${one.metric}`, cure }];
  });
  if (problems.length > 0) throw catalogError(problems);
}

function publishes(subject: Subject, metric: string): boolean {
  return metricsOf(subject).includes(metric);
}

function metricsOf(subject: Subject): string[] {
  return Object.keys(measuresIn(subject, stateIn(subject, [])));
}

/** The samples of all metrics of one server, each as two columns of numbers. */
class SampleTable {
  readonly #capacity: number;
  readonly #columns = new Map<
    string,
    { readonly times: Float64Array; readonly values: Float64Array; count: number }
  >();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(at: number, measures: Measures): void {
    for (const metric in measures) {
      const column = this.#columns.get(metric) ?? this.#begin(metric);
      column.times[column.count] = at;
      column.values[column.count] = measures[metric] ?? Number.NaN;
      column.count += 1;
    }
  }

  *series(): Generator<[metric: string, Series]> {
    for (const [metric, { times, values, count }] of this.#columns)
      yield [metric, { times: times.subarray(0, count), values: values.subarray(0, count) }];
  }

  #begin(metric: string): { readonly times: Float64Array; readonly values: Float64Array; count: number } {
    const column = {
      times: new Float64Array(this.#capacity),
      values: new Float64Array(this.#capacity),
      count: 0,
    };
    this.#columns.set(metric, column);
    return column;
  }
}
