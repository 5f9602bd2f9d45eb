import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { IncidentRecord } from "../escalation/incident.ts";
import { pointerOf, recordFrom } from "../escalation/incidents.ts";
import { batchGet } from "./batch-get.ts";

/** What is read of the table: never the token of the execution that waits for an acknowledgement. */
export const INCIDENT_ATTRIBUTES = ["key", "incident", "sent", "acknowledged", "recovered"] as const;

/** The newest incident of each of these alarms that has had one. Rejects as the SDK does. */
export async function readIncidents(
  client: DynamoDBClient,
  { table, alarms }: { readonly table: string; readonly alarms: readonly string[] },
): Promise<IncidentRecord[]> {
  const attributes = INCIDENT_ATTRIBUTES;
  const pointers = await batchGet(client, { table, keys: alarms.map(pointerOf), attributes });
  const ids = [...new Set(pointers.flatMap(({ incident }) => incident?.S ?? []))];
  const items = await batchGet(client, { table, keys: ids, attributes });
  return items.flatMap((item) => recordFrom(item) ?? []);
}
