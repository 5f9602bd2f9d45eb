/** What the follower has done since it started, and what it does now. */
export interface Counts {
  /** Lines that Fluent Bit took over. */
  lines: number;
  /** Bytes of their text. */
  bytes: number;
  /** Lines that were cut at the longest that is shipped. */
  cut: number;
  /** Log streams that are read now. */
  streams: number;
  /** Containers that are not followed because too many are. */
  refused: number;
  /** Requests of lines that failed or broke off. */
  streamErrors: number;
  /** Lists and watches that failed or broke off. */
  watchErrors: number;
  /** Connections to Fluent Bit that failed or broke off. */
  forwardErrors: number;
  /** Bytes that wait for Fluent Bit. */
  waiting: number;
}

type Kind = "counter" | "gauge";

const METRICS: Readonly<Record<keyof Counts, readonly [name: string, kind: Kind, help: string]>> = {
  lines: ["rollcall_logs_lines_total", "counter", "Lines that Fluent Bit took over"],
  bytes: ["rollcall_logs_bytes_total", "counter", "Bytes of these lines"],
  cut: ["rollcall_logs_cut_lines_total", "counter", "Lines that were cut at the longest that is shipped"],
  streams: ["rollcall_logs_streams", "gauge", "Containers whose lines are read now"],
  refused: ["rollcall_logs_refused", "gauge", "Containers that are not followed because too many are"],
  streamErrors: [
    "rollcall_logs_stream_errors_total",
    "counter",
    "Requests of lines that failed or broke off",
  ],
  watchErrors: ["rollcall_logs_watch_errors_total", "counter", "Lists and watches that failed or broke off"],
  forwardErrors: [
    "rollcall_logs_forward_errors_total",
    "counter",
    "Connections to Fluent Bit that broke off",
  ],
  waiting: ["rollcall_logs_waiting_bytes", "gauge", "Bytes that wait for Fluent Bit"],
};

/** Nothing yet. */
export function noCounts(): Counts {
  return {
    lines: 0,
    bytes: 0,
    cut: 0,
    streams: 0,
    refused: 0,
    streamErrors: 0,
    watchErrors: 0,
    forwardErrors: 0,
    waiting: 0,
  };
}

/** The counts as Prometheus reads them (text format 0.0.4). */
export function metricsPage(counts: Readonly<Counts>): string {
  const entries = Object.entries(METRICS) as [keyof Counts, (typeof METRICS)[keyof Counts]][];
  return entries
    .map(
      ([key, [name, kind, help]]) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${name} ${counts[key]}\n`,
    )
    .join("");
}
