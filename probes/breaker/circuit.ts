import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
} from "cockatiel";
import { type Classified, printable } from "../classify.ts";
import { isFailed, type PathVerdict } from "../result.ts";
import type { BreakerPath, BreakerSnapshot } from "./state.ts";

export interface CircuitSettings {
  /** Failed checks in a row that open it; at least 1. */
  readonly failures: number;
  /** Milliseconds from the check that opened it to the trial. */
  readonly restMs: number;
}

/** What a path answered, as far as a circuit counts it. */
export type CircuitVerdict = PathVerdict & { readonly detail: string };

/** One check on its way through a circuit. */
export interface CircuitPass {
  /** What to report instead of asking; null when the path is to be asked. */
  readonly withheld: Classified | null;
  /** Ends the pass. Null when nothing was learnt: then nothing is counted, and a trial is due again. */
  leave(verdict: CircuitVerdict | null): Promise<void>;
}

/**
 * cockatiel measures the rest by Date.now(). Here the clock is passed in and may be set back, so the rest is
 * measured by `enter`, and whatever reaches the policy is let through.
 */
const REST_IS_MEASURED_HERE = Number.NEGATIVE_INFINITY;

/**
 * The circuit breaker of one path of one server. cockatiel's policy counts the failures and holds the state;
 * the circuit keeps what a policy does not: when, how often and with which failure.
 */
export class Circuit {
  readonly #place: { readonly server: string; readonly path: BreakerPath };
  readonly #restMs: number;
  readonly #breaker: ConsecutiveBreaker;
  readonly #policy: CircuitBreakerPolicy;
  #known: boolean;
  #trial: boolean;
  #learning: Promise<void> = Promise.resolve();
  #openedAt: number | null;
  #restingSince: number | null;
  #recoveryAttempts: number;
  #last: Classified | null;

  constructor({
    server,
    path,
    settings,
    snapshot,
  }: {
    readonly server: string;
    readonly path: BreakerPath;
    readonly settings: CircuitSettings;
    /** A trial that was under way when it was taken is lost, and due again. @default closed */
    readonly snapshot?: BreakerSnapshot;
  }) {
    this.#place = { server, path };
    this.#restMs = settings.restMs;
    this.#known = snapshot !== undefined;
    this.#trial = false;
    this.#openedAt = snapshot?.openedAt ?? null;
    this.#restingSince = snapshot?.restingSince ?? null;
    this.#recoveryAttempts = snapshot?.recoveryAttempts ?? 0;
    this.#last = snapshot?.last ?? null;
    this.#breaker = new ConsecutiveBreaker(settings.failures);
    this.#policy = circuitBreaker(
      handleWhenResult((verdict) => isFailed(verdict as PathVerdict)),
      {
        breaker: this.#breaker,
        halfOpenAfter: REST_IS_MEASURED_HERE,
        initialState: snapshot === undefined ? undefined : policyState(snapshot),
      },
    );
  }

  /** Begins a check at `at`, in milliseconds since the epoch. */
  enter(at: number): CircuitPass {
    if (this.#openedAt === null)
      return { withheld: null, leave: (verdict) => this.#inTurn(() => this.#count(verdict, at)) };
    if (this.#trial || !this.#isRested(at))
      return { withheld: this.#withheld(this.#openedAt), leave: () => Promise.resolve() };
    this.#trial = true;
    this.#recoveryAttempts += 1;
    return { withheld: null, leave: (verdict) => this.#inTurn(() => this.#endTrial(verdict, at)) };
  }

  /** Null for a path that was never counted. */
  snapshot(): BreakerSnapshot | null {
    if (!this.#known) return null;
    const open = this.#trial ? "half-open" : "open";
    return {
      ...this.#place,
      state: this.#openedAt === null ? "closed" : open,
      failures: this.#breaker.state,
      openedAt: this.#openedAt,
      restingSince: this.#restingSince,
      recoveryAttempts: this.#recoveryAttempts,
      last: this.#last,
    };
  }

  /**
   * Verdicts one after the other: the policy changes its state some turns of the event loop after it is told.
   */
  #inTurn(learn: () => Promise<void>): Promise<void> {
    this.#learning = this.#learning.then(learn);
    return this.#learning;
  }

  async #count(verdict: CircuitVerdict | null, at: number): Promise<void> {
    // a check that began before the circuit opened says nothing that the one that opened it did not
    if (verdict === null || verdict.outcome === "skipped" || this.#openedAt !== null) return;
    await this.#learn(verdict, at);
  }

  async #endTrial(verdict: CircuitVerdict | null, at: number): Promise<void> {
    if (verdict !== null && verdict.outcome !== "skipped") await this.#learn(verdict, at);
    this.#trial = false;
  }

  /** Times count from the check's beginning: it may have taken its whole timeout, and checks are regular. */
  async #learn(verdict: CircuitVerdict, at: number): Promise<void> {
    const { failureClass, detail } = verdict;
    await this.#policy.execute(() => verdict);
    const isClosed = this.#policy.state === CircuitState.Closed;
    this.#known = true;
    this.#last = isFailed(verdict) ? { failureClass: failureClass ?? "protocol", detail } : null;
    this.#openedAt = isClosed ? null : (this.#openedAt ?? at);
    this.#restingSince = isClosed ? null : at;
    if (isClosed) this.#recoveryAttempts = 0;
  }

  /** A clock that was set back ends the rest: no path is left alone for longer than `restMs`. */
  #isRested(at: number): boolean {
    const rested = at - (this.#restingSince ?? 0);
    return rested < 0 || rested >= this.#restMs;
  }

  #withheld(openedAt: number): Classified {
    const { failureClass, detail } = this.#last ?? { failureClass: "protocol", detail: "" };
    const trialAt = iso((this.#restingSince ?? openedAt) + this.#restMs);
    const next = this.#trial ? "a trial is under way" : `next trial at ${trialAt}`;
    return {
      failureClass,
      detail: printable(`breaker open since ${iso(openedAt)}, ${next}; last: ${detail}`),
    };
  }
}

/** The shape of cockatiel's `toJSON`; when it opened and how often it tried are kept beside it. */
function policyState({ state, failures }: BreakerSnapshot): unknown {
  const ownState =
    state === "closed"
      ? { value: CircuitState.Closed }
      : { value: CircuitState.Open, openedAt: 0, attemptNo: 1 };
  return { ownState, breakerState: failures };
}

/** A time that was kept in a file may be none that a date can hold. */
function iso(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "an unknown time" : date.toISOString();
}
