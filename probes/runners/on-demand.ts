import type { RosterTarget } from "../../catalog/target.ts";
import type { Observation } from "../result.ts";
import { createCache, type ObservationCache } from "./cache.ts";
import type { Prober } from "./prober.ts";

/** Answers whoever asks for one server now. Null for a server that the roster does not hold. */
export type OnDemand = (server: string) => Promise<Observation | null>;

/**
 * Checks of servers on demand. A result that is younger than the server's `cacheMs` answers again, and all who ask at
 * the same time share one check, so that a page that many look at is no load on the servers. Breakers neither hold these
 * checks back nor count them.
 */
export function createOnDemand({
  targets,
  prober,
  now,
}: {
  readonly targets: readonly RosterTarget[];
  readonly prober: Pick<Prober, "probe">;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}): OnDemand {
  const byName = new Map(targets.map((target) => [target.server, target]));
  const caches = new Map<number, ObservationCache>();
  const cacheOf = ({ cacheMs = 0 }: RosterTarget): ObservationCache => {
    const known = caches.get(cacheMs) ?? createCache({ maxAgeMs: cacheMs, now });
    caches.set(cacheMs, known);
    return known;
  };
  return async (server) => {
    const target = byName.get(server);
    return target === undefined
      ? null
      : cacheOf(target).get(target, () => prober.probe(target, { outOfTurn: true }));
  };
}
