import type { Measures } from "../../catalog/metrics.ts";
import type { Observation } from "../result.ts";

/** Where the observations of a runner go. */
export interface Sink {
  /** Takes one observation as its check ends; never throws and never waits. */
  publish(observation: Observation, measures: Measures): void;
  /** Resolves when everything published so far has left the process. Throws when it could not. */
  flush(): Promise<void>;
}

/** The values of `ROLLCALL_SINK`. */
export const SINK_NAMES = ["emf", "api", "prometheus", "log"] as const;
export type SinkName = (typeof SINK_NAMES)[number];

/** The metrics that every store takes: a number that is none, or has no end, is left out. */
export function finite(measures: Measures): [name: string, value: number][] {
  return Object.entries(measures).filter(([, value]) => Number.isFinite(value));
}

/** Where a runner of the probe runs, by which CloudWatch tells the runs of one from those of another. */
export type RunnerPlace = "aws" | "cluster";
