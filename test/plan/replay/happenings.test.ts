import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../../catalog/load.ts";
import { parseTrace, type Trace } from "../../../catalog/trace.ts";
import { chance } from "../../../plan/replay/chance.ts";
import { checkAt, happeningsOf, isActive } from "../../../plan/replay/happenings.ts";
import { type Subject, subjectOf } from "../../../plan/replay/subject.ts";
import { assertFits, traceSeries } from "../../../plan/replay/trace-series.ts";
import { catalogFiles, mapSource } from "../../support/catalog-files.ts";

const production = loadEnvironment(mapSource(catalogFiles()), "production");
const MINUTE_MS = 60_000;

/** A trace of two hours from lines of happenings. */
function traceOf(...happenings: readonly string[]): Trace {
  const head = ["trace: t", "means: a test", "start: 2026-11-02T08:00:00Z", "length: 2h", "happenings:"];
  return parseTrace("t.yaml", [...head, ...happenings.map((one) => `  - { ${one} }`), ""].join("\n"));
}

function subject(name: string): Subject {
  const server = production.servers.find((one) => one.name === name);
  return subjectOf(production, server ?? expect.fail(`no server ${name}`));
}

/** What a check of a server finds so many milliseconds after the start. */
function find(trace: Trace, server: string, ms: number): ReturnType<typeof checkAt> {
  const happenings = happeningsOf(trace, server, [server]);
  return checkAt({ trace, subject: subject(server), happenings, at: trace.start + ms });
}

describe("when something happens", () => {
  test("it holds from its beginning, and no longer at its end", () => {
    const [one] = traceOf("what: fails, at: 10m, for: 5m").happenings;
    if (one === undefined) expect.fail("no happening");
    const at = [600_000 - 1, 600_000, 900_000 - 1, 900_000];
    expect(at.map((time) => isActive(one, time))).toEqual([false, true, true, false]);
  });

  test("it comes back every so often, and the last time before its until", () => {
    const [one] = traceOf("what: fails, at: 10m, for: 2m, every: 10m, until: 31m").happenings;
    if (one === undefined) expect.fail("no happening");
    const hit = Array.from({ length: 60 }, (_, minute) => minute).filter((m) => isActive(one, m * MINUTE_MS));
    expect(hit).toEqual([10, 11, 20, 21, 30, 31]);
  });

  test("servers are meant by all, by name, or by how many: the first by name, however the catalog lists them", () => {
    const trace = traceOf(
      "what: fails, at: 0s, for: 1m",
      "what: silent, servers: [b], at: 0s, for: 1m",
      "what: degraded, servers: { first: 2 }, at: 0s, for: 1m",
    );
    const whats = (server: string): string[] =>
      happeningsOf(trace, server, ["c", "b", "a"]).map(({ what }) => what);
    expect([whats("a"), whats("b"), whats("c")]).toEqual([
      ["fails", "degraded"],
      ["fails", "silent", "degraded"],
      ["fails"],
    ]);
  });
});

describe("a check in a trace", () => {
  test("that fails is repeated once after the time its file says, and what is over by then counted for nothing", () => {
    const lost = traceOf("what: fails, at: 0s, for: 1s");
    expect(find(lost, "memory", 0)).toMatchObject({
      at: lost.start + 2_000,
      state: { mcp: "ok", rest: "ok", repeated: true },
    });
    const outage = traceOf("what: fails, at: 0s, for: 3s, class: tls");
    expect(find(outage, "memory", 0)).toMatchObject({
      at: outage.start + 2_000,
      state: { mcp: "tls", rest: "tls", repeated: true },
    });
  });

  test("is not made while the prober is silent, and not repeated when it is refused", () => {
    expect(find(traceOf("what: silent, at: 0s, for: 1m"), "memory", 0)).toBeUndefined();
    const refused = traceOf("what: refused, at: 0s, for: 1m");
    expect(find(refused, "memory", 0)).toMatchObject({
      at: refused.start,
      state: { mcp: "auth", rest: "auth", repeated: false },
    });
  });

  test("that takes longer than its deadline has failed with a timeout; a faster one has answered slowly", () => {
    const slow = find(traceOf("what: slow, at: 0s, for: 1h, latency: 2900ms"), "task-mcp", 0);
    expect(slow?.state).toMatchObject({ mcp: "ok", ms: 2_900 });
    const late = find(traceOf("what: slow, at: 0s, for: 1h, latency: 3s"), "task-mcp", 0);
    expect(late?.state).toMatchObject({ mcp: "timeout", rest: "timeout" });
  });

  test("finds what the later of two happenings says", () => {
    const trace = traceOf(
      "what: fails, at: 0s, for: 1m, class: http",
      "what: mcp-fails, at: 0s, for: 1m, class: rpc",
    );
    expect(find(trace, "memory", 0)?.state).toMatchObject({ mcp: "rpc", rest: "http" });
  });
});

describe("a share", () => {
  test("is drawn the same on every machine: these numbers are fixed", () => {
    expect([chance(1, "memory", 0, 0), chance(1, "memory", 0, 60_000), chance(2, "memory", 0, 0)]).toEqual([
      0.6457747344393283, 0.2940425474662334, 0.8334964227396995,
    ]);
  });

  test("hits about as many checks as it says, other ones of each server and with each seed", () => {
    const hits = (seed: number, server: string): number[] => {
      const trace = { ...traceOf("what: fails, at: 0s, for: 2h, share: 5%"), seed, length: 1e9 };
      const [one] = trace.happenings;
      if (one === undefined) expect.fail("no happening");
      const long = { ...trace, happenings: [{ ...one, for: 1e9 }] };
      return Array.from({ length: 10_000 }, (_, minute) => minute).filter(
        (minute) => find(long, server, minute * MINUTE_MS)?.state.mcp !== "ok",
      );
    };
    const [here, there, again] = [hits(1, "memory"), hits(1, "github"), hits(2, "memory")];
    for (const each of [here, there, again]) {
      expect(each.length).toBeGreaterThan(430);
      expect(each.length).toBeLessThan(570);
    }
    expect(here.filter((minute) => there.includes(minute)).length).toBeLessThan(60);
    expect(here.filter((minute) => again.includes(minute)).length).toBeLessThan(60);
  });
});

describe("the samples of a trace", () => {
  test("begin so long before it as alarms look back, and hold every metric of the server in order", () => {
    const trace = traceOf("what: fails, servers: [memory], at: 1h, for: 1h");
    const server = production.servers.find(({ name }) => name === "memory") ?? expect.fail("no memory");
    const seriesOf = traceSeries({ environment: production, server, trace, leadMs: 3_600_000 });
    const metric = (MetricName: string, Server = "memory") => ({
      Namespace: "Rollcall",
      MetricName,
      Dimensions: [
        { Name: "Server", Value: Server },
        { Name: "Environment", Value: "production" },
      ],
    });
    const up = seriesOf(metric("McpAvailable"));
    expect(up?.times.length).toBe(180);
    expect(up?.times[0]).toBe(trace.start - 3_600_000);
    expect([...(up?.values ?? [])]).toEqual([...Array<number>(120).fill(1), ...Array<number>(60).fill(0)]);
    expect(seriesOf(metric("McpLatency"))?.times.length).toBe(120);
    expect([...(up?.times ?? [])]).toEqual([...(up?.times ?? [])].sort((a, b) => a - b));
    expect(seriesOf(metric("McpAvailable", "github"))).toBeUndefined();
    expect(seriesOf(metric("Nothing"))).toBeUndefined();
  });

  test("are refused where the environment has no such server, or none that publishes the metric", () => {
    const strangers = traceOf("what: fails, servers: [memory, nobody], at: 0s, for: 1m");
    expect(() => assertFits(strangers, production)).toThrow(
      /^t\.yaml:6:5 {2}happenings\[0\]: production has no server "nobody"; name some of brave-search, /,
    );
    const unmeasured = traceOf(
      "what: value, servers: [memory], at: 0s, for: 1m, metric: cctelegram_events_per_minute, to: 1/min",
    );
    expect(() => assertFits(unmeasured, production)).toThrow(
      /happenings\[0\]: no server that it hits publishes cctelegram_events_per_minute; name one of AllAvailable, /,
    );
    expect(() =>
      assertFits(
        traceOf("what: value, at: 0s, for: 1m, metric: cctelegram_events_per_minute, to: 1/min"),
        production,
      ),
    ).not.toThrow();
  });
});
