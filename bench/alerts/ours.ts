import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import type { Environment, Server } from "../../catalog/types.ts";
import { type AlarmRun, compositeTransitions } from "../../plan/cloudwatch/composite.ts";
import { alarmsOf, parseRule } from "../../plan/cloudwatch/composite-rule.ts";
import { metricTransitions } from "../../plan/cloudwatch/metric-alarm.ts";
import type { Series, TimeRange, Transition } from "../../plan/cloudwatch/types.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { CompositeKind, PlannedAlarm, PlannedComposite, ServerPlan } from "../../plan/types.ts";
import type { Alerts, Span, System } from "./spans.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const MINUTE_MS = 60_000;
/** A full hour: CloudWatch looks at windows of more than a day once an hour. */
export const EPOCH = Date.UTC(2026, 0, 5);
const WEEK_MS = 7 * 86_400_000;

/**
 * Production with servers of one kind: 99.9 % in 30 days on the MCP path, one check a minute, 2 of 5 points. All else
 * is as the catalog has it.
 */
export function environmentOf(names: readonly string[]): Environment {
  const production = loadEnvironment(diskSource(ROOT), "production");
  const model = production.servers.find(({ name }) => name === "memory");
  if (model === undefined) throw new Error("production has no server `memory` to take as a model");
  return { ...production, servers: names.map((name) => serverLike(model, name)) };
}

function serverLike(model: Server, name: string): Server {
  return {
    ...model,
    name,
    probe: { ...model.probe, every: MINUTE_MS, samples: 1 },
    floor: { m: 2, n: 5 },
    objectives: model.objectives.flatMap((objective) =>
      objective.sli === "mcp" ? [{ ...objective, name: "availability", objective: 999_000 }] : [],
    ),
    thresholds: [],
  };
}

/** The alarms that the plan gives such a server, evaluated as CloudWatch documents it. */
export function rollcall(): System {
  const [server] = buildPlan(environmentOf(["memory"])).servers;
  if (server === undefined) throw new Error("the plan has no server");
  const burn = server.alarms.filter(({ guards }) => guards === "availability");
  return {
    name: "Rollcall on CloudWatch",
    size: `${burn.length} alarms; a server's ${server.composites.length} composites`,
    slowestSeconds: 3_600,
    alerts: (input) => alertsOf({ server, ...input }),
  };
}

/** How long a page waits for the fleet's, in minutes, where there are enough servers for one. */
export function waitForFleet(): number {
  const { fold } = environmentOf([]);
  const names = Array.from({ length: fold }, (_, index) => `memory-${index}`);
  const [server] = buildPlan(environmentOf(names)).servers;
  const page = server?.composites.find(
    ({ kind, definition }) => kind === "page" && definition.ActionsEnabled,
  );
  return (page?.definition.ActionsSuppressorWaitPeriod ?? 0) / 60;
}

/** What the page and the tickets of a server make of a trace of its MCP path, its only one. */
export function alertsOf(input: {
  readonly server: ServerPlan;
  readonly failed: Uint8Array;
  readonly phase: number;
  readonly pagesOnly?: boolean;
  /** @default as planned, held back while the heartbeat is lost */
  readonly ruleOf?: (composite: PlannedComposite) => string;
}): Alerts {
  const { server, failed, phase, pagesOnly = false, ruleOf = (one) => one.definition.AlarmRule } = input;
  const range = { from: EPOCH, to: EPOCH + failed.length * MINUTE_MS };
  const series = seriesOf(failed, phase);
  const runs = new Map<string, AlarmRun>();
  const spansOf = (kind: CompositeKind): Span[] => {
    // tickets are several, one for each escalation; whichever of them fires, somebody is told
    const composites = server.composites
      .filter((one) => one.kind === kind)
      .map((one) => ({ ...one.definition, AlarmRule: ruleOf(one) }));
    if (composites.length === 0) throw new Error(`the plan has no composite of the kind ${kind}`);
    for (const name of composites.flatMap(({ AlarmRule }) => alarmsOf(parseRule(AlarmRule)))) {
      const alarm = server.alarms.find((one) => one.definition.AlarmName === name);
      if (alarm !== undefined && !runs.has(name)) runs.set(name, runOf({ alarm, series, range }));
    }
    const done = compositeTransitions({ composites, metric: runs, range });
    return composites.flatMap(({ AlarmName, ActionsEnabled }) =>
      ActionsEnabled ? spansIn(done.get(AlarmName)?.transitions ?? []) : [],
    );
  };
  return { page: spansOf("page"), ticket: pagesOnly ? [] : spansOf("ticket") };
}

const healthy = new Map<string, AlarmRun>();

/** Alarms over what the traces do not touch come out the same for all of them. */
function runOf(input: {
  readonly alarm: PlannedAlarm;
  readonly series: ReadonlyMap<string, Series>;
  readonly range: TimeRange;
}): AlarmRun {
  const { alarm, series, range } = input;
  const { definition } = alarm;
  const metrics = metricsOf(definition);
  const isTouched = metrics.some((metric) => metric !== "ProbeRuns" && series.has(metric));
  const key = `${definition.AlarmName} ${range.to}`;
  const known = isTouched ? undefined : healthy.get(key);
  if (known !== undefined) return known;
  const run = metricTransitions({
    definition,
    seriesOf: ({ MetricName }) => series.get(MetricName),
    range,
    // long deployed, so that no warm-up lies in the trace
    created: range.from - WEEK_MS,
  });
  if (!isTouched) healthy.set(key, run);
  return run;
}

function metricsOf(definition: PlannedAlarm["definition"]): string[] {
  if ("MetricName" in definition) return [definition.MetricName];
  return definition.Metrics.flatMap(({ MetricStat }) =>
    MetricStat === undefined ? [] : [MetricStat.Metric.MetricName],
  );
}

/** The metrics that one check a minute of a server with an MCP path alone publishes. */
function seriesOf(failed: Uint8Array, phase: number): Map<string, Series> {
  const times = Float64Array.from(failed, (_, at) => EPOCH + at * MINUTE_MS + phase * 1_000);
  const bad = Float64Array.from(failed);
  const good = bad.map((value) => 1 - value);
  return new Map(
    Object.entries({
      McpAvailable: good,
      AllAvailable: good,
      Unhealthy: bad,
      ProbeRuns: new Float64Array(failed.length).fill(1),
    }).map(([name, values]) => [name, { times, values }]),
  );
}

function spansIn(transitions: readonly Transition[]): Span[] {
  const spans: Span[] = [];
  for (const { at, to } of transitions) {
    const seconds = (at - EPOCH) / 1_000;
    const last = spans.at(-1);
    if (to === "ALARM") spans.push({ from: seconds, to: Number.POSITIVE_INFINITY });
    else if (last !== undefined && last.to === Number.POSITIVE_INFINITY)
      spans[spans.length - 1] = { from: last.from, to: seconds };
  }
  return spans;
}
