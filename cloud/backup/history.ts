import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type GetMetricDataCommandOutput,
  type MetricDataQuery,
} from "@aws-sdk/client-cloudwatch";
import type { BackupJob } from "../../plan/backup-types.ts";
import { serverMetric } from "../../plan/server-metric.ts";
import { type Gathered, linesPiece, type Piece } from "./piece.ts";

const PERIOD_SECONDS = 60;
/** Queries and points of one call (GetMetricData, API reference). */
const QUERIES_PER_CALL = 500;
const POINTS_PER_CALL = 100_800;
/** What PutMetricData takes back as a statistic set, so that a metric can be written again as it was. */
const STATISTICS = ["Sum", "SampleCount", "Minimum", "Maximum"] as const;
type Statistic = (typeof STATISTICS)[number];

/** A metric of a server: for each minute that has data its moment in seconds, and a statistic set. */
export interface HistoryLine {
  readonly server: string;
  readonly metric: string;
  readonly periodSeconds: number;
  readonly at: readonly number[];
  readonly sum: readonly number[];
  readonly count: readonly number[];
  readonly minimum: readonly number[];
  readonly maximum: readonly number[];
}

/** The probe's measurements of the hours before `now`, one object a server, in whole minutes. */
export function historySource(
  client: CloudWatchClient,
  { environment, history, historyHours }: Pick<BackupJob, "environment" | "history" | "historyHours">,
  now: () => number,
): Gathered {
  return {
    source: "history",
    pieces: async function* (): AsyncIterable<Piece> {
      const to = Math.floor(now() / 60_000) * 60_000;
      const range = { from: to - historyHours * 3_600_000, to };
      for (const { server, metrics } of history) {
        const lines = await readServer(client, { environment, server, metrics, range });
        yield linesPiece("history", `history/${server}.jsonl.gz`, lines);
      }
    },
  };
}

interface ServerHistory {
  readonly environment: string;
  readonly server: string;
  readonly metrics: readonly string[];
  readonly range: { readonly from: number; readonly to: number };
}

async function readServer(client: CloudWatchClient, input: ServerHistory): Promise<HistoryLine[]> {
  const { metrics, range } = input;
  const points = (range.to - range.from) / 1_000 / PERIOD_SECONDS;
  const queries = Math.min(QUERIES_PER_CALL, Math.floor(POINTS_PER_CALL / points));
  const size = Math.max(1, Math.floor(queries / STATISTICS.length));
  const lines: HistoryLine[] = [];
  for (let next = 0; next < metrics.length; next += size)
    lines.push(...(await readMetrics(client, { ...input, metrics: metrics.slice(next, next + size) })));
  return lines;
}

/** One call for some metrics, whose answer may come in pages and spread a metric's points over them. */
async function readMetrics(client: CloudWatchClient, input: ServerHistory): Promise<HistoryLine[]> {
  const { environment, server, metrics, range } = input;
  const found = metrics.map(() => new Map<number, Map<Statistic, number>>());
  let token: string | undefined;
  do {
    const page: GetMetricDataCommandOutput = await client.send(
      new GetMetricDataCommand({
        StartTime: new Date(range.from),
        EndTime: new Date(range.to),
        ScanBy: "TimestampAscending",
        MetricDataQueries: metrics.flatMap((metric, index) =>
          queriesOf({ environment, server, metric }, index),
        ),
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { Id = "", Timestamps = [], Values = [], StatusCode, Messages } of page.MetricDataResults ??
      []) {
      if (StatusCode === "InternalError" || StatusCode === "Forbidden")
        throw new Error(`CloudWatch does not answer for ${server}: ${Messages?.[0]?.Value ?? StatusCode}`);
      const [, index, statistic] = /^m(\d+)_(\d+)$/.exec(Id) ?? [];
      const minutes = found[Number(index)];
      const name = STATISTICS[Number(statistic)];
      if (minutes === undefined || name === undefined) continue;
      for (const [nth, time] of Timestamps.entries()) {
        const at = time.getTime() / 1_000;
        minutes.set(at, (minutes.get(at) ?? new Map<Statistic, number>()).set(name, Values[nth] ?? 0));
      }
    }
    token = page.NextToken;
  } while (token !== undefined && token !== "");
  return metrics.flatMap((metric, index) => lineOf({ server, metric }, found[index]) ?? []);
}

function queriesOf(
  of: { readonly environment: string; readonly server: string; readonly metric: string },
  nth: number,
) {
  const { Namespace, MetricName, Dimensions } = serverMetric(of);
  return STATISTICS.map(
    (Stat, statistic): MetricDataQuery => ({
      Id: `m${nth}_${statistic}`,
      ReturnData: true,
      MetricStat: {
        Metric: { Namespace, MetricName, Dimensions: [...Dimensions] },
        Period: PERIOD_SECONDS,
        Stat,
      },
    }),
  );
}

/** Undefined for a metric that had no data: no data is not a zero, and not a line. */
function lineOf(
  name: Pick<HistoryLine, "server" | "metric">,
  minutes: ReadonlyMap<number, ReadonlyMap<Statistic, number>> = new Map(),
): HistoryLine | undefined {
  if (minutes.size === 0) return undefined;
  const sorted = [...minutes].sort(([a], [b]) => a - b);
  const of = (statistic: Statistic) => sorted.map(([, values]) => values.get(statistic) ?? 0);
  return {
    ...name,
    periodSeconds: PERIOD_SECONDS,
    at: sorted.map(([at]) => at),
    sum: of("Sum"),
    count: of("SampleCount"),
    minimum: of("Minimum"),
    maximum: of("Maximum"),
  };
}
