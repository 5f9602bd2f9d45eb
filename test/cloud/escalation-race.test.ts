/** What happens between two steps of the state machine, made certain by a notifier that lets it happen there. */
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { SFNClient, TestStateCommand } from "@aws-sdk/client-sfn";
import { expect, test } from "vitest";
import { ALARM_SEEN } from "../../plan/escalation-steps.ts";
import { type EscalationCloud, eventually, startEscalation } from "../support/escalation-cloud.ts";
import { escalatorPlan, ladder } from "../support/escalator-plan.ts";
import { describeWithMinistack } from "../support/ministack.ts";

const TIMEOUT = 180_000;
/** A level that cannot be told takes seven seconds of tries, and more where the machine is busy. */
const PATIENCE = 120_000;
const CREDENTIALS = { accessKeyId: "x", secretAccessKey: "x" };
const AGAIN_SECONDS = 3;
/** Of the machine, before it gives a level up. */
const TRIES = 4;

/** Tells nobody, and writes down an acknowledgement before it answers that level 2 was told. */
const ACKNOWLEDGED_WHILE_TELLING = `
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
const client = new DynamoDBClient({});
export async function handler({ act, level, topic, told, incident }) {
  if (act === "tell" && level === "L2")
    await client.send(new UpdateItemCommand({
      TableName: process.env.ROLLCALL_INCIDENTS,
      Key: { key: { S: incident.id } },
      UpdateExpression: "SET acknowledged = :by",
      ExpressionAttributeValues: { ":by": { S: '{"by":"Ann","level":"L2","at":"","note":""}' } },
    }));
  return act === "tell" ? { kind: "told", told: [...told, { level, topic }] } : { kind: act };
}`;

/** Finds the alarm muted when the levels 2 and 3 are due for the first time. */
const MUTED_ONCE = `
const asked = new Set();
export async function handler({ act, level, topic, told }) {
  if (act !== "tell") return { kind: act };
  if (level === "L1" || asked.has(level)) return { kind: "told", told: [...told, { level, topic }] };
  asked.add(level);
  return { kind: "muted" };
}`;

/**
 * Tells nobody, cannot tell each level as often as is said for it, and writes down whom it has told, call by call. It
 * counts in the table: the emulator ends a program that has failed.
 */
const failing = (times: Readonly<Record<string, number>>) => `
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
const client = new DynamoDBClient({});
const times = ${JSON.stringify(times)};
const change = (key, UpdateExpression, ExpressionAttributeValues) =>
  client.send(new UpdateItemCommand({
    TableName: process.env.ROLLCALL_INCIDENTS,
    Key: { key: { S: key } },
    UpdateExpression,
    ExpressionAttributeValues,
    ReturnValues: "ALL_NEW",
  }));
const succeeds = async (level) => {
  const { Attributes } = await change("asked " + level, "ADD asked :one", { ":one": { N: "1" } });
  return Number(Attributes.asked.N) > (times[level] ?? 0);
};
export async function handler({ act, level, topic, missed, told }) {
  if (act !== "tell") return { kind: act };
  const left = [...missed.filter((one) => one.level !== level), { level, topic }]
    .filter((one) => !told.some((other) => other.level === one.level));
  const now = [];
  for (const one of left) if (await succeeds(one.level)) now.push(one);
  if (now.length === 0) throw new Error("nobody can be told");
  const line = now.map((one) => one.level).join(" ");
  const values = { ":none": { L: [] }, ":one": { L: [{ S: line }] } };
  await change("told", "SET calls = list_append(if_not_exists(calls, :none), :one)", values);
  return { kind: "told", told: [...told, ...now] };
}`;

interface Run {
  readonly cloud: EscalationCloud;
  /** Of the incident. */
  readonly id: string;
}

describeWithMinistack("between two steps of an escalation", (ministack) => {
  /** Starts an escalation of its own with this notifier, and makes its alarm fire. */
  async function fired(
    environment: string,
    { levels, notifier }: { readonly levels: Readonly<Record<string, number>>; readonly notifier: string },
  ): Promise<Run> {
    const plan = escalatorPlan(environment, { escalations: [ladder(environment, "standard", levels)] });
    const { endpoint } = ministack();
    const cloud = await startEscalation({ endpoint, plan, notifier, againSeconds: AGAIN_SECONDS });
    await cloud.makeAlarm(`${environment}-page`);
    await cloud.setAlarm(`${environment}-page`, "ALARM");
    const [id = ""] = await eventually("one begins", async () => {
      const ids = await cloud.executions();
      return ids.length > 0 ? ids : undefined;
    });
    return { cloud, id };
  }

  /** The states of an execution until it has come to rest. */
  async function statesOf({ cloud, id }: Run): Promise<readonly string[]> {
    const { states } = await eventually(
      "it waits for its end",
      async () => {
        const execution = await cloud.execution(id);
        return execution.states.at(-1) === "Wait for its end" ? execution : undefined;
      },
      PATIENCE,
    );
    return states;
  }

  /** Those of them that count here. */
  async function stepsOf(run: Run): Promise<readonly string[]> {
    return (await statesOf(run)).filter((one) =>
      /^(Tell|Look|Hold back|Try again|Answer within .*)$/.test(one),
    );
  }

  /** Whom the notifier has told, call by call. */
  async function toldBy({ plan, config }: EscalationCloud): Promise<readonly string[]> {
    const client = new DynamoDBClient({ ...config, credentials: CREDENTIALS });
    const asked = new GetItemCommand({ TableName: plan.table, Key: { key: { S: "told" } } });
    const { Item } = await client.send(asked);
    return (Item?.calls?.L ?? []).map(({ S = "" }) => S);
  }

  test(
    "an acknowledgement that comes before anybody waits for it is found, and stops the next level",
    async () => {
      const run = await fired("race", {
        levels: { L1: 0, L2: 1_000, L3: 2_000 },
        notifier: ACKNOWLEDGED_WHILE_TELLING,
      });
      const states = await statesOf(run);
      expect(states.filter((state) => state === "Tell")).toHaveLength(2);
      expect(states.slice(-4)).toEqual(["What happened?", "Answered?", "Acknowledged", "Wait for its end"]);
    },
    TIMEOUT,
  );

  test(
    "a level that is due while the alarm is muted is told after a time of its own, where levels have one moment and at the last as well",
    async () => {
      const levels = { L1: 0, L2: 0, L3: 2_000 };
      const steps = await stepsOf(await fired("muted", { levels, notifier: MUTED_ONCE }));
      expect(steps).toEqual([
        ...["Tell", "Answer within 1s"],
        ...["Look", "Tell", "Hold back", "Answer within 3s", "Look", "Tell", "Answer within 2s"],
        ...["Look", "Tell", "Hold back", "Answer within 3s", "Look", "Tell"],
      ]);
    },
    TIMEOUT,
  );

  test(
    "after a fault that keeps everybody from being told the ladder begins anew while the alarm lasts, in its own pace",
    async () => {
      const notifier = failing({ L1: 2 * TRIES, L2: TRIES });
      const run = await fired("fault", { levels: { L1: 0, L2: 2_000 }, notifier });
      expect(await stepsOf(run)).toEqual([
        ...["Tell", "Look", "Tell", "Try again", "Answer within 3s"],
        ...["Look", "Tell", "Answer within 2s", "Look", "Tell"],
      ]);
      expect(await toldBy(run.cloud)).toEqual(["L1", "L2"]);
      await run.cloud.setAlarm("fault-page", "OK");
      // everybody has been told in the end
      await eventually(
        "it ends well",
        async () => (await run.cloud.execution(run.id)).status === "SUCCEEDED",
      );
    },
    TIMEOUT,
  );

  test(
    "a level that could not be told is named again with the next one, which is told at once, and soon after it",
    async () => {
      const notifier = failing({ L1: TRIES + 1 });
      const run = await fired("level", { levels: { L1: 0, L2: 60_000, L3: 64_000 }, notifier });
      expect(await stepsOf(run)).toEqual([
        ...["Tell", "Look", "Tell", "Try again", "Answer within 3s", "Look", "Tell", "Answer within 4s"],
        ...["Look", "Tell"],
      ]);
      expect(await toldBy(run.cloud)).toEqual(["L2", "L1", "L3"]);
    },
    TIMEOUT,
  );

  test(
    "a level that never can be told holds the ladder up once, and what ends then says that somebody was not told",
    async () => {
      const notifier = failing({ L1: 1_000 });
      const run = await fired("never", { levels: { L1: 0, L2: 60_000, L3: 62_000 }, notifier });
      await eventually("the last is told", async () => (await toldBy(run.cloud)).includes("L3"), PATIENCE);
      expect(await toldBy(run.cloud)).toEqual(["L2", "L3"]);
      await run.cloud.setAlarm("never-page", "OK");
      const { states } = await eventually("it fails", async () => {
        const execution = await run.cloud.execution(run.id);
        return execution.status === "FAILED" ? execution : undefined;
      });
      expect(states.filter((state) => state === "Try again").length).toBeGreaterThanOrEqual(2);
      expect(states.at(-1)).toBe("Somebody was not told");
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
