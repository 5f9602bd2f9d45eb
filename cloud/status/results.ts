import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { CheckResult } from "../../probes/result.ts";
import { resultsKey } from "../../probes/results/dynamodb.ts";
import { unpackResults } from "../../probes/results/packed.ts";
import { batchGet } from "./batch-get.ts";

/** What is read of the table. */
export const RESULT_ATTRIBUTES = ["key", "body"] as const;

/** The last result of every server, from the items that the probe writes: one a shard. Rejects as the SDK does. */
export async function readResults(
  client: DynamoDBClient,
  { table, shards }: { readonly table: string; readonly shards: number },
): Promise<CheckResult[]> {
  const keys = Array.from({ length: shards }, (_, index) => resultsKey({ shard: index + 1, of: shards }));
  const items = await batchGet(client, { table, keys, attributes: RESULT_ATTRIBUTES });
  return items.flatMap(({ body }) => unpacked(body?.B));
}

/** A part that cannot be read is as one that is not there: its servers are unknown, and the others are not. */
function unpacked(body: Uint8Array | undefined): CheckResult[] {
  try {
    return body === undefined ? [] : unpackResults(body);
  } catch {
    return [];
  }
}
