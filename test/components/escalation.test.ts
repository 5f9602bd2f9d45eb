/** What the escalation asks the engine for. That it works is proved on the emulator (test/cloud/escalation.test.ts). */
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { beforeAll, describe, expect, test } from "vitest";
import { Escalation } from "../../components/escalation.ts";
import { type EscalatorPlan, escalatorOf } from "../../plan/escalator.ts";
import { ACCOUNT, childrenOf, only, type Recorded, record } from "../support/pulumi-mocks.ts";
import { escalation, FUNCTION_BUNDLES, server } from "../support/sample-plan.ts";

const KEY = "arn:test:key";
const REGION = "eu-west-1";
const TABLE = "arn:test:ladder-store-incidents";
const QUEUE = "arn:test:ladder-store-dead-letters";
const LINKS = "arn:test:ladder-store-links";
const MACHINE = "arn:test:ladder-levels-machine";
const SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";

const plan: EscalatorPlan = escalatorOf({
  environment: "test",
  escalations: [escalation],
  defaultEscalation: "standard",
  servers: [server],
  fleet: { alarms: [], composites: [], metricFilters: [] },
  retention: { historyDays: 45 },
  protect: true,
});

const build = (of: EscalatorPlan = plan) =>
  record(() => {
    const logGroup = new LogGroup("logs", { name: "/rollcall/test/escalation" });
    const args = {
      plan: of,
      bundles: FUNCTION_BUNDLES,
      logGroup,
      accountId: ACCOUNT,
      region: REGION,
      keyArn: KEY,
    };
    return new Escalation("ladder", args);
  });

const through = (service: string) => ({
  Effect: "Allow",
  Action: ["kms:Decrypt", "kms:GenerateDataKey"],
  Resource: KEY,
  Condition: { StringEquals: { "kms:ViaService": `${service}.eu-west-1.amazonaws.com` } },
});
const document = (...statements: readonly object[]) => ({ Version: "2012-10-17", Statement: statements });
const allow = (Action: string | readonly string[], Resource: string | readonly string[]) => ({
  Effect: "Allow",
  Action,
  Resource,
});

describe("the escalation of an environment", () => {
  let resources: readonly Recorded[];
  beforeAll(async () => {
    resources = await build();
  });
  const inputs = (type: string, name?: string) => only(resources, type, name).inputs;
  const policy = (name: string) => JSON.parse(inputs(ROLE_POLICY, name).policy);

  test("[CARD-06] it is one topic for the alarms, one for each level, four functions and one state machine", () => {
    expect(childrenOf(resources, "ladder")).toEqual([
      "aws:lambda/permission:Permission ladder-intake-may-call",
      "aws:lambda/permission:Permission ladder-standard-L1-may-call",
      `${SUBSCRIPTION} ladder-intake-calls`,
      `${SUBSCRIPTION} ladder-standard-L1-calls`,
      `${SUBSCRIPTION} ladder-standard-L1-email-d108b279`,
      "aws:sqs/queuePolicy:QueuePolicy ladder-dead-letters-policy",
      "rollcall:index:AcknowledgeDoor ladder-door",
      "rollcall:index:AlarmTopic ladder-intake",
      "rollcall:index:AlarmTopic ladder-standard-L1",
      "rollcall:index:AlarmTopic ladder-standard-L2",
      "rollcall:index:CloudFunction ladder-acknowledge",
      "rollcall:index:CloudFunction ladder-notifier",
      "rollcall:index:CloudFunction ladder-relay",
      "rollcall:index:CloudFunction ladder-starter",
      "rollcall:index:EscalationMachine ladder-levels",
      "rollcall:index:EscalationStore ladder-store",
    ]);
    const names = resources.filter(({ type }) => type === "aws:lambda/function:Function");
    expect(names.map((one) => one.inputs.name).sort()).toEqual([
      "rollcall-test-escalation-acknowledge",
      "rollcall-test-escalation-notifier",
      "rollcall-test-escalation-relay",
      "rollcall-test-escalation-starter",
    ]);
  });

  test("only CloudWatch, for this account, may publish to a topic, and what it says is encrypted by the environment's key", () => {
    for (const [name, topic] of [
      ["ladder-intake", "rollcall-test-alarms"],
      ["ladder-standard-L1", "test-standard-L1"],
    ]) {
      expect(inputs("aws:sns/topic:Topic", `${name}-topic`)).toEqual({ name: topic, kmsMasterKeyId: KEY });
      const { arn, policy: text } = inputs("aws:sns/topicPolicy:TopicPolicy", `${name}-policy`);
      expect(arn).toBe(`arn:test:${name}-topic`);
      expect(JSON.parse(text)).toEqual(
        document({
          Sid: "AlarmsPublish",
          Effect: "Allow",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Resource: `arn:test:${name}-topic`,
          Condition: { StringEquals: { "aws:SourceAccount": ACCOUNT } },
        }),
      );
    }
  });

  test("an address is subscribed once, a function may be called by its topic only, and what does not arrive is kept", () => {
    const redrivePolicy = JSON.stringify({ deadLetterTargetArn: QUEUE });
    expect(inputs(SUBSCRIPTION, "ladder-standard-L1-email-d108b279")).toEqual({
      topic: "arn:test:ladder-standard-L1-topic",
      protocol: "email",
      endpoint: "reader@example.com",
      redrivePolicy,
    });
    expect(inputs(SUBSCRIPTION, "ladder-intake-calls")).toEqual({
      topic: "arn:test:ladder-intake-topic",
      protocol: "lambda",
      endpoint: "arn:test:ladder-starter-function",
      redrivePolicy,
    });
    expect(inputs("aws:lambda/permission:Permission", "ladder-standard-L1-may-call")).toEqual({
      action: "lambda:InvokeFunction",
      function: "arn:test:ladder-relay-function",
      principal: "sns.amazonaws.com",
      sourceArn: "arn:test:ladder-standard-L1-topic",
      sourceAccount: ACCOUNT,
    });
    const queuePolicy = inputs("aws:sqs/queuePolicy:QueuePolicy");
    expect(JSON.parse(queuePolicy.policy)).toEqual(
      document({
        Sid: "TopicsSend",
        Effect: "Allow",
        Principal: { Service: "sns.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: QUEUE,
        Condition: {
          ArnEquals: {
            "aws:SourceArn": [
              "arn:test:ladder-intake-topic",
              "arn:test:ladder-standard-L1-topic",
              "arn:test:ladder-standard-L2-topic",
            ],
          },
        },
      }),
    );
    expect(inputs("aws:sqs/queue:Queue")).toEqual({
      name: "rollcall-test-escalation-dead-letters",
      kmsMasterKeyId: KEY,
      messageRetentionSeconds: 1_209_600,
    });
    for (const name of ["starter", "relay"])
      expect(
        inputs(
          "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
          `ladder-${name}-invoke-config`,
        ),
      ).toMatchObject({ maximumRetryAttempts: 2, destinationConfig: { onFailure: { destination: QUEUE } } });
  });

  test("each function may do what it does, and nothing else", () => {
    expect(policy("ladder-starter-rights")).toEqual(
      document(
        allow(["dynamodb:PutItem", "dynamodb:UpdateItem"], TABLE),
        through("dynamodb"),
        allow(["states:StartExecution", "states:SendTaskSuccess"], MACHINE),
        allow("sqs:SendMessage", QUEUE),
        through("sqs"),
      ),
    );
    expect(policy("ladder-notifier-rights")).toEqual(
      document(
        allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], TABLE),
        through("dynamodb"),
        allow("sns:Publish", ["arn:test:ladder-standard-L1-topic", "arn:test:ladder-standard-L2-topic"]),
        through("sns"),
        allow("kms:GenerateMac", LINKS),
        allow("cloudwatch:ListAlarmMuteRules", "*"),
      ),
    );
    expect(policy("ladder-acknowledge-rights")).toEqual(
      document(
        allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], TABLE),
        through("dynamodb"),
        allow(
          "states:SendTaskSuccess",
          `arn:aws:states:eu-west-1:${ACCOUNT}:stateMachine:rollcall-test-escalation`,
        ),
        allow("kms:VerifyMac", LINKS),
      ),
    );
    expect(policy("ladder-relay-rights")).toEqual(
      document(
        allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], TABLE),
        through("dynamodb"),
        allow("ssm:GetParameter", [
          `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/rollcall/test/pagerduty/library`,
        ]),
        allow("sqs:SendMessage", QUEUE),
        through("sqs"),
      ),
    );
    for (const name of ["starter", "notifier", "acknowledge", "relay"])
      expect(policy(`ladder-${name}-logs`)).toEqual(
        document(allow(["logs:CreateLogStream", "logs:PutLogEvents"], "arn:test:logs:*")),
      );
  });

  test("the machine may call the notifier, look at alarms, and keep its token", () => {
    expect(policy("ladder-levels-rights")).toEqual(
      document(
        allow("lambda:InvokeFunction", "arn:test:ladder-notifier-function"),
        allow("cloudwatch:DescribeAlarms", "*"),
        allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], TABLE),
        through("dynamodb"),
        allow(
          [
            "logs:CreateLogDelivery",
            "logs:GetLogDelivery",
            "logs:UpdateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:DescribeResourcePolicies",
            "logs:DescribeLogGroups",
          ],
          "*",
        ),
      ),
    );
    expect(JSON.parse(inputs("aws:iam/role:Role", "ladder-levels-role").assumeRolePolicy)).toEqual(
      document({
        Effect: "Allow",
        Principal: { Service: "states.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": ACCOUNT } },
      }),
    );
    const { definition, ...machine } = inputs("aws:sfn/stateMachine:StateMachine");
    expect(machine).toEqual({
      name: "rollcall-test-escalation",
      type: "STANDARD",
      roleArn: "arn:test:ladder-levels-role",
      loggingConfiguration: {
        level: "ERROR",
        includeExecutionData: false,
        logDestination: "arn:test:logs:*",
      },
    });
    const { States } = JSON.parse(definition);
    expect(States.Tell.Arguments.FunctionName).toBe("arn:test:ladder-notifier-function");
    expect(States["Answer within 30m"].TimeoutSeconds).toBe(1_800);
  });

  test("the one public address is the acknowledging function's, whose runs are limited; no other may be called from outside", () => {
    expect(inputs("aws:lambda/functionUrl:FunctionUrl")).toEqual({
      functionName: "rollcall-test-escalation-acknowledge",
      authorizationType: "NONE",
    });
    const permissions = resources.filter(({ type }) => type === "aws:lambda/permission:Permission");
    const open = permissions.filter((one) => one.inputs.principal === "*");
    expect(open.map((one) => one.inputs)).toEqual([
      {
        function: "rollcall-test-escalation-acknowledge",
        principal: "*",
        action: "lambda:InvokeFunctionUrl",
        functionUrlAuthType: "NONE",
      },
      {
        function: "rollcall-test-escalation-acknowledge",
        principal: "*",
        action: "lambda:InvokeFunction",
        invokedViaFunctionUrl: true,
      },
    ]);
    expect(
      inputs("aws:lambda/function:Function", "ladder-acknowledge-function").reservedConcurrentExecutions,
    ).toBe(20);
  });

  test("links are signed by a key of KMS, so no variable of a function is a secret", () => {
    expect(inputs("aws:kms/key:Key")).toEqual({
      description: "Signs the links that acknowledge incidents of rollcall-test-incidents",
      keyUsage: "GENERATE_VERIFY_MAC",
      customerMasterKeySpec: "HMAC_256",
      deletionWindowInDays: 7,
    });
    const variables = (name: string) =>
      inputs("aws:lambda/function:Function", `ladder-${name}-function`).environment.variables;
    const table = { ROLLCALL_INCIDENTS: "rollcall-test-incidents", ROLLCALL_KEEP_DAYS: "45" };
    expect(variables("starter")).toEqual({ ...table, ROLLCALL_MACHINE: MACHINE });
    expect(variables("relay")).toEqual(table);
    expect(variables("acknowledge")).toEqual({ ...table, ROLLCALL_LINK_KEY: LINKS });
    expect(variables("notifier")).toMatchObject({
      ...table,
      ROLLCALL_TOPICS: `arn:aws:sns:eu-west-1:${ACCOUNT}:`,
      ROLLCALL_LINK_KEY: LINKS,
    });
  });

  test("the record of the incidents is encrypted, can be restored, expires, and is kept where the environment is protected", async () => {
    const table = (all: readonly Recorded[]) => only(all, "aws:dynamodb/table:Table");
    expect(table(resources).inputs).toEqual({
      name: "rollcall-test-incidents",
      billingMode: "PAY_PER_REQUEST",
      hashKey: "key",
      attributes: [{ name: "key", type: "S" }],
      ttl: { attributeName: "expires", enabled: true },
      pointInTimeRecovery: { enabled: true },
      serverSideEncryption: { enabled: true, kmsKeyArn: KEY },
      deletionProtectionEnabled: true,
    });
    expect([table(resources).protect, table(resources).retainOnDelete]).toEqual([true, true]);
    const open = table(await build({ ...plan, protect: false }));
    expect([open.protect, open.retainOnDelete, open.inputs.deletionProtectionEnabled]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("a subscription goes with its topic, so that one nobody confirmed keeps no stack from being destroyed", () => {
    const subscriptions = resources.filter(({ type }) => type === SUBSCRIPTION);
    expect(subscriptions).toHaveLength(3);
    for (const { inputs: given, deletedWith } of subscriptions) {
      const topic = resources.find(({ name }) => given.topic === `arn:test:${name}`);
      expect(deletedWith).toBe(topic?.urn);
    }
  });
});

test("an environment that nobody follows by Slack or PagerDuty has no relay", async () => {
  const resources = await build({ ...plan, relay: {}, secrets: [] });
  expect(resources.filter(({ name }) => name.includes("relay"))).toEqual([]);
});
