/** One version of an object, or the mark that it was deleted. */
export interface StoredVersion {
  readonly key: string;
  readonly versionId: string;
  readonly deleted: boolean;
  /** Bytes; 0 for a mark. */
  readonly size: number;
}

/** A bucket whose versions are kept, as far as backups use one. */
export interface BackupStore {
  /** Address of a key for messages, such as `s3://bucket/key`. */
  place(key: string): string;
  /**
   * Writes an object; the bytes are compared with their SHA-256 where they arrive.
   * @throws TakenError when `onlyNew` is asked for and the key has an object already.
   */
  put(object: {
    readonly key: string;
    readonly bytes: Uint8Array;
    readonly contentType: string;
    readonly onlyNew?: boolean;
  }): Promise<{ readonly versionId: string }>;
  /** One version of an object; undefined where there is none. @throws TooLargeError beyond `maxBytes`. */
  get(object: {
    readonly key: string;
    readonly versionId?: string;
    readonly maxBytes: number;
  }): Promise<Uint8Array | undefined>;
  /** Folders directly below a prefix, without it and without the slash, sorted. */
  folders(prefix: string): Promise<readonly string[]>;
  /** Keys below a prefix, sorted. */
  keys(prefix: string): Promise<readonly string[]>;
  /** Every version and every mark below a prefix. */
  versions(prefix: string): Promise<readonly StoredVersion[]>;
}

/** A key that was to be new has an object already. */
export class TakenError extends Error {
  constructor(place: string) {
    super(`${place} exists already`);
    this.name = "TakenError";
  }
}

/** An object is larger than whoever reads it can hold. */
export class TooLargeError extends Error {
  constructor(place: string, limit: { readonly bytes: number; readonly maxBytes: number }) {
    super(`${place} has ${limit.bytes} bytes, more than the ${limit.maxBytes} that are read`);
    this.name = "TooLargeError";
  }
}
