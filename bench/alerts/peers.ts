import type { PrometheusGroup, PrometheusRule } from "../../plan/types.ts";
import { type Span, type System, union } from "./spans.ts";
import { firing, type RatioForm, type WindowPair } from "./windows.ts";

/** A system that others use, as it stands for 99.9 % in 30 days. */
export interface Peer extends System {
  /** Its own rules for the gauge {@link GAUGE} of every server at once, recordings before alerts. */
  readonly rules: PrometheusGroup;
}

/** The 0/1 gauge of the peers' rules; its label `server` tells traces apart. */
export const GAUGE = "probe_success";

interface Shape {
  readonly name: string;
  readonly size: string;
  readonly page: readonly WindowPair[];
  readonly ticket: readonly WindowPair[];
  readonly form: RatioForm;
  /** Seconds between two evaluations of its rules. */
  readonly every: number;
  /** The recorded error ratio of {@link GAUGE} over a window. */
  ratio(window: string): string;
  /** Whether each pair of windows is an alert of its own, as Pyrra does it; otherwise one for each severity. */
  readonly alertPerPair: boolean;
  /** One side of a comparison. */
  over(series: string, factor: number): string;
}

const GOOGLE = {
  page: [
    { factor: 14.4, long: 60, short: 5, hold: 0 },
    { factor: 6, long: 360, short: 30, hold: 0 },
  ],
  ticket: [
    { factor: 3, long: 1_440, short: 120, hold: 0 },
    { factor: 1, long: 4_320, short: 360, hold: 0 },
  ],
} as const;

/** 1 - 0.999 as Sloth prints it. */
const SLOTH_BUDGET = 0.0009999999999999432;

/**
 * Google's windows (The Site Reliability Workbook, chapter 5, table 5-8, with the pair of a day from its worked
 * example), Sloth's (google-30d.yaml of 0.12.0, the same windows in its own rules) and Pyrra's (slo/rules.go, its
 * windows of 28 days scaled to 30 and rounded to minutes).
 */
export const PEERS: readonly Peer[] = [
  peer({
    name: "Google's table",
    size: "7 recordings, 2 alerts",
    ...GOOGLE,
    form: { ratio: (failed, count) => 1 - (count - failed) / count, limit: (factor) => factor * 0.001 },
    every: 60,
    ratio: (window) => `1 - avg_over_time(${GAUGE}[${window}])`,
    alertPerPair: false,
    over: (series, factor) => `${series} > (${factor} * 0.001)`,
  }),
  peer({
    name: "Sloth",
    size: "15 recordings, 2 alerts",
    ...GOOGLE,
    form: {
      ratio: (failed, count) => 1 - (count - failed) / count,
      limit: (factor) => factor * SLOTH_BUDGET,
    },
    every: 60,
    ratio: (window) => `(1 - avg_over_time(${GAUGE}[${window}]))`,
    alertPerPair: false,
    over: (series, factor) => `max(${series} > (${factor} * ${SLOTH_BUDGET})) without (sloth_window)`,
  }),
  peer({
    name: "Pyrra",
    size: "9 recordings, 5 alerts",
    page: [
      { factor: 14, long: 64, short: 5, hold: 2 },
      { factor: 7, long: 386, short: 32, hold: 16 },
    ],
    ticket: [
      { factor: 2, long: 1_543, short: 129, hold: 64 },
      { factor: 1, long: 6_171, short: 386, hold: 193 },
    ],
    form: { ratio: (failed, count) => failed / count, limit: (factor) => factor * (1 - 0.999) },
    every: 30,
    ratio: (window) => {
      const count = `sum by (server) (count_over_time(${GAUGE}[${window}]))`;
      return `(${count} - sum by (server) (sum_over_time(${GAUGE}[${window}]))) / ${count}`;
    },
    alertPerPair: true,
    over: (series, factor) => `${series} > (${factor} * (1-0.999))`,
  }),
];

function peer(shape: Shape): Peer {
  const { name, size, every, form } = shape;
  return {
    name,
    size,
    slowestSeconds: every,
    alerts({ failed, phase, pagesOnly = false }) {
      const evaluatedAt = Math.ceil(phase / every) * every;
      const spans = (pairs: readonly WindowPair[]): Span[] =>
        union(pairs.flatMap((pair) => firing({ failed, pair, form, evaluatedAt })));
      return { page: spans(shape.page), ticket: pagesOnly ? [] : spans(shape.ticket) };
    },
    rules: { name, rules: rulesOf(shape) },
  };
}

function rulesOf(shape: Shape): PrometheusRule[] {
  const { page, ticket, alertPerPair } = shape;
  const labels = { slo: "availability" };
  const windows = new Set([...page, ...ticket].flatMap(({ long, short }) => [short, long]));
  const series = (window: number): string => `error_ratio:rate${window}m{slo="availability"}`;
  const expr = ({ factor, long, short }: WindowPair): string =>
    `(${shape.over(series(short), factor)} and ${shape.over(series(long), factor)})`;
  const alerts = (alert: string, pairs: readonly WindowPair[]): PrometheusRule[] =>
    alertPerPair
      ? pairs.map((pair) => ({
          alert,
          expr: expr(pair),
          for: `${pair.hold}m`,
          labels: { long: `${pair.long}m` },
        }))
      : [{ alert, expr: pairs.map(expr).join(" or ") }];
  return [
    ...[...windows].map((window) => ({
      record: `error_ratio:rate${window}m`,
      expr: shape.ratio(`${window}m`),
      labels,
    })),
    ...alerts("Page", page),
    ...alerts("Ticket", ticket),
  ];
}
