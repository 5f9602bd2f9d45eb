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

function document(statement: object): pulumi.Output<string> {
  return pulumi.jsonStringify({ Version: VERSION, Statement: [statement] });
}
