import { describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { buildPlan } from "../../plan/plan.ts";

const plan = buildPlan(loadEnvironment(diskSource(`${import.meta.dirname}/../..`), "production"));
const text = JSON.stringify([plan.servers, plan.dashboards]);

describe("the metrics that a probe publishes to CloudWatch", () => {
  const targets = plan.probe?.lambda.roster.targets ?? [];

  it("are all that an alarm of the server reads: none would have data otherwise", () => {
    for (const { server, alarms } of plan.servers) {
      const target = targets.find((one) => one.server === server);
      const read = alarms.flatMap(({ definition }) =>
        "Metrics" in definition
          ? definition.Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric.MetricName ?? [])
          : [definition.MetricName],
      );
      expect(read.length, server).toBeGreaterThan(0);
      if (target !== undefined) expect(target.metrics, server).toEqual(expect.arrayContaining(read));
    }
  });

  it("are none that nothing reads, for each is billed", () => {
    for (const { server, metrics = [] } of targets)
      for (const metric of metrics) expect(text, server).toContain(`"${metric}"`);
    expect(targets.find(({ server }) => server === "github")?.metrics).not.toContain("Retries");
  });
});
