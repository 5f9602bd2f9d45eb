import { NOTHING_WITHHELD, type Withheld } from "./breaker/breaker.ts";
import { type Attempt, type CheckResult, isFailed, type Observation } from "./result.ts";

/** How a failed check is repeated. */
export interface Confirmation {
  /** Milliseconds between the end of the first check and the second one; 0 for no second one. */
  readonly confirmMs: number;
  /** Waits so many milliseconds; when it rejects, as at a shutdown, the first check counts. */
  readonly wait: (ms: number) => Promise<void>;
  /** When the runner is stopped: a second check that could not end by then is not begun. @default never */
  readonly deadline?: {
    /** Milliseconds since the epoch. */
    readonly at: number;
    /** The longest that one check takes, in milliseconds. */
    readonly attemptMs: number;
    readonly now: () => number;
  };
  /**
   * Paths that an open breaker leaves alone: their failure is known, and no reason to repeat. @default none
   */
  readonly withheld?: Withheld;
}

/**
 * A check that counts: one whose path failed is repeated once after `confirmMs`, and then the second one
 * counts, whatever it says; the result carries both. One lost packet or one restarting pod is not an outage,
 * and with a check a minute a single false failure would be a whole bad minute of the error budget, while a
 * real outage fails twice and is told `confirmMs` later. More repetitions would hide a server that answers
 * every third request. A refused credential, a skipped path and drift come out the same the second time, and
 * are not repeated.
 */
export async function confirmed(
  once: () => Promise<Observation>,
  confirmation: Confirmation,
): Promise<Observation> {
  const { confirmMs, wait, deadline, withheld = NOTHING_WITHHELD } = confirmation;
  const first = await once();
  if (confirmMs <= 0 || !isDoubtful(first.result, withheld) || !hasTime(deadline, confirmMs)) return first;
  try {
    await wait(confirmMs);
  } catch {
    return first;
  }
  // a timer is late on a busy machine
  if (!hasTime(deadline, 0)) return first;
  const second = await once();
  const attempts = [first, second].map(({ result }) => attemptOf(result));
  return { ...second, result: { ...second.result, attempts } };
}

function isDoubtful({ status, mcp, rest }: CheckResult, withheld: Withheld): boolean {
  if (status !== "unhealthy" && status !== "degraded") return false;
  return (isFailed(mcp) && withheld.mcp === null) || (isFailed(rest) && withheld.rest === null);
}

function hasTime(deadline: Confirmation["deadline"], waitMs: number): boolean {
  return deadline === undefined || deadline.now() + waitMs + deadline.attemptMs <= deadline.at;
}

function attemptOf({ checkedAt, durationMs, status, mcp, rest }: CheckResult): Attempt {
  return { checkedAt, durationMs, status, mcp: verdictIn(mcp), rest: verdictIn(rest) };
}

function verdictIn({ outcome, failureClass, detail }: Attempt["mcp"]): Attempt["mcp"] {
  return { outcome, failureClass, detail };
}
