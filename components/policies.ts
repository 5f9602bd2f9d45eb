import * as pulumi from "@pulumi/pulumi";

const VERSION = "2012-10-17";

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

/** Reads and writes single items of one table; nothing is deleted, its items expire. */
export function keepItems(tableArn: pulumi.Input<string>): pulumi.Output<string> {
  return document({
    Effect: "Allow",
    Action: ["dynamodb:GetItem", "dynamodb:PutItem"],
    Resource: tableArn,
  });
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

/** Invokes one function. */
export function invokeFunction(functionArn: pulumi.Input<string>): pulumi.Output<string> {
  return document({ Effect: "Allow", Action: "lambda:InvokeFunction", Resource: functionArn });
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

/** Nobody reaches the bucket without TLS. */
export function onlyTls(bucketArn: pulumi.Input<string>): pulumi.Output<string> {
  return document({
    Sid: "OnlyTls",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [bucketArn, pulumi.interpolate`${bucketArn}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  });
}

function trust(principal: object, condition?: object): pulumi.Output<string> {
  return document({
    Effect: "Allow",
    Principal: principal,
    Action: "sts:AssumeRole",
    ...(condition === undefined ? {} : { Condition: condition }),
  });
}

function isParameter(name: string): boolean {
  return /^(\/|arn:aws[\w-]*:ssm:)/.test(name);
}

/** A parameter may be asked for by version or label (`/name:3`), which is no part of its ARN. */
function withoutVersion(name: string): string {
  return name.replace(/:[^:/]*$/, "");
}

/** The part of AWS that a region belongs to, as its ARNs name it. */
function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

function document(...statements: readonly object[]): pulumi.Output<string> {
  return pulumi.jsonStringify({ Version: VERSION, Statement: statements });
}
