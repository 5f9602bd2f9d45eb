/** What happens between two steps of the state machine, made certain by a notifier that lets it happen there. */
import { SFNClient, TestStateCommand } from "@aws-sdk/client-sfn";
import { expect, test } from "vitest";
import { ALARM_SEEN } from "../../plan/escalation-machine.ts";
import { eventually, startEscalation } from "../support/escalation-cloud.ts";
import { escalatorPlan, ladder } from "../support/escalator-plan.ts";
import { describeWithMinistack } from "../support/ministack.ts";

const TIMEOUT = 60_000;
const escalations = [ladder("race", "standard", { L1: 0, L2: 1_000, L3: 2_000 })];

/** Tells nobody, and writes down an acknowledgement before it answers that level 2 was told. */
const ACKNOWLEDGED_WHILE_TELLING = `
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
const client = new DynamoDBClient({});
export async function handler({ act, level, incident }) {
  if (act === "tell" && level === "L2")
    await client.send(new UpdateItemCommand({
      TableName: process.env.ROLLCALL_INCIDENTS,
      Key: { key: { S: incident.id } },
      UpdateExpression: "SET acknowledged = :by",
      ExpressionAttributeValues: { ":by": { S: '{"by":"Ann","level":"L2","at":"","note":""}' } },
    }));
  return { kind: act === "tell" ? "told" : act };
}`;

/** Finds the alarm muted when level 2 is due for the first time. */
const MUTED_ONCE = `
let asked = 0;
export async function handler({ act, level }) {
  if (act !== "tell") return { kind: act };
  return { kind: level === "L2" && asked++ === 0 ? "muted" : "told" };
}`;

describeWithMinistack("between two steps of an escalation", (ministack) => {
  test(
    "an acknowledgement that comes before anybody waits for it is found, and stops the next level",
    async () => {
      const { endpoint } = ministack();
      const plan = escalatorPlan("race", { escalations });
      const cloud = await startEscalation({ endpoint, plan, notifier: ACKNOWLEDGED_WHILE_TELLING });
      const alarm = { AlarmName: "race-page", StateChangeTime: new Date().toISOString() };
      await cloud.deliver({ ...alarm, NewStateValue: "ALARM" });
      await cloud.makeAlarm("race-page");
      await cloud.setAlarm("race-page", "ALARM");
      const [id = ""] = await eventually("one begins", async () => {
        const ids = await cloud.executions();
        return ids.length > 0 ? ids : undefined;
      });
      const { states } = await eventually("it waits for its end", async () => {
        const execution = await cloud.execution(id);
        return execution.states.at(-1) === "Wait for its end" ? execution : undefined;
      });
      expect(states.filter((state) => state === "Tell")).toHaveLength(2);
      expect(states.slice(-4)).toEqual(["What happened?", "Answered?", "Acknowledged", "Wait for its end"]);
    },
    TIMEOUT,
  );

  test(
    "a level that is due while the alarm is muted is not passed over: it is told when its time has passed once more",
    async () => {
      const { endpoint } = ministack();
      const plan = escalatorPlan("muted", {
        escalations: [ladder("muted", "standard", { L1: 0, L2: 1_000, L3: 2_000 })],
      });
      const cloud = await startEscalation({ endpoint, plan, notifier: MUTED_ONCE });
      await cloud.makeAlarm("muted-page");
      await cloud.setAlarm("muted-page", "ALARM");
      const [id = ""] = await eventually("one begins", async () => {
        const ids = await cloud.executions();
        return ids.length > 0 ? ids : undefined;
      });
      const { states } = await eventually("it waits for its end", async () => {
        const execution = await cloud.execution(id);
        return execution.states.at(-1) === "Wait for its end" ? execution : undefined;
      });
      const steps = states.filter((state) => ["Tell", "Look", "Hold back"].includes(state));
      expect(steps).toEqual(["Tell", "Look", "Tell", "Hold back", "Look", "Tell", "Look", "Tell"]);
    },
    TIMEOUT,
  );

  test.each([
    [
      "an alarm that fires",
      { CompositeAlarms: [{ StateValue: "ALARM" }], MetricAlarms: [] },
      { state: "ALARM", suppressed: false },
    ],
    [
      "a suppressed one",
      { CompositeAlarms: [{ StateValue: "ALARM", ActionsSuppressedBy: "Alarm" }], MetricAlarms: [] },
      { state: "ALARM", suppressed: true },
    ],
    ["one that is over", { CompositeAlarms: [{ StateValue: "OK" }] }, { state: "OK", suppressed: false }],
    [
      "a metric alarm",
      { CompositeAlarms: [], MetricAlarms: [{ StateValue: "OK" }] },
      { state: "OK", suppressed: false },
    ],
    ["one that is gone", { CompositeAlarms: [], MetricAlarms: [] }, { state: "GONE", suppressed: false }],
  ])(
    "what CloudWatch says of %s is read as it is",
    async (_, answer, seen) => {
      const { endpoint } = ministack();
      const client = new SFNClient({
        endpoint,
        region: "eu-west-1",
        credentials: { accessKeyId: "x", secretAccessKey: "x" },
        disableHostPrefix: true,
      });
      // the same expression over an input: only a task has a result
      const Output = ALARM_SEEN.replaceAll("$states.result", "$states.input");
      const definition = JSON.stringify({ QueryLanguage: "JSONata", Type: "Pass", Output, End: true });
      const { output = "" } = await client.send(
        new TestStateCommand({ definition, input: JSON.stringify(answer) }),
      );
      expect(JSON.parse(output)).toEqual(seen);
    },
    TIMEOUT,
  );
});
