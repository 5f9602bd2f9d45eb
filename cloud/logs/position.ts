const SECOND = 1_000_000_000n;
const MILLISECOND = 1_000_000n;

/**
 * How far the lines of one container were read. The API takes up again at a whole second (`sinceTime`), so lines come
 * twice: those up to the last one that was read are passed over. Where the order of their times is not the order of the
 * lines, one may come twice, and none is lost.
 */
export class Position {
  /** Time of the last line, and how many lines of that time came in its second. */
  #last: { readonly at: bigint; readonly times: number } | null = null;
  /** Lines of the last line's time that are still to be passed over; null when nothing is. */
  #again: number | null = null;
  readonly #sinceMs: number | null;

  /** Begins at a moment (milliseconds since 1970), or with the first line that there is. */
  constructor(sinceMs: number | null) {
    this.#sinceMs = sinceMs;
  }

  /** What the API is asked for, `2026-11-21T10:00:00Z`; null for everything. A new request begins here. */
  resume(): string | null {
    this.#again = this.#last === null ? null : this.#last.times;
    const ms = this.#last === null ? this.#sinceMs : Number((this.#last.at / SECOND) * 1_000n);
    return ms === null ? null : new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
  }

  /** Whether a line of this time is new; if so, it counts as read. */
  isNew(at: bigint): boolean {
    if (this.#again !== null && this.#last !== null) {
      if (at <= this.#last.at) {
        if (at === this.#last.at) this.#again -= 1;
        if (this.#again === 0) this.#again = null;
        return false;
      }
      // the last line is gone, by rotation: what is later than it is new
      this.#again = null;
    }
    this.#last = { at, times: this.#last?.at === at ? this.#last.times + 1 : 1 };
    return true;
  }
}

/** A moment in nanoseconds. */
export function nanoseconds(ms: number): bigint {
  return BigInt(Math.trunc(ms)) * MILLISECOND;
}
