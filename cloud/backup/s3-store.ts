import { createHash } from "node:crypto";
import {
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  NoSuchKey,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { type BackupStore, type StoredVersion, TakenError, TooLargeError } from "./store.ts";

/** Of a bucket without versions, whose objects all have the same. */
const NO_VERSION = "null";
/** Two writers at one key, and the one that came second (S3, conditional requests). */
const TAKEN = ["PreconditionFailed", "ConditionalRequestConflict"];
/** What S3 says of a version that never was, or whose id is none. */
const NOT_THERE = ["NoSuchKey", "NoSuchVersion", "NotFound"];

/**
 * One bucket of S3. The client brings region, credentials and how often a call is repeated. A listing comes in pages
 * of S3's thousand keys unless `pageSize` says fewer.
 */
export function s3Store(client: S3Client, bucket: string, pageSize?: number): BackupStore {
  const page = pageSize === undefined ? {} : { MaxKeys: pageSize };
  const place = (key: string): string => `s3://${bucket}/${key}`;
  return {
    place,
    put: async ({ key, bytes, contentType, onlyNew = false }) => {
      try {
        const { VersionId } = await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: bytes,
            ContentType: contentType,
            // S3 refuses what arrives otherwise, and a bucket with a lock takes nothing without a checksum
            ChecksumSHA256: createHash("sha256").update(bytes).digest("base64"),
            ...(onlyNew ? { IfNoneMatch: "*" } : {}),
          }),
        );
        return { versionId: VersionId ?? NO_VERSION };
      } catch (error) {
        throw onlyNew && isNamed(error, TAKEN) ? new TakenError(place(key)) : error;
      }
    },
    get: async ({ key, versionId, maxBytes }) => {
      try {
        const { Body, ContentLength = 0 } = await client.send(
          new GetObjectCommand({
            Bucket: bucket,
            Key: key,
            ...(versionId === undefined ? {} : { VersionId: versionId }),
          }),
        );
        if (ContentLength > maxBytes) {
          Body?.transformToWebStream()
            .cancel()
            .catch(() => undefined);
          throw new TooLargeError(place(key), { bytes: ContentLength, maxBytes });
        }
        return await Body?.transformToByteArray();
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    folders: async (prefix) => {
      const pages = await listed(client, { ...page, Bucket: bucket, Prefix: prefix, Delimiter: "/" });
      return pages
        .flatMap(({ CommonPrefixes = [] }) => CommonPrefixes)
        .flatMap(({ Prefix = "" }) => Prefix.slice(prefix.length, -1))
        .sort();
    },
    keys: async (prefix) => {
      const pages = await listed(client, { ...page, Bucket: bucket, Prefix: prefix });
      return pages.flatMap(({ Contents = [] }) => Contents.flatMap(({ Key }) => Key ?? [])).sort();
    },
    versions: (prefix) => allVersions(client, { ...page, Bucket: bucket, Prefix: prefix }),
  };
}

async function listed(
  client: S3Client,
  input: ListObjectsV2CommandInput,
): Promise<ListObjectsV2CommandOutput[]> {
  const pages: ListObjectsV2CommandOutput[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ ...input, ...(token === undefined ? {} : { ContinuationToken: token }) }),
    );
    pages.push(page);
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return pages;
}

async function allVersions(
  client: S3Client,
  input: ListObjectVersionsCommandInput,
): Promise<StoredVersion[]> {
  const found: StoredVersion[] = [];
  let next: Pick<ListObjectVersionsCommandInput, "KeyMarker" | "VersionIdMarker"> | undefined;
  do {
    const page = await client.send(new ListObjectVersionsCommand({ ...input, ...next }));
    for (const { Key, VersionId, Size } of page.Versions ?? [])
      found.push({ key: Key ?? "", versionId: VersionId ?? NO_VERSION, size: Size ?? 0, deleted: false });
    for (const { Key, VersionId } of page.DeleteMarkers ?? [])
      found.push({ key: Key ?? "", versionId: VersionId ?? NO_VERSION, size: 0, deleted: true });
    const { IsTruncated, NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
    next = IsTruncated === true && KeyMarker !== undefined ? { KeyMarker, VersionIdMarker } : undefined;
  } while (next !== undefined);
  return found;
}

/** A key without an object, a version that is not there, or one that is a delete marker (which S3 refuses to get). */
function isMissing(error: unknown): boolean {
  if (error instanceof NoSuchKey || isNamed(error, NOT_THERE)) return true;
  return isNamed(error, ["MethodNotAllowed"]);
}

function isNamed(error: unknown, names: readonly string[]): boolean {
  return error instanceof S3ServiceException && names.includes(error.name);
}
