import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { unavailableError, usageError } from "../catalog/errors.ts";
import type { CatalogSource } from "../catalog/source.ts";
import { loadTrace } from "../catalog/trace.ts";
import type { Environment } from "../catalog/types.ts";
import type { TimeRange } from "../plan/cloudwatch/types.ts";
import { buildPlan } from "../plan/plan.ts";
import { type ReplaySettings, replayPlan } from "../plan/replay/replay.ts";
import { replayTrace } from "../plan/replay/replay-trace.ts";
import { leadMs } from "../plan/replay/server-run.ts";
import { longestWindowMs, maintenanceSettings } from "../plan/replay/settings.ts";
import type { ReplayReport } from "../plan/replay/types.ts";
import type { Plan } from "../plan/types.ts";
import { environmentOf, localCatalog, serversOf } from "./catalog.ts";
import { readBytes } from "./json-file.ts";
import { print, printJson } from "./output.ts";
import { type Measured, openMeasured } from "./replay-measured.ts";
import { reportJson, reportTable } from "./replay-text.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface ReplayEnvironmentOptions {
  /** A trace of the library by its name, or its file. */
  readonly trace?: string;
  /** Milliseconds of what was measured, up to now. */
  readonly last?: number;
  /** Print this server alone; the others are replayed too, for the fleet's alarms stand on all of them. */
  readonly server?: string;
  /** State folder of a local environment. */
  readonly state: string;
  readonly format: "table" | "json";
}

/**
 * `rollcall replay <env>`: what its alarms would do in a trace, or would have done over what was measured.
 * @throws RollcallError (usage, exit 64), (catalog, exit 65) for a trace that cannot be read, (unavailable, exit 69)
 * where nothing was measured.
 */
export async function replayEnvironment(name: string, options: ReplayEnvironmentOptions): Promise<void> {
  const { trace: asked, last, server, format } = options;
  if ((asked === undefined) === (last === undefined))
    throw usageError({
      place: `rollcall replay ${name}`,
      rule: asked === undefined ? "nothing says what is to be replayed" : "--trace goes with no --last",
      cure: "give --trace with a name or a file, or --last with a time, such as --last 7d",
    });
  const environment = environmentOf(name);
  // refused before anything is replayed
  serversOf(environment, server);
  const trace = asked === undefined ? null : loadTrace(traceSource(), asked);
  const report =
    trace === null
      ? await replayLast(environment, { lastMs: last ?? 0, state: options.state })
      : await replayTrace({ environment, plan: buildPlan(environment), trace });
  const shown = server === undefined ? report : only(report, server);
  if (format === "json") printJson(reportJson(shown, { trace }));
  else {
    const hidden = report.incidents.length - shown.incidents.length;
    print(reportTable(shown, { trace, ...(server === undefined ? {} : { only: { server, hidden } }) }));
  }
}

/** What the alarms as they are now would have done over what was measured. */
async function replayLast(
  environment: Environment,
  { lastMs, state }: { readonly lastMs: number; readonly state: string },
): Promise<ReplayReport> {
  const now = Date.now();
  const plan = buildPlan(environment);
  const measured = await openMeasured({ environment, plan, state: resolve(state), now });
  try {
    const wanted = now - lastMs;
    const lookback = Math.max(DAY_MS, leadMs([...plan.servers, plan.fleet].flatMap(({ alarms }) => alarms)));
    const first = await measured.firstIn({ from: wanted - lookback, to: now });
    if (first === undefined)
      throw unavailableError({
        place: `rollcall replay ${environment.name}`,
        rule: `no check was published since ${new Date(wanted).toISOString()}`,
        cure: "ask for a longer time, or replay a trace with --trace",
      });
    // before the first check nobody was watching, and that silence is no alarm
    const range = { from: first < wanted ? wanted : first + heartbeatMs(plan), to: now };
    // alarms of a history that is younger than their windows were made with its first check, and warm up
    const created = first < wanted - lookback + HOUR_MS ? {} : { created: first };
    return await replayPlan({
      ...quietSettings(environment, { range, quiet: measured.quiet }),
      ...created,
      plan,
      range,
      seriesOf: (server) => measured.seriesOf(server, range),
    });
  } finally {
    measured.close();
  }
}

/** Who was told nothing and what was charged to nobody: by the catalog, and by mutes where they are known. */
function quietSettings(
  environment: Environment,
  { range, quiet }: { readonly range: TimeRange; readonly quiet: Measured["quiet"] },
): Pick<ReplaySettings, "quietOf" | "excludedOf"> {
  if (quiet === undefined) return maintenanceSettings(environment, range);
  const charged = { from: range.from - longestWindowMs(environment), to: range.to };
  return {
    quietOf: (composite) => quiet.quiet(composite, range),
    excludedOf: (server) => quiet.exclusions(server, charged),
  };
}

/** How long the heartbeats look back, in milliseconds. */
function heartbeatMs({ servers }: Plan): number {
  return leadMs(servers.flatMap(({ alarms }) => alarms.filter(({ family }) => family === "heartbeat")));
}

/** The library of the folder that the command is run in, and any file besides. */
function traceSource(): CatalogSource {
  const catalog = localCatalog();
  return {
    ...catalog,
    read: (path) => (existsSync(resolve(path)) ? readBytes(resolve(path)).toString("utf8") : undefined),
  };
}

function only(report: ReplayReport, server: string): ReplayReport {
  return {
    ...report,
    incidents: report.incidents.filter((incident) => incident.server === server),
    servers: report.servers.filter((summary) => summary.server === server),
  };
}
