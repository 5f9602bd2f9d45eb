import { formatDuration } from "../catalog/units.ts";
import { escalationLogGroup } from "../plan/names.ts";
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
export function drillTable(report: DrillReport): string {
  const { environment, escalation, incident, levels, acknowledged } = report;
  const rows = levels.map((level) => [
    level.level,
    level.toldAt === null ? paint("red", "not told") : `told after ${seconds(level.afterMs ?? 0)}`,
    `due after ${seconds(level.dueMs)}`,
    whereTo(level),
  ]);
  const by =
    acknowledged === null ? "nobody acknowledged" : `${acknowledged.by} acknowledged (${acknowledged.level})`;
  return [
    `\ndrill of ${escalation} in ${environment}: ${drillVerdict(report)}, ${by}`,
    table(rows),
    `incident ${incident}`,
    ...(levels.some((level) => level.toldAt !== null && level.missing.length > 0)
      ? [`what has not arrived says why in the log group ${escalationLogGroup(environment)}`]
      : []),
    ...cures(
      environment,
      levels.map(({ pending, unsubscribed }) => ({ exists: true, pending, missing: unsubscribed })),
    ),
  ].join("\n");
}

function drillVerdict({ complete, verdict }: DrillReport): string {
  if (!complete) return paint("red", "not every level was told");
  if (verdict === "unhealthy")
    return paint("red", "every level was told, and of one nobody can have heard it");
  if (verdict === "degraded")
    return paint("yellow", "every level was told, and not everybody can have heard it");
  return paint("green", "every level was told");
}

function whereTo({ arrived, missing, handed, pending, unsubscribed }: DrillLevel): string {
  return [
    ...arrived.map(({ target }) => `${target} arrived`),
    ...missing.map((target) => `${target} ${paint("red", "has not arrived")}`),
    ...handed.map((one) => `${one} handed to SNS`),
    ...pending.map((one) => `${one} ${paint("yellow", "has not confirmed")}`),
    ...unsubscribed.map((one) => `${one} ${paint("red", "is not subscribed")}`),
  ].join(", ");
}

/** The topics with who listens, who has not confirmed and who is missing. */
export function statusTable(environment: string, topics: readonly TopicStatus[]): string {
  const rows = topics.map(({ topic, exists, confirmed, pending, missing }) => [
    topic,
    exists ? `${confirmed.length} confirmed` : paint("red", "does not exist"),
    [
      ...(pending.length === 0 ? [] : [paint("yellow", `waiting for ${pending.join(", ")}`)]),
      ...(missing.length === 0 ? [] : [paint("red", `missing ${missing.join(", ")}`)]),
    ].join("; "),
  ]);
  const wrong = cures(environment, topics);
  return [table(rows), ...(wrong.length === 0 ? ["everybody who is to be told listens"] : wrong)].join("\n");
}

/** What to do about everybody who does not listen, each kind of trouble once. */
function cures(
  environment: string,
  topics: readonly Pick<TopicStatus, "exists" | "pending" | "missing">[],
): string[] {
  const count = (of: (one: (typeof topics)[number]) => number): number =>
    topics.reduce((sum, one) => sum + of(one), 0);
  const pending = count((one) => one.pending.length);
  const missing = count((one) => (one.exists ? one.missing.length : 0));
  const gone = count((one) => (one.exists ? 0 : 1));
  const up = `npx pulumi up --stack ${environment}`;
  return [
    pending === 1 ? "1 address has not confirmed" : `${pending} addresses have not confirmed`,
    `${missing} of the plan ${missing === 1 ? "is" : "are"} not subscribed: nobody answered in time, or somebody unsubscribed`,
    `${up} --target-replace <urn of the subscription> asks again; SNS forgets a question after 3 days`,
    `${gone} ${gone === 1 ? "topic does" : "topics do"} not exist: ${up} --refresh makes what is not there`,
  ].filter((_, index) => [pending, missing, pending + missing, gone][index] !== 0);
}

const seconds = (ms: number): string => formatDuration(Math.round(ms / 1_000) * 1_000);
