import type {
  CloudWatchClientConfig,
  GetMetricDataCommandOutput,
  MetricDataQuery,
} from "@aws-sdk/client-cloudwatch";
import { messageOf, type RollcallError, unavailableError } from "../catalog/errors.ts";
import { metricKey, seriesFrom } from "../plan/cloudwatch/series.ts";
import type { MetricId, Series, SeriesOf, TimeRange } from "../plan/cloudwatch/types.ts";
import { printable } from "../probes/classify.ts";

/** GetMetricData: queries in one call, and points in its answer (API reference, service limits). */
const QUERIES_PER_CALL = 500;
const POINTS_PER_CALL = 100_800;
const CALL_MS = 30_000;
const DAY_MS = 86_400_000;
/**
 * How long CloudWatch keeps points of each length: 1 minute, 5 minutes and 1 hour (API reference,
 * GetMetricData).
 */
export const KEPT_POINTS = [
  { seconds: 60, ms: 15 * DAY_MS },
  { seconds: 300, ms: 63 * DAY_MS },
  { seconds: 3_600, ms: 455 * DAY_MS },
] as const;
/** Samples that one point is unfolded into, at most. */
const SAMPLES_PER_POINT = 600;

/** One statistic of one metric, such as `Sum`, `SampleCount`, `p95` or `TC(:200)`. */
export interface StatQuery {
  readonly metric: MetricId;
  readonly stat: string;
}

/** Reads the metrics of one region. */
export interface MetricReader {
  readonly region: string;
  /**
   * The points of each query in its order: at the beginning of each period that has data.
   * @throws RollcallError (unavailable) when CloudWatch cannot be asked or does not answer.
   */
  read(input: {
    readonly queries: readonly StatQuery[];
    readonly range: TimeRange;
    readonly periodSeconds: number;
  }): Promise<readonly Series[]>;
  close(): void;
}

/**
 * A reader with the credentials and the endpoint that the SDK finds by itself (profile, `AWS_ENDPOINT_URL`).
 * The SDK is loaded here, so that no other command pays for it; `config` overrides what it finds.
 */
export async function openCloudWatch(
  region: string,
  config: CloudWatchClientConfig = {},
): Promise<MetricReader> {
  const { CloudWatchClient, GetMetricDataCommand } = await import("@aws-sdk/client-cloudwatch");
  const client = new CloudWatchClient({ region, maxAttempts: 3, ...config });
  const call: Call = async (input) => {
    const abortSignal = AbortSignal.timeout(CALL_MS);
    try {
      return await client.send(new GetMetricDataCommand(input), { abortSignal });
    } catch (error) {
      throw unreadable(region, error);
    }
  };
  return {
    region,
    read: async ({ queries, range, periodSeconds }) => {
      const points = Math.max(1, Math.ceil((range.to - range.from) / periodSeconds / 1_000));
      const size = Math.max(1, Math.min(QUERIES_PER_CALL, Math.floor(POINTS_PER_CALL / points)));
      const series: Series[] = [];
      for (let next = 0; next < queries.length; next += size)
        series.push(
          ...(await readBatch(call, queries.slice(next, next + size), { range, periodSeconds, region })),
        );
      return series;
    },
    close: () => client.destroy(),
  };
}

/**
 * The shortest whole period whose points CloudWatch still keeps for a moment that is `ageMs` old, at least
 * `seconds`.
 */
export function keptPeriod(ageMs: number, seconds = 60): number {
  const kept = KEPT_POINTS.find((one) => one.seconds >= seconds && ageMs <= one.ms);
  return kept?.seconds ?? 3_600;
}

/**
 * Samples of metrics as they were published, as far as minutes tell: of a 0/1 metric exactly as many ones and
 * zeros as were counted, of any other the mean of its point as often as it was published. Points older than
 * 15 days have 5 minutes, older than 63 days an hour.
 */
export async function readSamples(
  reader: MetricReader,
  {
    metrics,
    range,
    now,
  }: { readonly metrics: readonly MetricId[]; readonly range: TimeRange; readonly now: number },
): Promise<SeriesOf> {
  const queries = metrics.flatMap((metric) => [
    { metric, stat: "Sum" },
    { metric, stat: "SampleCount" },
  ]);
  const unfolded = new Map<string, { at: number; value: number }[]>();
  for (const part of partsOf(range, now)) {
    const answers = await reader.read({ queries, ...part });
    for (const [index, metric] of metrics.entries()) {
      const samples = unfold(answers[2 * index], answers[2 * index + 1]);
      unfolded.set(metricKey(metric), [...(unfolded.get(metricKey(metric)) ?? []), ...samples]);
    }
  }
  const series = new Map([...unfolded].map(([key, samples]) => [key, seriesFrom(samples)] as const));
  return (metric) => {
    const found = series.get(metricKey(metric));
    return found === undefined || found.times.length === 0 ? undefined : found;
  };
}

/** A range cut where CloudWatch keeps longer points only, each part at the shortest period that it has. */
export function partsOf(
  range: TimeRange,
  now: number,
): { readonly range: TimeRange; readonly periodSeconds: number }[] {
  const parts: { range: TimeRange; periodSeconds: number }[] = [];
  let { to } = range;
  for (const { seconds, ms } of KEPT_POINTS) {
    const step = seconds * 1_000;
    // a cut on the grid of the longer points, within what is kept of the shorter ones
    const from = Math.max(range.from, Math.ceil((now - ms) / 3_600_000) * 3_600_000);
    if (from >= to) continue;
    parts.unshift({ range: { from: Math.floor(from / step) * step, to }, periodSeconds: seconds });
    to = from;
  }
  return parts;
}

type Call = (input: {
  readonly StartTime: Date;
  readonly EndTime: Date;
  readonly ScanBy: "TimestampAscending";
  readonly MetricDataQueries: MetricDataQuery[];
  readonly NextToken?: string;
}) => Promise<GetMetricDataCommandOutput>;

/** A batch may come in several pages, and a metric's points may be spread over them. */
async function readBatch(
  call: Call,
  queries: readonly StatQuery[],
  {
    range,
    periodSeconds,
    region,
  }: {
    readonly range: TimeRange;
    readonly periodSeconds: number;
    readonly region: string;
  },
): Promise<Series[]> {
  const points = queries.map((): { at: number; value: number }[] => []);
  const MetricDataQueries = queries.map(({ metric, stat }, index) => ({
    Id: `q${index}`,
    ReturnData: true,
    MetricStat: {
      Metric: { ...metric, Dimensions: [...metric.Dimensions] },
      Period: periodSeconds,
      Stat: stat,
    },
  }));
  const frame = {
    StartTime: new Date(range.from),
    EndTime: new Date(range.to),
    ScanBy: "TimestampAscending",
    MetricDataQueries,
  } as const;
  let token: string | undefined;
  do {
    const page = await call(token === undefined ? frame : { ...frame, NextToken: token });
    for (const { Id, Timestamps = [], Values = [], StatusCode, Messages } of page.MetricDataResults ?? []) {
      if (StatusCode === "InternalError" || StatusCode === "Forbidden")
        throw unreadable(region, new Error(Messages?.[0]?.Value ?? StatusCode));
      const found = points[Number(Id?.slice(1))];
      for (const [index, time] of Timestamps.entries())
        found?.push({ at: time.getTime(), value: Values[index] ?? Number.NaN });
    }
    token = page.NextToken;
  } while (token !== undefined && token !== "");
  return points.map(seriesFrom);
}

function unfold(sums: Series | undefined, counts: Series | undefined): { at: number; value: number }[] {
  const sumAt = new Map(Array.from(sums?.times ?? [], (at, index) => [at, sums?.values[index] ?? 0]));
  return Array.from(counts?.times ?? []).flatMap((at, index) => {
    const count = Math.round(counts?.values[index] ?? 0);
    const sum = sumAt.get(at);
    if (sum === undefined || count <= 0) return [];
    const isBinary = Number.isInteger(sum) && sum >= 0 && sum <= count && count <= SAMPLES_PER_POINT;
    // the failures first: a point says how many there were and not when
    return Array.from({ length: Math.min(count, SAMPLES_PER_POINT) }, (_, nth) => ({
      at,
      value: isBinary ? (nth < count - sum ? 0 : 1) : sum / count,
    }));
  });
}

/** Whether AWS was not even asked, or did not know who asks. */
export function lacksCredentials(error: unknown): boolean {
  const name = error instanceof Error ? error.name : "";
  return /Credential|Token|SSO/i.test(name) && !/AccessDenied/.test(name);
}

export function noCredentials(place: string, error: unknown): RollcallError {
  return unavailableError(
    {
      place,
      rule: `there are no valid credentials (${printable(messageOf(error))})`,
      cure: "log in, such as by `aws sso login`, or set AWS_PROFILE",
    },
    error,
  );
}

function unreadable(region: string, error: unknown): RollcallError {
  const name = error instanceof Error ? error.name : "";
  const place = `CloudWatch in ${region}`;
  if (lacksCredentials(error)) return noCredentials(place, error);
  const cure = /AccessDenied|Forbidden/.test(name + messageOf(error))
    ? "allow cloudwatch:GetMetricData to who you are"
    : "see whether AWS answers, then run it again";
  return unavailableError({ place, rule: `cannot be read (${printable(messageOf(error))})`, cure }, error);
}
