import type { CheckTarget } from "../../catalog/target.ts";
import { printable } from "../classify.ts";
import { emptyMcp } from "../mcp-path.ts";
import { emptyRest } from "../rest.ts";
import type { Observation } from "../result.ts";

/** What is left to a run for its end: the last lines and what sinks have not sent yet. */
export const RESERVE_MS = 2_000;

/** The moment at which a run no longer waits for its checks. */
export interface CutOff {
  /** Milliseconds since the epoch; infinite where the run has all the time it needs. */
  readonly at: number;
  /** Aborts at that moment. */
  readonly signal: AbortSignal;
  /** Resolves at that moment. */
  readonly reached: Promise<void>;
  /** The run has ended by itself. */
  cancel(): void;
}

/** Two seconds before a deadline (milliseconds since the epoch), or when the runner is told to stop. */
export function startCutOff({
  deadline = Number.POSITIVE_INFINITY,
  stop,
  now,
}: {
  readonly deadline?: number | undefined;
  readonly stop?: AbortSignal | undefined;
  readonly now: () => number;
}): CutOff {
  const at = deadline - RESERVE_MS;
  const controller = new AbortController();
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  const cut = (): void => {
    controller.abort(new DOMException("the run has ended", "AbortError"));
    resolve();
  };
  const timer = Number.isFinite(at) ? setTimeout(cut, Math.max(0, at - now())) : undefined;
  stop?.addEventListener("abort", cut, { once: true });
  if (stop?.aborted === true) cut();
  return {
    at,
    signal: controller.signal,
    reached,
    cancel() {
      clearTimeout(timer);
      stop?.removeEventListener("abort", cut);
    },
  };
}

/**
 * An observation that says nothing about the server: `unknown`, so that no budget is charged for what the
 * runner did not see.
 */
export function withoutVerdict(
  { server }: Pick<CheckTarget, "server">,
  { startedAt, now, why }: { readonly startedAt: number; readonly now: number; readonly why: string },
): Observation {
  const silent = { outcome: "skipped", failureClass: null, detail: printable(why) } as const;
  return {
    result: {
      server,
      status: "unknown",
      finding: null,
      checkedAt: new Date(startedAt).toISOString(),
      durationMs: Math.max(0, Math.round(now - startedAt)),
      mcp: emptyMcp(silent),
      rest: emptyRest(silent),
      dependencies: [],
      replicas: [],
      credentialExpiresAt: null,
      attempts: [],
    },
    mcpMs: null,
    restMs: null,
    missingTools: [],
  };
}
