import type { Environment, Server } from "../../catalog/types.ts";
import { formatDuration } from "../../catalog/units.ts";
import { blockSeconds } from "../points.ts";

/** Blocks of points where there is no server that would say how long they are, in seconds. */
const BLOCK_SECONDS = 900;

/** Matchers of a selector, without its braces; names of the catalog need no escaping in them. */
export type Scope = string;

/** The servers that are chosen on a dashboard of all servers. */
export function chosen(environment: Environment): Scope {
  return `environment="${environment.name}",server=~"$server"`;
}

/** One server. */
export function only(environment: Environment, server: string): Scope {
  return `environment="${environment.name}",server="${server}"`;
}

/** Those of a few servers that are chosen on the dashboard. */
export function chosenAmong(environment: Environment, servers: readonly string[]): Scope {
  const matcher = servers.length === 1 ? `server="${servers[0]}"` : `server=~"${servers.join("|")}"`;
  return `${chosen(environment)},${matcher}`;
}

/** A selector: `{environment="production",server="task-mcp",path="mcp"}`. */
export function at(scope: Scope, ...matchers: readonly string[]): string {
  return `{${[scope, ...matchers].join(",")}}`;
}

/** A percentile of a histogram by server, and by what else is kept apart. */
export function quantile(input: {
  readonly of: "mcp_request_duration_seconds" | "mcp_tool_execution_duration_seconds";
  /** Between 0 and 1. */
  readonly share: number;
  readonly selector: string;
  readonly window: string;
  readonly by?: readonly string[];
}): string {
  const { of, share, selector, window, by = ["server"] } = input;
  const buckets = `sum by (${[...by, "le"].join(", ")}) (rate(${of}_bucket${selector}[${window}]))`;
  return `histogram_quantile(${share}, ${buckets})`;
}

/** The window of percentiles and rates: as long as the server's own alarms look at. */
export function windowOf(environment: Environment, server: Server): string {
  return formatDuration(blockSeconds(environment, server) * 1_000);
}

/** The window where servers stand side by side: that of those which are probed most often. */
export function fleetWindow(environment: Environment): string {
  const blocks = environment.servers.map((server) => blockSeconds(environment, server));
  const shortest = blocks.reduce((least, block) => Math.min(least, block), Number.POSITIVE_INFINITY);
  return formatDuration((Number.isFinite(shortest) ? shortest : BLOCK_SECONDS) * 1_000);
}
