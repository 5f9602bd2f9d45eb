import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { METRICS } from "../../catalog/metrics.ts";
import { measuresOf } from "../../probes/measure.ts";
import { FAILURE_CLASSES, type Observation, type PathVerdict, verdictOf } from "../../probes/result.ts";
import { emfLine } from "../../probes/sinks/emf.ts";
import { observed, resultOf } from "../support/observation.ts";

/** The pure half of a check: paths to status, status to metrics, metrics to a line. */

const path = fc.oneof(
  fc.constantFrom<PathVerdict>(
    { outcome: "ok", failureClass: null },
    { outcome: "skipped", failureClass: null },
  ),
  fc.constantFrom(...FAILURE_CLASSES).map((failureClass): PathVerdict => ({ outcome: "fail", failureClass })),
);
const latency = fc.nat({ max: 60_000 });
const observation = fc
  .record({
    mcp: path,
    rest: path,
    mcpMs: latency,
    restMs: latency,
    missing: fc.array(fc.string(), { maxLength: 3 }),
  })
  .map(({ mcp, rest, mcpMs, restMs, missing }): Observation => {
    const listed = mcp.outcome === "ok";
    return observed(resultOf({ mcp: { ...mcp, tools: listed ? 3 : null }, rest }), {
      mcpMs,
      restMs,
      missingTools: listed ? missing : [],
    });
  });

const failed = (verdict: PathVerdict): boolean =>
  verdict.outcome === "fail" && verdict.failureClass !== "auth";
const refused = (verdict: PathVerdict): boolean =>
  verdict.outcome === "fail" && verdict.failureClass === "auth";

describe("the verdict", () => {
  it("is unhealthy only when every checked path is known to have failed, and the order never matters", () => {
    fc.assert(
      fc.property(path, path, (mcp, rest) => {
        const checked = [mcp, rest].filter(({ outcome }) => outcome !== "skipped");
        const status = verdictOf([mcp, rest]);
        expect(verdictOf([rest, mcp])).toBe(status);
        expect(status === "unknown").toBe(checked.length === 0);
        expect(status === "unhealthy").toBe(checked.length > 0 && checked.every(failed));
        expect(status === "healthy").toBe(
          checked.length > 0 && checked.every(({ outcome }) => outcome === "ok"),
        );
        if (checked.some(refused)) expect(status).toBe("degraded");
      }),
    );
  });
});

describe("the metrics of a run", () => {
  it("hold no value that the run did not see", () => {
    fc.assert(
      fc.property(observation, (seen) => {
        const { mcp, rest, status } = seen.result;
        const measures = measuresOf(seen);
        if (status === "unknown") {
          expect(measures).toEqual({});
          return;
        }
        expect(measures.ProbeRuns).toBe(1);
        expect("McpAvailable" in measures).toBe(mcp.outcome !== "skipped" && !refused(mcp));
        expect("RestAvailable" in measures).toBe(rest.outcome !== "skipped" && !refused(rest));
        expect(measures.Unhealthy).toBe(status === "unhealthy" ? 1 : 0);
        expect(measures.AuthRefused).toBe(refused(mcp) || refused(rest) ? 1 : 0);
        expect("McpLatency" in measures).toBe(mcp.outcome === "ok");
        expect("RestLatency" in measures).toBe(rest.outcome === "ok");
      }),
    );
  });

  it("say degraded for one failed path of two, and neither for a refusal nor for a lone path", () => {
    const degradedOf = (mcp: PathVerdict, rest: PathVerdict): number | undefined =>
      measuresOf(observed(resultOf({ mcp, rest }))).Degraded;
    const ok: PathVerdict = { outcome: "ok", failureClass: null };
    const down: PathVerdict = { outcome: "fail", failureClass: "connect" };
    const closed: PathVerdict = { outcome: "fail", failureClass: "auth" };
    const none: PathVerdict = { outcome: "skipped", failureClass: null };
    expect(degradedOf(ok, down)).toBe(1);
    expect(degradedOf(closed, down)).toBe(1);
    expect([degradedOf(closed, ok), degradedOf(closed, none), degradedOf(down, none)]).toEqual([0, 0, 0]);
    expect([degradedOf(ok, ok), degradedOf(down, down)]).toEqual([0, 0]);
  });

  it("become one EMF line that declares exactly the values it carries", () => {
    fc.assert(
      fc.property(observation, (seen) => {
        const line = emfLine({ observation: seen, measures: measuresOf(seen), environment: "staging" });
        expect(line.match(/\n/g)).toHaveLength(1);
        const event = JSON.parse(line);
        expect(event).toMatchObject({
          Environment: "staging",
          Server: "subject",
          status: seen.result.status,
        });
        if (seen.result.status === "unknown") {
          expect(event._aws).toBeUndefined();
          return;
        }
        const [directive, ...more] = event._aws.CloudWatchMetrics;
        expect(more).toEqual([]);
        expect(directive).toMatchObject({ Namespace: "Rollcall", Dimensions: [["Environment", "Server"]] });
        const declared = directive.Metrics.map(({ Name }: { Name: string }) => Name);
        expect(new Set(declared)).toEqual(new Set(Object.keys(measuresOf(seen))));
        for (const { Name, Unit, StorageResolution } of directive.Metrics) {
          expect(typeof event[Name]).toBe("number");
          expect(Unit).toBe(METRICS[Name as keyof typeof METRICS].unit);
          expect(StorageResolution).toBe(60);
        }
        expect(event._aws.Timestamp).toBe(Date.parse("2026-11-21T08:00:00.000Z"));
      }),
    );
  });
});
