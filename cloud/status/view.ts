import { messageOf } from "../../catalog/errors.ts";
import type { AlarmReading, NumberedEvent, StatusReading, StatusView } from "../../monitor/status-view.ts";
import { activeAt } from "../../plan/maintenance.ts";
import type { StatusSite } from "../../plan/status.ts";
import { printable } from "../../probes/classify.ts";
import type { CheckResult } from "../../probes/result.ts";

/** Checks that may be missed before what is known of a server is no longer how it is. */
const ROUNDS = 3;

/** Where a site reads what it shows. Each rejects when it cannot. */
export interface StatusSources {
  results(): Promise<readonly CheckResult[]>;
  /** By the name of the alarm; null where no state of an alarm can be read. */
  readonly alarms: (() => Promise<ReadonlyMap<string, AlarmReading>>) | null;
  /** The newest, oldest first. */
  events(): Promise<readonly NumberedEvent[]>;
}

/**
 * The status of an environment of the cloud, from what its probe has left. What cannot be read is unknown, and so is a
 * server whose last result is older than three of its intervals; neither is ever healthy.
 */
export function cloudView(input: {
  readonly site: StatusSite;
  readonly sources: StatusSources;
  /** Takes one line about something that cannot be read. */
  readonly tell: (problem: string) => void;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}): StatusView {
  const { site, sources, tell, now = Date.now } = input;
  const startedAt = now();
  const everyMs = new Map(site.servers.map((watched) => [watched.server, watched.everyMs]));
  let known: readonly CheckResult[] = [];
  const readResults = async (): Promise<readonly CheckResult[]> => {
    try {
      known = await sources.results();
    } catch (error) {
      // what was read before grows old by itself
      tell(`the results cannot be read (${printable(messageOf(error))})`);
    }
    return known;
  };
  const readAlarms = async (): Promise<ReadonlyMap<string, AlarmReading> | null> => {
    try {
      return (await sources.alarms?.()) ?? null;
    } catch (error) {
      tell(`the states of the alarms cannot be read (${printable(messageOf(error))})`);
      return null;
    }
  };
  return {
    site,
    async read(): Promise<StatusReading> {
      const [results, alarms] = await Promise.all([readResults(), readAlarms()]);
      const at = now();
      const fresh = results.filter((result) =>
        isFresh(result, { at, everyMs: everyMs.get(result.server) ?? 0 }),
      );
      const byServer = new Map(fresh.map((result) => [result.server, result]));
      const times = results.map(({ checkedAt }) => Date.parse(checkedAt));
      return {
        at,
        result: (server) => byServer.get(server),
        pid: () => null,
        alarm: (name) => alarms?.get(name),
        knowsAlarms: alarms !== null,
        quiet: activeAt(site, at),
        history: { results: times.length, since: times.length === 0 ? null : Math.min(...times) },
        startedAt,
      };
    },
    async events(after, limit) {
      const events = await sources.events();
      return events.filter(({ id }) => id > after).slice(-limit);
    },
  };
}

/** A clock that is wrong must not keep a result young for ever, so one from the future is as doubtful as an old one. */
function isFresh(
  { checkedAt }: CheckResult,
  { at, everyMs }: { readonly at: number; readonly everyMs: number },
): boolean {
  return Math.abs(at - Date.parse(checkedAt)) <= ROUNDS * everyMs;
}
