import { createHash } from "node:crypto";
import { z } from "zod";

/** Name of the object that is written last: a folder without it is no backup. */
export const MANIFEST = "manifest.json";

/** What a backup is made of. `run` is the object that claims the folder. */
export const SOURCES = [
  "run",
  "catalog",
  "contract",
  "servers",
  "desktop",
  "plan",
  "state",
  "history",
  "incidents",
  "configmaps",
] as const;
export type Source = (typeof SOURCES)[number];

/** How the bytes of an object are read again. */
export const FORMATS = ["json", "yaml", "text", "jsonl.gz"] as const;
export type Format = (typeof FORMATS)[number];

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 digest of 64 hexadecimal digits");

const entry = z
  .strictObject({
    key: z.string().min(1).max(1_024),
    versionId: z.string().min(1).max(1_024),
    size: z.int().min(0),
    sha256,
    source: z.enum(SOURCES),
    format: z.enum(FORMATS),
    redacted: z.literal(true).optional().describe("something in it had the shape of a secret and was masked"),
  })
  .readonly();

const absent = z
  .strictObject({
    source: z.enum(SOURCES),
    why: z.enum(["not configured", "failed"]),
    detail: z.string().max(1_000),
  })
  .readonly();

/** `manifest.json`: everything that one run has written, and what it has not. */
export const manifestFile = z
  .strictObject({
    version: z.literal(1),
    environment: z.string().min(1),
    part: z.enum(["cloud", "cluster"]),
    run: z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{6}Z$/, "must be a moment, such as 2026-11-21T020000Z"),
    created: z.iso.datetime(),
    tool: z.string().min(1).describe("version of Rollcall that wrote it"),
    catalog: z
      .string()
      .regex(/^[0-9a-f]{7}$/)
      .describe("identity of the resolved catalog"),
    objects: z.array(entry).readonly(),
    absent: z.array(absent).readonly(),
  })
  .readonly();

export type Manifest = z.infer<typeof manifestFile>;
export type ManifestEntry = z.infer<typeof entry>;
export type Absent = z.infer<typeof absent>;

/** Name of a run's folder: the UTC second in which it began, so that names sort by time. */
export function runName(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replaceAll(":", "")}Z`;
}

/** The moment that a run's name says, in milliseconds; NaN for what is no run. */
export function runTime(run: string): number {
  const [, day, hour, minute, second] = /^(\d{4}-\d{2}-\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(run) ?? [];
  return Date.parse(`${day}T${hour}:${minute}:${second}Z`);
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
