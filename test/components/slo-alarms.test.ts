import { expect, test } from "vitest";
import { SloAlarms } from "../../components/slo-alarms.ts";
import type { ServerPlan } from "../../plan/types.ts";
import { metricAlarmCall } from "../support/cloudwatch-inputs.ts";
import { ACCOUNT, childrenOf, only, record } from "../support/pulumi-mocks.ts";
import { server } from "../support/sample-plan.ts";

const METRIC = "aws:cloudwatch/metricAlarm:MetricAlarm";

const build = ({ server: of, alarms }: ServerPlan) =>
  record(() => new SloAlarms("watch", { environment: "test", server: of, alarms, accountId: ACCOUNT }));

test("a server's alarms are those of the plan, and nothing else", async () => {
  const resources = await build(server);
  expect(childrenOf(resources, "watch")).toEqual([
    "aws:cloudwatch/metricAlarm:MetricAlarm watch-down",
    "aws:cloudwatch/metricAlarm:MetricAlarm watch-heartbeat",
    "aws:cloudwatch/metricAlarm:MetricAlarm watch-slow",
  ]);
  expect(resources).toHaveLength(4);
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

test("an alarm carries its environment, server, family, severity, promise and runbook as tags", async () => {
  const { inputs } = only(await build(server), METRIC, "watch-down");
  expect(inputs.tags).toEqual({
    Environment: "test",
    Server: "library",
    Family: "server-down",
    Severity: "critical",
    Runbook: "docs/runbooks/library.md",
  });
  const promised = only(await build(server), METRIC, "watch-slow");
  expect(promised.inputs.tags).toMatchObject({ Guards: "latency-p95" });
});

test("a dimension that holds the account's number gets it where it is provisioned", async () => {
  const [first] = server.alarms;
  if (first === undefined) throw new Error("the sample plan has no alarm");
  const { AlarmName, ActionsEnabled, EvaluationPeriods, DatapointsToAlarm } = first.definition;
  const { Threshold, ComparisonOperator, TreatMissingData } = first.definition;
  const definition = {
    ...{ AlarmName, ActionsEnabled, EvaluationPeriods, DatapointsToAlarm, AlarmDescription: "" },
    ...{ Threshold, ComparisonOperator, TreatMissingData, Period: 60, Statistic: "Sum" as const },
    Namespace: "AWS/States",
    MetricName: "ExecutionsFailed",
    Dimensions: [{ Name: "StateMachineArn", Value: "arn:aws:states:eu-west-1:{account}:stateMachine:one" }],
  };
  const resources = await build({ ...server, alarms: [{ ...first, definition }] });
  const { dimensions } = only(resources, METRIC).inputs;
  expect(dimensions).toEqual({ StateMachineArn: `arn:aws:states:eu-west-1:${ACCOUNT}:stateMachine:one` });
});

test("a metric alarm acts for nobody", async () => {
  const resources = await build(server);
  for (const { inputs } of resources.filter(({ type }) => type === METRIC)) {
    expect(inputs.actionsEnabled).toBe(false);
    expect(inputs).not.toHaveProperty("alarmActions");
  }
});
