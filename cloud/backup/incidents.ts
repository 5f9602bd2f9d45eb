import { type AttributeValue, type DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { TASK_TOKEN } from "../../plan/escalation-steps.ts";
import { type Gathered, linesPiece } from "./piece.ts";
import { redact } from "./redact.ts";

/** Every item of the table of incidents, in DynamoDB's own JSON, without the tokens that wake the executions. */
export function incidentsSource(client: DynamoDBClient, table: string): Gathered {
  return {
    source: "incidents",
    pieces: async () => {
      const items: unknown[] = [];
      let from: Record<string, AttributeValue> | undefined;
      do {
        const page = await client.send(
          new ScanCommand({ TableName: table, ...(from === undefined ? {} : { ExclusiveStartKey: from }) }),
        );
        items.push(...(page.Items ?? []).map(withoutToken));
        from = page.LastEvaluatedKey;
      } while (from !== undefined);
      const { value, redacted } = redact(JSON.parse(JSON.stringify(items, binaryAsBase64)));
      const piece = linesPiece("incidents", "incidents.jsonl.gz", Array.isArray(value) ? value : []);
      return [{ ...piece, redacted }];
    },
  };
}

/** The token is of use while its execution waits, and of none in a restored table. */
function withoutToken({ [TASK_TOKEN]: _token, ...item }: Record<string, AttributeValue>): unknown {
  return item;
}

/** As DynamoDB itself writes binary attributes; JSON would make an object of numbers of them. */
function binaryAsBase64(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}
