import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CloudWatchClient,
  PutCompositeAlarmCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from "@aws-sdk/client-cloudwatch";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import {
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  InvokeCommand,
  LambdaClient,
} from "@aws-sdk/client-lambda";
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  SFNClient,
} from "@aws-sdk/client-sfn";
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { bundleFunctions, type FunctionName } from "../../cloud/bundle.ts";
import type { IncidentRecord } from "../../cloud/escalation/incident.ts";
import { dynamoIncidents, type Incidents } from "../../cloud/escalation/incidents.ts";
import { type Notice, noticeSchema } from "../../cloud/escalation/notice.ts";
import { escalationMachine } from "../../plan/escalation-machine.ts";
import type { EscalatorPlan } from "../../plan/escalator.ts";
import { ACCOUNT, REGION } from "./aws-types.ts";
import { zip } from "./zip.ts";

/** An escalation that runs in an emulator of AWS, and how a test talks to it. */
export interface EscalationCloud {
  readonly plan: EscalatorPlan;
  readonly incidents: Incidents;
  readonly machineArn: string;
  /** Makes the alarm of this name, OK. It publishes to the intake topic. */
  makeAlarm(alarm: string): Promise<void>;
  setAlarm(alarm: string, state: "ALARM" | "OK"): Promise<void>;
  /** Publishes to the intake topic. */
  publish(message: object): Promise<void>;
  /** What the topic of a level has been told until now, oldest first. */
  heard(topic: string): Promise<readonly Notice[]>;
  /** The ids of all executions. */
  executions(): Promise<readonly string[]>;
  /** Status of an execution, and the states that it has entered. */
  execution(id: string): Promise<{ readonly status: string; readonly states: readonly string[] }>;
  /** Deletes the topic of a level. */
  dropTopic(topic: string): Promise<void>;
  /** Hands a message to the starter as SNS does, and waits until it has been taken. */
  deliver(message: object): Promise<void>;
  /** The key of the links, and the settings by which its emulator is reached. */
  readonly linkKey: string;
  readonly config: { readonly endpoint: string; readonly region: string };
  /** Calls the function behind a link. */
  open(link: string, init?: RequestInit): Promise<Response>;
  /** Where a link leads within the emulator. */
  door(link: string): string;
}

export interface EscalationCloudInput {
  readonly endpoint: string;
  readonly plan: EscalatorPlan;
  /** Addresses of the stand-ins of Slack and PagerDuty. */
  readonly apis?: { readonly slack: string; readonly pagerDuty: string };
  /** Source of a function that takes the notifier's place. @default the notifier */
  readonly notifier?: string;
  /** Seconds after which a level is due again that was held back, or could not be told. @default the machine's */
  readonly againSeconds?: number;
}

const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };
const ROLE = `arn:aws:iam::${ACCOUNT}:role/test`;

/** Makes everything that components/escalation.ts makes, by the AWS SDK. Each of a test file needs an environment's name of its own. */
export async function startEscalation(input: EscalationCloudInput): Promise<EscalationCloud> {
  const { endpoint, plan, apis, againSeconds } = input;
  const config = { endpoint, region: REGION, credentials: CREDENTIALS };
  const [sns, sqs, sfn, lambda] = [
    new SNSClient(config),
    new SQSClient(config),
    new SFNClient(config),
    new LambdaClient(config),
  ];
  const cloudwatch = new CloudWatchClient(config);
  const code = bundles();

  await new DynamoDBClient(config).send(
    new CreateTableCommand({
      TableName: plan.table,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
    }),
  );
  const { KeyMetadata } = await new KMSClient(config).send(
    new CreateKeyCommand({ KeyUsage: "GENERATE_VERIFY_MAC", KeySpec: "HMAC_256" }),
  );
  const linkKey = KeyMetadata?.Arn ?? "";
  const ssm = new SSMClient(config);
  for (const Name of plan.secrets)
    await ssm.send(new PutParameterCommand({ Name, Value: `value of ${Name}`, Type: "SecureString" }));

  const common = { ROLLCALL_INCIDENTS: plan.table, ROLLCALL_KEEP_DAYS: String(plan.keepDays) };
  const topics = `arn:aws:sns:${REGION}:${ACCOUNT}:`;
  const machineArn = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${plan.machine}`;
  const make = async (
    name: FunctionName,
    variables: Readonly<Record<string, string>>,
    files: Readonly<Record<string, object>> = {},
    source: Buffer = code[name],
  ): Promise<string> => {
    const content = new Map([["index.mjs", source]]);
    for (const [file, value] of Object.entries(files)) content.set(file, Buffer.from(JSON.stringify(value)));
    const made = await lambda.send(
      new CreateFunctionCommand({
        FunctionName: plan.functions[name as keyof EscalatorPlan["functions"]],
        Role: ROLE,
        Runtime: "nodejs24.x",
        Handler: "index.handler",
        Timeout: 30,
        Code: { ZipFile: zip(content) },
        Environment: { Variables: { ...common, ...variables } },
      }),
    );
    return made.FunctionArn ?? "";
  };
  await make("acknowledge", { ROLLCALL_LINK_KEY: linkKey });
  const { FunctionUrl: door = "" } = await lambda.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: plan.functions.acknowledge, AuthType: "NONE" }),
  );
  const notifierArn = await make(
    "notifier",
    { ROLLCALL_TOPICS: topics, ROLLCALL_LINK_KEY: linkKey, ROLLCALL_DOOR: door },
    {},
    input.notifier === undefined ? undefined : Buffer.from(input.notifier),
  );
  const { environment, fallback, alarms } = plan;
  const escalations = plan.escalations.map(({ escalation }) => escalation);
  const starterArn = await make(
    "starter",
    { ROLLCALL_MACHINE: machineArn },
    { "starter.json": { environment, fallback, escalations, alarms } },
  );
  const relayArn = await make(
    "relay",
    { ROLLCALL_SLACK_API: apis?.slack ?? "", ROLLCALL_PAGERDUTY_API: apis?.pagerDuty ?? "" },
    { "relay.json": { environment, targets: plan.relay } },
  );
  const definition = JSON.stringify(
    escalationMachine({ ...plan, notifierArn, ...(againSeconds === undefined ? {} : { againSeconds }) }),
  );
  await sfn.send(
    new CreateStateMachineCommand({ name: plan.machine, definition, roleArn: ROLE, type: "STANDARD" }),
  );

  const { TopicArn: intake = "" } = await sns.send(new CreateTopicCommand({ Name: plan.intake }));
  await sns.send(new SubscribeCommand({ TopicArn: intake, Protocol: "lambda", Endpoint: starterArn }));
  const queues = new Map<string, string>();
  for (const { topic } of plan.escalations.flatMap(({ levels }) => levels)) {
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: topic }));
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: `${topic}-heard` }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
    );
    await sns.send(
      new SubscribeCommand({
        TopicArn,
        Protocol: "sqs",
        Endpoint: Attributes?.QueueArn,
        Attributes: { RawMessageDelivery: "true" },
      }),
    );
    if (plan.relay[topic] !== undefined)
      await sns.send(new SubscribeCommand({ TopicArn, Protocol: "lambda", Endpoint: relayArn }));
    queues.set(topic, QueueUrl);
  }

  const heard = new Map<string, Notice[]>();
  const inEmulator = (link: string): string => {
    const { hostname, search } = new URL(link);
    return `${endpoint}/_aws/lambda-url/${hostname.split(".")[0]}/${search}`;
  };
  const set = async (alarm: string, state: "ALARM" | "OK"): Promise<void> => {
    await cloudwatch.send(
      new SetAlarmStateCommand({
        AlarmName: `${alarm}-child`,
        StateValue: state,
        StateReason: "set by a test",
      }),
    );
  };
  const arnOf = (id: string): string => `${machineArn.replace(":stateMachine:", ":execution:")}:${id}`;
  return {
    plan,
    machineArn,
    linkKey,
    config,
    incidents: dynamoIncidents({ table: plan.table, keepDays: plan.keepDays, client: config }),
    async makeAlarm(alarm) {
      const composite = {
        AlarmName: alarm,
        AlarmDescription: `${alarm} means this. First: look. Runbook: docs/runbooks/server-down.md`,
        AlarmRule: `ALARM("${alarm}-child")`,
      };
      await cloudwatch.send(new PutMetricAlarmCommand({ ...CHILD, AlarmName: `${alarm}-child` }));
      await cloudwatch.send(new PutCompositeAlarmCommand(composite));
      await set(alarm, "OK");
      // with actions only now: the emulator's times have whole seconds, and this OK could have that of the ALARM
      const actions = { AlarmActions: [intake], OKActions: [intake] };
      await cloudwatch.send(new PutCompositeAlarmCommand({ ...composite, ...actions }));
    },
    setAlarm: set,
    async publish(message) {
      await sns.send(new PublishCommand({ TopicArn: intake, Message: JSON.stringify(message) }));
    },
    async heard(topic) {
      const known = heard.get(topic) ?? [];
      heard.set(topic, known);
      const QueueUrl = queues.get(topic);
      for (;;) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 3_600 }),
        );
        if (Messages.length === 0) return known;
        known.push(...Messages.map(({ Body = "" }) => noticeSchema.parse(JSON.parse(Body))));
      }
    },
    async executions() {
      const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: machineArn }));
      return executions.map(({ name = "" }) => name);
    },
    async execution(id) {
      const executionArn = arnOf(id);
      const { status = "" } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      const { events = [] } = await sfn.send(
        new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 }),
      );
      const states = events.flatMap(({ stateEnteredEventDetails: entered }) => entered?.name ?? []);
      return { status, states };
    },
    async dropTopic(topic) {
      await sns.send(new DeleteTopicCommand({ TopicArn: `${topics}${topic}` }));
    },
    async deliver(message) {
      const Sns = { MessageId: "delivered", TopicArn: intake, Message: JSON.stringify(message) };
      const { FunctionError, Payload } = await lambda.send(
        new InvokeCommand({
          FunctionName: plan.functions.starter,
          Payload: Buffer.from(JSON.stringify({ Records: [{ Sns }] })),
        }),
      );
      if (FunctionError !== undefined) throw new Error(Buffer.from(Payload ?? []).toString());
    },
    door: inEmulator,
    open: (link, init) => fetch(inEmulator(link), { redirect: "error", ...init }),
  };
}

/** Waits until the question has an answer, and says what it has been waiting for when it does not. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const end = Date.now() + withinMs;
  while (Date.now() < end) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await sleep(100);
  }
  throw new Error(`not within ${withinMs} ms: ${what}`);
}

/** The record of the incident that an alarm is about, once the level has been told. */
export function toldRecord(cloud: EscalationCloud, topic: string, alarm: string): Promise<IncidentRecord> {
  return eventually(`${topic} is told of ${alarm}`, async () => {
    const notice = (await cloud.heard(topic)).find((one) => one.alarm === alarm && one.kind === "told");
    return notice === undefined ? undefined : cloud.incidents.find(notice.incident);
  });
}

const CHILD = {
  Namespace: "Test",
  MetricName: "Failing",
  Period: 60,
  Statistic: "Average",
  EvaluationPeriods: 1,
  Threshold: 1,
  ComparisonOperator: "GreaterThanThreshold",
} as const;

/** The four programs, bundled once. */
function bundles(): Readonly<Record<FunctionName, Buffer>> {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-functions-"));
  try {
    const bundled = bundleFunctions(folder);
    return Object.fromEntries(
      Object.entries(bundled).map(([name, at]) => [name, readFileSync(join(at, "index.mjs"))]),
    ) as Record<FunctionName, Buffer>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
