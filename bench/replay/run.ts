/**
 * Replays every alarm of a fleet in a process of its own, server by server, so that memory holds one server's samples
 * at a time. Arguments: servers, days. Prints one JSON line; making the samples is not counted.
 */
import { createColumns } from "../../plan/cloudwatch/columns.ts";
import { type AlarmRun, compositeTransitions } from "../../plan/cloudwatch/composite.ts";
import { metricTransitions } from "../../plan/cloudwatch/metric-alarm.ts";
import { metricKey } from "../../plan/cloudwatch/series.ts";
import type { MetricId, Series } from "../../plan/cloudwatch/types.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { PlannedAlarm } from "../../plan/types.ts";
import { fleetOf } from "./fleet.ts";
import { type Rhythm, samplesOf } from "./samples.ts";

const DAY_MS = 86_400_000;
const from = Date.UTC(2026, 0, 5);
const [servers = 1, days = 1] = process.argv.slice(2).map(Number);
const range = { from, to: from + days * DAY_MS };
const plan = buildPlan(fleetOf(servers));
const runs = new Map<string, AlarmRun>();
const owners = [
  ...plan.servers.map(({ alarms, probe }) => ({
    alarms,
    rhythm: { everyMs: probe.everyMs, samples: probe.samples },
  })),
  { alarms: plan.fleet.alarms, rhythm: { everyMs: 60_000, samples: 1 } },
];

let ms = 0;
for (const { alarms, rhythm } of owners) {
  const series = samplesFor(alarms, rhythm);
  const start = performance.now();
  const seriesOf = (metric: MetricId): Series | undefined => series.get(metricKey(metric));
  const columns = createColumns(seriesOf);
  for (const { definition } of alarms)
    runs.set(definition.AlarmName, metricTransitions({ definition, seriesOf, range, columns }));
  ms += performance.now() - start;
}
const start = performance.now();
const composites = compositeTransitions({
  composites: [...plan.servers, plan.fleet].flatMap((owner) =>
    owner.composites.map(({ definition }) => definition),
  ),
  metric: runs,
  range,
});
ms += performance.now() - start;
const count = [...runs.values(), ...composites.values()].reduce(
  (sum, run) => sum + run.transitions.length,
  0,
);
process.stdout.write(
  `${JSON.stringify({
    ms,
    alarms: runs.size,
    composites: composites.size,
    transitions: count,
    peakBytes: process.resourceUsage().maxRSS * 1_024,
  })}\n`,
);

function samplesFor(alarms: readonly PlannedAlarm[], rhythm: Rhythm): Map<string, Series> {
  const made = new Map<string, Series>();
  for (const metric of alarms.flatMap(({ definition }) => metricsOf(definition)))
    if (!made.has(metricKey(metric))) made.set(metricKey(metric), samplesOf({ metric, rhythm, range }));
  return made;
}

function metricsOf(definition: PlannedAlarm["definition"]): MetricId[] {
  if ("MetricName" in definition) return [definition];
  return definition.Metrics.flatMap(({ MetricStat }) =>
    MetricStat === undefined ? [] : [MetricStat.Metric],
  );
}
