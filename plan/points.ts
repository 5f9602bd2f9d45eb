import type { Environment, Server } from "../catalog/types.ts";
import { legalPeriod } from "./periods.ts";

/** Latency and thresholds are judged over blocks of this many probe periods, so that a percentile means something. */
const BLOCK_PERIODS = 15;

/** Length in seconds of one point of a server's alarms: never shorter than the time between its probes. */
export function pointSeconds(environment: Environment, server: Server): number {
  return legalPeriod(Math.max(environment.resolutionSeconds, server.probe.every / 1_000));
}

/** Length in seconds of one block of points, over which a value is judged and not a verdict. */
export function blockSeconds(environment: Environment, server: Server): number {
  return legalPeriod(pointSeconds(environment, server) * BLOCK_PERIODS);
}
