import { createHash } from "node:crypto";
import type { Observation } from "../result.ts";
import type { CheckTarget } from "../target.ts";

const MAX_ENTRIES = 1_000;

/**
 * Observations for those who ask on demand, so that a page that many look at is not a load on the servers.
 */
export interface ObservationCache {
  /**
   * The observation of a target: one that is young enough, one that is on its way, or a new one by `ask`.
   * Throws what `ask` throws, to everybody who waits for it, and keeps nothing then.
   */
  get(target: CheckTarget, ask: () => Promise<Observation>): Promise<Observation>;
}

interface Entry {
  /** Of the target as it was asked: another address is another server, whatever its name. */
  readonly digest: string;
  readonly askedAt: number;
  readonly observation: Promise<Observation>;
  isOnItsWay: boolean;
}

/**
 * A cache by server. The age of an observation counts from the moment its check began, so nothing older than
 * `maxAgeMs` is served again; 0 keeps nothing and still shares what is on its way. A result without a verdict
 * is not kept. Above `maxEntries` the one asked longest ago goes.
 */
export function createCache({
  maxAgeMs,
  now,
  maxEntries = MAX_ENTRIES,
}: {
  /** Milliseconds. */
  readonly maxAgeMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** @default 1 000 */
  readonly maxEntries?: number;
}): ObservationCache {
  const entries = new Map<string, Entry>();
  const drop = (server: string, entry: Entry): void => {
    // a target that has changed since has another entry under its name
    if (entries.get(server) === entry) entries.delete(server);
  };
  const isYoung = ({ askedAt }: Entry): boolean => {
    const age = now() - askedAt;
    return age >= 0 && age < maxAgeMs;
  };
  const begin = (server: string, digest: string, ask: () => Promise<Observation>): Entry => {
    const entry: Entry = { digest, askedAt: now(), observation: ask(), isOnItsWay: true };
    entries.delete(server);
    entries.set(server, entry);
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries) break;
      entries.delete(oldest);
    }
    entry.observation.then(
      ({ result }) => {
        entry.isOnItsWay = false;
        if (result.status === "unknown" || !isYoung(entry)) drop(server, entry);
      },
      () => drop(server, entry),
    );
    return entry;
  };
  return {
    get: (target, ask) => {
      const { server } = target;
      const digest = digestOf(target);
      const known = entries.get(server);
      if (known?.digest === digest && (known.isOnItsWay || isYoung(known))) return known.observation;
      return begin(server, digest, ask).observation;
    },
  };
}

function digestOf(target: CheckTarget): string {
  return createHash("sha256").update(JSON.stringify(target)).digest("base64");
}
