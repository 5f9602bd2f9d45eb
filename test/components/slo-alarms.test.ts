import { expect, test } from "vitest";
import { SloAlarms } from "../../components/slo-alarms.ts";
import type { ServerPlan } from "../../plan/types.ts";
import { compositeAlarmCall, metricAlarmCall } from "../support/cloudwatch-inputs.ts";
import { childrenOf, only, record } from "../support/pulumi-mocks.ts";
import { server } from "../support/sample-plan.ts";

const METRIC = "aws:cloudwatch/metricAlarm:MetricAlarm";
const COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm";

const build = (plan: ServerPlan, topicArns: Record<string, string> = { "test-standard-L1": "arn:topic" }) =>
  record(() => new SloAlarms("watch", { environment: "test", plan, topicArns }));

test("a server's alarms are those of the plan, and nothing else", async () => {
  const resources = await build(server);
  expect(childrenOf(resources, "watch")).toEqual([
    "aws:cloudwatch/compositeAlarm:CompositeAlarm watch-page",
    "aws:cloudwatch/metricAlarm:MetricAlarm watch-down",
    "aws:cloudwatch/metricAlarm:MetricAlarm watch-heartbeat",
    "aws:cloudwatch/metricAlarm:MetricAlarm watch-slow",
  ]);
  expect(resources).toHaveLength(5);
});

test("a statistic, a percentile and metric math reach CloudWatch as they were planned", async () => {
  const resources = await build(server);
  for (const { definition } of server.alarms) {
    const { inputs } = only(resources, METRIC, definition.AlarmName.replace("test-library", "watch"));
    expect(metricAlarmCall(inputs)).toEqual(definition);
  }
});

test("the provider is given its own names for percentiles, metric math and the warm-up", async () => {
  const resources = await build(server);
  expect(only(resources, METRIC, "watch-slow").inputs.extendedStatistic).toBe("p95");
  const { inputs } = only(resources, METRIC, "watch-heartbeat");
  expect(inputs.warmUpConfiguration).toEqual({
    warmUpPeriodDurationInMinutes: 5,
    onlyStartEvaluatingAfterWarmUpPeriodEnds: true,
  });
  expect(inputs.metricQueries).toEqual([
    { id: "filled", expression: "FILL(raw, 0)", returnData: true },
    {
      id: "raw",
      returnData: false,
      metric: {
        namespace: "Rollcall",
        metricName: "ProbeRuns",
        dimensions: { Environment: "test", Server: "library" },
        period: 60,
        stat: "Sum",
      },
    },
  ]);
});

test("only a composite acts: it tells its topic when it fires and when it is over", async () => {
  const resources = await build(server);
  const { inputs } = only(resources, COMPOSITE);
  expect(compositeAlarmCall(inputs)).toEqual(server.composites[0]?.definition);
  expect(inputs.alarmActions).toEqual(["arn:topic"]);
  expect(inputs.okActions).toEqual(["arn:topic"]);
  for (const { inputs: metric } of resources.filter(({ type }) => type === METRIC)) {
    expect(metric.actionsEnabled).toBe(false);
    expect(metric).not.toHaveProperty("alarmActions");
  }
});

test("a composite waits for exactly the alarms that its rule names", async () => {
  const resources = await build(server);
  const urn = (name: string) => only(resources, METRIC, name).urn;
  expect([...only(resources, COMPOSITE).dependencies].sort()).toEqual(
    [urn("watch-down"), urn("watch-heartbeat")].sort(),
  );
});

test("an alarm carries its environment, server, severity and runbook as tags", async () => {
  const { inputs } = only(await build(server), METRIC, "watch-down");
  expect(inputs.tags).toEqual({
    Environment: "test",
    Server: "library",
    Severity: "critical",
    Runbook: "docs/runbooks/library.md",
  });
});

test("a topic or an alarm that nobody makes is refused by name", async () => {
  await expect(build(server, {})).rejects.toThrow("test-standard-L1 is a topic of no escalation");
  await expect(build({ ...server, alarms: server.alarms.slice(1) })).rejects.toThrow(
    "test-library-down is an alarm of no server",
  );
});
