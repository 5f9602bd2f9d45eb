import { causesOf } from "../causes.ts";
import { type Action, actionsOf } from "../cloudwatch/actions.ts";
import type { AlarmRun } from "../cloudwatch/composite.ts";
import { alarmNameOf, parseRule, type Rule } from "../cloudwatch/composite-rule.ts";
import type { AlarmState, TimeRange } from "../cloudwatch/types.ts";
import { dueLevels } from "../escalate.ts";
import type { EscalationPlan, PlannedComposite } from "../types.ts";
import type { HeldBack, Incident, ServerRun, Telling } from "./types.ts";

/** Everything that one composite's incidents depend on. */
export interface IncidentInput {
  readonly composite: PlannedComposite;
  readonly escalation: EscalationPlan | undefined;
  /** Of every alarm and composite of the environment. */
  readonly runs: ReadonlyMap<string, AlarmRun>;
  /** Rules of the composites that tell nobody, by name: what they name is the reason. */
  readonly parts: ReadonlyMap<string, Rule>;
  readonly range: TimeRange;
  /** What is known of its server; undefined for the fleet's composites. */
  readonly server: ServerRun | undefined;
  /** Stretches in which it tells nobody, in order and without overlap. */
  readonly quiet: readonly TimeRange[];
  /** Where the fleet's outages began. */
  readonly onsets: readonly number[];
}

/** Every time for which a composite was in ALARM, and who was told; none for one that acts for nobody. */
export function incidentsOf(input: IncidentInput): Incident[] {
  const { composite, runs, range, server, quiet } = input;
  const { definition, kind, severity, runbook } = composite;
  if (!definition.ActionsEnabled) return [];
  const own = runs.get(definition.AlarmName)?.transitions ?? [];
  const suppressor = suppressorOf(input);
  const actions = actionsOf({
    composite: definition,
    own,
    suppressor: suppressor?.run.transitions ?? null,
    range,
  });
  return own.flatMap(({ at, to }, index): Incident[] => {
    if (to !== "ALARM") return [];
    const clearsAt = own[index + 1]?.at ?? null;
    const within = { from: at, to: clearsAt ?? range.to + 1 };
    const during = actions.filter(
      (one) => one.at >= within.from && one.at < within.to && one.state === "ALARM",
    );
    const taken = during.find(({ suppressedBy }) => suppressedBy === null);
    const toldAt = taken === undefined ? undefined : afterQuiet(taken.at, quiet);
    const isTold = toldAt !== undefined && toldAt < within.to;
    const onset = (server?.onsets ?? input.onsets).findLast((one) => one <= at) ?? null;
    return [
      {
        server: composite.server,
        alarm: definition.AlarmName,
        tier: kind,
        severity,
        runbook,
        firesAt: at,
        clearsAt,
        because: causesAt(definition.AlarmRule, input, at),
        onsetAt: onset,
        told: isTold ? tellings(input, { from: toldAt, to: within.to }) : [],
        heldBack: [
          ...heldBy(during, suppressor?.alarm, { over: taken === undefined }),
          ...(taken !== undefined && toldAt !== taken.at ? [{ by: "maintenance" } as const] : []),
        ],
        budgets: server?.budgetsAt.get(at) ?? [],
      },
    ];
  });
}

/** The levels that are told while an incident lasts, each at its time. */
function tellings({ composite, escalation }: IncidentInput, { from, to }: TimeRange): Telling[] {
  if (escalation === undefined) return [];
  const told: Telling[] = [];
  for (const { afterMs } of [...escalation.levels].sort((a, b) => a.afterMs - b.afterMs)) {
    const at = from + afterMs;
    if (at >= to) break;
    const progress = { openedAt: from, told: told.map(({ level }) => level) };
    for (const { level, topic, subscriptions } of dueLevels({
      escalation,
      escalates: composite.escalates,
      incident: progress,
      now: at,
    })) {
      const contacts = [...new Set(subscriptions.map(({ contact }) => contact))];
      told.push({ at, level, topic, contacts });
    }
  }
  return told;
}

/** The first moment from `at` on that is not quiet: what still fires then is told (PutAlarmMuteRule). */
function afterQuiet(at: number, quiet: readonly TimeRange[]): number {
  return quiet.find(({ from, to }) => at >= from && at < to)?.to ?? at;
}

/** What held an incident back: an alarm, or a wait that it did not outlast. */
function heldBy(
  actions: readonly Action[],
  alarm: string | undefined,
  { over }: { readonly over: boolean },
): HeldBack[] {
  if (alarm === undefined) return [];
  const isSuppressed = actions.some(({ suppressedBy }) => suppressedBy === "Alarm");
  if (isSuppressed) return [{ by: "alarm", alarm }];
  return over ? [{ by: "wait", alarm }] : [];
}

function suppressorOf({
  composite: { definition },
  runs,
}: IncidentInput): { readonly alarm: string; readonly run: AlarmRun } | undefined {
  if (definition.ActionsSuppressor === undefined) return undefined;
  const alarm = alarmNameOf(definition.ActionsSuppressor);
  return { alarm, run: runs.get(alarm) ?? { transitions: [], final: "OK" } };
}

/** The alarms by which a rule held at a moment. */
function causesAt(
  rule: string,
  { runs, parts }: Pick<IncidentInput, "runs" | "parts">,
  at: number,
): string[] {
  return causesOf(parseRule(rule), {
    stateOf: (alarm) => stateAt(runs.get(alarm), at),
    ruleOf: (alarm) => parts.get(alarm),
  });
}

function stateAt(run: AlarmRun | undefined, at: number): AlarmState | undefined {
  const last = run?.transitions.findLast((one) => one.at <= at);
  return last?.to ?? run?.transitions[0]?.from ?? run?.final;
}
