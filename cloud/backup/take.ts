import { messageOf } from "../../catalog/errors.ts";
import { printable } from "../../probes/classify.ts";
import { type Absent, MANIFEST, type Manifest, type ManifestEntry, runName, sha256Of } from "./manifest.ts";
import { CONTENT_TYPES, type Gathered, jsonPiece, type Piece } from "./piece.ts";
import { type BackupStore, TakenError } from "./store.ts";

/** Seconds after the present one that a run may take for its name, when others have begun in the same second. */
const NAMES = 60;

export interface TakeInput {
  readonly store: BackupStore;
  /** Beginning of the keys of this part; ends with a slash. */
  readonly prefix: string;
  readonly environment: string;
  readonly part: Manifest["part"];
  /** Identity of the catalog. */
  readonly catalog: string;
  readonly tool: string;
  readonly sources: readonly Gathered[];
  /** Sources that nobody has configured. */
  readonly absent: readonly Absent[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Writes one backup into a folder of its own, its manifest last. A source that cannot be read costs the others nothing:
 * the manifest says that it is absent.
 * @throws what the bucket says when it takes no objects: then there is no manifest, and no backup.
 */
export async function takeBackup(input: TakeInput): Promise<Manifest> {
  const { store, environment, part, catalog, tool, now } = input;
  const begun = now();
  const { run, entry } = await claim(input, begun);
  const folder = `${input.prefix}${run}/`;
  const objects: ManifestEntry[] = [entry];
  const absent: Absent[] = [...input.absent];
  for (const { source, pieces } of input.sources) {
    try {
      for await (const piece of await pieces()) objects.push(await write(store, folder, piece));
    } catch (error) {
      absent.push({ source, why: "failed", detail: printable(messageOf(error)) });
    }
  }
  const manifest: Manifest = {
    version: 1,
    environment,
    part,
    run,
    created: new Date(now()).toISOString(),
    tool,
    catalog,
    objects,
    absent,
  };
  await store.put({
    key: `${folder}${MANIFEST}`,
    bytes: Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`),
    contentType: CONTENT_TYPES.json,
    onlyNew: true,
  });
  return manifest;
}

/** Bytes of everything that a manifest lists. */
export function bytesOf({ objects }: Pick<Manifest, "objects">): number {
  return objects.reduce((sum, { size }) => sum + size, 0);
}

/** The first name that nobody has: two runs that begin in the same second get a folder each. */
async function claim(
  { store, prefix, environment, part, tool }: TakeInput,
  begun: number,
): Promise<{ readonly run: string; readonly entry: ManifestEntry }> {
  const marker = { environment, part, tool, begun: new Date(begun).toISOString() };
  for (let later = 0; later < NAMES; later += 1) {
    const run = runName(begun + later * 1_000);
    try {
      return { run, entry: await write(store, `${prefix}${run}/`, jsonPiece("run", "run.json", marker)) };
    } catch (error) {
      if (!(error instanceof TakenError)) throw error;
    }
  }
  throw new Error(`${store.place(prefix)} has a run in each of the ${NAMES} seconds from ${marker.begun}`);
}

async function write(
  store: BackupStore,
  folder: string,
  { path, source, format, bytes, redacted = false }: Piece,
): Promise<ManifestEntry> {
  const key = `${folder}${path}`;
  const { versionId } = await store.put({ key, bytes, contentType: CONTENT_TYPES[format], onlyNew: true });
  return {
    key,
    versionId,
    size: bytes.byteLength,
    sha256: sha256Of(bytes),
    source,
    format,
    ...(redacted ? { redacted } : {}),
  };
}
