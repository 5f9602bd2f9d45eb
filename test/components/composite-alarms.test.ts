import { expect, test } from "vitest";
import { CompositeAlarms } from "../../components/composite-alarms.ts";
import { SloAlarms } from "../../components/slo-alarms.ts";
import type { PlannedComposite } from "../../plan/types.ts";
import { compositeAlarmCall } from "../support/cloudwatch-inputs.ts";
import { only, record } from "../support/pulumi-mocks.ts";
import { server } from "../support/sample-plan.ts";

const METRIC = "aws:cloudwatch/metricAlarm:MetricAlarm";
const COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm";
const TOPICS = { "test-standard-L1": "arn:topic" };

const build = (
  composites: readonly PlannedComposite[],
  topicArns: Record<string, string> = TOPICS,
  alarms = server.alarms,
) =>
  record(() => {
    const about = { environment: "test", server: server.server };
    const accountId = "123456789012";
    const { alarms: known } = new SloAlarms("watch", { ...about, alarms, accountId });
    return new CompositeAlarms("tell", { ...about, composites, known, intakeArn: "arn:intake", topicArns });
  });

const [page] = server.composites;
if (page === undefined) throw new Error("the sample plan has no composite");
/** A part that tells nobody, and a composite over it that the page is held back by. */
const part: PlannedComposite = {
  ...page,
  definition: { ...page.definition, AlarmName: "test-library-part", ActionsEnabled: false },
};
const held: PlannedComposite = {
  ...page,
  definition: {
    ...page.definition,
    AlarmRule: 'ALARM("test-library-part")',
    ActionsSuppressor: "test-library-part",
    ActionsSuppressorWaitPeriod: 60,
    ActionsSuppressorExtensionPeriod: 120,
  },
};

test("only a composite acts: it tells the escalation when it fires and when it is over", async () => {
  const { inputs } = only(await build(server.composites), COMPOSITE);
  expect(compositeAlarmCall(inputs)).toEqual(page.definition);
  expect(inputs.alarmActions).toEqual(["arn:intake"]);
  expect(inputs.okActions).toEqual(["arn:intake"]);
});

test("what watches the escalation tells a level without it", async () => {
  const { inputs } = only(await build([{ ...page, delivery: "direct" }]), COMPOSITE);
  expect(inputs.alarmActions).toEqual(["arn:topic"]);
  expect(inputs.okActions).toEqual(["arn:topic"]);
});

test("a composite waits for exactly the alarms that its rule names", async () => {
  const resources = await build(server.composites);
  const urn = (name: string) => only(resources, METRIC, name).urn;
  expect([...only(resources, COMPOSITE).dependencies].sort()).toEqual(
    [urn("watch-down"), urn("watch-heartbeat")].sort(),
  );
});

test("a part of another rule tells nobody, and what names it waits for it", async () => {
  const resources = await build([part, held]);
  const made = only(resources, COMPOSITE, "tell-part");
  expect(made.inputs.actionsEnabled).toBe(false);
  expect(made.inputs).not.toHaveProperty("alarmActions");
  expect([...only(resources, COMPOSITE, "tell-page").dependencies]).toEqual([made.urn]);
});

test("a suppressor reaches CloudWatch with both of its periods", async () => {
  const { inputs } = only(await build([part, held]), COMPOSITE, "tell-page");
  expect(inputs.actionsSuppressor).toEqual({
    alarm: "test-library-part",
    waitPeriod: 60,
    extensionPeriod: 120,
  });
  expect(compositeAlarmCall(inputs)).toEqual(held.definition);
});

test("a topic or an alarm that nobody makes is refused by name", async () => {
  await expect(build([{ ...page, delivery: "direct" }], {})).rejects.toThrow(
    "test-standard-L1 is a topic of no escalation",
  );
  await expect(build(server.composites, TOPICS, server.alarms.slice(1))).rejects.toThrow(
    "test-library-down is an alarm of no server",
  );
  await expect(build([held, part])).rejects.toThrow("test-library-part is an alarm of no server");
});
