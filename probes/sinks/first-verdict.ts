import type { Measures } from "../../catalog/metrics.ts";

/** Finds the first observation of each run that came to a verdict. */
export interface FirstVerdicts {
  isFirst(measures: Measures): boolean;
  /** What comes now belongs to the next run. */
  endRun(): void;
}

/**
 * A run is what lies between two flushes. One in which nothing came to a verdict has none: a runner that is started and
 * sees no server says nothing of any.
 */
export function firstVerdicts(): FirstVerdicts {
  let isSeen = false;
  return {
    isFirst(measures) {
      const isFirst = !isSeen && measures.ProbeRuns !== undefined;
      isSeen ||= isFirst;
      return isFirst;
    },
    endRun() {
      isSeen = false;
    },
  };
}
