import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { messageOf, type RollcallError, unavailableError } from "../catalog/errors.ts";
import { NAMESPACE } from "../catalog/metrics.ts";
import type { Environment } from "../catalog/types.ts";
import { Mutes, SELECT_MUTES, type StoredMute, storedMute } from "../monitor/mutes.ts";
import type { MetricId, Series, SeriesOf, TimeRange } from "../plan/cloudwatch/types.ts";

/** Time in which a running monitor's write may hold the file, in milliseconds. */
const BUSY_MS = 2_000;

/** The samples of a state folder, for reading only: a monitor may run on it and keep writing. */
export class History {
  readonly file: string;
  readonly #db: DatabaseSync;
  readonly #count: StatementSync;
  readonly #select: StatementSync;

  /** @throws RollcallError (unavailable) when there is no history there, or it is none that can be read. */
  constructor(folder: string) {
    this.file = join(folder, "history.db");
    if (!existsSync(this.file)) {
      throw unavailableError({
        place: this.file,
        rule: "there is no history yet",
        cure: "run `npm start` for a while, or name the state folder with --state",
      });
    }
    try {
      this.#db = new DatabaseSync(this.file, { readOnly: true, timeout: BUSY_MS });
      const where = "FROM samples WHERE server = ? AND metric = ? AND at >= ? AND at < ?";
      this.#count = this.#db.prepare(`SELECT count(*) AS n ${where}`);
      this.#select = this.#db.prepare(`SELECT at, value ${where} ORDER BY at`);
    } catch (error) {
      throw unreadable(this.file, error);
    }
  }

  /** Samples with `from <= at < to`, oldest first. */
  series(
    { server, metric }: { readonly server: string; readonly metric: string },
    { from, to }: TimeRange,
  ): Series {
    try {
      const size = Number(this.#count.get(server, metric, from, to)?.n ?? 0);
      const times = new Float64Array(size);
      const values = new Float64Array(size);
      let index = 0;
      for (const { at, value } of this.#select.iterate(server, metric, from, to)) {
        // a sample that came in between stays for the next time
        if (index === size) break;
        times[index] = Number(at);
        values[index] = Number(value);
        index += 1;
      }
      return { times: times.subarray(0, index), values: values.subarray(0, index) };
    } catch (error) {
      throw unreadable(this.file, error);
    }
  }

  /**
   * The same by the dimensions of a metric; undefined for metrics that are not Rollcall's, or have no sample.
   */
  seriesOf(range: TimeRange): SeriesOf {
    return (metric) => {
      const server = serverOf(metric);
      if (server === undefined) return undefined;
      const found = this.series({ server, metric: metric.MetricName }, range);
      return found.times.length === 0 ? undefined : found;
    };
  }

  /** When alarms told nobody and checks were charged to no budget: maintenance of the catalog, and mutes. */
  quiet(environment: Environment): Pick<Mutes, "quiet" | "exclusions"> {
    const store = { mutes: (range: TimeRange) => this.#mutes(range), saveMute: readOnly };
    return new Mutes({ environment, store });
  }

  close(): void {
    this.#db.close();
  }

  #mutes({ from, to }: TimeRange): StoredMute[] {
    try {
      // a history from before mutes were kept has no table of them
      const tables = this.#db.prepare("SELECT name FROM sqlite_master WHERE name = 'mutes'").all();
      if (tables.length === 0) return [];
      return this.#db.prepare(SELECT_MUTES).all(to, from).map(storedMute);
    } catch (error) {
      throw unreadable(this.file, error);
    }
  }
}

function readOnly(): never {
  throw new Error("a history that is read keeps no mute");
}

function serverOf({ Namespace, Dimensions }: MetricId): string | undefined {
  if (Namespace !== NAMESPACE) return undefined;
  return Dimensions.find(({ Name }) => Name === "Server")?.Value;
}

function unreadable(file: string, error: unknown): RollcallError {
  const cure = /not a database|malformed|no such/.test(messageOf(error))
    ? "set the file aside and run `npm start` again: a new history is begun"
    : "make the folder readable and writable for you, or name another with --state";
  return unavailableError(
    { place: file, rule: `the history cannot be read (${messageOf(error)})`, cure },
    error,
  );
}
