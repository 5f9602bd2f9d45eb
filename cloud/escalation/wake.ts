import { SendTaskSuccessCommand, SFNClient, type SFNClientConfig } from "@aws-sdk/client-sfn";
import { LIMITS } from "./limits.ts";

/** Tells the execution that waits with this token what has happened. */
export type Wake = (
  task: string | null,
  answer: { readonly kind: "acknowledged" | "recovered" },
) => Promise<void>;

/**
 * Nobody waits with that token any more: the execution has gone on, and finds what happened in the table before it
 * waits again.
 */
const GONE_ON = new Set(["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"]);

/** Wakes an execution of Step Functions; rejects only where it may still be asleep. */
export function wakeByToken(config: SFNClientConfig = {}): Wake {
  const client = new SFNClient({ ...LIMITS, ...config });
  return async (task, answer) => {
    if (task === null) return;
    try {
      await client.send(new SendTaskSuccessCommand({ taskToken: task, output: JSON.stringify(answer) }));
    } catch (error) {
      if (!(error instanceof Error && GONE_ON.has(error.name))) throw error;
    }
  };
}
