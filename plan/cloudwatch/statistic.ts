/** Bounds of a trimmed statistic or a percentile rank: shares of the samples in percent, or values. */
export interface Bounds {
  readonly unit: "percent" | "value";
  /** Left out: no bound on that side. */
  readonly low: number | undefined;
  readonly high: number | undefined;
}

/** What one datapoint says of the samples of its period. */
export type Statistic =
  | { readonly kind: "count" | "sum" | "average" | "minimum" | "maximum" }
  | { readonly kind: "percentile"; readonly percent: number }
  | {
      readonly kind: "trimmedMean" | "winsorizedMean" | "trimmedCount" | "trimmedSum" | "percentileRank";
      readonly bounds: Bounds;
    };

const PLAIN: ReadonlyMap<string, Statistic> = new Map<string, Statistic>([
  ["SampleCount", { kind: "count" }],
  ["Sum", { kind: "sum" }],
  ["Average", { kind: "average" }],
  ["Minimum", { kind: "minimum" }],
  ["Maximum", { kind: "maximum" }],
  ["IQM", { kind: "trimmedMean", bounds: { unit: "percent", low: 25, high: 75 } }],
]);

const TRIMMED = {
  TM: "trimmedMean",
  WM: "winsorizedMean",
  TC: "trimmedCount",
  TS: "trimmedSum",
  PR: "percentileRank",
} as const;

const SHORT = /^(p|tm|wm|tc|ts)(\d{1,2}(?:\.\d{1,10})?|100)$/;
const LONG = /^(TM|WM|TC|TS|PR)\((-?\d+(?:\.\d{1,10})?%?)?:(-?\d+(?:\.\d{1,10})?%?)?\)$/;

/**
 * The statistic that CloudWatch knows by this name (`Average`, `p99.9`, `tm90`, `TM(2%:98%)`, `PR(:300)`), or
 * undefined where it knows none. Source: CloudWatch user guide, "CloudWatch statistics definitions".
 */
export function parseStatistic(name: string): Statistic | undefined {
  const plain = PLAIN.get(name);
  if (plain !== undefined) return plain;
  const short = SHORT.exec(name);
  if (short !== null) {
    const percent = Number(short[2]);
    if (short[1] === "p") return { kind: "percentile", percent };
    const kind = TRIMMED[(short[1] ?? "").toUpperCase() as keyof typeof TRIMMED];
    return { kind, bounds: { unit: "percent", low: undefined, high: percent } };
  }
  const long = LONG.exec(name);
  return long === null ? undefined : parseBounded(long[1] as keyof typeof TRIMMED, long[2], long[3]);
}

/** What is wrong with the name of a statistic, or undefined. */
export function statisticProblem(name: string): string | undefined {
  if (parseStatistic(name) !== undefined) return undefined;
  return `${JSON.stringify(name)} is no statistic of CloudWatch: take Average, Sum, p95, tm90, TM(2%:98%), PR(:300), ...`;
}

function parseBounded(
  name: keyof typeof TRIMMED,
  low: string | undefined,
  high: string | undefined,
): Statistic | undefined {
  const given = [low, high].filter((one) => one !== undefined);
  const percents = given.filter((one) => one.endsWith("%"));
  if (given.length === 0 || (percents.length > 0 && percents.length < given.length)) return undefined;
  const unit = percents.length > 0 ? "percent" : "value";
  if (name === "PR" && unit === "percent") return undefined;
  const bounds = { unit, low: boundOf(low), high: boundOf(high) } as const;
  if (bounds.low !== undefined && bounds.high !== undefined && bounds.low >= bounds.high) return undefined;
  const outside = [bounds.low, bounds.high].some((one) => one !== undefined && (one < 0 || one > 100));
  return unit === "percent" && outside ? undefined : { kind: TRIMMED[name], bounds };
}

function boundOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text.replace("%", ""));
}
