import type { Measures } from "../../catalog/metrics.ts";
import type { BreakerSnapshot } from "../breaker/state.ts";
import type { Observation } from "../result.ts";
import { type Family, PLAYBOOK_METRICS, PROBE_METRICS, type Seen } from "./prometheus-table.ts";
import { Tally } from "./prometheus-tally.ts";
import { CONTENT_TYPE, type Page, renderPage, type Series } from "./prometheus-text.ts";
import { finite, type Sink } from "./sink.ts";

const TABLE: readonly Family[] = [...PLAYBOOK_METRICS, ...PROBE_METRICS];
const NAMES: ReadonlySet<string> = new Set(TABLE.map(({ name }) => name));
/** A metric of a server's own, as the catalog takes it; names of CloudWatch's begin with a capital. */
const OWN_NAME = /^[a-z][a-z0-9_]{0,119}$/;

export interface PrometheusOptions {
  readonly environment: string;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** Milliseconds after which what a server showed last is no longer shown. @default never */
  readonly freshMs?: (server: string) => number;
  /** Where the breakers stand, asked with each page. @default there are none */
  readonly breakers?: () => readonly BreakerSnapshot[];
}

interface Kept {
  readonly observation: Observation;
  readonly measures: Measures;
  readonly at: number;
}

/**
 * The Prometheus page of a runner: the newest observation of each server in the terms of the table.
 * Histograms and counters add up; all else is what that observation says, and no series outlives what it
 * stood for.
 */
export class PrometheusPage implements Sink {
  readonly environment: string;
  readonly contentType = CONTENT_TYPE;
  readonly #now: () => number;
  readonly #freshMs: (server: string) => number;
  readonly #breakers: () => readonly BreakerSnapshot[];
  readonly #latest = new Map<string, Kept>();
  readonly #tallies = new Map<string, Tally>();

  constructor({ environment, now = Date.now, freshMs, breakers }: PrometheusOptions) {
    this.environment = environment;
    this.#now = now;
    this.#freshMs = freshMs ?? (() => Number.POSITIVE_INFINITY);
    this.#breakers = breakers ?? (() => []);
  }

  publish(observation: Observation, measures: Measures): void {
    const { server } = observation.result;
    const now = this.#now();
    const tally = this.#tallies.get(server) ?? new Tally();
    this.#tallies.set(server, tally);
    this.#latest.set(server, { observation, measures, at: now });
    tally.count(observation.result);
    const seen = { observation, measures, tally, breakers: [], now };
    for (const { name, buckets, samples } of TABLE)
      if (buckets !== undefined) for (const sample of samples(seen)) tally.observe({ name, buckets }, sample);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  /** The page in Prometheus' text format. */
  text(): string {
    return renderPage(this.pages());
  }

  /** Everything that the page shows; a room that has more to show adds to it. */
  protected pages(): Page[] {
    const fresh = this.#fresh();
    const table = TABLE.map((family): Page => {
      const series = fresh.flatMap(([server, seen]) =>
        seriesOf(family, seen).map((one) => this.#labelled(server, one)),
      );
      return { ...family, series };
    });
    return [...table, ...this.#own(fresh)];
  }

  /** Numbers that the catalog takes from servers' pages, under names of the servers' own. */
  #own(fresh: readonly (readonly [string, Seen])[]): Page[] {
    const byName = new Map<string, Series[]>();
    for (const [server, { measures }] of fresh)
      for (const [name, value] of finite(measures)) {
        if (!OWN_NAME.test(name) || isTaken(name)) continue;
        byName.set(name, [...(byName.get(name) ?? []), this.#labelled(server, { labels: {}, value })]);
      }
    return [...byName].map(([name, series]) => ({
      name,
      help: "Number of a page of the server's own",
      type: name.endsWith("_total") ? "counter" : "gauge",
      series,
    }));
  }

  #fresh(): (readonly [string, Seen])[] {
    const now = this.#now();
    const breakers = this.#breakers();
    return [...this.#latest].flatMap(([server, { observation, measures, at }]) => {
      const tally = this.#tallies.get(server);
      if (tally === undefined || now - at > this.#freshMs(server)) return [];
      const ofServer = breakers.filter((one) => one.server === server);
      return [[server, { observation, measures, tally, breakers: ofServer, now }] as const];
    });
  }

  #labelled(server: string, series: Series): Series {
    return { ...series, labels: { environment: this.environment, server, ...series.labels } };
  }
}

function seriesOf(family: Family, seen: Seen): readonly Series[] {
  return family.buckets === undefined ? family.samples(seen) : seen.tally.histograms(family.name);
}

/** Whether a name is one of the table, or one that a histogram of the table makes. */
function isTaken(name: string): boolean {
  return NAMES.has(name) || NAMES.has(name.replace(/_(bucket|sum|count)$/, ""));
}
