import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jitter, pool } from "../../probes/runners/pace.ts";

/** How many checks run at once, and when each begins. Not proved here: that a runner keeps to it. */

describe("a pool", () => {
  it("never runs more than its limit, begins in order, and drains whatever rejects", async () => {
    const job = fc.record({ comesAfter: fc.nat({ max: 3 }), turns: fc.nat({ max: 4 }), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(job, { maxLength: 25 }),
        async (limit, jobs) => {
          const run = pool(limit);
          const begun: number[] = [];
          const outcomes: Promise<"done" | "failed">[] = [];
          let running = 0;
          let most = 0;
          for (const [index, { comesAfter, turns, fails }] of jobs.entries()) {
            for (let i = 0; i < comesAfter; i += 1) await turn();
            const outcome = run(async () => {
              begun.push(index);
              running += 1;
              most = Math.max(most, running);
              for (let i = 0; i < turns; i += 1) await turn();
              running -= 1;
              if (fails) throw new Error(`job ${index}`);
              return "done" as const;
            });
            outcomes.push(outcome.catch(() => "failed" as const));
          }
          expect(await Promise.all(outcomes)).toEqual(jobs.map(({ fails }) => (fails ? "failed" : "done")));
          expect(most).toBeLessThanOrEqual(limit);
          // places are only sure to fill up where all come at once and every job takes its time
          if (jobs.every(({ comesAfter, turns }) => comesAfter === 0 && turns > 0))
            expect(most).toBe(Math.min(limit, jobs.length));
          expect(begun).toEqual(jobs.map((_job, index) => index));
          expect(await run(async () => "free again")).toBe("free again");
        },
      ),
      { numRuns: 60 },
    );
  });

  it("gives a place back when the work throws before it begins", async () => {
    const run = pool(1);
    const broken = (): Promise<never> => {
      throw new Error("not even begun");
    };
    await expect(run(broken)).rejects.toThrow("not even begun");
    expect(await run(async () => 1)).toBe(1);
  });

  it("refuses a limit that would never begin anything", () => {
    for (const limit of [0, -1, 1.5, Number.NaN]) expect(() => pool(limit)).toThrow(RangeError);
  });
});

describe("the jitter of a server", () => {
  it("stays within its bounds and is the same in every run", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat({ max: 60_000 }), fc.string(), (server, jitterMs, seed) => {
        const offset = jitter({ server, jitterMs, seed });
        expect(Number.isInteger(offset)).toBe(true);
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(offset).toBeLessThan(Math.max(1, jitterMs));
        expect(jitter({ server, jitterMs, seed })).toBe(offset);
      }),
    );
  });

  it("spreads a fleet over the whole time, and otherwise for another runner", () => {
    const servers = Array.from({ length: 1_000 }, (_, index) => `server-${index}`);
    const tenths = new Array<number>(10).fill(0);
    for (const server of servers) {
      const tenth = Math.floor(jitter({ server, jitterMs: 10_000 }) / 1_000);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // 100 are expected in each; 5 standard deviations are 47
    for (const count of tenths) expect(Math.abs(count - 100)).toBeLessThan(47);
    const moved = servers.filter(
      (server) =>
        jitter({ server, jitterMs: 10_000 }) !== jitter({ server, jitterMs: 10_000, seed: "cluster" }),
    );
    expect(moved.length).toBeGreaterThan(990);
  });
});
