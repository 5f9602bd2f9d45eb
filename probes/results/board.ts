import type { CheckResult, Observation, Status } from "../result.ts";
import type { Sink } from "../sinks/sink.ts";

/** How many changes of a verdict are kept. */
const CHANGES = 200;
/** Changes of one millisecond have ids of their own. */
const IDS_A_MS = 1_000;

/** A server whose verdict is another one than before. */
export interface Change {
  readonly type: "status";
  readonly at: string;
  readonly server: string;
  /** Null where this is the first result. */
  readonly from: Status | null;
  readonly to: Status;
  readonly result: CheckResult;
}

/** A change with its id, which grows with time even over a restart. */
export interface NumberedChange {
  readonly id: number;
  readonly event: Change;
}

/** The last result of every server, and how verdicts have changed lately, in memory. */
export class ResultBoard implements Sink {
  readonly #last = new Map<string, CheckResult>();
  readonly #changes: NumberedChange[] = [];
  readonly #now: () => number;

  constructor({
    now = Date.now,
  }: { /** Milliseconds since the epoch. @default Date.now */ readonly now?: () => number } = {}) {
    this.#now = now;
  }

  publish({ result }: Pick<Observation, "result">): void {
    const { server, status } = result;
    const before = this.#last.get(server);
    // checks of one server may end in another order than they began
    if (before !== undefined && before.checkedAt > result.checkedAt) return;
    this.#last.set(server, result);
    if (before?.status !== status) this.#note({ before, result });
  }

  async flush(): Promise<void> {
    // nothing leaves the process
  }

  /** The last result of each server, in the order of their names. */
  results(): readonly CheckResult[] {
    return [...this.#last.values()].toSorted((one, other) => (one.server < other.server ? -1 : 1));
  }

  /** The newest 200, oldest first. */
  changes(): readonly NumberedChange[] {
    return this.#changes;
  }

  #note({
    before,
    result,
  }: {
    readonly before: CheckResult | undefined;
    readonly result: CheckResult;
  }): void {
    const at = this.#now();
    const id = Math.max(at * IDS_A_MS, (this.#changes.at(-1)?.id ?? 0) + 1);
    const { server, status: to } = result;
    const from = before?.status ?? null;
    this.#changes.push({
      id,
      event: { type: "status", at: new Date(at).toISOString(), server, from, to, result },
    });
    if (this.#changes.length > CHANGES) this.#changes.shift();
  }
}
