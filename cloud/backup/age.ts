import { runTime } from "./manifest.ts";
import type { BackupStore } from "./store.ts";

/**
 * Seconds since the last verified restore; where there was none, since the oldest backup, which nobody has ever
 * restored. 0 where there is no backup yet: that is another metric's business.
 */
export async function verifiedAgeSeconds(input: {
  readonly backups: BackupStore;
  readonly prefix: string;
  readonly scratch: BackupStore;
  readonly records: string;
  readonly now: number;
}): Promise<number> {
  const { backups, prefix, scratch, records, now } = input;
  const verified = (await scratch.keys(records)).map((key) => runTime(key.slice(records.length)));
  const last = verified.filter((at) => !Number.isNaN(at)).at(-1);
  const since = last ?? (await oldestRun(backups, prefix)) ?? now;
  return Math.max(0, Math.round((now - since) / 1_000));
}

/** When the oldest backup began, in milliseconds since 1970. */
export async function oldestRun(backups: BackupStore, prefix: string): Promise<number | undefined> {
  return (await backups.folders(prefix)).map(runTime).find((at) => !Number.isNaN(at));
}
