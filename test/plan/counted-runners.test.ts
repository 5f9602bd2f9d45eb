/** What tells that one runner of the probe is gone while another one goes on. Not proved here: that CloudWatch counts its lines. */
import { describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import type { Environment } from "../../catalog/types.ts";
import { metricsOf, metricTransitions } from "../../plan/cloudwatch/metric-alarm.ts";
import { seriesFrom } from "../../plan/cloudwatch/series.ts";
import type { MetricId, SeriesOf } from "../../plan/cloudwatch/types.ts";
import { countedRunners } from "../../plan/counted-runners.ts";
import { shipsLogs } from "../../plan/logs.ts";
import { planSelfAlarms } from "../../plan/self-alarms.ts";
import type { MetricAlarm } from "../../plan/types.ts";
import { catalogFiles, mapSource } from "../support/catalog-files.ts";

const environment = loadEnvironment(mapSource(catalogFiles()), "production");
const { alarms, composites } = planSelfAlarms(environment);
const START = Date.parse("2026-11-21T02:00:00Z");
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

function definitionOf(suffix: string): MetricAlarm {
  const found = alarms.find(({ definition }) => definition.AlarmName === `production-fleet-${suffix}`);
  if (found === undefined) throw new Error(`no alarm ${suffix}`);
  return found.definition;
}

const dimensionsOf = ({ Dimensions }: MetricId): string[] =>
  (Dimensions ?? []).map(({ Name, Value }) => `${Name}=${Value}`);

describe("a runner of the probe", () => {
  const hour = (value: number): number[] => Array<number>(60).fill(value);
  const silent = (runner: string, values: readonly number[]): string[] => {
    const seriesOf: SeriesOf = (one) =>
      one.MetricName === "ProbeRuns" && dimensionsOf(one).includes(`Runner=${runner}`)
        ? seriesFrom(
            [...hour(1), ...values].map((value, index) => ({ at: START + index * MINUTE_MS, value })),
          )
        : undefined;
    const range = { from: START + HOUR_MS, to: START + 3 * HOUR_MS };
    const definition = definitionOf(`probe-silent-${runner}`);
    return metricTransitions({ definition, seriesOf, range, initial: "OK", created: 0 }).transitions.map(
      ({ at, to }) => `${to} after ${Math.round((at - range.from) / MINUTE_MS)}m`,
    );
  };

  it.each(["aws", "cluster"])(
    "that ends is in ALARM within minutes, whatever the other one does: %s",
    (one) => {
      expect(silent(one, [...hour(1), ...hour(1)])).toEqual([]);
      // Scheduler may leave a minute out
      expect(silent(one, [...hour(1), 0, ...hour(1).slice(1)])).toEqual([]);
      expect(silent(one, [...hour(1), ...hour(0)])).toEqual(["ALARM after 63m"]);
      expect(silent(one, hour(1))).toEqual(["ALARM after 63m"]);
      const other = one === "aws" ? "cluster" : "aws";
      const both = metricsOf(definitionOf(`probe-silent-${other}`)).flatMap(dimensionsOf);
      expect(both).toEqual(["Environment=production", `Runner=${other}`]);
    },
  );

  it("says so in what tells that the monitoring is blind", () => {
    const rule = composites.find(({ definition }) => definition.AlarmName === "production-fleet-probe-runner")
      ?.definition.AlarmRule;
    for (const runner of ["aws", "cluster"])
      expect(rule).toContain(`ALARM("production-fleet-probe-silent-${runner}")`);
  });

  it("is given time to come up: the one in the cluster until the first lines have arrived", () => {
    const minutes = (suffix: string) =>
      definitionOf(suffix).WarmUpConfiguration?.WarmUpPeriodDurationInMinutes;
    expect(minutes("probe-silent-aws")).toBe(environment.deployTimeout / MINUTE_MS);
    expect(minutes("probe-silent-cluster")).toBe(60);
  });

  it("is watched only where its lines reach CloudWatch", () => {
    const silences = (one: Environment): string[] =>
      planSelfAlarms(one)
        .alarms.map(({ definition }) => definition.AlarmName)
        .filter((name) => name.includes("probe-silent"));
    const { kubernetes } = environment;
    if (kubernetes === null) throw new Error("production has a cluster");
    expect(shipsLogs(environment)).toBe(true);
    expect(silences(environment)).toHaveLength(2);
    for (const other of [{ logs: "existing" as const }, { issuer: undefined }])
      expect(silences({ ...environment, kubernetes: { ...kubernetes, ...other } })).toEqual([
        "production-fleet-probe-silent-aws",
      ]);
    const inside = environment.servers.map((server) => ({
      ...server,
      probe: { ...server.probe, from: ["cluster" as const] },
    }));
    expect(silences({ ...environment, servers: inside })).toEqual(["production-fleet-probe-silent-cluster"]);
  });

  it("in parts must run each of them, as often as the servers in it ask for", () => {
    expect(countedRunners(environment)).toEqual([
      { runner: "aws", period: 60, least: 1 },
      { runner: "cluster", period: 60, least: 1 },
    ]);
    const fleet = (count: number, minutes: number): Environment => ({
      ...environment,
      servers: Array.from({ length: count }, (_, index) => environment.servers[index % 15]).flatMap(
        (server, index) =>
          server === undefined
            ? []
            : [
                {
                  ...server,
                  name: `server-${index}`,
                  probe: { ...server.probe, every: minutes * MINUTE_MS },
                },
              ],
      ),
    });
    expect(countedRunners(fleet(40, 1))[0]).toEqual({ runner: "aws", period: 60, least: 2 });
    expect(countedRunners(fleet(40, 5))).toEqual([
      { runner: "aws", period: 300, least: 2 },
      { runner: "cluster", period: 300, least: 1 },
    ]);
  });
});
