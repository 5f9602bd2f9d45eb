import { type Measures, type MetricName, NAMESPACE } from "../../catalog/metrics.ts";
import type { Observation } from "../result.ts";
import { firstVerdicts } from "./first-verdict.ts";
import { shortened } from "./shorten.ts";
import { finite, type RunnerPlace, type Sink } from "./sink.ts";
import { unitOf } from "./units.ts";

/** The specification of the embedded metric format: definitions in one directive. */
const METRICS_PER_DIRECTIVE = 100;
/** The specification's limit, in characters, of a dimension's value. */
const DIMENSION_LENGTH = 1_024;
/** CloudWatch Logs cuts an event at 256 KiB, of which 26 bytes are its own. */
const EVENT_BYTES = 256 * 1_024 - 26;
const BY_SERVER = ["Environment", "Server"];
const BY_RUNNER = ["Environment", "Runner"];
/** What counts the runs of a runner, besides those that came to a verdict on a server. */
const RUNS = "ProbeRuns" satisfies MetricName;

/**
 * Writes one line of CloudWatch's embedded metric format for each observation. The first verdict of a run counts the
 * run for its runner too: two that watch the same servers are told apart by nothing else.
 */
export function emfSink({
  environment,
  write,
  published,
  runner,
}: {
  readonly environment: string;
  readonly write: (line: string) => void;
  /** Metrics by server that become CloudWatch's; a server that is not named has all of them. @default all */
  readonly published?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Where the runner runs. @default its runs are not counted */
  readonly runner?: RunnerPlace | undefined;
}): Sink {
  const verdicts = firstVerdicts();
  return {
    publish: (observation, measures) =>
      write(
        emfLine({
          observation,
          measures,
          environment,
          published: published?.get(observation.result.server),
          runner,
          isCounted: runner !== undefined && verdicts.isFirst(measures),
        }),
      ),
    async flush() {
      verdicts.endRun();
    },
  };
}

/**
 * One observation as one line of the embedded metric format, with the result beside the metrics. A run
 * without a verdict becomes a plain log line: an empty metric list would be refused. A line that is too long
 * for CloudWatch loses its largest fields, which `cut` then names, and never a metric.
 */
export function emfLine({
  observation,
  measures,
  environment,
  published,
  runner,
  isCounted = false,
}: {
  readonly observation: Observation;
  readonly measures: Measures;
  readonly environment: string;
  /** The names that become metrics; the other numbers stay fields of the line. @default all */
  readonly published?: ReadonlySet<string> | undefined;
  readonly runner?: RunnerPlace | undefined;
  /** Whether this line counts a run of its runner. @default false */
  readonly isCounted?: boolean;
}): string {
  const { server, ...fields } = observation.result;
  const metrics = finite(measures);
  const names = metrics.map(([name]) => name).filter((name) => published?.has(name) ?? true);
  const fixed = {
    ...(names.length === 0 && !isCounted
      ? {}
      : { _aws: directives({ names, isCounted, timestamp: Date.parse(fields.checkedAt) }) }),
    Environment: environment.slice(0, DIMENSION_LENGTH),
    Server: server.slice(0, DIMENSION_LENGTH),
    ...(runner === undefined ? {} : { Runner: runner }),
  };
  // a metric of a server's own may have the name of a field, and metrics are what the line is for
  const values = Object.fromEntries(metrics);
  return shortened({
    value: { ...fields, missingTools: observation.missingTools },
    line: (value) => `${JSON.stringify({ ...fixed, ...value, ...values })}\n`,
    maxBytes: EVENT_BYTES,
  });
}

/** No metric stands in two directives: the one that counts the run has both of its sets of dimensions in one. */
function directives({
  names,
  isCounted,
  timestamp,
}: {
  readonly names: readonly string[];
  readonly isCounted: boolean;
  readonly timestamp: number;
}): object {
  const plain = isCounted ? names.filter((name) => name !== RUNS) : names;
  const count = Math.ceil(plain.length / METRICS_PER_DIRECTIVE);
  const parts = Array.from({ length: count }, (_, index) =>
    directive([BY_SERVER], plain.slice(index * METRICS_PER_DIRECTIVE, (index + 1) * METRICS_PER_DIRECTIVE)),
  );
  const counting = directive(names.includes(RUNS) ? [BY_SERVER, BY_RUNNER] : [BY_RUNNER], [RUNS]);
  return { Timestamp: timestamp, CloudWatchMetrics: isCounted ? [...parts, counting] : parts };
}

function directive(dimensions: readonly (readonly string[])[], names: readonly string[]): object {
  return {
    Namespace: NAMESPACE,
    Dimensions: dimensions,
    Metrics: names.map((name) => ({ Name: name, Unit: unitOf(name), StorageResolution: 60 })),
  };
}
