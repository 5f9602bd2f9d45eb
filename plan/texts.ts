import { FLEET } from "../catalog/names.ts";
import type { Family } from "../catalog/shared.ts";
import { formatDuration } from "../catalog/units.ts";

/** CloudWatch's limit for AlarmDescription, in characters. */
const MAX_DESCRIPTION = 1024;

/** What an alarm says to whoever is woken: what it means, what to do first, where the rest stands. */
export function describeAlarm(input: {
  readonly family: Family;
  readonly environment: string;
  readonly server: string;
  readonly detail: string;
}): string {
  const { family, environment, server, detail } = input;
  const fill = (text: string): string =>
    text
      // the command that asks one server asks all of them by another word
      .replaceAll("check {server}", server === FLEET ? "check --all" : "check {server}")
      .replaceAll("{server}", server)
      .replaceAll("{environment}", environment)
      .replaceAll("{detail}", detail);
  const answer = family.respond === undefined ? "" : ` Answer within ${formatDuration(family.respond)}.`;
  const text = `${fill(family.means)}${answer} First: ${fill(family.first)} Runbook: ${family.runbook}`;
  return text.length <= MAX_DESCRIPTION ? text : `${text.slice(0, MAX_DESCRIPTION - 1)}…`;
}
