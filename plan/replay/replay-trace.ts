import type { Trace } from "../../catalog/trace.ts";
import type { Environment } from "../../catalog/types.ts";
import { withoutSelf } from "../self-alarms.ts";
import type { Plan } from "../types.ts";
import { beginnings, happeningsOf } from "./happenings.ts";
import { replayPlan } from "./replay.ts";
import { leadMs } from "./server-run.ts";
import { maintenanceSettings } from "./settings.ts";
import { assertFits, traceSeries } from "./trace-series.ts";
import type { ReplayReport } from "./types.ts";

/**
 * What the alarms of an environment would do if a trace happened to it, its declared maintenance included.
 * @throws RollcallError (catalog, exit 65) when the trace names a server or a metric that the environment lacks.
 */
export async function replayTrace(input: {
  readonly environment: Environment;
  readonly plan: Plan;
  readonly trace: Trace;
}): Promise<ReplayReport> {
  const { environment, plan, trace } = input;
  assertFits(trace, environment);
  const range = { from: trace.start, to: trace.start + trace.length };
  const names = environment.servers.map(({ name }) => name);
  return replayPlan({
    ...maintenanceSettings(environment, range),
    // a trace happens to servers: of the monitoring itself it says nothing, and silence is no fault there
    plan: { ...plan, fleet: withoutSelf(plan.fleet) },
    range,
    seriesOf: (name) => {
      const server = environment.servers.find((one) => one.name === name);
      const alarms = plan.servers.find((one) => one.server === name)?.alarms ?? [];
      // a trace has no lines of logs, and those are all that belongs to no server
      if (server === undefined) return () => undefined;
      return traceSeries({ environment, server, trace, leadMs: leadMs(alarms) });
    },
    onsetsOf: (name) => beginnings(trace, happeningsOf(trace, name, names)),
  });
}
