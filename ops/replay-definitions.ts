import type { Action } from "../plan/cloudwatch/actions.ts";
import { readDefinitions } from "../plan/cloudwatch/definitions.ts";
import { type Replay, replayAlarms } from "../plan/cloudwatch/replay.ts";
import type { AlarmState, Transition } from "../plan/cloudwatch/types.ts";
import { printable } from "../probes/classify.ts";
import { parseJson, readBytes } from "./json-file.ts";
import { paint, print, printJson, type Style, table } from "./output.ts";
import { readSeriesFile } from "./series-file.ts";

const STATES = ["ALARM", "OK", "INSUFFICIENT_DATA"] as const satisfies readonly AlarmState[];
const STYLES = { ALARM: "red", OK: "green", INSUFFICIENT_DATA: "yellow" } as const satisfies Record<
  AlarmState,
  Style
>;
const REASON_LENGTH = 100;

/**
 * Replays the alarms of one file over the series of another and prints what they would have done.
 * @throws RollcallError (catalog, exit 65) for a file that cannot be read and for alarms that CloudWatch refuses.
 */
export function replayDefinitions(input: {
  readonly definitions: string;
  readonly series: string;
  readonly format: "table" | "json";
  readonly actions: boolean;
}): void {
  const { definitions: place, series, format, actions } = input;
  const definitions = readDefinitions(parseJson(readBytes(place), { place, path: "" }), place);
  const replay = replayAlarms({ definitions, ...readSeriesFile(series) });
  if (format === "json") printJson(replayJson(replay, { actions }));
  else print(replayTable(replay, { actions }));
}

/** A replay as it is printed in JSON: moments in ISO 8601. */
export function replayJson(replay: Replay, { actions }: { readonly actions: boolean }): object {
  const dated = <T extends { readonly at: number }>(one: T): object => ({
    ...one,
    at: new Date(one.at).toISOString(),
  });
  return {
    transitions: replay.transitions.map(({ at, alarm, from, to, reason }) =>
      dated({ at, alarm, from, to, reason }),
    ),
    final: replay.final,
    ...(actions ? { actions: replay.actions.map(dated) } : {}),
  };
}

/** A replay as a person reads it: each transition, then how many alarms ended in which state. */
export function replayTable(replay: Replay, { actions }: { readonly actions: boolean }): string {
  const ended = Object.values(replay.final);
  const counts = STATES.map((state) => `${ended.filter((one) => one === state).length} ${painted(state)}`);
  return [
    replay.transitions.length === 0 ? "no transitions" : table(replay.transitions.map(transitionRow)),
    ...(actions && replay.actions.length > 0 ? ["actions", table(replay.actions.map(actionRow))] : []),
    `in the end: ${counts.join(", ")}`,
  ].join("\n");
}

function transitionRow({ at, alarm, from, to, reason }: Transition): string[] {
  const short = printable(reason);
  return [
    moment(at),
    printable(alarm),
    `${from} -> ${painted(to)}`,
    short.length > REASON_LENGTH ? `${short.slice(0, REASON_LENGTH)}…` : short,
  ];
}

function actionRow({ at, alarm, state, suppressedBy }: Action): string[] {
  const what = suppressedBy === null ? "taken" : `held back by ${suppressedBy}`;
  return [moment(at), printable(alarm), painted(state), what];
}

function moment(at: number): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}

function painted(state: AlarmState): string {
  return paint(STYLES[state], state);
}
