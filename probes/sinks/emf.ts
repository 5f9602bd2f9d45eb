import { type Measures, NAMESPACE } from "../../catalog/metrics.ts";
import type { Observation } from "../result.ts";
import { shortened } from "./shorten.ts";
import { finite, type Sink } from "./sink.ts";
import { unitOf } from "./units.ts";

/** The specification of the embedded metric format: definitions in one directive. */
const METRICS_PER_DIRECTIVE = 100;
/** The specification's limit, in characters, of a dimension's value. */
const DIMENSION_LENGTH = 1_024;
/** CloudWatch Logs cuts an event at 256 KiB, of which 26 bytes are its own. */
const EVENT_BYTES = 256 * 1_024 - 26;

/** Writes one line of CloudWatch's embedded metric format for each observation. */
export function emfSink({
  environment,
  write,
  published,
}: {
  readonly environment: string;
  readonly write: (line: string) => void;
  /** Metrics by server that become CloudWatch's; a server that is not named has all of them. @default all */
  readonly published?: ReadonlyMap<string, ReadonlySet<string>>;
}): Sink {
  return {
    publish: (observation, measures) =>
      write(
        emfLine({ observation, measures, environment, published: published?.get(observation.result.server) }),
      ),
    flush: () => Promise.resolve(),
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
}: {
  readonly observation: Observation;
  readonly measures: Measures;
  readonly environment: string;
  /** The names that become metrics; the other numbers stay fields of the line. @default all */
  readonly published?: ReadonlySet<string> | undefined;
}): string {
  const { server, ...fields } = observation.result;
  const metrics = finite(measures);
  const names = metrics.map(([name]) => name).filter((name) => published?.has(name) ?? true);
  const fixed = {
    ...(names.length === 0 ? {} : { _aws: directives(names, Date.parse(fields.checkedAt)) }),
    Environment: environment.slice(0, DIMENSION_LENGTH),
    Server: server.slice(0, DIMENSION_LENGTH),
  };
  // a metric of a server's own may have the name of a field, and metrics are what the line is for
  const values = Object.fromEntries(metrics);
  return shortened({
    value: { ...fields, missingTools: observation.missingTools },
    line: (value) => `${JSON.stringify({ ...fixed, ...value, ...values })}\n`,
    maxBytes: EVENT_BYTES,
  });
}

function directives(names: readonly string[], timestamp: number): object {
  const count = Math.ceil(names.length / METRICS_PER_DIRECTIVE);
  return {
    Timestamp: timestamp,
    CloudWatchMetrics: Array.from({ length: count }, (_, index) => ({
      Namespace: NAMESPACE,
      Dimensions: [["Environment", "Server"]],
      Metrics: names
        .slice(index * METRICS_PER_DIRECTIVE, (index + 1) * METRICS_PER_DIRECTIVE)
        .map((name) => ({ Name: name, Unit: unitOf(name), StorageResolution: 60 })),
    })),
  };
}
