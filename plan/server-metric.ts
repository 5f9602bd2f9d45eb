import { NAMESPACE } from "../catalog/metrics.ts";
import type { MetricId } from "./cloudwatch/types.ts";

/** What a metric of a server is told apart by in CloudWatch. */
export function serverMetric(of: {
  readonly environment: string;
  readonly server: string;
  readonly metric: string;
}): MetricId {
  return {
    Namespace: NAMESPACE,
    MetricName: of.metric,
    Dimensions: [
      { Name: "Environment", Value: of.environment },
      { Name: "Server", Value: of.server },
    ],
  };
}
