import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { messageOf, unavailableError } from "../catalog/errors.ts";
import type { Measures } from "../catalog/metrics.ts";
import type { AlarmState, Series, TimeRange } from "../plan/cloudwatch/types.ts";
import { type BreakerSnapshot, type BreakerStore, parseSnapshots } from "../probes/breaker/state.ts";
import type { CheckResult } from "../probes/result.ts";
import { type MuteStore, SELECT_MUTES, type StoredMute, storedMute } from "./mutes.ts";

/** Raised with every change of the tables; a history of a later version is not touched. */
const VERSION = 3;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS results (server TEXT, at INTEGER, status TEXT, body TEXT, PRIMARY KEY (server, at)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS samples (server TEXT, metric TEXT, at INTEGER, value REAL, PRIMARY KEY (server, metric, at)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS alarms (name TEXT PRIMARY KEY, state TEXT, since INTEGER, reason TEXT, created INTEGER) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, at INTEGER, body TEXT);
  CREATE TABLE IF NOT EXISTS incidents (id TEXT PRIMARY KEY, alarm TEXT, opened INTEGER, closed INTEGER, told TEXT) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS breakers (server TEXT, path TEXT, body TEXT, PRIMARY KEY (server, path)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS mutes (id TEXT PRIMARY KEY, target TEXT, reason TEXT, began INTEGER, ends INTEGER) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS results_at ON results (at);
  CREATE INDEX IF NOT EXISTS samples_at ON samples (at);
  CREATE INDEX IF NOT EXISTS events_at ON events (at);
`;

/** The state of one alarm with the moments that belong to it, in milliseconds since the epoch. */
export interface StoredAlarm {
  readonly name: string;
  readonly state: AlarmState;
  readonly since: number;
  readonly reason: string;
  /** When the alarm was first known here: its warm-up counts from then. */
  readonly created: number;
}

export interface StoredIncident {
  readonly id: string;
  readonly alarm: string;
  readonly openedAt: number;
  /** Levels that have been told, in order. */
  readonly told: readonly string[];
}

/** How many results are kept, and since when (milliseconds since the epoch). */
interface Extent {
  readonly results: number;
  readonly since: number | null;
}

/** The history of one local environment in SQLite: results, samples, alarm states, incidents, events. */
export class Store implements MuteStore {
  readonly file: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** The breakers as they were written last: most probes change none. */
  readonly #breakers = new Map<string, string>();
  /** Kept beside the table: counting a month of results takes a tenth of a second. */
  #extent: Extent | undefined;

  /** @throws RollcallError (unavailable) when the folder cannot be written or the file is no database. */
  constructor(folder: string) {
    this.file = join(folder, "history.db");
    try {
      mkdirSync(folder, { recursive: true });
      this.#db = new DatabaseSync(this.file);
      this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000;");
      this.#checkVersion();
      this.#db.exec(SCHEMA);
      this.#db.exec(`PRAGMA user_version = ${VERSION}`);
    } catch (error) {
      const cure = /not a database|malformed/.test(messageOf(error))
        ? "set the file aside and start again: a new history is begun"
        : "make the folder writable, or name another with --state";
      throw unavailableError(
        { place: this.file, rule: `the history cannot be opened (${messageOf(error)})`, cure },
        error,
      );
    }
  }

  #checkVersion(): void {
    const found = Number(this.#db.prepare("PRAGMA user_version").get()?.user_version ?? 0);
    if (found > VERSION)
      throw new Error(`it was written by a later Rollcall: version ${found}, this one knows ${VERSION}`);
  }

  /** Keeps one result and the samples it came to, in one transaction. */
  record(entry: { readonly at: number; readonly result: CheckResult; readonly measures: Measures }): void {
    const { at, result, measures } = entry;
    this.#transaction(() => {
      this.#run(
        "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)",
        result.server,
        at,
        result.status,
        JSON.stringify(result),
      );
      for (const [metric, value] of Object.entries(measures)) {
        this.#run("INSERT OR REPLACE INTO samples VALUES (?, ?, ?, ?)", result.server, metric, at, value);
      }
    });
    if (this.#extent !== undefined) {
      const { results, since } = this.#extent;
      this.#extent = { results: results + 1, since: Math.min(since ?? at, at) };
    }
  }

  /** Samples with `from <= at < to`, oldest first. */
  samples(query: {
    readonly server: string;
    readonly metric: string;
    readonly from: number;
    readonly to: number;
  }): Series {
    const { server, metric, from, to } = query;
    const sql =
      "SELECT at, value FROM samples WHERE server = ? AND metric = ? AND at >= ? AND at < ? ORDER BY at";
    const times: number[] = [];
    const values: number[] = [];
    // row by row: the longest windows hold ten thousand, and a list of all rows beside it is what memory peaks at
    for (const { at, value } of this.#prepare(sql).iterate(server, metric, from, to)) {
      times.push(Number(at));
      values.push(Number(value));
    }
    return { times: Float64Array.from(times), values: Float64Array.from(values) };
  }

  /** The newest result of a server, if there is one. */
  latest(server: string): CheckResult | undefined {
    const [row] = this.#all("SELECT body FROM results WHERE server = ? ORDER BY at DESC LIMIT 1", server);
    return row === undefined ? undefined : (JSON.parse(String(row.body)) as CheckResult);
  }

  /** How many results are kept, and since when. */
  extent(): Extent {
    this.#extent ??= this.#countResults();
    return this.#extent;
  }

  alarms(): StoredAlarm[] {
    return this.#all("SELECT * FROM alarms").map((row) => ({
      name: String(row.name),
      state: String(row.state) as AlarmState,
      since: Number(row.since),
      reason: String(row.reason),
      created: Number(row.created),
    }));
  }

  saveAlarm({ name, state, since, reason, created }: StoredAlarm): void {
    this.#run("INSERT OR REPLACE INTO alarms VALUES (?, ?, ?, ?, ?)", name, state, since, reason, created);
  }

  openIncidents(): StoredIncident[] {
    return this.#all("SELECT * FROM incidents WHERE closed IS NULL").map((row) => ({
      id: String(row.id),
      alarm: String(row.alarm),
      openedAt: Number(row.opened),
      told: JSON.parse(String(row.told)) as string[],
    }));
  }

  saveIncident(incident: StoredIncident, closedAt: number | null): void {
    const { id, alarm, openedAt, told } = incident;
    this.#run(
      "INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?, ?)",
      id,
      alarm,
      openedAt,
      closedAt,
      JSON.stringify(told),
    );
  }

  mutes({ from, to }: TimeRange): StoredMute[] {
    return this.#all(SELECT_MUTES, to, from).map(storedMute);
  }

  saveMute({ id, target, reason, from, to }: StoredMute): void {
    this.#run("INSERT OR REPLACE INTO mutes VALUES (?, ?, ?, ?, ?)", id, target, reason, from, to);
  }

  /** The circuit breakers, so that they survive a restart. */
  get breakers(): BreakerStore {
    return {
      load: async () => {
        const bodies = this.#all("SELECT body FROM breakers").map(({ body }) => String(body));
        try {
          return parseSnapshots(`[${bodies.join(",")}]`);
        } catch {
          // of another version: each begins closed, and the first failures open it again
          return [];
        }
      },
      save: async (snapshots) => {
        const changed = snapshots.filter(
          (one) => this.#breakers.get(breakerKey(one)) !== JSON.stringify(one),
        );
        if (changed.length === 0 || !this.#db.isOpen) return;
        this.#transaction(() => this.#saveBreakers(changed));
      },
    };
  }

  addEvent(at: number, body: object): void {
    this.#run("INSERT INTO events (at, body) VALUES (?, ?)", at, JSON.stringify(body));
  }

  /** Events after an id, oldest first, each with its own id. */
  events(after: number, limit: number): { readonly id: number; readonly event: unknown }[] {
    const sql =
      "SELECT id, body FROM (SELECT id, body FROM events WHERE id > ? ORDER BY id DESC LIMIT ?) ORDER BY id";
    return this.#all(sql, after, limit).map((row) => ({
      id: Number(row.id),
      event: JSON.parse(String(row.body)) as unknown,
    }));
  }

  /** Forgets what is older than `before`; alarm states and open incidents stay. */
  prune(before: number): void {
    for (const table of ["results", "samples", "events"])
      this.#run(`DELETE FROM ${table} WHERE at < ?`, before);
    this.#run("DELETE FROM incidents WHERE closed IS NOT NULL AND closed < ?", before);
    this.#run("DELETE FROM mutes WHERE ends < ?", before);
    this.#extent = undefined;
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #saveBreakers(snapshots: readonly BreakerSnapshot[]): void {
    for (const snapshot of snapshots) {
      const { server, path } = snapshot;
      const body = JSON.stringify(snapshot);
      this.#run("INSERT OR REPLACE INTO breakers VALUES (?, ?, ?)", server, path, body);
      this.#breakers.set(breakerKey(snapshot), body);
    }
  }

  #countResults(): Extent {
    const [row] = this.#all("SELECT count(*) AS n, min(at) AS since FROM results");
    return {
      results: Number(row?.n ?? 0),
      since: row?.since === null || row === undefined ? null : Number(row.since),
    };
  }

  #transaction(work: () => void): void {
    this.#db.exec("BEGIN");
    try {
      work();
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.#prepare(sql).run(...values);
  }

  #all(sql: string, ...values: (string | number | null)[]): Record<string, unknown>[] {
    return this.#prepare(sql).all(...values);
  }
}

function breakerKey({ server, path }: BreakerSnapshot): string {
  return `${path} ${server}`;
}
