/** A stretch in which a page or a ticket fires, in seconds from the start of the trace; open ends are infinite. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What one system makes of a trace. */
export interface Alerts {
  readonly page: readonly Span[];
  readonly ticket: readonly Span[];
}

/** One system of alarms for the same promise: 99.9 % of 30 days, by one check a minute. */
export interface System {
  readonly name: string;
  /** What has to be deployed for one objective, in words. */
  readonly size: string;
  /** Seconds between two evaluations of its slowest alert. */
  readonly slowestSeconds: number;
  /** `phase`: seconds into each minute at which the check is made, from 1 to 59. */
  alerts(input: {
    readonly failed: Uint8Array;
    readonly phase: number;
    /** Without tickets, which noise is not asked for. */
    readonly pagesOnly?: boolean;
  }): Alerts;
}

/** Overlapping and touching stretches as one. */
export function union(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last === undefined || span.from > last.to) joined.push(span);
    else if (span.to > last.to) joined[joined.length - 1] = { from: last.from, to: span.to };
  }
  return joined;
}
