import { durationSeconds, type Ladder, ladderOf } from "./ladder.ts";
import type { EscalationPlan } from "./types.ts";

export interface MachineInput {
  readonly escalations: readonly EscalationPlan[];
  /** The escalation of an incident that names none of these. */
  readonly fallback: string;
  readonly notifierArn: string;
  /** Name of the table of the incidents. */
  readonly table: string;
  /** Days that an incident stays in the table after its last change. */
  readonly keepDays: number;
  /** The part of AWS that the ARNs of integrations name. @default aws */
  readonly partition?: string;
}

/** Seconds between the levels of a fast drill. */
export const FAST_SECONDS = 10;
/** Seconds in which the last level of a drill may acknowledge, before it is over. */
export const DRILL_END_SECONDS = 300;
/** Seconds after which an alarm is looked at again that nobody has said is over: an OK may have been lost. */
const LOOK_AGAIN_SECONDS = 6 * 3_600;
const DAY_SECONDS = 86_400;

/** As the integration of the AWS SDK names the error, and as DynamoDB's own does. */
const CONDITION_FAILED = [
  "DynamoDb.ConditionalCheckFailedException",
  "DynamoDB.ConditionalCheckFailedException",
];
const AGAIN = { IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 2, JitterStrategy: "FULL" } as const;
const RETRY = [{ ErrorEquals: ["States.ALL"], ...AGAIN }] as const;
/** Seconds that one call of the notifier may take, its tries against SNS included. */
const NOTIFY_SECONDS = 60;

/**
 * How long a level has until the next one is told, as an expression over its index: the catalog's time, the pace of
 * a fast drill, or 0 after the last level of an incident, which waits for its end.
 */
const pauseOf = (index: string): string =>
  [
    `$incident.drill and $incident.fast ? ${FAST_SECONDS}`,
    `${index} + 1 < $count($levels) ? $levels[${index}].waitSeconds`,
    `$incident.drill ? ${DRILL_END_SECONDS} : 0`,
  ].join(" : ");

/** What describeAlarms says of the one alarm that it was asked for; `GONE` where there is none any more. */
export const ALARM_SEEN = `{% ( $found := $append($states.result.CompositeAlarms, $states.result.MetricAlarms)[0]; $exists($found) ? {"state": $found.StateValue, "suppressed": $exists($found.ActionsSuppressedBy)} : {"state": "GONE", "suppressed": false} ) %}`;

/**
 * The state machine that tells the levels of an incident one after the other (Amazon States Language, JSONata), for
 * STANDARD executions whose input is an `Incident`. The ladders stand in it, so that an incident that is under way
 * keeps the one that it began with.
 *
 * A level is told by the notifier. Then the execution leaves its task token in the incident's item and waits: who
 * acknowledges, and what hears of the recovery, writes that down first and wakes it with the token second. The token
 * is written under the condition that neither has been, so nothing that happens in between is lost.
 */
export function escalationMachine(input: MachineInput): object {
  const ladders = input.escalations.map(ladderOf);
  return {
    Comment: "Tells the levels of an incident one after the other, until it is acknowledged or over",
    QueryLanguage: "JSONata",
    StartAt: "Ladders",
    States: { ...beginning(input, ladders), ...telling(input), ...waiting(input, ladders), ...ending(input) },
  };
}

function beginning({ fallback }: MachineInput, ladders: readonly Ladder[]): object {
  const known = Object.fromEntries(ladders.map(({ escalation, ...ladder }) => [escalation, ladder]));
  const ladder = `( $known := $lookup($ladders, $incident.escalation); $exists($known) ? $known : $lookup($ladders, ${JSON.stringify(fallback)}) )`;
  return {
    Ladders: {
      Type: "Pass",
      Assign: { ladders: known, incident: "{% $states.input %}" },
      Next: "Begin",
    },
    Begin: {
      Type: "Pass",
      Assign: {
        levels: `{% ( $ladder := ${ladder}; [$incident.escalates ? $ladder.levels : $ladder.levels[0]] ) %}`,
        pause: `{% $incident.drill ? 0 : ${ladder}.startSeconds %}`,
        index: -1,
        acknowledged: false,
        untold: false,
      },
      Next: "Wait first?",
    },
    "Wait first?": choice("Next level", ["$pause > 0", "How long?"]),
    "Next level": {
      Type: "Pass",
      // of the index before: AWS reads all variables as they were, the emulator those above as they are now
      Assign: { pause: `{% ( $next := $index + 1; ${pauseOf("$next")} ) %}`, index: "{% $index + 1 %}" },
      Next: "More levels?",
    },
    "More levels?": choice(
      "Look",
      ["$incident.drill and $index >= $count($levels)", "Over"],
      ["$acknowledged or $index >= $count($levels)", "Look again"],
      ["$incident.drill or $index = 0 and $pause >= 0 and $not($exists($levels[$index].delayed))", "Tell"],
    ),
  };
}

function telling(input: MachineInput): object {
  return {
    Look: { ...look(input), Next: "Still on?", Catch: otherwise("Tell") },
    "Still on?": choice(
      "Tell",
      ['$states.input.state in ["OK", "GONE"]', "Over"],
      ["$states.input.suppressed", "Hold back"],
    ),
    "Hold back": {
      Comment:
        "An alarm that is suppressed or muted tells nobody further, and is looked at again when this level's time has passed",
      Type: "Pass",
      Assign: {
        index: "{% $index - 1 %}",
        pause: `{% $pause > 0 ? $pause : ${LOOK_AGAIN_SECONDS} %}`,
      },
      Next: "How long?",
    },
    Tell: {
      ...notify(input, {
        act: "tell",
        level: "{% $levels[$index].level %}",
        topic: "{% $levels[$index].topic %}",
      }),
      Next: "Told?",
      // whoever comes next is told at once: nobody has heard of it yet
      Catch: [{ ErrorEquals: ["States.ALL"], Assign: { untold: true }, Next: "Next level" }],
    },
    "Told?": choice(
      "How long?",
      ['$states.input.kind = "recovered"', "Over"],
      ['$states.input.kind = "acknowledged" and $not($incident.drill)', "Acknowledged"],
      ['$states.input.kind = "muted"', "Hold back"],
    ),
  };
}

function waiting(input: MachineInput, ladders: readonly Ladder[]): object {
  // the time of a task that waits for a token is a number of the definition: one state for each that occurs
  const seconds = new Set([
    FAST_SECONDS,
    DRILL_END_SECONDS,
    LOOK_AGAIN_SECONDS,
    ...ladders.flatMap(({ startSeconds, levels }) => [
      startSeconds,
      ...levels.map(({ waitSeconds }) => waitSeconds),
    ]),
  ]);
  const times = [...seconds].filter((time) => time > 0).sort((a, b) => a - b);
  const nameOf = (time: number): string => `Answer within ${durationSeconds(time)}`;
  const waits = times.map((time) => [nameOf(time), park(input, { seconds: time, next: "Next level" })]);
  return {
    "How long?": choice(
      "Wait for its end",
      ...times.map((time) => [`$pause = ${time}`, nameOf(time)] as const),
    ),
    ...Object.fromEntries(waits),
    "Wait for its end": park(input, { seconds: LOOK_AGAIN_SECONDS, next: "Look again" }),
    "What happened?": {
      Comment: "Somebody was faster than the token: the incident says who",
      Type: "Task",
      Resource: integration(input, "aws-sdk:dynamodb:getItem"),
      Arguments: { TableName: input.table, Key: itemKey(), ConsistentRead: true },
      Output: `{% {"kind": $exists($states.result.Item.recovered) ? "recovered" : "acknowledged"} %}`,
      Retry: RETRY,
      Next: "Answered?",
      Catch: otherwise("Wait unwoken"),
    },
    "Answered?": choice(
      "Acknowledged",
      ['$states.input.kind = "recovered"', "Over"],
      ["$incident.drill", "Next level"],
      ["$acknowledged", "Wait for its end"],
    ),
    "Wait unwoken": {
      Comment:
        "The table cannot be reached, so nobody can wake this execution; the next level is not told early",
      Type: "Wait",
      Seconds: `{% $pause > 0 ? $pause : ${LOOK_AGAIN_SECONDS} %}`,
      Next: "Next level",
    },
  };
}

function ending(input: MachineInput): object {
  return {
    Acknowledged: {
      ...notify(input, { act: "acknowledged" }),
      Assign: { acknowledged: true },
      Next: "Wait for its end",
      Catch: [
        {
          ErrorEquals: ["States.ALL"],
          Assign: { acknowledged: true, untold: true },
          Next: "Wait for its end",
        },
      ],
    },
    "Look again": { ...look(input), Next: "Over yet?", Catch: otherwise("Wait for its end") },
    "Over yet?": choice("Wait for its end", ['$states.input.state in ["OK", "GONE"]', "Over"]),
    Over: {
      ...notify(input, { act: "over" }),
      Next: "Was everybody told?",
      Catch: otherwise("Somebody was not told"),
    },
    "Was everybody told?": choice("Ended", ["$untold", "Somebody was not told"]),
    "Somebody was not told": {
      Type: "Fail",
      Error: "Rollcall.NotTold",
      Cause: "A level of this incident could not be told; the log of the notifier says why",
    },
    Ended: { Type: "Succeed" },
  };
}

/** Leaves the token in the incident's item and waits for who answers it. */
function park(
  input: MachineInput,
  { seconds, next }: { readonly seconds: number; readonly next: string },
): object {
  return {
    Type: "Task",
    Resource: integration(input, "aws-sdk:dynamodb:updateItem.waitForTaskToken"),
    Arguments: {
      TableName: input.table,
      Key: itemKey(),
      UpdateExpression: "SET task = :task, expires = :expires",
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

function look(input: MachineInput): object {
  return {
    Type: "Task",
    Resource: integration(input, "aws-sdk:cloudwatch:describeAlarms"),
    Arguments: { AlarmNames: ["{% $incident.alarm %}"], AlarmTypes: ["CompositeAlarm", "MetricAlarm"] },
    Output: ALARM_SEEN,
    Retry: RETRY,
  };
}

function notify(input: MachineInput, payload: Readonly<Record<string, string>>): object {
  return {
    Type: "Task",
    Resource: integration(input, "lambda:invoke"),
    Arguments: {
      FunctionName: input.notifierArn,
      Payload: { incident: "{% $incident %}", ...payload },
    },
    TimeoutSeconds: NOTIFY_SECONDS,
    Output: "{% $states.result.Payload %}",
    Retry: RETRY,
  };
}

function choice(otherwiseNext: string, ...rules: readonly (readonly [condition: string, next: string])[]) {
  return {
    Type: "Choice",
    Choices: rules.map(([condition, Next]) => ({ Condition: `{% ${condition} %}`, Next })),
    Default: otherwiseNext,
  };
}

const otherwise = (next: string) => [{ ErrorEquals: ["States.ALL"], Next: next }];

const itemKey = () => ({ key: { S: "{% $incident.id %}" } });

const integration = ({ partition = "aws" }: MachineInput, what: string): string =>
  `arn:${partition}:states:::${what}`;
