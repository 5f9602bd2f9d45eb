import { gunzipSync } from "node:zlib";
import { CreateTableCommand, DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { expect, it } from "vitest";
import { incidentsSource } from "../../cloud/backup/incidents.ts";
import { takeBackup } from "../../cloud/backup/take.ts";
import type { Incident } from "../../cloud/escalation/incident.ts";
import { dynamoIncidents, recordFrom } from "../../cloud/escalation/incidents.ts";
import { escalationMachine } from "../../plan/escalation-machine.ts";
import { memoryBackups } from "../support/memory-backups.ts";
import { describeWithMinistack } from "../support/ministack.ts";

// The table is written as it is in AWS: by the escalation's own store, and by the call that stands in its state machine.

const TABLE = "incidents";
const TASK = "AAAAKgAAAAIAAAA";
const INCIDENT: Incident = {
  id: "0123456789abcdef0123456789abcdef",
  environment: "production",
  alarm: "production-task-mcp-down",
  server: "task-mcp",
  kind: "page",
  severity: "critical",
  escalation: "standard",
  escalates: true,
  text: "task-mcp does not answer",
  reason: "Threshold Crossed",
  at: "2026-11-22T01:00:00.000Z",
  drill: false,
  fast: false,
};

/** The call by which an execution leaves its token in an incident's item, as the definition of the machine has it. */
function waitingFor(token: string, table: string): UpdateItemCommand {
  const machine = escalationMachine({
    escalations: [],
    fallback: "standard",
    notifierArn: "arn:aws:lambda:eu-west-1:123456789012:function:notifier",
    table,
    keepDays: 30,
  }) as { readonly States: Readonly<Record<string, { readonly Arguments?: Parked }>> };
  const parked = Object.values(machine.States).find((one) =>
    one.Arguments?.UpdateExpression?.includes(":task"),
  );
  return new UpdateItemCommand({
    TableName: table,
    Key: { key: { S: INCIDENT.id } },
    UpdateExpression: parked?.Arguments?.UpdateExpression,
    ExpressionAttributeValues: { ":task": { S: token }, ":expires": { N: "1" } },
  });
}

interface Parked {
  readonly UpdateExpression?: string;
}

describeWithMinistack(
  "the incidents in a backup",
  (ministack) => {
    it("hold no token of an execution, and no secret that somebody wrote into a note", async () => {
      const credentials = { accessKeyId: "test", secretAccessKey: "test" };
      const config = { endpoint: ministack().endpoint, region: "eu-west-1", credentials };
      const dynamodb = new DynamoDBClient(config);
      await dynamodb.send(
        new CreateTableCommand({
          TableName: TABLE,
          BillingMode: "PAY_PER_REQUEST",
          KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
          AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
        }),
      );
      const secret = `ghp_${"a1B2".repeat(9)}`;
      const incidents = dynamoIncidents({ table: TABLE, keepDays: 30, client: config });
      await incidents.open(INCIDENT);
      const by = { by: "ada", level: "L1", at: INCIDENT.at, note: `restarted with ${secret}` };
      await incidents.acknowledge(INCIDENT.id, by);
      await dynamodb.send(waitingFor(TASK, TABLE));
      expect((await incidents.find(INCIDENT.id))?.task).toBe(TASK);

      const store = memoryBackups();
      const { objects } = await takeBackup({
        ...{ store, prefix: "production/", environment: "production", part: "cloud", catalog: "0123456" },
        ...{ tool: "0.1.0", absent: [], sources: [incidentsSource(dynamodb, TABLE)], now: Date.now },
      });
      const entry = objects.find(({ source }) => source === "incidents");
      expect(entry?.redacted).toBe(true);
      const packed = await store.get({ key: entry?.key ?? "", maxBytes: 1e6 });
      const text = gunzipSync(packed ?? Buffer.alloc(0)).toString("utf8");
      expect(text).not.toContain(TASK);
      expect(text).not.toContain(secret);
      const acknowledged = { ...by, note: "restarted with …" };
      expect(recordFrom(JSON.parse(text))).toMatchObject({ incident: INCIDENT, acknowledged, task: null });
    });
  },
  { services: ["dynamodb"] },
);
