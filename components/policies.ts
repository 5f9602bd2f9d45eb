import * as pulumi from "@pulumi/pulumi";
import { document, partitionOf, type Statement, suffixOf, trust } from "./policy-document.ts";

/** Lambda may take the role. */
export function lambdaTrust(): pulumi.Output<string> {
  return trust({ Service: "lambda.amazonaws.com" });
}

/** EventBridge Scheduler may take the role, for schedules of this account only (confused deputy). */
export function schedulerTrust(accountId: pulumi.Input<string>): pulumi.Output<string> {
  return trust({ Service: "scheduler.amazonaws.com" }, { StringEquals: { "aws:SourceAccount": accountId } });
}

/** Writes to the streams of one log group. Metrics travel in the lines (EMF), so nothing else is needed. */
export function writeLogs(logGroupArn: pulumi.Input<string>): pulumi.Output<string> {
  return document({
    Effect: "Allow",
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: pulumi.interpolate`${logGroupArn}:*`,
  });
}

/** Reads and writes single items of one table, by its key; nothing is deleted, its items expire. */
export function keepItems(args: {
  readonly tableArn: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  readonly region: string;
}): pulumi.Output<string> {
  return document(
    { Effect: "Allow", Action: ["dynamodb:GetItem", "dynamodb:PutItem"], Resource: args.tableArn },
    useKey({ ...args, service: "dynamodb" }),
  );
}

/**
 * Reads these secrets and parameters, and no other. A name means one of this account and region; an ARN stands
 * as it is. Decryption is not granted: keys that AWS manages need no right, and a customer-managed key's own
 * policy has to name the role.
 */
export function readSecrets(args: {
  /** As the catalog names them: SSM parameters begin with `/` or `arn:aws:ssm`. */
  readonly secrets: readonly string[];
  readonly region: string;
  readonly accountId: pulumi.Input<string>;
}): pulumi.Output<string> {
  const { secrets, region, accountId } = args;
  const within = (service: string) =>
    pulumi.interpolate`arn:${partitionOf(region)}:${service}:${region}:${accountId}`;
  const whole = (name: string, arn: () => pulumi.Output<string>) => (name.startsWith("arn:") ? name : arn());
  const stored = secrets
    .filter((name) => !isParameter(name))
    // Secrets Manager ends each ARN with a hyphen and six characters of its own
    .map((name) => whole(name, () => pulumi.interpolate`${within("secretsmanager")}:secret:${name}-??????`));
  const parameters = [...new Set(secrets.filter(isParameter).map(withoutVersion))].map((name) =>
    whole(name, () => pulumi.interpolate`${within("ssm")}:parameter${name}`),
  );
  return document(
    ...(stored.length === 0
      ? []
      : [{ Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: stored }]),
    ...(parameters.length === 0
      ? []
      : [{ Effect: "Allow", Action: "ssm:GetParameter", Resource: parameters }]),
  );
}

/** Starts the probe, and puts what could not be started into its queue. */
export function startProbe(args: {
  readonly functionArn: pulumi.Input<string>;
  readonly queueArn: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  readonly region: string;
}): pulumi.Output<string> {
  return document(
    { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: args.functionArn },
    { Effect: "Allow", Action: "sqs:SendMessage", Resource: args.queueArn },
    useKey({ ...args, service: "sqs" }),
  );
}

/** What Lambda itself does to put a function into a network; none of it can be tied to one (Lambda's developer guide). */
const NETWORK_ACTIONS = [
  "ec2:AssignPrivateIpAddresses",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:UnassignPrivateIpAddresses",
];

/** Lets Lambda put the function into its network, and the code of the function not touch any. */
export function attachNetwork(args: {
  readonly functionName: string;
  readonly region: string;
  readonly accountId: pulumi.Input<string>;
}): pulumi.Output<string> {
  const { functionName, region, accountId } = args;
  const arn = pulumi.interpolate`arn:${partitionOf(region)}:lambda:${region}:${accountId}:function:${functionName}`;
  return document(
    { Effect: "Allow", Action: NETWORK_ACTIONS, Resource: "*" },
    {
      Effect: "Deny",
      Action: NETWORK_ACTIONS,
      Resource: "*",
      Condition: { ArnEquals: { "lambda:SourceFunctionArn": arn } },
    },
  );
}

/** Uses the environment's key through one service of AWS, and not by itself. */
export function useKey(args: {
  readonly keyArn: pulumi.Input<string>;
  readonly region: string;
  /** As its address names it: `sqs`, `dynamodb`, `sns`, `s3`. */
  readonly service: string;
}): Statement {
  const { keyArn, region, service } = args;
  return {
    Effect: "Allow",
    Action: ["kms:Decrypt", "kms:GenerateDataKey"],
    Resource: keyArn,
    Condition: { StringEquals: { "kms:ViaService": `${service}.${region}.${suffixOf(region)}` } },
  };
}

/** CloudWatch alarms of this account may publish to the topic; without it they fail silently. */
export function alarmsPublish(args: {
  readonly topicArn: pulumi.Input<string>;
  readonly accountId: pulumi.Input<string>;
}): pulumi.Output<string> {
  return document({
    Sid: "AlarmsPublish",
    Effect: "Allow",
    Principal: { Service: "cloudwatch.amazonaws.com" },
    Action: "sns:Publish",
    Resource: args.topicArn,
    Condition: { StringEquals: { "aws:SourceAccount": args.accountId } },
  });
}

function isParameter(name: string): boolean {
  return /^(\/|arn:aws[\w-]*:ssm:)/.test(name);
}

/** A parameter may be asked for by version or label (`/name:3`), which is no part of its ARN. */
function withoutVersion(name: string): string {
  return name.replace(/:[^:/]*$/, "");
}
