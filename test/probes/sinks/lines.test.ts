import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { METRICS } from "../../../catalog/metrics.ts";
import { measuresOf } from "../../../probes/measure.ts";
import { emfLine, emfSink } from "../../../probes/sinks/emf.ts";
import { logSink } from "../../../probes/sinks/log.ts";
import { openSink, sinkNameOf } from "../../../probes/sinks/open.ts";
import { failing, OK, observationOf, SKIPPED } from "../../support/observation.ts";

/** The sinks that write lines. Not proved here: that CloudWatch extracts them; no emulator does. */

interface Definition {
  readonly Name: string;
  readonly Unit: string;
  readonly StorageResolution: number;
}
interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly Definition[];
}

const verdicts = fc.constantFrom(OK, SKIPPED, failing("connect"), failing("auth"), failing("timeout"));
const names = fc.oneof(
  fc.constantFrom(...Object.keys(METRICS), "status", "mcp", "Objective.api"),
  fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/),
);
const numbers = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0));

const event = (line: string): Record<string, unknown> & { _aws?: { CloudWatchMetrics: Directive[] } } =>
  JSON.parse(line);

describe("a line of the embedded metric format", () => {
  it("declares exactly the numbers that it carries, at most 100 in a directive", () => {
    const measures = fc.dictionary(names, numbers, { maxKeys: 260 });
    fc.assert(
      fc.property(verdicts, verdicts, measures, (mcp, rest, given) => {
        const line = emfLine({
          observation: observationOf({ mcp, rest }),
          measures: given,
          environment: "staging",
        });
        expect(line.endsWith("\n")).toBe(true);
        expect(line.indexOf("\n")).toBe(line.length - 1);
        const read = event(line);
        expect(read).toMatchObject({ Environment: "staging", Server: "subject" });
        const directives = read._aws?.CloudWatchMetrics ?? [];
        for (const { Namespace, Dimensions, Metrics } of directives) {
          expect([Namespace, Dimensions]).toEqual(["Rollcall", [["Environment", "Server"]]]);
          expect(Metrics.length).toBeLessThanOrEqual(100);
        }
        const declared = directives.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name));
        const carried = Object.keys(given).filter((name) => Number.isFinite(given[name]));
        expect(declared).toEqual(carried);
        // -0 is written as 0
        for (const name of declared) expect(read[name]).toBe(Number(given[name]) + 0);
        expect(read._aws === undefined).toBe(carried.length === 0);
      }),
      { numRuns: 60 },
    );
  });

  it("spreads more than 100 numbers over directives, and gives an empty one to none", () => {
    const counts = [1, 100, 101, 250].map((count) => {
      const measures = Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}`, index]));
      const line = emfLine({ observation: observationOf({}), measures, environment: "staging" });
      return event(line)._aws?.CloudWatchMetrics.map(({ Metrics }) => Metrics.length);
    });
    expect(counts).toEqual([[1], [100], [100, 1], [100, 100, 50]]);
  });

  it("gives Rollcall's metrics their units, and a server's own none", () => {
    const measures = { McpLatency: 3, cctelegram_events_per_minute: 9, "Objective.api": 1, toString: 1 };
    const line = emfLine({ observation: observationOf({}), measures, environment: "staging" });
    const units = event(line)._aws?.CloudWatchMetrics[0]?.Metrics.map(({ Name, Unit }) => [Name, Unit]);
    expect(units).toEqual([
      ["McpLatency", "Milliseconds"],
      ["cctelegram_events_per_minute", "None"],
      ["Objective.api", "None"],
      ["toString", "None"],
    ]);
  });

  it("stays under 256 KiB: the largest fields go and are named, the metrics and the verdict stay", () => {
    const seen = observationOf({ mcp: failing("http"), rest: OK });
    const drift = Array.from({ length: 4_000 }, (_, index) => ({
      tool: `tool-${index}`,
      text: "ü".repeat(40),
    }));
    const huge = {
      ...seen,
      missingTools: Array.from({ length: 9_000 }, (_, index) => `missing-${index}-${"x".repeat(30)}`),
      result: { ...seen.result, mcp: { ...seen.result.mcp, drift: drift as never, detail: "http: 500" } },
    };
    const measures = measuresOf(huge);
    const line = emfLine({ observation: huge, measures, environment: "staging" });
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(256 * 1_024);
    expect(event(line)).toMatchObject({
      ...measures,
      status: "degraded",
      mcp: { drift: [], detail: "http: 500", failureClass: "http" },
      missingTools: [],
      cut: ["mcp.drift", "missingTools"],
    });
    const whole = emfLine({ observation: seen, measures, environment: "staging" });
    expect(event(whole).cut).toBeUndefined();
  });

  it("declares only what is published as a metric, and carries the other numbers as fields", () => {
    const lines: string[] = [];
    const published = new Map([["subject", new Set(["McpAvailable"])]]);
    const sink = emfSink({ environment: "staging", write: (line) => lines.push(line), published });
    const { result, ...seen } = observationOf({});
    sink.publish({ ...seen, result }, { McpAvailable: 1, Retries: 2 });
    sink.publish({ ...seen, result: { ...result, server: "other" } }, { McpAvailable: 1, Retries: 2 });
    const declared = lines.map((line) =>
      event(line)._aws?.CloudWatchMetrics[0]?.Metrics.map(({ Name }) => Name),
    );
    expect(declared).toEqual([["McpAvailable"], ["McpAvailable", "Retries"]]);
    expect(lines.map((line) => event(line).Retries)).toEqual([2, 2]);
  });

  it("counts each run of a runner once, by the first line with a verdict, and no metric twice", async () => {
    const lines: string[] = [];
    const published = new Map([["quiet", new Set(["McpAvailable"])]]);
    const write = (line: string): void => void lines.push(line);
    const sink = emfSink({ environment: "staging", write, published, runner: "aws" });
    const { result, ...seen } = observationOf({});
    const check = (server: string, verdict: boolean): void =>
      sink.publish(
        { ...seen, result: { ...result, server } },
        verdict ? { ProbeRuns: 1, McpAvailable: 1 } : {},
      );
    check("unseen", false);
    check("subject", true);
    check("subject", true);
    await sink.flush();
    check("unseen", false);
    await sink.flush();
    check("quiet", true);
    const byDimensions = lines.map((line) =>
      (event(line)._aws?.CloudWatchMetrics ?? []).map(({ Dimensions, Metrics }) => [
        Metrics.map(({ Name }) => Name).join(),
        ...Dimensions.map(([, name]) => name),
      ]),
    );
    const plain = [["ProbeRuns,McpAvailable", "Server"]];
    expect(byDimensions).toEqual([
      [],
      [
        ["McpAvailable", "Server"],
        ["ProbeRuns", "Server", "Runner"],
      ],
      plain,
      [],
      [
        ["McpAvailable", "Server"],
        ["ProbeRuns", "Runner"],
      ],
    ]);
    for (const line of lines) expect(event(line)).toMatchObject({ Environment: "staging", Runner: "aws" });
  });

  it("cuts dimension values to 1,024 characters", () => {
    const seen = observationOf({});
    const long = { ...seen, result: { ...seen.result, server: "s".repeat(3_000) } };
    const read = event(emfLine({ observation: long, measures: { ProbeRuns: 1 }, environment: "staging" }));
    expect(String(read.Server)).toHaveLength(1_024);
  });
});

describe("the sinks by name", () => {
  it("write an observation the moment it is published", () => {
    const lines: string[] = [];
    const input = { environment: "staging", write: (line: string) => lines.push(line) };
    emfSink(input).publish(observationOf({}), { ProbeRuns: 1 });
    logSink(input).publish(observationOf({}), { ProbeRuns: 1 });
    const [emf, log, ...more] = lines.map((line) => JSON.parse(line));
    expect(more).toEqual([]);
    expect(emf).toMatchObject({ Server: "subject", ProbeRuns: 1 });
    expect(log).toMatchObject({ environment: "staging", server: "subject", measures: { ProbeRuns: 1 } });
    expect(log._aws).toBeUndefined();
  });

  it("are emf unless the environment says otherwise, and a wrong name is refused with the right ones", () => {
    expect(sinkNameOf(undefined, "emf")).toBe("emf");
    expect(sinkNameOf("api", "emf")).toBe("api");
    expect(() => sinkNameOf("statsd", "emf")).toThrow(/ROLLCALL_SINK.*"statsd".*emf, api, prometheus, log/);
  });

  it("print a Prometheus page once a run is over, for a collector of text files", async () => {
    const texts: string[] = [];
    const write = (text: string): void => void texts.push(text);
    const sink = await openSink("prometheus", { environment: "staging", write });
    sink.publish(observationOf({}), {});
    expect(texts).toEqual([]);
    await sink.flush();
    expect(texts.join("")).toContain('mcp_server_up{environment="staging",server="subject"} 1\n');
  });
});
