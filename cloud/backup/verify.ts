import { gunzipSync } from "node:zlib";
import type { Problem } from "../../catalog/errors.ts";
import { isMap } from "../../catalog/json.ts";
import { parseYaml } from "../../catalog/yaml.ts";
import { FRESH_HOURS } from "../../plan/backups.ts";
import { printable } from "../../probes/classify.ts";
import {
  MANIFEST,
  type Manifest,
  type ManifestEntry,
  manifestFile,
  type Source,
  sha256Of,
} from "./manifest.ts";
import type { StoredVersion } from "./store.ts";

/** Beyond this age a backup is missing. */
export const FRESH_MS = FRESH_HOURS * 3_600_000;
/** Largest size that a packed object may unpack to. */
const MAX_UNPACKED = 256 * 2 ** 20;
const OLDER = "restore an older backup, and find out who wrote here: the job itself writes a key only once";

/** What the manifest of a run must say. */
export interface Expected {
  readonly environment: string;
  readonly part: Manifest["part"];
  readonly run: string;
  /** Beginning of the keys of the run; ends with a slash. */
  readonly folder: string;
  readonly sources: readonly Source[];
  /** The address of a key for messages. */
  readonly place: (key: string) => string;
}

/**
 * What is wrong, by what it means: a fault is an object that is missing or not what was written, so that data may be
 * lost; a lapse is a backup that was not made, is late, or cannot be used, with nothing lost of what was written.
 */
export interface Findings {
  readonly faults: readonly Problem[];
  readonly lapses: readonly Problem[];
}

/** A manifest that can be read, and everything that is wrong with what it says. */
export interface Reading extends Findings {
  readonly manifest: Manifest | undefined;
}

/** Reads a manifest and compares what it says of itself with where it lies and what there must be. */
export function readManifest(bytes: Uint8Array, expected: Expected): Reading {
  const place = expected.place(`${expected.folder}${MANIFEST}`);
  const json = jsonOf(bytes);
  if (json === undefined) return unreadable([problem(place, "is not JSON", OLDER)]);
  const parsed = manifestFile.safeParse(json);
  if (!parsed.success) {
    return unreadable(
      parsed.error.issues.map(({ path, message }) => ({
        ...problem(place, printable(message), OLDER),
        path: printable(path.join(".")),
      })),
    );
  }
  return {
    manifest: parsed.data,
    faults: lies(parsed.data, place, expected),
    lapses: gaps(parsed.data, place, expected),
  };
}

const unreadable = (faults: readonly Problem[]): Reading => ({ manifest: undefined, faults, lapses: [] });

/** Whether what lies in the folder is what the manifest lists: each key once, in one version, and nothing beside it. */
export function compareVersions(
  stored: readonly StoredVersion[],
  manifest: Manifest,
  { folder, place }: Pick<Expected, "folder" | "place">,
): Problem[] {
  const listed = new Map(manifest.objects.map((entry) => [entry.key, entry]));
  const keys = new Set([...stored.map(({ key }) => key), ...listed.keys()]);
  return [...keys].sort().flatMap((key): Problem[] => {
    const versions = stored.filter((one) => one.key === key);
    const own = listed.get(key);
    if (own === undefined && key !== `${folder}${MANIFEST}`)
      return [problem(place(key), "is in no manifest", `find out who wrote it; nothing reads it`)];
    if (
      own !== undefined &&
      !versions.some(({ versionId, deleted }) => versionId === own.versionId && !deleted)
    )
      return [
        problem(place(key), `is missing: the bucket has no version ${printable(own.versionId)} of it`, OLDER),
      ];
    const kept = own?.versionId ?? versions.findLast(({ deleted }) => !deleted)?.versionId ?? "";
    const byVersion = `read version ${printable(kept)}, which is the backup's own, and find out who did this`;
    return [
      ...(versions.some(({ deleted }) => deleted)
        ? [problem(place(key), "was deleted after the backup", byVersion)]
        : []),
      ...(versions.filter(({ deleted }) => !deleted).length > 1
        ? [problem(place(key), "was written over after the backup", byVersion)]
        : []),
    ];
  });
}

/** What is wrong with the bytes of one object, by the first thing that is. */
export function checkObject(entry: ManifestEntry, bytes: Uint8Array | undefined, place: string): Problem[] {
  if (bytes === undefined) return [problem(place, "is missing: its version cannot be read", OLDER)];
  if (bytes.byteLength !== entry.size) {
    const how = bytes.byteLength < entry.size ? "is cut short" : "is too long";
    return [problem(place, `${how}: ${bytes.byteLength} bytes instead of ${entry.size}`, OLDER)];
  }
  const digest = sha256Of(bytes);
  if (digest !== entry.sha256)
    return [problem(place, `is corrupt: its SHA-256 is ${digest}, not ${entry.sha256}`, OLDER)];
  const unreadable = parseProblem(entry, bytes);
  return unreadable === undefined ? [] : [problem(place, unreadable, OLDER)];
}

/** A text as JSON; undefined for what is none. */
export function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

export function problem(place: string, rule: string, cure: string): Problem {
  return { place: printable(place), path: "", rule, cure };
}

/** What the manifest says that cannot be so. */
function lies(manifest: Manifest, place: string, expected: Expected): Problem[] {
  const wrong = (what: string, is: string, should: string): Problem[] =>
    is === should
      ? []
      : [problem(place, `says ${what} ${printable(is)}, and lies where ${should} belongs`, OLDER)];
  const keys = manifest.objects.map(({ key }) => key);
  const strangers = keys.filter((key) => !key.startsWith(expected.folder) || key.includes("/../"));
  const twice = keys.filter((key, index) => keys.indexOf(key) !== index);
  return [
    ...wrong("environment", manifest.environment, expected.environment),
    ...wrong("part", manifest.part, expected.part),
    ...wrong("run", manifest.run, expected.run),
    ...strangers.map((key) => problem(place, `lists ${printable(key)}, which is not of its run`, OLDER)),
    ...twice.map((key) => problem(place, `lists ${printable(key)} twice`, OLDER)),
    ...(keys.includes(`${expected.folder}${MANIFEST}`) ? [problem(place, "lists itself", OLDER)] : []),
  ];
}

/** Sources that a backup of this environment has, and this one has not. */
function gaps({ objects, absent }: Manifest, place: string, { sources }: Expected): Problem[] {
  const failed = absent
    .filter(({ why }) => why === "failed")
    .map(({ source, detail }) =>
      problem(
        place,
        `has no whole ${source}: ${printable(detail)}`,
        "mend that, then start the backup again",
      ),
    );
  const missing = sources.filter(
    (source) =>
      !objects.some((one) => one.source === source) &&
      !absent.some((one) => one.source === source && (one.why === "failed" || source === "contract")),
  );
  return [
    ...failed,
    ...missing.map((source) =>
      problem(
        place,
        `has no ${source}`,
        "start the backup again; if it stays so, the job is not the environment's",
      ),
    ),
  ];
}

function parseProblem({ format }: ManifestEntry, bytes: Uint8Array): string | undefined {
  switch (format) {
    case "json":
      return jsonOf(bytes) === undefined ? "is not JSON" : undefined;
    case "text":
      return undefined;
    case "yaml":
      return isYaml(bytes) ? undefined : "is not YAML";
    case "jsonl.gz":
      return linesProblem(bytes);
  }
}

function isYaml(bytes: Uint8Array): boolean {
  try {
    const { value, problems } = parseYaml("backup", new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isMap(value) && problems.length === 0;
  } catch {
    return false;
  }
}

function linesProblem(bytes: Uint8Array): string | undefined {
  let text: string;
  try {
    text = gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED }).toString("utf8");
  } catch {
    return "cannot be unpacked";
  }
  const bad = text.split("\n").findIndex((line) => line !== "" && jsonOf(Buffer.from(line)) === undefined);
  return bad === -1 ? undefined : `is not JSON in line ${bad + 1}`;
}
