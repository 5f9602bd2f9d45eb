import type { MetricId, Series, TimeRange } from "../../plan/cloudwatch/types.ts";
import { randomOf } from "../alerts/traces.ts";

const HOUR_MS = 3_600_000;

/** How often a server's metrics have a sample. */
export interface Rhythm {
  readonly everyMs: number;
  readonly samples: number;
}

/**
 * What a server would have published: checks that fail now and then and an outage every few days, latencies with a
 * long tail, an end that comes closer, memory that climbs. The same for the same server and metric.
 */
export function samplesOf(input: {
  readonly metric: MetricId;
  readonly rhythm: Rhythm;
  readonly range: TimeRange;
}): Series {
  const { metric, rhythm, range } = input;
  const server = metric.Dimensions.map(({ Value }) => Value).join("/");
  const step = rhythm.everyMs / rhythm.samples;
  const count = Math.floor((range.to - range.from) / step);
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  const random = randomOf(hashOf(`${server}/${metric.MetricName}`));
  const fails = failuresOf(server, range);
  const valueAt = valueMaker(metric.MetricName, random);
  for (let nth = 0; nth < count; nth += 1) {
    const at = range.from + nth * step + 1_000;
    times[nth] = at;
    values[nth] = valueAt(at - range.from, fails(at));
  }
  return { times, values };
}

type ValueAt = (sinceMs: number, failed: boolean) => number;

function valueMaker(metric: string, random: () => number): ValueAt {
  if (/Available$|^Objective\./.test(metric)) return (_, failed) => (failed || random() < 0.001 ? 0 : 1);
  if (metric === "Unhealthy") return (_, failed) => (failed ? 1 : 0);
  if (metric === "ProbeRuns") return () => 1;
  if (/Latency$/.test(metric)) return () => 40 * Math.exp(2 * random() * random());
  if (metric === "HoursToExpiry") return (sinceMs) => 24 * 60 - sinceMs / HOUR_MS;
  if (/memory/i.test(metric)) return (sinceMs) => 2e8 + (sinceMs / HOUR_MS) * 1e6 + random() * 1e7;
  if (/percent|rate/i.test(metric)) return () => random() ** 4 * 2;
  return () => 0;
}

/** One outage of 20 minutes in each five days, at an hour of the server's own. */
function failuresOf(server: string, { from }: TimeRange): (at: number) => boolean {
  const cycle = 5 * 24 * HOUR_MS;
  const begins = hashOf(server) % cycle;
  return (at) => {
    const since = at - from - begins;
    return since >= 0 && since % cycle < HOUR_MS / 3;
  };
}

function hashOf(text: string): number {
  let hash = 2_166_136_261;
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16_777_619);
  return hash >>> 0;
}
