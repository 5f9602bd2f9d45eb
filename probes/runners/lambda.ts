import { fileURLToPath } from "node:url";
import { usageError } from "../../catalog/errors.ts";
import type { Shard } from "../../catalog/run-schedule.ts";
import { prepareBreakerStore } from "../breaker/open.ts";
import { prepareResults } from "../results/open.ts";
import type { RosterSummary } from "./run.ts";
import { createRunner, type Runner, type RunnerInput } from "./runner.ts";

/** The part of Lambda's context that a run needs. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

export type LambdaHandler = (event: unknown, context?: LambdaContext) => Promise<RosterSummary>;

/** The most parts that one roster is spread over. */
const MAX_SHARDS = 1_000;

// a process that starts has a whole processor; once it runs, one at 256 MB has a seventh, and loading takes seconds
await prepareBreakerStore(process.env.ROLLCALL_BREAKERS);
await prepareResults(process.env.ROLLCALL_RESULTS);

/** The probe Lambda: checks the due servers of its roster, or of the part of it that the event names. */
export const handler: LambdaHandler = createHandler({
  rosterPath: process.env.ROLLCALL_ROSTER ?? fileURLToPath(new URL("roster.json", import.meta.url)),
  env: process.env,
  write: (text) => process.stdout.write(text),
  tell: (problem) => process.stderr.write(`${problem}\n`),
});

/**
 * A handler whose runner, one for each part of the roster, is made by the first call that needs it and kept
 * for the next ones, as long as Lambda keeps the process. Rejects, so that the call counts as an error of the function, when the roster or the event cannot
 * be used.
 */
export function createHandler(input: RunnerInput): LambdaHandler {
  // each part has breakers of its own
  const made = new Map<string, Promise<Runner>>();
  return async (event, context) => {
    const shard = shardOf(event);
    const part = JSON.stringify(shard ?? null);
    const making = made.get(part) ?? createRunner({ ...input, shard, place: "aws" });
    made.set(part, making);
    const runner = await making.catch((error: unknown) => {
      made.delete(part);
      throw error;
    });
    const remaining = context?.getRemainingTimeInMillis();
    return runner.run({ deadline: remaining === undefined ? undefined : Date.now() + remaining });
  };
}

/** `{ "shard": 1, "of": 4 }` of an event; undefined where it names neither. */
function shardOf(event: unknown): Shard | undefined {
  if (typeof event !== "object" || event === null) return undefined;
  const shard: unknown = "shard" in event ? event.shard : undefined;
  const of: unknown = "of" in event ? event.of : undefined;
  if (shard === undefined && of === undefined) return undefined;
  if (isCount(shard) && isCount(of) && shard <= of && of <= MAX_SHARDS) return { shard, of };
  throw usageError({
    place: "event",
    rule: `shard ${JSON.stringify(shard)} of ${JSON.stringify(of)} is no part of a roster`,
    cure: 'write whole numbers, such as { "shard": 1, "of": 4 }, or neither for the whole roster',
  });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}
