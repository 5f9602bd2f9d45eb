/** How long a value that was read is given out again: 200 servers with one secret ask for it once a minute. */
const FRESH_MS = 60_000;
/** How long a failure is: short, so that a check after the cure is a check with the secret. */
const FAILED_MS = 5_000;

/** Reads one secret by its name: undefined when there is none. */
export type ReadSecret = (name: string) => Promise<string | undefined>;

/** A secret that exists, or may, and cannot be had. Its message names why, never a value. */
export class UnreadableSecret extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnreadableSecret";
  }
}

interface Entry {
  readonly value: Promise<string | undefined>;
  until: number;
}

/** The same reader with a memory of a minute; who asks while a question is on its way waits for its answer. */
export function shortLived(read: ReadSecret, now: () => number): ReadSecret {
  const entries = new Map<string, Entry>();
  return (name) => {
    const known = entries.get(name);
    if (known !== undefined && now() < known.until) return known.value;
    const entry: Entry = { value: read(name), until: Number.POSITIVE_INFINITY };
    entries.set(name, entry);
    void entry.value.then(
      (value) => {
        entry.until = now() + (value === undefined ? FAILED_MS : FRESH_MS);
      },
      () => {
        entry.until = now() + FAILED_MS;
      },
    );
    return entry.value;
  };
}
