import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import {
  type CloudWatchClient,
  DescribeAlarmsCommand,
  ListDashboardsCommand,
} from "@aws-sdk/client-cloudwatch";
import { DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { ListRolesCommand } from "@aws-sdk/client-iam";
import { DescribeKeyCommand, ListKeysCommand } from "@aws-sdk/client-kms";
import { ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { ListBucketsCommand } from "@aws-sdk/client-s3";
import { ListScheduleGroupsCommand, ListSchedulesCommand } from "@aws-sdk/client-scheduler";
import { ListStateMachinesCommand } from "@aws-sdk/client-sfn";
import { ListSubscriptionsCommand, ListTopicsCommand } from "@aws-sdk/client-sns";
import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import { asRecord } from "../json.ts";
import type { Clients } from "./clients.ts";

/**
 * Whatever the emulator holds, by service; a key that waits for its end is none. A key has no name: its description says
 * whose it is. A role's name begins with that of its component, and says nothing of the environment.
 */
export async function leftovers({
  cloudwatch,
  dynamodb,
  iam,
  kms,
  lambda,
  logs,
  s3,
  scheduler,
  sfn,
  sns,
  sqs,
}: Clients): Promise<readonly string[]> {
  const AlarmTypes = ["MetricAlarm" as const, "CompositeAlarm" as const];
  const found = await cloudwatch.send(new DescribeAlarmsCommand({ AlarmTypes }));
  const held = (kind: string, list: readonly unknown[] | undefined, name: string) =>
    (list ?? []).map((one) => `${kind} ${asRecord(one)[name]}`);
  const keys = (await kms.send(new ListKeysCommand({}))).Keys ?? [];
  const described = keys.map(({ KeyId }) => kms.send(new DescribeKeyCommand({ KeyId })));
  const alive = (await Promise.all(described)).filter(({ KeyMetadata }) => KeyMetadata?.Enabled === true);
  return [
    ...held("alarm", found.MetricAlarms, "AlarmName"),
    ...held("alarm", found.CompositeAlarms, "AlarmName"),
    ...held("bucket", (await s3.send(new ListBucketsCommand({}))).Buckets, "Name"),
    ...(await dashboardNames(cloudwatch)).map((name) => `dashboard ${name}`),
    ...held("function", (await lambda.send(new ListFunctionsCommand({}))).Functions, "FunctionName"),
    ...held("group", (await scheduler.send(new ListScheduleGroupsCommand({}))).ScheduleGroups, "Name"),
    ...alive.map(({ KeyMetadata }) => `key ${KeyMetadata?.KeyId} ${KeyMetadata?.Description}`),
    ...held("log group", (await logs.send(new DescribeLogGroupsCommand({}))).logGroups, "logGroupName"),
    ...held("machine", (await sfn.send(new ListStateMachinesCommand({}))).stateMachines, "name"),
    ...held("role", (await iam.send(new ListRolesCommand({}))).Roles, "RoleName"),
    ...held("schedule", (await scheduler.send(new ListSchedulesCommand({}))).Schedules, "Name"),
    ...held(
      "subscription",
      (await sns.send(new ListSubscriptionsCommand({}))).Subscriptions,
      "SubscriptionArn",
    ),
    ...held("topic", (await sns.send(new ListTopicsCommand({}))).Topics, "TopicArn"),
    ...((await sqs.send(new ListQueuesCommand({}))).QueueUrls ?? []).map((url) => `queue ${url}`),
    ...((await dynamodb.send(new ListTablesCommand({}))).TableNames ?? []).map((name) => `table ${name}`),
  ].filter((name) => name !== "group default");
}

/** The emulator writes when a dashboard was changed as text, where the SDK reads a number: it is taken out on the way. */
export async function dashboardNames(cloudwatch: CloudWatchClient): Promise<string[]> {
  const command = new ListDashboardsCommand({});
  command.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args);
      const response = answer.response as { body: Readable };
      const body = await text(response.body);
      response.body = Readable.from([
        Buffer.from(body.replaceAll(/"LastModified": ?"[^"]*"/g, '"LastModified":0')),
      ]);
      return answer;
    },
    // between the wire and what reads the answer
    { step: "deserialize", priority: "low" },
  );
  const { DashboardEntries = [] } = await cloudwatch.send(command);
  return DashboardEntries.map(({ DashboardName = "" }) => DashboardName);
}
