import { describe, expect, it } from "vitest";
import { type Confirmation, confirmed } from "../../probes/confirm.ts";
import type { Observation } from "../../probes/result.ts";
import { failing, OK, observationOf, SKIPPED } from "../support/observation.ts";

/** When a failed check is repeated. Not proved here: that a real server recovers between the two. */

const DOWN = observationOf({
  mcp: failing("connect"),
  checkedAt: "2026-11-21T08:00:00.000Z",
  detail: "refused",
});
const UP = observationOf({ mcp: OK, checkedAt: "2026-11-21T08:00:02.000Z" });

/** Runs a confirmation over checks that come out as given; tells how long it waited and how many it used. */
async function run(
  checks: readonly Observation[],
  given: Partial<Confirmation> = {},
): Promise<{ observation: Observation; waits: number[]; used: number }> {
  const waits: number[] = [];
  let used = 0;
  const observation = await confirmed(
    async () => {
      const next = checks[used];
      used += 1;
      if (next === undefined) throw new Error("one check too many");
      return next;
    },
    {
      confirmMs: 2_000,
      wait: async (ms) => {
        waits.push(ms);
      },
      ...given,
    },
  );
  return { observation, waits, used };
}

describe("a check that is confirmed", () => {
  it("forgives one failure that the second check does not see, and keeps both", async () => {
    const { observation, waits } = await run([DOWN, UP]);
    expect(waits).toEqual([2_000]);
    expect(observation.mcpMs).toBe(3);
    expect(observation.result).toMatchObject({ status: "healthy", checkedAt: "2026-11-21T08:00:02.000Z" });
    expect(observation.result.attempts).toEqual([
      {
        checkedAt: "2026-11-21T08:00:00.000Z",
        durationMs: 7,
        status: "unhealthy",
        mcp: { outcome: "fail", failureClass: "connect", detail: "refused" },
        rest: { outcome: "skipped", failureClass: null, detail: "refused" },
      },
      expect.objectContaining({ checkedAt: "2026-11-21T08:00:02.000Z", status: "healthy" }),
    ]);
  });

  it("lets a second failure count, and never asks a third time", async () => {
    const timeout = observationOf({ mcp: failing("timeout") });
    const { observation, used } = await run([DOWN, timeout, UP]);
    expect(used).toBe(2);
    expect(observation.result.mcp.failureClass).toBe("timeout");
    expect(observation.result.attempts.map(({ status }) => status)).toEqual(["unhealthy", "unhealthy"]);
  });

  it("repeats one failed path of two", async () => {
    const { used } = await run([observationOf({ mcp: OK, rest: failing("http") }), UP]);
    expect(used).toBe(2);
  });

  it.each([
    ["a healthy server", UP],
    ["a refused credential", observationOf({ mcp: failing("auth"), rest: OK })],
    ["two refused paths", observationOf({ mcp: failing("auth"), rest: failing("auth") })],
    ["paths that are not there", observationOf({ mcp: SKIPPED, rest: SKIPPED })],
  ])("does not repeat %s", async (_what, only) => {
    const { observation, waits } = await run([only]);
    expect(waits).toEqual([]);
    expect(observation).toBe(only);
    expect(observation.result.attempts).toEqual([]);
  });

  it("never repeats where the catalog asks for no confirmation", async () => {
    expect((await run([DOWN], { confirmMs: 0 })).observation).toBe(DOWN);
  });

  it("does not repeat for a path that the breaker left alone, but for another one beside it", async () => {
    const withheld = { mcp: { failureClass: "connect", detail: "breaker open" } as const, rest: null };
    expect((await run([DOWN], { withheld })).used).toBe(1);
    const both = observationOf({ mcp: failing("connect"), rest: failing("http") });
    expect((await run([both, both], { withheld })).used).toBe(2);
  });

  it("counts the first check when a second one could not end before the runner is stopped", async () => {
    const limit = (at: number) => ({ deadline: { at, attemptMs: 10_000, now: () => 30_000 } });
    expect((await run([DOWN, UP], limit(42_000))).used).toBe(2);
    expect((await run([DOWN, UP], limit(41_999))).observation).toBe(DOWN);
  });

  it("counts the first check when the wait took longer than asked, and when it was broken off", async () => {
    let time = 30_000;
    const late = await run([DOWN, UP], {
      wait: async () => {
        time += 9_000;
      },
      deadline: { at: 45_000, attemptMs: 10_000, now: () => time },
    });
    expect(late.observation).toBe(DOWN);
    const stopped = await run([DOWN, UP], { wait: () => Promise.reject(new Error("stopping")) });
    expect(stopped.observation).toBe(DOWN);
  });
});
