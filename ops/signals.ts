import { constants } from "node:os";

/** Signals that end a command from outside. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Ends the process in order at a signal: servers that it started for a check lie in process groups of their own. */
export function endOnSignals(): void {
  for (const signal of SIGNALS) process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
