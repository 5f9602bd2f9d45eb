import { formatDuration } from "../catalog/units.ts";
import type { TopicStatus } from "./escalation-account.ts";
import type { DrillLevel, DrillReport } from "./escalation-drill.ts";
import { paint, table } from "./output.ts";

/** A line for each thing that has happened in a drill, in a form that stays the same. */
export function drillLine({ levels, acknowledged, over }: DrillReport): string[] {
  return [
    ...levels.flatMap(({ level, toldAt, arrived }) =>
      toldAt === null
        ? []
        : [
            `${toldAt}  ${level} told`,
            ...arrived.map(({ target, at }) => `${at}  ${level} arrived at ${target}`),
          ],
    ),
    ...(acknowledged === null
      ? []
      : [`${acknowledged.at}  acknowledged by ${acknowledged.by} (${acknowledged.level})`]),
    ...(over ? ["over     every level that was told has been told so"] : []),
  ];
}

/** The report of a drill. */
export function drillTable({
  environment,
  escalation,
  incident,
  levels,
  acknowledged,
  complete,
}: DrillReport): string {
  const rows = levels.map((level) => [
    level.level,
    level.toldAt === null ? paint("red", "not told") : `told after ${seconds(level.afterMs ?? 0)}`,
    `due after ${seconds(level.dueMs)}`,
    whereTo(level),
  ]);
  const verdict = complete
    ? paint("green", "every level was told")
    : paint("red", "not every level was told");
  const by =
    acknowledged === null ? "nobody acknowledged" : `${acknowledged.by} acknowledged (${acknowledged.level})`;
  return [
    `\ndrill of ${escalation} in ${environment}: ${verdict}, ${by}`,
    table(rows),
    `incident ${incident}`,
  ].join("\n");
}

function whereTo({ arrived, missing, handed, pending }: DrillLevel): string {
  return [
    ...arrived.map(({ target }) => `${target} arrived`),
    ...missing.map((target) => `${target} ${paint("red", "has not arrived")}`),
    ...handed.map((one) => `${one} handed to SNS`),
    ...pending.map((one) => `${one} ${paint("yellow", "has not confirmed")}`),
  ].join(", ");
}

/** The topics with who has not confirmed; those first that need somebody. */
export function statusTable(topics: readonly TopicStatus[]): string {
  const rows = topics.map(({ topic, exists, confirmed, pending }) => [
    topic,
    exists ? `${confirmed.length} confirmed` : paint("red", "does not exist"),
    pending.length === 0 ? "" : paint("yellow", `waiting for ${pending.join(", ")}`),
  ]);
  const pending = topics.reduce((sum, one) => sum + one.pending.length, 0);
  const verdict =
    pending === 0
      ? "everybody who is to be told has confirmed"
      : `${pending} ${pending === 1 ? "address has" : "addresses have"} not confirmed: SNS forgets the question after 3 days; \`pulumi up --target\` on the subscription asks again`;
  return `${table(rows)}\n${verdict}`;
}

const seconds = (ms: number): string => formatDuration(Math.round(ms / 1_000) * 1_000);
