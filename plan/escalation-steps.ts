/** What the state machine of the escalation asks of AWS, and how its choices are written. */
export interface StepInput {
  readonly notifierArn: string;
  /** Name of the table of the incidents. */
  readonly table: string;
  /** Days that an incident stays in the table after its last change. */
  readonly keepDays: number;
  /** The part of AWS that the ARNs of integrations name. @default aws */
  readonly partition?: string;
}

/** The attribute of an incident's item with the token that wakes its execution: whoever has it can end the incident. */
export const TASK_TOKEN = "task";
const DAY_SECONDS = 86_400;

/** As the integration of the AWS SDK names the error, and as DynamoDB's own does. */
const CONDITION_FAILED = [
  "DynamoDb.ConditionalCheckFailedException",
  "DynamoDB.ConditionalCheckFailedException",
];
const AGAIN = { IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 2, JitterStrategy: "FULL" } as const;
/** Three times more in about seven seconds: somebody may wait for what is asked. */
export const RETRY = [{ ErrorEquals: ["States.ALL"], ...AGAIN }] as const;
/** For what no alarm waits for: the incident is acknowledged, or over. Up to five minutes. */
export const RETRY_LONG = [
  { ErrorEquals: ["States.ALL"], IntervalSeconds: 5, MaxAttempts: 6, BackoffRate: 2, JitterStrategy: "FULL" },
] as const;
/** Seconds that one call of the notifier may take, its tries against SNS included. */
const NOTIFY_SECONDS = 60;

/** What describeAlarms says of the one alarm that it was asked for; `GONE` where there is none any more. */
export const ALARM_SEEN = `{% ( $found := $append($states.result.CompositeAlarms, $states.result.MetricAlarms)[0]; $exists($found) ? {"state": $found.StateValue, "suppressed": $exists($found.ActionsSuppressedBy)} : {"state": "GONE", "suppressed": false} ) %}`;

/** Leaves the token in the incident's item and waits for who answers it. */
export function park(
  input: StepInput,
  { seconds, next }: { readonly seconds: number; readonly next: string },
): object {
  return {
    Type: "Task",
    Resource: integration(input, "aws-sdk:dynamodb:updateItem.waitForTaskToken"),
    Arguments: {
      TableName: input.table,
      Key: itemKey(),
      UpdateExpression: `SET ${TASK_TOKEN} = :task, expires = :expires`,
      ConditionExpression:
        '{% $acknowledged ? "attribute_not_exists(recovered)" : "attribute_not_exists(recovered) AND attribute_not_exists(acknowledged)" %}',
      ExpressionAttributeValues: {
        ":task": { S: "{% $states.context.Task.Token %}" },
        ":expires": { N: `{% $string($floor($millis() / 1000) + ${input.keepDays * DAY_SECONDS}) %}` },
      },
    },
    TimeoutSeconds: seconds,
    Retry: [
      { ErrorEquals: CONDITION_FAILED, MaxAttempts: 0 },
      { ErrorEquals: ["States.TaskFailed"], ...AGAIN },
    ],
    Next: "Answered?",
    Catch: [
      { ErrorEquals: ["States.Timeout"], Next: next },
      { ErrorEquals: CONDITION_FAILED, Next: "What happened?" },
      ...otherwise("Wait unwoken"),
    ],
  };
}

export function look(input: StepInput): object {
  return {
    Type: "Task",
    Resource: integration(input, "aws-sdk:cloudwatch:describeAlarms"),
    Arguments: { AlarmNames: ["{% $incident.alarm %}"], AlarmTypes: ["CompositeAlarm", "MetricAlarm"] },
    Output: ALARM_SEEN,
    Retry: RETRY,
  };
}

export function notify(input: StepInput, payload: Readonly<Record<string, string>>): object {
  return {
    Type: "Task",
    Resource: integration(input, "lambda:invoke"),
    Arguments: {
      FunctionName: input.notifierArn,
      Payload: { incident: "{% $incident %}", ...payload },
    },
    TimeoutSeconds: NOTIFY_SECONDS,
    Output: "{% $states.result.Payload %}",
  };
}

export function choice(
  otherwiseNext: string,
  ...rules: readonly (readonly [condition: string, next: string])[]
) {
  return {
    Type: "Choice",
    Choices: rules.map(([condition, Next]) => ({ Condition: `{% ${condition} %}`, Next })),
    Default: otherwiseNext,
  };
}

export const otherwise = (next: string) => [{ ErrorEquals: ["States.ALL"], Next: next }];

export const itemKey = () => ({ key: { S: "{% $incident.id %}" } });

export const integration = ({ partition = "aws" }: StepInput, what: string): string =>
  `arn:${partition}:states:::${what}`;
