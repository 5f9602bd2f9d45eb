import { AlarmMuteRule } from "@pulumi/aws/cloudwatch/alarmMuteRule.js";
import { CompositeAlarm } from "@pulumi/aws/cloudwatch/compositeAlarm.js";
import { Dashboard } from "@pulumi/aws/cloudwatch/dashboard.js";
import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { LogMetricFilter } from "@pulumi/aws/cloudwatch/logMetricFilter.js";
import { LogSubscriptionFilter } from "@pulumi/aws/cloudwatch/logSubscriptionFilter.js";
import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import { Table } from "@pulumi/aws/dynamodb/table.js";
import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import { Function as LambdaFunction } from "@pulumi/aws/lambda/function.js";
import { FunctionEventInvokeConfig } from "@pulumi/aws/lambda/functionEventInvokeConfig.js";
import { FunctionUrl } from "@pulumi/aws/lambda/functionUrl.js";
import { Permission } from "@pulumi/aws/lambda/permission.js";
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketLogging } from "@pulumi/aws/s3/bucketLogging.js";
import { BucketObjectLockConfiguration } from "@pulumi/aws/s3/bucketObjectLockConfiguration.js";
import { BucketOwnershipControls } from "@pulumi/aws/s3/bucketOwnershipControls.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import { BucketPublicAccessBlock } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import { BucketReplicationConfig } from "@pulumi/aws/s3/bucketReplicationConfig.js";
import { BucketServerSideEncryptionConfiguration } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import { Schedule } from "@pulumi/aws/scheduler/schedule.js";
import { ScheduleGroup } from "@pulumi/aws/scheduler/scheduleGroup.js";
import { StateMachine } from "@pulumi/aws/sfn/stateMachine.js";
import { Topic } from "@pulumi/aws/sns/topic.js";
import { TopicPolicy } from "@pulumi/aws/sns/topicPolicy.js";
import { TopicSubscription } from "@pulumi/aws/sns/topicSubscription.js";
import { Queue } from "@pulumi/aws/sqs/queue.js";
import { QueuePolicy } from "@pulumi/aws/sqs/queuePolicy.js";
import { asset, type Input, interpolate, jsonStringify, type Output } from "@pulumi/pulumi";

/** What a test changes between two runs. */
export interface Wishes {
  threshold: number;
  team: string;
  /** What the function says of itself: a change is one of its code. */
  says: string;
  /** When the schedule fires, once. */
  firesAt: Date;
}

/** A Pulumi program with about one resource of each type that the provider on ministack knows. */
export function everyType(wishes: Wishes): Record<string, Output<string>> {
  const key = new Key("key", { description: "everything", enableKeyRotation: true, deletionWindowInDays: 7 });
  new Alias("key", { name: "alias/rollcall", targetKeyId: key.keyId });
  const spec = { customerMasterKeySpec: "HMAC_256", keyUsage: "GENERATE_VERIFY_MAC" };
  const mac = new Key("mac", { ...spec, deletionWindowInDays: 7 });

  const role = new Role("ear", { assumeRolePolicy: trust("lambda"), tags: { Team: "blue" } });
  new RolePolicy("ear", { role: role.id, policy: allow("sqs:SendMessage", "*") });
  const { topic, heard, urgent } = messages(key);
  const ear = listener({ role, heard, says: wishes.says, topic });
  const group = new ScheduleGroup("group", { name: "rollcall" });
  new Schedule("once", {
    groupName: group.name,
    scheduleExpression: `at(${wishes.firesAt.toISOString().slice(0, 19)})`,
    flexibleTimeWindow: { mode: "OFF" },
    target: { arn: ear.arn, roleArn: role.arn, input: JSON.stringify({ told: "from the scheduler" }) },
  });
  new StateMachine("machine", {
    name: "escalation",
    roleArn: role.arn,
    definition: JSON.stringify({ StartAt: "Done", States: { Done: { Type: "Succeed" } } }),
    tags: { Team: "blue" },
  });
  new Table("state", {
    name: "rollcall-state",
    billingMode: "PAY_PER_REQUEST",
    hashKey: "server",
    rangeKey: "at",
    attributes: [
      { name: "server", type: "S" },
      { name: "at", type: "N" },
    ],
    ttl: { attributeName: "expires", enabled: true },
    pointInTimeRecovery: { enabled: true },
    serverSideEncryption: { enabled: true, kmsKeyArn: key.arn },
  });
  vault({ key, role });
  logs(ear);
  const down = alarms({ topic, wishes });
  return {
    account: getCallerIdentityOutput().accountId,
    alarm: down.arn,
    heard: heard.url,
    key: key.arn,
    mac: mac.keyId,
    topic: topic.arn,
    urgent: urgent.url,
  };
}

function messages(key: Key) {
  const topic = new Topic("page", { name: "page", kmsMasterKeyId: key.arn, tags: { Team: "blue" } });
  new TopicPolicy("page", { arn: topic.arn, policy: allow("sns:Publish", topic.arn) });
  const dead = new Queue("dead", { name: "dead", messageRetentionSeconds: 1_209_600 });
  const heard = new Queue("heard", { name: "heard", tags: { Team: "blue" } });
  const urgent = new Queue("urgent", { name: "urgent", sqsManagedSseEnabled: true });
  new QueuePolicy("urgent", { queueUrl: urgent.url, policy: allow("sqs:SendMessage", urgent.arn) });
  new TopicSubscription("urgent", {
    topic: topic.arn,
    protocol: "sqs",
    endpoint: urgent.arn,
    filterPolicy: JSON.stringify({ urgency: ["high"] }),
    redrivePolicy: jsonStringify({ deadLetterTargetArn: dead.arn }),
  });
  return { topic, heard, urgent };
}

/** A function that puts what it was called with into a queue. */
function listener({
  role,
  heard,
  says,
  topic,
}: {
  readonly role: Role;
  readonly heard: Queue;
  readonly says: string;
  readonly topic: Topic;
}): LambdaFunction {
  const log = new LogGroup("ear", { name: "/rollcall/ear", retentionInDays: 7 });
  const code = `
    import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
    import { says } from "./says.mjs";
    export const handler = async (event) => {
      console.log("heard something");
      const MessageBody = JSON.stringify({ says, event, node: process.version });
      await new SQSClient({}).send(new SendMessageCommand({ QueueUrl: process.env.HEARD, MessageBody }));
    };`;
  const ear = new LambdaFunction("ear", {
    name: "ear",
    role: role.arn,
    runtime: "nodejs24.x",
    architectures: ["arm64"],
    handler: "index.handler",
    code: new asset.AssetArchive({
      "index.mjs": new asset.StringAsset(code),
      "says.mjs": new asset.StringAsset(`export const says = ${JSON.stringify(says)};`),
    }),
    timeout: 20,
    memorySize: 256,
    environment: { variables: { HEARD: heard.url } },
    reservedConcurrentExecutions: 2,
    loggingConfig: { logFormat: "Text", logGroup: log.name },
    tags: { Team: "blue" },
  });
  const config = { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 };
  new FunctionEventInvokeConfig("ear", { functionName: ear.name, ...config });
  new FunctionUrl("ear", { functionName: ear.name, authorizationType: "AWS_IAM" });
  const told = { action: "lambda:InvokeFunction", principal: "sns.amazonaws.com", sourceArn: topic.arn };
  new Permission("ear", { function: ear.name, ...told });
  new TopicSubscription("ear", { topic: topic.arn, protocol: "lambda", endpoint: ear.arn });
  return ear;
}

function vault({ key, role }: { readonly key: Key; readonly role: Role }): void {
  const log = new Bucket("logs", { bucket: "rollcall-test-logs" });
  const copy = new Bucket("copy", { bucket: "rollcall-test-copy", forceDestroy: true });
  new BucketVersioning("copy", { bucket: copy.id, versioningConfiguration: { status: "Enabled" } });
  const made = { bucket: "rollcall-test-backups", objectLockEnabled: true, forceDestroy: true };
  const bucket = new Bucket("backups", { ...made, tags: { Team: "blue" } }).id;
  const versioning = new BucketVersioning("backups", {
    bucket,
    versioningConfiguration: { status: "Enabled" },
  });
  const after = { dependsOn: [versioning] };
  const byKey = { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn };
  new BucketServerSideEncryptionConfiguration("backups", {
    bucket,
    rules: [
      {
        applyServerSideEncryptionByDefault: byKey,
        bucketKeyEnabled: true,
        blockedEncryptionTypes: ["SSE-C"],
      },
    ],
  });
  new BucketPublicAccessBlock("backups", { bucket, blockPublicAcls: true, restrictPublicBuckets: true });
  new BucketOwnershipControls("backups", { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } });
  const rule = { defaultRetention: { mode: "GOVERNANCE", days: 1 } };
  new BucketObjectLockConfiguration("backups", { bucket, rule }, after);
  const lifecycle = { id: "retention", status: "Enabled", filter: {}, expiration: { days: 30 } };
  const noncurrentVersionExpiration = { noncurrentDays: 30 };
  new BucketLifecycleConfiguration(
    "backups",
    { bucket, rules: [{ ...lifecycle, noncurrentVersionExpiration }] },
    after,
  );
  new BucketPolicy("backups", {
    bucket,
    policy: allow("s3:GetObject", interpolate`arn:aws:s3:::${bucket}/*`),
  });
  new BucketLogging("backups", { bucket, targetBucket: log.id, targetPrefix: "backups/" });
  const deleteMarkerReplication = { status: "Disabled" };
  const destination = { bucket: copy.arn, storageClass: "GLACIER_IR" };
  const copied = { id: "copy", status: "Enabled", filter: {}, priority: 1 };
  const rules = [{ ...copied, deleteMarkerReplication, destination }];
  new BucketReplicationConfig("backups", { bucket, role: role.arn, rules }, after);
}

function logs(ear: LambdaFunction): void {
  const app = new LogGroup("app", { name: "/rollcall/app", retentionInDays: 30, tags: { Team: "blue" } });
  new LogGroup("idle", { name: "/rollcall/idle", retentionInDays: 7 });
  new LogMetricFilter("errors", {
    logGroupName: app.name,
    pattern: "ERROR",
    metricTransformation: { name: "errors", namespace: "Rollcall", value: "1" },
  });
  new LogSubscriptionFilter("ship", {
    logGroup: app.name,
    filterPattern: "SHIP",
    destinationArn: ear.arn,
  });
}

function alarms({ topic, wishes }: { readonly topic: Topic; readonly wishes: Wishes }): MetricAlarm {
  const shared = { comparisonOperator: "GreaterThanThreshold", evaluationPeriods: 5 };
  const down = new MetricAlarm("down", {
    ...shared,
    name: "server/down",
    namespace: "Rollcall",
    metricName: "failed",
    dimensions: { Environment: "test", Server: "one" },
    period: 60,
    statistic: "Sum",
    threshold: wishes.threshold,
    tags: { Team: wishes.team },
  });
  const metric = { namespace: "Rollcall", metricName: "failed", period: 60, stat: "Sum" };
  const slow = new MetricAlarm("slow", {
    ...shared,
    name: "server/slow",
    threshold: 1,
    metricQueries: [
      { id: "failed", metric: { ...metric, dimensions: { Server: "one" } } },
      { id: "share", expression: "failed / 60", returnData: true },
    ],
  });
  const composite = new CompositeAlarm("server", {
    alarmName: "server",
    alarmRule: interpolate`ALARM("${down.name}") OR ALARM("${slow.name}")`,
    alarmActions: [topic.arn],
    tags: { Team: "blue" },
  });
  new AlarmMuteRule("nights", {
    name: "nights",
    rule: { schedule: { expression: "cron(0 2 * * *)", duration: "PT1H" } },
    muteTargets: { alarmNames: [composite.alarmName] },
  });
  new Dashboard("overview", { dashboardName: "overview", dashboardBody: JSON.stringify({ widgets: [] }) });
  return down;
}

function trust(service: string): string {
  const statement = { Effect: "Allow", Principal: { Service: `${service}.amazonaws.com` } };
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, Action: "sts:AssumeRole" }] });
}

function allow(action: string, resource: Input<string>): Output<string> {
  const principal = action.startsWith("sqs:") && resource === "*" ? {} : { Principal: { AWS: "*" } };
  const statement = { Effect: "Allow", ...principal, Action: action, Resource: resource };
  return jsonStringify({ Version: "2012-10-17", Statement: [statement] });
}
