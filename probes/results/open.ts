import { usageError } from "../../catalog/errors.ts";
import type { Shard } from "../../catalog/run-schedule.ts";
import type { Roster } from "../../catalog/target.ts";
import { loadDynamoDb } from "../breaker/dynamodb.ts";
import type { Sink } from "../sinks/sink.ts";
import { dynamoResults, resultsKey } from "./dynamodb.ts";

const DYNAMODB = "dynamodb:";

/**
 * Where `ROLLCALL_RESULTS` has the last results kept for the status pages: `dynamodb:<table>`, with an item for each
 * shard. Throws a RollcallError (usage) when it names anything else.
 */
export function openResults(
  place: string,
  input: {
    readonly roster: Roster;
    /** @default the whole roster */
    readonly shard?: Shard | undefined;
    /** Takes one line about results that cannot be kept. */
    readonly tell: (problem: string) => void;
  },
): Sink {
  const { roster, shard = { shard: 1, of: 1 }, tell } = input;
  const table = place.startsWith(DYNAMODB) ? place.slice(DYNAMODB.length) : "";
  if (!/^[\w.-]{3,255}$/.test(table))
    throw usageError({
      place: "ROLLCALL_RESULTS",
      rule: `${JSON.stringify(place)} is no place for results`,
      cure: "write one such as dynamodb:rollcall-production-probe-state",
    });
  const servers = new Set(roster.targets.map(({ server }) => server));
  return dynamoResults({ table, key: resultsKey(shard), servers, shared: shard.of > 1, tell });
}

/** Loads now what `openResults` of that place would load in its first run. Never throws. */
export async function prepareResults(place: string | undefined): Promise<void> {
  // the store itself tells what is missing
  if (place?.startsWith(DYNAMODB) === true) await loadDynamoDb().catch(() => undefined);
}
