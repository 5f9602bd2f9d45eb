/** One time series of the page. */
export interface Series {
  /** What follows the family's name, for the parts of a histogram. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with all its series. */
export interface Page {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter" | "histogram";
  readonly series: readonly Series[];
}

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Metrics in Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). One without
 * series is left out.
 */
export function renderPage(metrics: readonly Page[]): string {
  return metrics
    .filter(({ series }) => series.length > 0)
    .map(render)
    .join("");
}

function render({ name, help, type, series }: Page): string {
  const lines = series.map(
    ({ suffix = "", labels, value }) => `${name}${suffix}${renderLabels(labels)} ${numberText(value)}`,
  );
  const text = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `${[`# HELP ${name} ${text}`, `# TYPE ${name} ${type}`, ...lines].join("\n")}\n`;
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}
