import { type BackupStore, type StoredVersion, TakenError, TooLargeError } from "../../cloud/backup/store.ts";

interface Stored extends StoredVersion {
  readonly bytes: Uint8Array;
}

/** A bucket in memory whose versions can be broken from behind, as no call of S3 would. */
export interface MemoryBackups extends BackupStore {
  /** Replaces the bytes of a version without making a new one; undefined takes it away. */
  tamper(key: string, change: (bytes: Uint8Array) => Uint8Array | undefined): void;
  /** Puts a delete marker over a key. */
  mark(key: string): void;
}

export function memoryBackups(name = "backups"): MemoryBackups {
  // oldest first; S3 lists a key's versions with the newest first
  let all: readonly Stored[] = [];
  let count = 0;
  const place = (key: string): string => `s3://${name}/${key}`;
  const latest = (key: string): Stored | undefined => {
    const last = all.findLast((one) => one.key === key);
    return last?.deleted === true ? undefined : last;
  };
  const add = (key: string, bytes: Uint8Array, deleted: boolean): string => {
    count += 1;
    const versionId = `v${count}`;
    all = [...all, { key, versionId, bytes, size: bytes.byteLength, deleted }];
    return versionId;
  };
  const keysBelow = (prefix: string): string[] =>
    [...new Set(all.map(({ key }) => key))]
      .filter((key) => key.startsWith(prefix) && latest(key) !== undefined)
      .sort((a, b) => (a < b ? -1 : 1));
  return {
    place,
    put: async ({ key, bytes, onlyNew = false }) => {
      if (onlyNew && latest(key) !== undefined) throw new TakenError(place(key));
      return { versionId: add(key, bytes, false) };
    },
    get: async ({ key, versionId, maxBytes }) => {
      const found =
        versionId === undefined
          ? latest(key)
          : all.find((one) => one.key === key && one.versionId === versionId && !one.deleted);
      if (found !== undefined && found.bytes.byteLength > maxBytes)
        throw new TooLargeError(place(key), { bytes: found.bytes.byteLength, maxBytes });
      return found?.bytes;
    },
    folders: async (prefix) => [
      ...new Set(
        keysBelow(prefix).flatMap((key) => {
          const rest = key.slice(prefix.length);
          return rest.includes("/") ? [rest.slice(0, rest.indexOf("/"))] : [];
        }),
      ),
    ],
    keys: async (prefix) => keysBelow(prefix),
    versions: async (prefix) => all.filter(({ key }) => key.startsWith(prefix)).toReversed(),
    tamper: (key, change) => {
      all = all.flatMap((one) => {
        if (one.key !== key || one.deleted) return [one];
        const bytes = change(one.bytes);
        return bytes === undefined ? [] : [{ ...one, bytes }];
      });
    },
    mark: (key) => {
      add(key, new Uint8Array(), true);
    },
  };
}
