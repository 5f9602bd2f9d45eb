import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FAILURE_CLASSES } from "../../../catalog/failures.ts";
import { loadEnvironment } from "../../../catalog/load.ts";
import { sampleOffsets } from "../../../catalog/run-schedule.ts";
import type { ObjectiveRule } from "../../../catalog/target.ts";
import { type CheckState, measuresIn, type PathState } from "../../../plan/replay/measures.ts";
import { checkMoments } from "../../../plan/replay/moments.ts";
import { type Subject, subjectOf } from "../../../plan/replay/subject.ts";
import { rosterTarget } from "../../../plan/roster.ts";
import { emptyMcp } from "../../../probes/mcp-path.ts";
import { measuresOf } from "../../../probes/measure.ts";
import type { Observation, PathVerdict } from "../../../probes/result.ts";
import { jitter } from "../../../probes/runners/pace.ts";
import { catalogFiles, mapSource } from "../../support/catalog-files.ts";
import { failing, OK, observed, resultOf, SKIPPED } from "../../support/observation.ts";

// A trace makes the metrics of a check without making the check. Here both are made, so that they cannot drift apart.
// What is not compared: usage of a process, which the local monitor adds, and dependencies that fail.

const environments = ["local", "staging", "production"].map((name) =>
  loadEnvironment(mapSource(catalogFiles()), name),
);
const subjects = environments.flatMap((environment) =>
  environment.servers.map((server) => ({ ...subjectOf(environment, server), usage: {} })),
);

const RULES: readonly ObjectiveRule[] = [
  { objective: "reached", kind: "classes", path: "mcp", burns: ["connect", "timeout"] },
  { objective: "page", kind: "classes", path: "rest", burns: ["auth"] },
  { objective: "fast", kind: "latency", path: "mcp", belowMs: 100 },
  { objective: "fast-page", kind: "latency", path: "rest", belowMs: 100 },
  { objective: "few", kind: "value", metric: "queue", below: 10 },
  { objective: "many", kind: "value", metric: "queue", above: 1 },
];

const verdict = (path: PathState): PathVerdict => (path === "ok" ? OK : failing(path));

/** What a probe would have observed of a server in this state. */
function observationIn(subject: Subject, { mcp, rest, weak, ms, repeated, values }: CheckState): Observation {
  const numbers = Object.fromEntries(
    Object.entries(subject.numbers).map(([metric, value]) => [metric, values.get(metric) ?? value]),
  );
  const checkedAt = "2026-11-21T08:00:00.000Z";
  const certificate = {
    ...emptyMcp({ ...OK, detail: "" }).certificate,
    validTo: new Date(Date.parse(checkedAt) + (subject.hoursToExpiry ?? 0) * 3_600_000).toISOString(),
    daysLeft: 365,
  };
  const attempt = {
    checkedAt,
    durationMs: 1,
    status: "unhealthy",
    mcp: { ...failing("connect"), detail: "" },
    rest: { ...failing("connect"), detail: "" },
  } as const;
  const result = resultOf({
    checkedAt,
    mcp: {
      ...verdict(mcp),
      ...(mcp === "ok" ? { tools: 3 } : {}),
      ...(mcp === "ok" && subject.hoursToExpiry !== null ? { certificate: certificate as never } : {}),
      ...(mcp === "ok" && subject.hasCanary
        ? { canary: { outcome: "ok", ms, detail: "", stream: null } }
        : {}),
    },
    rest: subject.hasRest
      ? { ...verdict(rest), ...(rest === "ok" ? { numbers } : {}), ...(weak ? { ready: false } : {}) }
      : SKIPPED,
    // without a REST side a replica is what can be weak
    replicas:
      weak && !subject.hasRest
        ? [{ address: "10.0.0.1", outcome: "ok", failureClass: null, detail: "", disagrees: true }]
        : [],
    dependencies: subject.hasDependencies
      ? [{ name: "database", kind: "postgresql", ok: true, ms: 1, detail: "" }]
      : [],
    attempts: repeated ? [attempt, attempt] : [],
  });
  return observed(result, { mcpMs: ms, restMs: ms });
}

const path = fc.constantFrom<PathState>("ok", "ok", ...FAILURE_CLASSES);

test("a trace publishes exactly what the probe would, of every server in every state", () => {
  const state = fc.record({
    mcp: path,
    rest: path,
    weak: fc.boolean(),
    ms: fc.integer({ min: 1, max: 30_000 }),
    repeated: fc.boolean(),
    values: fc.constant(new Map<string, number>()),
  });
  const wanted = fc.constantFrom(
    ...subjects,
    ...subjects.map((one) => ({ ...one, numbers: { ...one.numbers, queue: 5 }, rules: RULES })),
    ...subjects.map((one) => ({ ...one, hasDependencies: true, hasCanary: true, hoursToExpiry: 100 })),
  );
  fc.assert(
    fc.property(wanted, state, (subject, found) => {
      expect(measuresIn(subject, found)).toEqual(measuresOf(observationIn(subject, found), subject.rules));
    }),
    { numRuns: 1_000, seed: 7 },
  );
});

test("a value that a trace sets is judged by the promises on it, and appears only where it is measured", () => {
  const subject: Subject = {
    ...(subjects[0] ?? expect.fail("no server")),
    hasRest: true,
    numbers: { queue: 5 },
    rules: RULES,
  };
  const state: CheckState = {
    mcp: "ok",
    rest: "ok",
    weak: false,
    ms: 5,
    repeated: false,
    values: new Map([
      ["queue", 12],
      ["ToolsMissing", 2],
      ["never_measured", 1],
    ]),
  };
  expect(measuresIn(subject, state)).toMatchObject({
    queue: 12,
    ToolsMissing: 2,
    "Objective.few": 0,
    "Objective.many": 1,
  });
  expect(measuresIn(subject, state)).not.toHaveProperty("never_measured");
  const down = measuresIn(subject, { ...state, mcp: "connect", rest: "connect" });
  for (const metric of ["queue", "ToolsMissing", "Objective.few"]) expect(down).not.toHaveProperty([metric]);
});

describe("a server that is well", () => {
  test("breaks none of its own promises and thresholds, in every environment", () => {
    for (const environment of environments)
      for (const server of environment.servers) {
        const subject = subjectOf(environment, server);
        const well = measuresIn(subject, {
          mcp: "ok",
          rest: "ok",
          weak: false,
          ms: subject.usualMs,
          repeated: false,
          values: new Map(),
        });
        for (const { metric, worse, warning, critical } of server.thresholds)
          for (const limit of [warning, critical]) {
            if (limit === undefined || well[metric] === undefined) continue;
            const sign = worse === "higher" ? 1 : -1;
            expect(sign * (limit.value - well[metric]), `${server.name} ${metric}`).toBeGreaterThan(0);
          }
        for (const objective of server.objectives)
          if (objective.sli === "latency") expect(well.McpLatency).toBeLessThan(objective.below);
        for (const [metric, value] of Object.entries(well))
          if (metric.startsWith("Objective.")) expect(value, `${server.name} ${metric}`).toBe(1);
      }
  });
});

describe("the moments of checks", () => {
  test("are those of the cloud's runners: on the marks of the interval, the samples as they spread them", () => {
    const [, staging, production] = environments;
    for (const environment of [staging, production]) {
      if (environment === undefined) expect.fail("no environment");
      for (const jitterMs of [0, 4_000])
        for (const server of environment.servers) {
          const target = rosterTarget(server, {
            server: server.name,
            mcp: null,
            rest: null,
            timeoutMs: server.probe.timeout,
            requiredTools: [],
            allowPrivate: false,
          });
          const pace = { ...environment.pace, jitter: jitterMs };
          const from = Date.parse("2026-11-02T08:00:00Z");
          const late = jitter({ server: server.name, jitterMs });
          const expected = [0, 1].flatMap((run) =>
            sampleOffsets(target, jitterMs).map((offset) => from + run * server.probe.every + late + offset),
          );
          const range = { from, to: from + 2 * server.probe.every };
          expect([...checkMoments({ ...environment, pace }, server, range)], server.name).toEqual(expected);
        }
    }
  });

  test("are even parts of the interval on one machine, whose monitor lives on", () => {
    const environment = { platform: "local", pace: { concurrency: 1, jitter: 0 } } as const;
    const [server] = environments[0]?.servers ?? [];
    if (server === undefined) expect.fail("no server");
    const probe = { ...server.probe, every: 10_000, samples: 2 };
    expect([...checkMoments(environment, { name: "one", probe }, { from: 0, to: 20_000 })]).toEqual([
      0, 5_000, 10_000, 15_000,
    ]);
  });
});
