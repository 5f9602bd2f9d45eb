import { METRICS, type MetricName, NAMESPACE } from "../../catalog/metrics.ts";
import { measuresOf } from "../measure.ts";
import type { Observation } from "../result.ts";

/**
 * One observation as one line of CloudWatch's embedded metric format, with the result beside the metrics.
 * A run without a verdict becomes a plain log line: an empty metric list would be refused.
 */
export function emfLine(observation: Observation, environment: string): string {
  const { server, ...fields } = observation.result;
  const measures = measuresOf(observation);
  const names = Object.keys(METRICS).filter((name): name is MetricName => name in measures);
  const directive = {
    Timestamp: Date.parse(fields.checkedAt),
    CloudWatchMetrics: [
      {
        Namespace: NAMESPACE,
        Dimensions: [["Environment", "Server"]],
        Metrics: names.map((name) => ({ Name: name, Unit: METRICS[name].unit, StorageResolution: 60 })),
      },
    ],
  };
  return `${JSON.stringify({
    ...(names.length === 0 ? {} : { _aws: directive }),
    Environment: environment,
    Server: server,
    ...measures,
    ...fields,
    missingTools: observation.missingTools,
  })}\n`;
}
