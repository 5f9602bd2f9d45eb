import type { CloudWatchClientConfig, MetricDatum } from "@aws-sdk/client-cloudwatch";
import { NAMESPACE } from "../../catalog/metrics.ts";
import { firstVerdicts } from "./first-verdict.ts";
import { finite, type RunnerPlace, type Sink } from "./sink.ts";
import { unitOf } from "./units.ts";

/** PutMetricData: metrics in one call. */
const METRICS_PER_CALL = 1_000;
/** PutMetricData takes 1 MB; the rest is for the frame around the metrics. */
const BYTES_PER_CALL = 950_000;
/** A flush ends within the two seconds that a run keeps for its end. */
const FLUSH_MS = 1_800;

/** What the sink asks of the SDK. */
interface MetricClient {
  send(data: MetricDatum[], signal: AbortSignal): Promise<void>;
}

/**
 * Sends the metrics by PutMetricData: for an emulator, or for a runner whose log nobody reads. The SDK is
 * loaded here and nowhere else; `client` overrides what it finds in the environment, such as the endpoint.
 */
export async function cloudWatchSink({
  environment,
  published,
  runner,
  client = {},
}: {
  readonly environment: string;
  /** Metrics by server that are sent; a server that is not named has all of them. @default all */
  readonly published?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Where the runner runs. @default its runs are not counted */
  readonly runner?: RunnerPlace | undefined;
  readonly client?: CloudWatchClientConfig;
}): Promise<Sink> {
  return batching(await openClient(client), { environment, published, runner });
}

async function openClient(config: CloudWatchClientConfig): Promise<MetricClient> {
  const { CloudWatchClient, PutMetricDataCommand } = await import("@aws-sdk/client-cloudwatch");
  const client = new CloudWatchClient({ maxAttempts: 2, ...config });
  return {
    async send(data, abortSignal) {
      await client.send(new PutMetricDataCommand({ Namespace: NAMESPACE, MetricData: data }), {
        abortSignal,
      });
    },
  };
}

function batching(
  client: MetricClient,
  {
    environment,
    published,
    runner,
  }: {
    readonly environment: string;
    readonly published: ReadonlyMap<string, ReadonlySet<string>> | undefined;
    readonly runner: RunnerPlace | undefined;
  },
): Sink {
  const verdicts = firstVerdicts();
  let waiting: MetricDatum[] = [];
  return {
    publish({ result }, measures) {
      const inEnvironment = { Name: "Environment", Value: environment };
      const Dimensions = [inEnvironment, { Name: "Server", Value: result.server }];
      const Timestamp = new Date(result.checkedAt);
      const wanted = published?.get(result.server);
      for (const [name, value] of finite(measures)) {
        if (wanted !== undefined && !wanted.has(name)) continue;
        waiting.push({
          MetricName: name,
          Dimensions,
          Timestamp,
          Value: value,
          Unit: unitOf(name),
          StorageResolution: 60,
        });
      }
      if (runner === undefined || !verdicts.isFirst(measures)) return;
      waiting.push({
        MetricName: "ProbeRuns",
        Dimensions: [inEnvironment, { Name: "Runner", Value: runner }],
        Timestamp,
        Value: 1,
        Unit: unitOf("ProbeRuns"),
        StorageResolution: 60,
      });
    },
    async flush() {
      verdicts.endRun();
      const data = waiting;
      waiting = [];
      const signal = AbortSignal.timeout(FLUSH_MS);
      await Promise.all(batchesOf(data).map((batch) => client.send(batch, signal)));
    },
  };
}

/** Metrics in calls that keep both limits. */
export function batchesOf(data: readonly MetricDatum[]): MetricDatum[][] {
  const batches: MetricDatum[][] = [];
  let batch: MetricDatum[] = [];
  let bytes = 0;
  for (const datum of data) {
    const size = Buffer.byteLength(JSON.stringify(datum)) + 1;
    if (batch.length === METRICS_PER_CALL || bytes + size > BYTES_PER_CALL) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(datum);
    bytes += size;
  }
  return batch.length === 0 ? batches : [...batches, batch];
}
