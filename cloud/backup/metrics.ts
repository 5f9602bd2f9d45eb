import { type CloudWatchClient, PutMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { BACKUP_METRICS, BACKUP_NAMESPACE, type BackupMetric } from "../../plan/backups.ts";

/** Publishes what a backup or a drill measured, all in one call, at one moment. */
export async function publish(
  client: CloudWatchClient,
  environment: string,
  values: Partial<Readonly<Record<BackupMetric, number>>>,
  at: number,
): Promise<void> {
  await client.send(
    new PutMetricDataCommand({
      Namespace: BACKUP_NAMESPACE,
      MetricData: (Object.keys(values) as BackupMetric[]).map((metric) => ({
        MetricName: metric,
        Dimensions: [{ Name: "Environment", Value: environment }],
        Timestamp: new Date(at),
        Value: values[metric],
        Unit: BACKUP_METRICS[metric].unit,
      })),
    }),
  );
}
