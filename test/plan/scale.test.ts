import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import type { RosterTarget } from "../../catalog/target.ts";
import { planTable } from "../../ops/plan-text.ts";
import { buildPlan, planProblems } from "../../plan/plan.ts";
import { planRoster } from "../../plan/roster.ts";
import { planScale, shardsOf } from "../../plan/scale.ts";

const production = loadEnvironment(diskSource(`${import.meta.dirname}/../..`), "production");
const plan = buildPlan(production);
const roster = planRoster(production, "aws");
const [first] = roster.targets;
if (first === undefined) throw new Error("production has no server that is asked from AWS");

const many = (count: number, change: Partial<RosterTarget> = {}) => ({
  ...roster,
  targets: Array.from({ length: count }, (_, index) => ({ ...first, ...change, server: `server-${index}` })),
});
const advice = (count: number) => {
  const servers = Array.from({ length: count }, () => production.servers[0]).flatMap((one) => one ?? []);
  return planScale({ ...production, servers }, many(count));
};

describe("[SKILL-15] the size of a fleet", () => {
  it("is advised by the handbook's bands", () => {
    expect([1, 3, 4, 10, 11, 20, 21, 500].map((count) => advice(count).band)).toEqual([
      "1-3",
      "1-3",
      "4-10",
      "4-10",
      "11-20",
      "11-20",
      "over 20",
      "over 20",
    ]);
  });

  it("spreads more than twenty servers over two runs of the one function, so that what is cut off is a part", () => {
    expect(advice(20).shards).toBe(1);
    expect(advice(21).shards).toBe(2);
    expect(planTable({ ...plan, scale: advice(20) })).toContain("one run a minute checks all");
    expect(planTable({ ...plan, scale: advice(21) })).toContain(
      "2 runs of one function a minute, each with its part",
    );
  });

  it("takes as many runs as end in their minute when no server answers", () => {
    const slow = { timeoutMs: 10_000, confirmMs: 2_000, samples: 1 };
    // twice ten seconds each, on a hundred places for fifty seconds
    expect(shardsOf(many(500, slow))).toBe(2);
    expect(shardsOf(many(501, slow))).toBe(3);
    expect(shardsOf(many(1_000, slow))).toBe(4);
  });

  it("never gives a run more than its places can bear, for any fleet", () => {
    const target = fc.record({
      timeoutMs: fc.integer({ min: 100, max: 20_000 }),
      confirmMs: fc.constantFrom(0, 2_000),
      samples: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(target, fc.integer({ min: 1, max: 3_000 }), (one, count) => {
        const shards = shardsOf(many(count, one));
        const worstMs = count * one.samples * one.timeoutMs * (one.confirmMs === 0 ? 1 : 2);
        expect(worstMs / shards).toBeLessThanOrEqual(100 * 50_000);
        expect(shards).toBeLessThanOrEqual(count);
      }),
    );
  });

  it("names who could be checked less often, whose promises the plan then still takes", () => {
    const { couldWait } = planScale(production, roster);
    const everyOf = new Map(
      couldWait.flatMap(({ everyMs, servers }) => servers.map((name) => [name, everyMs])),
    );
    expect(everyOf.size).toBeGreaterThan(0);
    const patient = production.servers.map((server) => ({
      ...server,
      probe: { ...server.probe, every: everyOf.get(server.name) ?? server.probe.every },
    }));
    expect(planProblems({ ...production, servers: patient })).toEqual([]);
  });

  it("names no server that promises too much for a longer interval", () => {
    const servers = production.servers.map((server) => ({
      ...server,
      objectives: server.objectives.map((one) =>
        one.sli === "latency" ? one : { ...one, objective: 999_500, page: true },
      ),
      probe: { ...server.probe, samples: 1 },
    }));
    expect(planScale({ ...production, servers }, roster).couldWait).toEqual([]);
  });
});
