import { usageError } from "../../catalog/errors.ts";
import type { Shard } from "../../catalog/run-schedule.ts";
import { dynamoBreakerStore, loadDynamoDb } from "./dynamodb.ts";
import { type BreakerStore, fileBreakerStore } from "./state.ts";

const DYNAMODB = "dynamodb:";

export interface BreakerStoreInput {
  readonly environment: string;
  /** @default the whole roster */
  readonly shard?: Shard | undefined;
  /** Takes one line about state that cannot be read or kept. */
  readonly tell: (problem: string) => void;
}

/**
 * The store that `ROLLCALL_BREAKERS` names: `dynamodb:<table>` with an item for each environment and shard, else the
 * path of a file. Throws a RollcallError (usage) when no table can have that name.
 */
export function openBreakerStore(
  place: string,
  { environment, shard, tell }: BreakerStoreInput,
): BreakerStore {
  if (!place.startsWith(DYNAMODB)) return fileBreakerStore(place, tell);
  const table = place.slice(DYNAMODB.length);
  if (!/^[\w.-]{3,255}$/.test(table))
    throw usageError({
      place: "ROLLCALL_BREAKERS",
      rule: `${JSON.stringify(table)} is no name of a DynamoDB table`,
      cure: "write one such as dynamodb:rollcall-production-probe-state, or the path of a file",
    });
  const part = shard === undefined ? "" : `#${shard.shard}/${shard.of}`;
  return dynamoBreakerStore({ table, key: `breakers#${environment}${part}`, tell });
}

/** Loads now what `openBreakerStore` of that place would load in its first run. Never throws. */
export async function prepareBreakerStore(place: string | undefined): Promise<void> {
  // the store itself tells what is missing
  if (place?.startsWith(DYNAMODB) === true) await loadDynamoDb().catch(() => undefined);
}
