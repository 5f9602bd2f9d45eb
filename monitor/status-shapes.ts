import { FLEET } from "../catalog/names.ts";
import { type QuietTime, quietText } from "../plan/maintenance.ts";
import type { StatusSite, WatchedAlarm, WatchedAlarms, WatchedServer } from "../plan/status.ts";
import type { CheckResult, Outcome, Status } from "../probes/result.ts";
import type { StatusReading } from "./status-view.ts";

/** The state of the environment in one object: healthy when every server is. */
export function healthOf(site: StatusSite, reading: StatusReading) {
  const counts: Record<Status, number> = { healthy: 0, degraded: 0, unhealthy: 0, unknown: 0 };
  for (const { server } of site.servers) counts[reading.result(server)?.status ?? "unknown"] += 1;
  const { results, since } = reading.history;
  return {
    status: overall(counts),
    environment: site.environment,
    catalog: site.catalog,
    servers: { total: site.servers.length, ...counts },
    alarms: reading.knowsAlarms ? firing(site, reading) : null,
    quiet: quietShown(reading),
    history: { results, since: since === null ? null : new Date(since).toISOString() },
    monitor: {
      pid: process.pid,
      startedAt: new Date(reading.startedAt).toISOString(),
      residentBytes: process.memoryUsage.rss(),
    },
  };
}

/** How one server is, with its objectives, its alarms and what is quiet about it. */
export function serverShown(watched: WatchedServer, reading: StatusReading) {
  const { server, description, objectives } = watched;
  const result = reading.result(server);
  return {
    server,
    description,
    overall_status: result?.status ?? "unknown",
    mcp_success: success(result?.mcp),
    rest_success: success(result?.rest),
    pid: reading.pid(server),
    result: result ?? null,
    quiet: quietShown(reading, server),
    objectives,
    ...alarmsShown(watched, reading),
  };
}

/** The state of each alarm of a server, or of the fleet; null where it is not known, or there is no such alarm. */
export function alarmsShown({ alarms, composites }: WatchedAlarms, reading: StatusReading) {
  const shown = ({ alarm, severity }: WatchedAlarm) => {
    const read = reading.alarm(alarm);
    return {
      alarm,
      severity,
      // not INSUFFICIENT_DATA, which is a state that CloudWatch gives
      state: read?.state ?? null,
      since: read === undefined ? null : new Date(read.since).toISOString(),
      reason: read?.reason ?? "",
    };
  };
  return {
    composites: composites.map((one) => ({ ...shown(one), acts: one.acts })),
    alarms: alarms.map(shown),
  };
}

/** Why alarms tell nobody now, of all servers or of one: what it is, what for, and until when. */
export function quietShown({ quiet, at }: Pick<StatusReading, "quiet" | "at">, target: string = FLEET) {
  return quiet
    .filter(({ servers }) => target === FLEET || servers.includes(target))
    .map((time: QuietTime) => ({
      kind: time.kind,
      name: time.name,
      servers: time.servers,
      reason: time.reason,
      from: new Date(time.from).toISOString(),
      until: new Date(time.to).toISOString(),
      text: quietText(time, at),
    }));
}

/** How many composites fire. A part of another composite tells nobody, and would count twice. */
function firing({ servers, fleet }: StatusSite, reading: StatusReading): number {
  return [...servers, fleet]
    .flatMap(({ composites }) => composites)
    .filter(({ alarm, acts }) => acts && reading.alarm(alarm)?.state === "ALARM").length;
}

function overall(counts: Readonly<Record<Status, number>>): Status {
  if (counts.unhealthy > 0) return "unhealthy";
  if (counts.degraded > 0) return "degraded";
  return counts.unknown > 0 || counts.healthy === 0 ? "unknown" : "healthy";
}

function success(path: CheckResult["mcp"] | CheckResult["rest"] | undefined): boolean | null {
  const outcome: Outcome = path?.outcome ?? "skipped";
  return outcome === "skipped" ? null : outcome === "ok";
}
