/** A series by its name and the labels that it must carry. */
export interface SeriesQuery {
  readonly series: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** More lines than this, and no number is taken: a sum of half a page would be a wrong one. */
const MAX_LINES = 100_000;
const MAX_LINE_LENGTH = 64 * 1024;
const MAX_LABELS = 64;

const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"([^"\\]*(?:\\.[^"\\]*)*)"[ \t]*([,}])/y;
/** The value, and a timestamp or an exemplar, which are looked over and not used. */
const REST_OF_LINE = /^[ \t]*([^ \t]+)(?:[ \t]+([^ \t#]+))?[ \t]*(?:#.*)?$/;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const NO_NUMBER = /^(nan|[+-]?inf(inity)?)$/i;

/**
 * The sum of the samples of each wanted series in a page of the Prometheus text format 0.0.4 or OpenMetrics
 * 1.0; null where the page has none, or one that cannot be read. NaN and infinite samples are left out.
 */
export function sumSeries(text: string, wanted: readonly SeriesQuery[]): readonly (number | null)[] {
  const sums = wanted.map((): Sum => ({ total: 0, samples: 0, broken: false }));
  let lines = 0;
  for (let at = 0; at < text.length; ) {
    lines += 1;
    if (lines > MAX_LINES) return wanted.map(() => null);
    const newline = text.indexOf("\n", at);
    const end = newline === -1 ? text.length : newline;
    addLine(text.slice(at, end).trim(), wanted, sums);
    at = end + 1;
  }
  return sums.map(({ total, samples, broken }) => {
    return broken || samples === 0 || !Number.isFinite(total) ? null : total;
  });
}

interface Sum {
  total: number;
  samples: number;
  /** A line of the series could not be read: the sum would be a wrong one. */
  broken: boolean;
}

function addLine(line: string, wanted: readonly SeriesQuery[], sums: readonly Sum[]): void {
  let sample: Sample | null | undefined;
  for (const [index, { series, labels }] of wanted.entries()) {
    const sum = sums[index];
    if (sum === undefined || !isOfSeries(line, series)) continue;
    // One name only fits a line, so what was read for it holds for every query of that name.
    sample ??= readSample(line, series.length);
    if (sample === null) sum.broken = true;
    else if (sample.value !== null && carries(sample.labels, labels)) {
      sum.total += sample.value;
      sum.samples += 1;
    }
  }
}

function isOfSeries(line: string, series: string): boolean {
  return line.startsWith(series) && ["{", " ", "\t"].includes(line.charAt(series.length));
}

interface Sample {
  readonly labels: ReadonlyMap<string, string>;
  /** Null for NaN and the infinities. */
  readonly value: number | null;
}

/** The sample of a line whose name ends at `at`; null when the line breaks the grammar. */
function readSample(line: string, at: number): Sample | null {
  if (line.length > MAX_LINE_LENGTH) return null;
  const brace = skipBlanks(line, at);
  const read = line.charAt(brace) === "{" ? readLabels(line, brace + 1) : { labels: new Map(), end: at };
  if (read === null) return null;
  const [, value = "", timestamp] = REST_OF_LINE.exec(line.slice(read.end)) ?? [];
  if (timestamp !== undefined && !NUMBER.test(timestamp)) return null;
  if (NO_NUMBER.test(value)) return { labels: read.labels, value: null };
  if (!NUMBER.test(value)) return null;
  const number = Number(value);
  return { labels: read.labels, value: Number.isFinite(number) ? number : null };
}

/** The labels from just behind their opening brace, and where the closing one ends. */
function readLabels(line: string, from: number): { labels: Map<string, string>; end: number } | null {
  const labels = new Map<string, string>();
  let at = from;
  for (;;) {
    const blank = skipBlanks(line, at);
    // Empty braces, and a comma behind the last label, are allowed.
    if (line.charAt(blank) === "}") return { labels, end: blank + 1 };
    LABEL.lastIndex = at;
    const [whole, name = "", value = "", close] = LABEL.exec(line) ?? [];
    if (whole === undefined || labels.has(name) || labels.size === MAX_LABELS) return null;
    labels.set(name, unescapeLabel(value));
    at += whole.length;
    if (close === "}") return { labels, end: at };
  }
}

/** `\\`, `\"` and `\n` mean what they say; any other pair stays as it is written. */
function unescapeLabel(value: string): string {
  return value.replace(/\\([\\"n])/g, (_, character: string) => (character === "n" ? "\n" : character));
}

function carries(found: ReadonlyMap<string, string>, wanted: Readonly<Record<string, string>>): boolean {
  // A label that is missing and an empty one are the same.
  return Object.entries(wanted).every(([name, value]) => (found.get(name) ?? "") === value);
}

function skipBlanks(line: string, from: number): number {
  let at = from;
  while (line.charAt(at) === " " || line.charAt(at) === "\t") at += 1;
  return at;
}
