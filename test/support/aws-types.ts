import type { JsonRecord } from "./json.ts";

/** The account and region that the stand-in for AWS plays. */
export const ACCOUNT = "123456789012";
export const REGION = "eu-west-1";

/** What the stand-in knows of one resource type beyond echoing it. */
export interface AwsType {
  /** The input that carries the physical name; it is made up when the program leaves it out. */
  readonly named?: string;
  /** Which value is the resource's id. @default "name" */
  readonly id?: "name" | "arn" | "url";
  /** Inputs besides the name that cannot change in place. */
  readonly fixed?: readonly string[];
  readonly arn?: (args: TypeArgs) => string;
  /** Outputs that AWS makes up, besides `arn`. */
  readonly outputs?: (args: TypeArgs & { readonly arn: string }) => JsonRecord;
}

interface TypeArgs {
  readonly name: string;
  readonly inputs: JsonRecord;
}

const regional = (service: string, path: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${path}`;
const global = (service: string, path: string) => `arn:aws:${service}::${ACCOUNT}:${path}`;
const queueUrl = (name: string) => `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${name}`;
const invokeArn = (arn: string) =>
  `arn:aws:apigateway:${REGION}:lambda:path/2015-03-31/functions/${arn}/invocations`;

const TYPES: Readonly<Record<string, AwsType>> = {
  "backup:Plan": { arn: ({ name }) => regional("backup", `backup-plan:${name}`), named: "name" },
  "backup:Vault": { arn: ({ name }) => regional("backup", `backup-vault:${name}`), named: "name" },
  "cloudwatch:AlarmMuteRule": {
    arn: ({ name }) => regional("cloudwatch", `alarm-mute-rule:${name}`),
    named: "name",
  },
  "cloudwatch:CompositeAlarm": {
    arn: ({ name }) => regional("cloudwatch", `alarm:${name}`),
    named: "alarmName",
  },
  "cloudwatch:Dashboard": {
    named: "dashboardName",
    arn: ({ name }) => global("cloudwatch", `dashboard/${name}`),
    outputs: ({ arn }) => ({ dashboardArn: arn }),
  },
  "cloudwatch:EventRule": { arn: ({ name }) => regional("events", `rule/${name}`), named: "name" },
  "cloudwatch:EventTarget": { fixed: ["rule", "targetId"] },
  "cloudwatch:LogGroup": {
    named: "name",
    fixed: ["logGroupClass"],
    arn: ({ name }) => regional("logs", `log-group:${name}`),
  },
  "cloudwatch:LogMetricFilter": { named: "name", fixed: ["logGroupName"] },
  "cloudwatch:LogSubscriptionFilter": { named: "name", fixed: ["logGroup"] },
  "cloudwatch:MetricAlarm": { arn: ({ name }) => regional("cloudwatch", `alarm:${name}`), named: "name" },
  "dynamodb:Table": {
    named: "name",
    fixed: ["hashKey", "rangeKey"],
    arn: ({ name }) => regional("dynamodb", `table/${name}`),
    outputs: ({ arn }) => ({ streamArn: `${arn}/stream/2026-01-01T00:00:00.000` }),
  },
  "iam:Policy": { named: "name", id: "arn", arn: ({ name }) => global("iam", `policy/${name}`) },
  "iam:Role": {
    named: "name",
    arn: ({ name }) => global("iam", `role/${name}`),
    outputs: ({ name }) => ({ uniqueId: `AROA${name}` }),
  },
  "iam:RolePolicy": { named: "name", fixed: ["role"] },
  "iam:RolePolicyAttachment": { fixed: ["role", "policyArn"] },
  "kms:Alias": { named: "name", arn: ({ name }) => regional("kms", name) },
  "kms:Key": {
    fixed: ["customerMasterKeySpec", "keyUsage", "multiRegion"],
    arn: ({ name }) => regional("kms", `key/${name}`),
    outputs: ({ name }) => ({ keyId: name }),
  },
  "lambda:Function": {
    named: "name",
    arn: ({ name }) => regional("lambda", `function:${name}`),
    outputs: ({ arn }) => ({
      invokeArn: invokeArn(arn),
      qualifiedArn: `${arn}:$LATEST`,
      version: "$LATEST",
    }),
  },
  "lambda:FunctionEventInvokeConfig": { fixed: ["functionName", "qualifier"] },
  "lambda:FunctionUrl": {
    fixed: ["functionName", "qualifier"],
    outputs: ({ name }) => ({ functionUrl: `https://${name}.lambda-url.${REGION}.on.aws/`, urlId: name }),
  },
  "lambda:Permission": {
    named: "statementId",
    fixed: ["action", "function", "principal", "sourceArn", "sourceAccount"],
  },
  "s3:Bucket": {
    named: "bucket",
    fixed: ["objectLockEnabled"],
    arn: ({ name }) => `arn:aws:s3:::${name}`,
    outputs: ({ name }) => ({
      bucketDomainName: `${name}.s3.amazonaws.com`,
      bucketRegionalDomainName: `${name}.s3.${REGION}.amazonaws.com`,
      region: REGION,
    }),
  },
  "s3:BucketLifecycleConfiguration": { fixed: ["bucket"] },
  "s3:BucketLogging": { fixed: ["bucket"] },
  "s3:BucketObjectLockConfiguration": { fixed: ["bucket"] },
  "s3:BucketOwnershipControls": { fixed: ["bucket"] },
  "s3:BucketPolicy": { fixed: ["bucket"] },
  "s3:BucketPublicAccessBlock": { fixed: ["bucket"] },
  "s3:BucketReplicationConfig": { fixed: ["bucket"] },
  "s3:BucketServerSideEncryptionConfiguration": { fixed: ["bucket"] },
  "s3:BucketVersioning": { fixed: ["bucket"] },
  "scheduler:Schedule": {
    named: "name",
    fixed: ["groupName"],
    arn: ({ name, inputs }) => regional("scheduler", `schedule/${inputs.groupName ?? "default"}/${name}`),
  },
  "scheduler:ScheduleGroup": {
    arn: ({ name }) => regional("scheduler", `schedule-group/${name}`),
    named: "name",
  },
  "secretsmanager:Secret": {
    named: "name",
    id: "arn",
    arn: ({ name }) => regional("secretsmanager", `secret:${name}-AbCdEf`),
  },
  "sfn:Activity": { named: "name", id: "arn", arn: ({ name }) => regional("states", `activity:${name}`) },
  "sfn:StateMachine": {
    named: "name",
    id: "arn",
    fixed: ["type"],
    arn: ({ name }) => regional("states", `stateMachine:${name}`),
  },
  "sns:Topic": { named: "name", id: "arn", fixed: ["fifoTopic"], arn: ({ name }) => regional("sns", name) },
  "sns:TopicPolicy": { fixed: ["arn"], outputs: () => ({ owner: ACCOUNT }) },
  "sns:TopicSubscription": {
    id: "arn",
    fixed: ["topic", "protocol", "endpoint"],
    arn: ({ name, inputs }) => `${inputs.topic}:${name}`,
    outputs: () => ({ ownerId: ACCOUNT, pendingConfirmation: false }),
  },
  "sqs:Queue": {
    named: "name",
    id: "url",
    arn: ({ name }) => regional("sqs", name),
    fixed: ["fifoQueue"],
    outputs: ({ name }) => ({ url: queueUrl(name) }),
  },
  "sqs:QueuePolicy": { fixed: ["queueUrl"] },
  "ssm:Parameter": {
    named: "name",
    arn: ({ name }) => regional("ssm", `parameter/${name.replace(/^\//, "")}`),
    outputs: () => ({ version: 1 }),
  },
};

/** What is known of `aws:sns/topic:Topic`; a type without an entry is echoed, without an arn of its own. */
export function awsType(token: string): AwsType {
  const [, module = "", name = ""] = token.split(":");
  return TYPES[`${module.split("/")[0]}:${name}`] ?? {};
}

/** The answers of the look-ups that programs make about where they run. */
export const AWS_INVOKES: Readonly<Record<string, JsonRecord>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": {
    id: ACCOUNT,
    accountId: ACCOUNT,
    arn: global("iam", "user/tester"),
    userId: "AIDATESTER",
  },
  "aws:index/getPartition:getPartition": {
    id: "aws",
    partition: "aws",
    dnsSuffix: "amazonaws.com",
    reverseDnsPrefix: "com.amazonaws",
  },
  "aws:index/getRegion:getRegion": {
    id: REGION,
    name: REGION,
    region: REGION,
    description: "Europe (Ireland)",
    endpoint: `ec2.${REGION}.amazonaws.com`,
  },
};
