import { type AttributeValue, BatchGetItemCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";

/** Keys of one BatchGetItem (service model). */
const KEYS_A_CALL = 100;
/** A table that gives back nothing new so often is one that throttles. */
const ROUNDS = 5;

/** Items of a table whose partition key is the string `key`, in no order; those that are not there are left out. */
export async function batchGet(
  client: DynamoDBClient,
  query: {
    readonly table: string;
    readonly keys: readonly string[];
    /** The only attributes that are read, the key among them. */
    readonly attributes: readonly string[];
  },
): Promise<Record<string, AttributeValue>[]> {
  const { table, keys, attributes } = query;
  const found: Record<string, AttributeValue>[] = [];
  // `key` is a reserved word, so each has a placeholder
  const ExpressionAttributeNames = Object.fromEntries(attributes.map((name, index) => [`#${index}`, name]));
  const ProjectionExpression = Object.keys(ExpressionAttributeNames).join(", ");
  for (let first = 0; first < keys.length; first += KEYS_A_CALL) {
    let Keys: Record<string, AttributeValue>[] = keys
      .slice(first, first + KEYS_A_CALL)
      .map((key) => ({ key: { S: key } }));
    for (let round = 0; Keys.length > 0; round += 1) {
      if (round === ROUNDS)
        throw new Error(`DynamoDB table ${table} gives back ${Keys.length} items too late`);
      const RequestItems = { [table]: { Keys, ProjectionExpression, ExpressionAttributeNames } };
      const { Responses, UnprocessedKeys } = await client.send(new BatchGetItemCommand({ RequestItems }));
      found.push(...(Responses?.[table] ?? []));
      Keys = UnprocessedKeys?.[table]?.Keys ?? [];
    }
  }
  return found;
}
