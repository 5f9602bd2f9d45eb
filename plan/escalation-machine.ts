import {
  choice,
  integration,
  itemKey,
  look,
  notify,
  otherwise,
  park,
  RETRY,
  RETRY_LONG,
  type StepInput,
} from "./escalation-steps.ts";
import { durationSeconds, type Ladder, ladderOf } from "./ladder.ts";
import type { EscalationPlan } from "./types.ts";

export interface MachineInput extends StepInput {
  readonly escalations: readonly EscalationPlan[];
  /** The escalation of an incident that names none of these. */
  readonly fallback: string;
  /** Seconds after which a level is due again that was held back, or could not be told. @default 300 */
  readonly againSeconds?: number;
}

/** Seconds between the levels of a fast drill. */
export const FAST_SECONDS = 10;
/** Seconds in which the last level of a drill may acknowledge, before it is over. */
export const DRILL_END_SECONDS = 300;
/** Seconds after which an alarm is looked at again that nobody has said is over: an OK may have been lost. */
const LOOK_AGAIN_SECONDS = 6 * 3_600;
/**
 * A level that was held back, or could not be told, is due again after this time, whatever the ladder says: a mute, a
 * fold or a fault of what tells may end in a minute, and an alarm that still acts is then told.
 */
const AGAIN_SECONDS = 300;
/**
 * After six hours of that it is due less often. An execution ends at 25,000 events of its history, and one time takes
 * 30 of them, so it holds for the 15 days of the longest mute.
 */
const AGAIN_SOON = 72;
const AGAIN_LATER_SECONDS = 1_800;

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

/** The levels that were to be told until now and have not been: `tried` is the index of the last of them. */
const MISSED = "$filter($levels, function($one, $at) { $at <= $tried and $not($one.level in $told.level) })";

/**
 * The state machine that tells the levels of an incident one after the other (Amazon States Language, JSONata), for
 * STANDARD executions whose input is an `Incident`. The ladders stand in it, so that an incident that is under way
 * keeps the one that it began with.
 *
 * A level is told by the notifier. Then the execution leaves its task token in the incident's item and waits: who
 * acknowledges, and what hears of the recovery, writes that down first and wakes it with the token second. The token
 * is written under the condition that neither has been, so nothing that happens in between is lost.
 *
 * A level that cannot be told is not forgotten: each later call of the notifier names it again, and while there is one
 * the ladder does not come to rest.
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
        // an alarm that has fired this moment is told without being looked at; one that has waited is not
        fresh: `{% $incident.drill or ${ladder}.startSeconds = 0 %}`,
        index: -1,
        tried: -1,
        retried: -1,
        told: [],
        times: 0,
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
      ["$incident.drill or $fresh and $index = 0", "Tell"],
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
      Comment: "An alarm that is suppressed or muted tells nobody further, and is soon looked at again",
      Type: "Pass",
      Assign: { ...again(input), index: "{% $index - 1 %}" },
      Next: "How long?",
    },
    Tell: {
      ...notify(input, {
        act: "tell",
        level: "{% $levels[$index].level %}",
        topic: "{% $levels[$index].topic %}",
        missed: `{% [${MISSED}] %}`,
        told: "{% $told %}",
      }),
      Assign: {
        tried: '{% $states.result.Payload.kind = "told" ? $index : $tried %}',
        told: '{% $states.result.Payload.kind = "told" ? [$states.result.Payload.told] : $told %}',
      },
      Retry: RETRY,
      Next: "Told?",
      Catch: [{ ErrorEquals: ["States.ALL"], Assign: { tried: "{% $index %}" }, Next: "Who was told?" }],
    },
    "Told?": choice(
      "Who was told?",
      ['$states.input.kind = "recovered"', "Over"],
      ['$states.input.kind = "acknowledged" and $not($incident.drill)', "Acknowledged"],
      ['$states.input.kind = "muted"', "Hold back"],
    ),
    "Who was told?": choice(
      "How long?",
      [`$incident.drill or $count(${MISSED}) = 0`, "How long?"],
      // whoever comes next is told at once: nobody has heard of it yet
      ["$count($told) = 0 and $index + 1 < $count($levels)", "Next level"],
      // once after each level, so that one that never can be told does not hold up the ladder; at its end until it is
      ["$retried != $index or $index + 1 = $count($levels)", "Try again"],
    ),
    "Try again": {
      Comment: "Those who could not be told are told soon; where that is everybody, the ladder begins anew",
      Type: "Pass",
      Assign: {
        ...again(input),
        retried: "{% $index %}",
        tried: "{% $count($told) = 0 ? -1 : $tried %}",
        index: "{% $count($told) = 0 ? -1 : $index - 1 %}",
      },
      Next: "How long?",
    },
  };
}

/** The same level once more. `times` comes last: AWS reads all variables as they were, the emulator those above as they are now. */
function again({ againSeconds = AGAIN_SECONDS }: MachineInput): Readonly<Record<string, unknown>> {
  return {
    fresh: false,
    pause: `{% $times < ${AGAIN_SOON} ? ${againSeconds} : ${AGAIN_LATER_SECONDS} %}`,
    times: "{% $times + 1 %}",
  };
}

function waiting(input: MachineInput, ladders: readonly Ladder[]): object {
  // one state for each time that occurs: AWS takes an expression as the time of a task, the emulator a number only
  const seconds = new Set([
    FAST_SECONDS,
    DRILL_END_SECONDS,
    input.againSeconds ?? AGAIN_SECONDS,
    AGAIN_LATER_SECONDS,
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
      Seconds: `{% $pause > 0 ? $pause : ${AGAIN_LATER_SECONDS} %}`,
      Next: "Next level",
    },
  };
}

function ending(input: MachineInput): object {
  return {
    Acknowledged: {
      ...notify(input, { act: "acknowledged", told: "{% $told %}" }),
      Assign: { acknowledged: true },
      Retry: RETRY_LONG,
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
      ...notify(input, { act: "over", told: "{% $told %}" }),
      Retry: RETRY_LONG,
      Next: "Was everybody told?",
      Catch: otherwise("Somebody was not told"),
    },
    "Was everybody told?": choice("Ended", [`$untold or $count(${MISSED}) > 0`, "Somebody was not told"]),
    "Somebody was not told": {
      Type: "Fail",
      Error: "Rollcall.NotTold",
      Cause: "A level of this incident could not be told; the log of the notifier says why",
    },
    Ended: { Type: "Succeed" },
  };
}
