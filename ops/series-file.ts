import { catalogError, type Problem } from "../catalog/errors.ts";
import {
  type FieldFault,
  faultsOf,
  fieldOf,
  finite,
  isRow,
  type Row,
  shown,
} from "../plan/cloudwatch/fields.ts";
import { METRIC } from "../plan/cloudwatch/metric-limits.ts";
import { metricKey, seriesFrom } from "../plan/cloudwatch/series.ts";
import type { MetricId, Series, SeriesOf, TimeRange } from "../plan/cloudwatch/types.ts";
import { elementsOf } from "./json-elements.ts";
import { parseJson, readBytes } from "./json-file.ts";

/** Samples of metrics, and the stretch of time that they are to be replayed over. */
export interface SeriesFile {
  readonly range: TimeRange;
  readonly seriesOf: SeriesOf;
}

interface Sample {
  readonly at: number;
  readonly value: number;
}

const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?$/;
const MOMENT_CURE = "write it such as 2026-11-21T00:00:00Z";
const FORM = 'write {"start", "end", "metrics": [{"Namespace", "MetricName", "Dimensions", "points"}]}';

/**
 * Reads `{start, end, metrics: [{Namespace, MetricName, Dimensions, points: [[moment, value], ...]}]}`, moments in ISO
 * 8601, in UTC where they say nothing else. A metric that stands there twice is put together. The metrics are parsed
 * one by one, so that a file of some hundred megabytes never is one object in memory.
 * @throws RollcallError (catalog, exit 65) with every metric that cannot be read, at its place.
 */
export function readSeriesFile(path: string): SeriesFile {
  const bytes = readBytes(path);
  const { rest, elements } = elementsOf(bytes, "metrics");
  const problem = (at: string, rule: string, cure: string): Problem => ({
    place: path,
    path: at,
    rule,
    cure,
  });
  const root = parseJson(rest, { place: path, path: "" });
  if (!isRow(root)) throw catalogError([problem("", "must be an object", FORM)]);
  const problems: Problem[] = [];
  const momentOf = (name: string): number => {
    const at = moment(fieldOf(root, name));
    if (at === undefined) problems.push(problem(name, wrongMoment(fieldOf(root, name)), MOMENT_CURE));
    return at ?? Number.NaN;
  };
  const range = { from: momentOf("start"), to: momentOf("end") };
  if (range.from > range.to) problems.push(problem("start", "is after the end", "change the two"));
  if (!Array.isArray(fieldOf(root, "metrics"))) problems.push(problem("metrics", "must be a list", FORM));
  const parts = new Map<string, Series[]>();
  for (const [index, { from, to }] of elements.entries()) {
    const at = `metrics[${index}]`;
    const metric = readMetric(parseJson(bytes.subarray(from, to), { place: path, path: at }));
    if ("faults" in metric) {
      problems.push(...metric.faults.map((fault) => problem(`${at}${fault.path}`, fault.rule, fault.cure)));
      continue;
    }
    const key = metricKey(metric.id);
    const known = parts.get(key);
    if (known === undefined) parts.set(key, [seriesFrom(metric.samples)]);
    else known.push(seriesFrom(metric.samples));
  }
  if (problems.length > 0) throw catalogError(problems);
  const series = new Map([...parts].map(([key, some]) => [key, joined(some)]));
  return { range, seriesOf: (metric) => series.get(metricKey(metric)) };
}

function readMetric(
  written: unknown,
):
  | { readonly id: MetricId; readonly samples: readonly Sample[] }
  | { readonly faults: readonly FieldFault[] } {
  if (!isRow(written)) return { faults: [{ path: "", rule: "must be an object", cure: FORM }] };
  // some exports write null for none
  const metric = fieldOf(written, "Dimensions") === null ? { ...written, Dimensions: [] } : written;
  const points = readPoints(fieldOf(metric, "points"));
  const faults = [...faultsOf(metric, METRIC, "."), ...("fault" in points ? [points.fault] : [])];
  return faults.length > 0 || "fault" in points
    ? { faults }
    : { id: metricId(metric), samples: points.samples };
}

/** The samples, or the first point that is none: there may be millions of a kind. */
function readPoints(
  points: unknown,
): { readonly samples: readonly Sample[] } | { readonly fault: FieldFault } {
  if (!Array.isArray(points))
    return { fault: { path: ".points", rule: "must be a list", cure: "write [moment, value] for each" } };
  const samples: Sample[] = [];
  for (const [index, point] of points.entries()) {
    const path = `.points[${index}]`;
    if (!Array.isArray(point) || point.length !== 2)
      return { fault: { path, rule: "is no pair of moment and value", cure: "write [moment, value]" } };
    const [written, value] = point as readonly unknown[];
    const at = moment(written);
    if (at === undefined)
      return { fault: { path: `${path}[0]`, rule: wrongMoment(written), cure: MOMENT_CURE } };
    const wrong = finite(value);
    if (wrong !== undefined || typeof value !== "number")
      return { fault: { path: `${path}[1]`, rule: "is no number", cure: "give a number", ...wrong } };
    samples.push({ at, value });
  }
  return { samples };
}

function joined(parts: readonly Series[]): Series | undefined {
  return parts.length === 1 ? parts[0] : seriesFrom(parts.flatMap(samplesIn));
}

function samplesIn({ times, values }: Series): Sample[] {
  return Array.from(times, (at, index) => ({ at, value: values[index] ?? Number.NaN }));
}

/** A metric whose fields have been looked at. */
function metricId(metric: Row): MetricId {
  return { Dimensions: [], ...metric } as unknown as MetricId;
}

/** Milliseconds since the epoch, in UTC where no offset is given, as CloudWatch's API has it; undefined for no moment. */
function moment(value: unknown): number | undefined {
  if (typeof value !== "string" || !MOMENT.test(value)) return undefined;
  const day = Number(value.slice(8, 10));
  // the parser takes the 30th of February as the 2nd of March
  if (day > 28 && day > daysIn(Number(value.slice(0, 4)), Number(value.slice(5, 7)))) return undefined;
  // AWS writes +0000, too, which ECMAScript does not promise to read
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/.test(value.slice("2026-11-21".length)) ? value : `${value}Z`;
  const at = Date.parse(zoned.replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
  return Number.isNaN(at) ? undefined : at;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function wrongMoment(value: unknown): string {
  return value === undefined ? "is missing" : `is ${shown(value)}, no moment of ISO 8601`;
}
