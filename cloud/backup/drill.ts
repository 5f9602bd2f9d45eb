import type { Problem } from "../../catalog/errors.ts";
import {
  MANIFEST,
  type Manifest,
  type ManifestEntry,
  runName,
  runTime,
  type Source,
  sha256Of,
} from "./manifest.ts";
import { CONTENT_TYPES } from "./piece.ts";
import { type BackupStore, type StoredVersion, TooLargeError } from "./store.ts";
import { bytesOf } from "./take.ts";
import {
  checkObject,
  compareVersions,
  type Expected,
  type Findings,
  FRESH_MS,
  problem,
  readManifest,
} from "./verify.ts";
import { checkCatalog } from "./verify-catalog.ts";

/** A run that is younger may still be writing: no function runs longer (Lambda quotas). */
const RUNNING_MS = 15 * 60_000;
/** No object is larger, or a drill could not hold it. */
const MAX_OBJECT = 256 * 2 ** 20;

/** One part of an environment's backups. */
export interface DrillPart {
  readonly part: Manifest["part"];
  /** Beginning of its keys; ends with a slash. */
  readonly prefix: string;
  /** What each backup of it must have. */
  readonly sources: readonly Source[];
}

export interface DrillInput {
  readonly environment: string;
  readonly parts: readonly DrillPart[];
  readonly backups: BackupStore;
  readonly scratch: BackupStore;
  /** Beginning of the keys of what is restored, and of the records of restores that went well. */
  readonly restored: string;
  readonly records: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface DrillResult extends Findings {
  /** Whether nothing at all was found wrong. */
  readonly verified: boolean;
  /** The runs that were restored. */
  readonly runs: readonly string[];
  readonly objects: number;
  readonly bytes: number;
}

/**
 * Restores the latest backup of every part into the scratch bucket and compares it with its manifest. What is wrong is
 * named in the result; a drill that found nothing is recorded.
 * @throws what S3 says when it cannot be asked.
 */
export async function runDrill(input: DrillInput): Promise<DrillResult> {
  const started = runName(input.now());
  const found = [];
  for (const part of input.parts) found.push(await drillPart(input, part, started));
  const result = {
    runs: found.flatMap(({ manifest, folder }) => (manifest === undefined ? [] : [folder])),
    objects: found.reduce((sum, { manifest }) => sum + (manifest?.objects.length ?? 0), 0),
    bytes: found.reduce((sum, { manifest }) => sum + (manifest === undefined ? 0 : bytesOf(manifest)), 0),
  };
  const faults = found.flatMap((one) => one.faults);
  const lapses = found.flatMap((one) => one.lapses);
  const verified = faults.length + lapses.length === 0;
  if (verified) {
    const bytes = Buffer.from(`${JSON.stringify(result)}\n`);
    await input.scratch.put({ key: `${input.records}${started}`, bytes, contentType: CONTENT_TYPES.json });
  }
  return { verified, ...result, faults, lapses };
}

interface PartResult extends Findings {
  readonly folder: string;
  readonly manifest: Manifest | undefined;
}

async function drillPart(input: DrillInput, part: DrillPart, started: string): Promise<PartResult> {
  const { backups, environment, now } = input;
  const runs = (await backups.folders(part.prefix)).filter((run) => !Number.isNaN(runTime(run))).reverse();
  const [faults, lapses]: [Problem[], Problem[]] = [[], []];
  for (const run of runs) {
    const folder = `${part.prefix}${run}/`;
    const stored = await backups.versions(folder);
    // the first one that was written: it is locked, whatever was put over it later
    const own = stored.findLast(({ key, deleted }) => key === `${folder}${MANIFEST}` && !deleted);
    const bytes =
      own === undefined
        ? undefined
        : await backups.get({ key: own.key, versionId: own.versionId, maxBytes: MAX_OBJECT });
    if (bytes === undefined) {
      if (now() - runTime(run) > RUNNING_MS) lapses.push(unfinished(backups.place(folder)));
      continue;
    }
    const expected: Expected = { ...part, environment, run, folder, place: backups.place };
    const reading = readManifest(bytes, expected);
    faults.push(...reading.faults);
    lapses.push(...reading.lapses, ...staleness(run, now(), backups.place(folder)));
    const { manifest } = reading;
    if (manifest === undefined) return { folder, manifest, faults, lapses };
    faults.push(...compareVersions(stored, manifest, expected));
    const restored = await restore(input, { manifest, folder, started, stored });
    faults.push(...restored.faults);
    lapses.push(...restored.lapses);
    return { folder, manifest, faults, lapses };
  }
  const place = backups.place(part.prefix);
  const cure = "start the backup function, and look into its log for what it says";
  lapses.push(problem(place, "holds no complete backup", cure));
  return { folder: part.prefix, manifest: undefined, faults, lapses };
}

/** Reads every object, writes what is whole into the scratch bucket, and goes on with what comes back from there. */
async function restore(
  { backups, scratch, restored }: DrillInput,
  run: {
    readonly manifest: Manifest;
    readonly folder: string;
    readonly started: string;
    readonly stored: readonly StoredVersion[];
  },
): Promise<Findings> {
  const { manifest, folder, started, stored } = run;
  const [faults, lapses]: [Problem[], Problem[]] = [[], []];
  const objects = new Map<string, Uint8Array>();
  for (const entry of manifest.objects) {
    // what is not there has been named, and S3 refuses to say more to whoever may not list the whole bucket
    if (!entry.key.startsWith(folder) || !isStored(stored, entry)) continue;
    const place = backups.place(entry.key);
    const bytes = await read(backups, entry);
    if (bytes instanceof TooLargeError) {
      lapses.push(tooLarge(bytes, place));
      continue;
    }
    const wrong = checkObject(entry, bytes, place);
    faults.push(...wrong);
    if (wrong.length > 0 || bytes === undefined) continue;
    const key = `${restored}${started}/${entry.key}`;
    await scratch.put({ key, bytes, contentType: CONTENT_TYPES[entry.format] });
    const back = await scratch.get({ key, maxBytes: MAX_OBJECT });
    if (back === undefined || sha256Of(back) !== entry.sha256) {
      const cure = "see whether anybody else writes into the scratch bucket, then drill again";
      lapses.push(problem(scratch.place(key), "does not come back as it was restored", cure));
    } else objects.set(entry.key.slice(folder.length), back);
  }
  // a catalog that is not whole has been named already, and would only be named again in other words
  const whole = objects.size === manifest.objects.length;
  if (whole && manifest.part === "cloud")
    lapses.push(...checkCatalog({ manifest, objects, place: (path) => backups.place(`${folder}${path}`) }));
  return { faults, lapses };
}

async function read(
  backups: BackupStore,
  { key, versionId }: ManifestEntry,
): Promise<Uint8Array | TooLargeError | undefined> {
  try {
    return await backups.get({ key, versionId, maxBytes: MAX_OBJECT });
  } catch (error) {
    if (error instanceof TooLargeError) return error;
    throw error;
  }
}

function isStored(stored: readonly StoredVersion[], { key, versionId }: ManifestEntry): boolean {
  return stored.some((one) => one.key === key && one.versionId === versionId && !one.deleted);
}

function tooLarge({ message }: TooLargeError, place: string): Problem {
  return problem(
    place,
    message,
    "give the drill more memory and raise the limit, or find out why it grew so",
  );
}

function unfinished(place: string): Problem {
  const cure = "look into the log of the backup function for that time; the lock lets nobody remove the rest";
  return problem(place, "has no manifest: that backup was never completed", cure);
}

function staleness(run: string, now: number, place: string): Problem[] {
  const age = now - runTime(run);
  if (age <= FRESH_MS) return [];
  const hours = Math.floor(age / 3_600_000);
  const cure = "look into the log of the backup function; start it once what it says is mended";
  return [problem(place, `is the latest backup and ${hours} hours old`, cure)];
}
