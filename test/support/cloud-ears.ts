import { setTimeout as sleep } from "node:timers/promises";
import { DescribeAlarmsCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { SubscribeCommand } from "@aws-sdk/client-sns";
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { type Notice, noticeSchema } from "../../cloud/escalation/notice.ts";
import type { Clients } from "./aws/clients.ts";
import { ACCOUNT, REGION } from "./aws-types.ts";

/** What a test hears of topics that a program has made. */
export interface CloudEars {
  /** Everything that a topic was told until now, oldest first. */
  heard(topic: string): Promise<readonly Notice[]>;
  /** The first notice of a topic that fits; throws when none has come in time. */
  hears(topic: string, fits: (notice: Notice) => boolean, withinMs?: number): Promise<Notice>;
}

/** Subscribes a queue of the test's own to each of the topics. */
export async function listenTo(clients: Clients, topics: readonly string[]): Promise<CloudEars> {
  const queues = new Map<string, string>();
  const known = new Map<string, Notice[]>();
  for (const topic of topics) {
    const { QueueUrl = "" } = await clients.sqs.send(new CreateQueueCommand({ QueueName: `${topic}-ear` }));
    const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] });
    const { Attributes } = await clients.sqs.send(asked);
    await clients.sns.send(
      new SubscribeCommand({
        TopicArn: `arn:aws:sns:${REGION}:${ACCOUNT}:${topic}`,
        Protocol: "sqs",
        Endpoint: Attributes?.QueueArn,
        Attributes: { RawMessageDelivery: "true" },
      }),
    );
    queues.set(topic, QueueUrl);
    known.set(topic, []);
  }
  const heard = async (topic: string): Promise<readonly Notice[]> => {
    const notices = known.get(topic) ?? [];
    const QueueUrl = queues.get(topic);
    for (;;) {
      const asked = new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 3_600,
      });
      const { Messages = [] } = await clients.sqs.send(asked);
      if (Messages.length === 0) return notices;
      notices.push(...Messages.map(({ Body = "" }) => noticeSchema.parse(JSON.parse(Body))));
    }
  };
  return {
    heard,
    hears: (topic, fits, withinMs = 60_000) =>
      within(withinMs, `${topic} is told`, async () => (await heard(topic)).find(fits)),
  };
}

/** Asks until there is an answer. Throws when there is none in time, saying for what it waited. */
export async function within<T>(ms: number, what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(200);
  }
}

/** Sets the state of a metric alarm, as nothing measures on the emulator; composites follow. */
export async function setAlarm(
  clients: Clients,
  AlarmName: string,
  StateValue: "ALARM" | "OK",
): Promise<void> {
  await clients.cloudwatch.send(
    new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: "set by a test" }),
  );
}

/** Names of all alarms that the emulator holds, metric alarms and composites apart. */
export async function alarmNames(
  clients: Clients,
): Promise<{ readonly metric: readonly string[]; readonly composite: readonly string[] }> {
  const metric: string[] = [];
  const composite: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await clients.cloudwatch.send(
      new DescribeAlarmsCommand({
        AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
        MaxRecords: 100,
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
    );
    metric.push(...(page.MetricAlarms ?? []).map(({ AlarmName = "" }) => AlarmName));
    composite.push(...(page.CompositeAlarms ?? []).map(({ AlarmName = "" }) => AlarmName));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return { metric: metric.sort(byCodeUnit), composite: composite.sort(byCodeUnit) };
}

/** As a plain sort of the expected names has it. */
const byCodeUnit = (a: string, b: string): number => Number(a > b) - Number(a < b);
