import { siteOf } from "../plan/status.ts";
import type { CheckResult } from "../probes/result.ts";
import type { Monitor } from "./monitor.ts";
import type { StatusView } from "./status-view.ts";

/** What the status API shows of a monitor. */
export function localView(monitor: Monitor): StatusView {
  const { desk, fleet, store, startedAt } = monitor;
  return {
    site: siteOf(monitor.plan, "local"),
    read: async () => ({
      at: Date.now(),
      result: (server) => current(monitor, server),
      pid: (server) => fleet.pidOf(server),
      alarm: (name) => desk.stateOf(name),
      knowsAlarms: true,
      quiet: monitor.quietNow(),
      history: store.extent(),
      startedAt,
    }),
    events: async (after, limit) => store.events(after, limit),
  };
}

/** The newest result of this run: what the history says of yesterday is not how a server is now. */
function current(monitor: Monitor, name: string): CheckResult | undefined {
  const result = monitor.latest(name);
  return result !== undefined && Date.parse(result.checkedAt) >= monitor.startedAt ? result : undefined;
}
