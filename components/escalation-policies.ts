import type * as pulumi from "@pulumi/pulumi";
import { useKey } from "./policies.ts";
import { document, trust } from "./policy-document.ts";

/** Where the escalation lies, and the key that everything of the environment is encrypted with. */
export interface EscalationPlace {
  readonly accountId: pulumi.Input<string>;
  readonly region: string;
  readonly keyArn: pulumi.Input<string>;
}

type Arn = pulumi.Input<string>;

/** Step Functions may take the role, for state machines of this account only (confused deputy). */
export function statesTrust(accountId: pulumi.Input<string>): pulumi.Output<string> {
  return trust({ Service: "states.amazonaws.com" }, { StringEquals: { "aws:SourceAccount": accountId } });
}

/** Begins and ends incidents: writes them down, starts the machine, wakes an execution. */
export function starterRights(
  args: EscalationPlace & { readonly tableArn: Arn; readonly machineArn: Arn; readonly queueArn: Arn },
): pulumi.Output<string> {
  return document(
    {
      Effect: "Allow",
      Action: ["dynamodb:PutItem", "dynamodb:UpdateItem"],
      Resource: args.tableArn,
    },
    useKey({ ...args, service: "dynamodb" }),
    {
      Effect: "Allow",
      Action: ["states:StartExecution", "states:SendTaskSuccess"],
      Resource: args.machineArn,
    },
    ...deadLetters(args),
  );
}

/** Tells levels: publishes to their topics, signs links, writes down what was sent. */
export function notifierRights(
  args: EscalationPlace & {
    readonly tableArn: Arn;
    readonly topicArns: readonly Arn[];
    readonly linkKeyArn: Arn;
  },
): pulumi.Output<string> {
  return document(
    { Effect: "Allow", Action: ["dynamodb:GetItem", "dynamodb:UpdateItem"], Resource: args.tableArn },
    useKey({ ...args, service: "dynamodb" }),
    { Effect: "Allow", Action: "sns:Publish", Resource: [...args.topicArns] },
    useKey({ ...args, service: "sns" }),
    { Effect: "Allow", Action: "kms:GenerateMac", Resource: args.linkKeyArn },
    // a list: it is of no rule in particular
    { Effect: "Allow", Action: "cloudwatch:ListAlarmMuteRules", Resource: "*" },
  );
}

/** Takes acknowledgements: verifies links and cannot make one, writes down who, wakes an execution. */
export function acknowledgeRights(
  args: EscalationPlace & { readonly tableArn: Arn; readonly machineArn: Arn; readonly linkKeyArn: Arn },
): pulumi.Output<string> {
  return document(
    { Effect: "Allow", Action: ["dynamodb:GetItem", "dynamodb:UpdateItem"], Resource: args.tableArn },
    useKey({ ...args, service: "dynamodb" }),
    { Effect: "Allow", Action: "states:SendTaskSuccess", Resource: args.machineArn },
    { Effect: "Allow", Action: "kms:VerifyMac", Resource: args.linkKeyArn },
  );
}

/** Tells Slack and PagerDuty: reads its own credentials, writes down what arrived. */
export function relayRights(
  args: EscalationPlace & {
    readonly tableArn: Arn;
    readonly queueArn: Arn;
    /** ARNs of the parameters with its credentials. */
    readonly parameterArns: readonly Arn[];
  },
): pulumi.Output<string> {
  return document(
    { Effect: "Allow", Action: ["dynamodb:GetItem", "dynamodb:UpdateItem"], Resource: args.tableArn },
    useKey({ ...args, service: "dynamodb" }),
    { Effect: "Allow", Action: "ssm:GetParameter", Resource: [...args.parameterArns] },
    ...deadLetters(args),
  );
}

/**
 * What the machine does itself. CloudWatch tells of composite alarms only who may ask for all of them, and the calls
 * of log delivery know no resources (AWS, service authorization reference).
 */
export function machineRights(
  args: EscalationPlace & { readonly tableArn: Arn; readonly notifierArn: Arn },
): pulumi.Output<string> {
  return document(
    { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: args.notifierArn },
    { Effect: "Allow", Action: "cloudwatch:DescribeAlarms", Resource: "*" },
    { Effect: "Allow", Action: ["dynamodb:GetItem", "dynamodb:UpdateItem"], Resource: args.tableArn },
    useKey({ ...args, service: "dynamodb" }),
    {
      Effect: "Allow",
      Action: [
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
      ],
      Resource: "*",
    },
  );
}

/** The topics of the environment, and nobody else, may put what they could not deliver into the queue. */
export function topicsSend(args: {
  readonly queueArn: Arn;
  readonly topicArns: readonly Arn[];
}): pulumi.Output<string> {
  return document({
    Sid: "TopicsSend",
    Effect: "Allow",
    Principal: { Service: "sns.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: args.queueArn,
    Condition: { ArnEquals: { "aws:SourceArn": [...args.topicArns] } },
  });
}

/** What an invocation that failed for good leaves behind. */
function deadLetters(args: EscalationPlace & { readonly queueArn: Arn }): object[] {
  return [
    { Effect: "Allow", Action: "sqs:SendMessage", Resource: args.queueArn },
    useKey({ ...args, service: "sqs" }),
  ];
}
