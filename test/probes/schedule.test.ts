import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRoster, runRoster } from "../../probes/roster.ts";
import { isDue, sampleOffsets } from "../../probes/schedule.ts";
import { modernServer, over, target } from "../support/servers.ts";

/** When a runner checks what. Not proved here: that a scheduler starts it each minute. */
const MINUTE_MS = 60_000;

describe("the schedule of a run", () => {
  it("checks a server that asks for every 5 minutes in every fifth run and no other", () => {
    const due = Array.from({ length: 20 }, (_, minute) =>
      isDue({ everyMs: 5 * MINUTE_MS }, minute * MINUTE_MS + 17_000),
    );
    expect(due.filter(Boolean)).toHaveLength(4);
    expect(due.indexOf(true, 1) - due.indexOf(true)).toBe(5);
  });

  it("spreads the samples of a run so that the last one ends within 50 seconds", () => {
    expect(sampleOffsets({ everyMs: MINUTE_MS, samples: 1, timeoutMs: 10_000 })).toEqual([0]);
    expect(sampleOffsets({ everyMs: MINUTE_MS, samples: 6, timeoutMs: 3_000 })).toEqual([
      0, 9_400, 18_800, 28_200, 37_600, 47_000,
    ]);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 100, max: 49_000 }),
        (samples, timeoutMs) => {
          const offsets = sampleOffsets({ everyMs: MINUTE_MS, samples, timeoutMs });
          expect(offsets).toHaveLength(samples);
          expect((offsets.at(-1) ?? 0) + timeoutMs).toBeLessThanOrEqual(50_000);
          expect([...offsets].sort((a, b) => a - b)).toEqual(offsets);
        },
      ),
    );
  });

  it("writes a line for each sample of a due server and leaves out one that is not due", async () => {
    await using live = await modernServer();
    const base = {
      ...target({ mcp: over(live.url), timeoutMs: 2_000, allowPrivate: true }),
      everyMs: MINUTE_MS,
      samples: 1,
    };
    const waits: number[] = [];
    const lines: string[] = [];
    const summary = await runRoster(
      {
        environment: "staging",
        targets: [
          { ...base, server: "often", samples: 3 },
          { ...base, server: "seldom", everyMs: 5 * MINUTE_MS },
        ],
      },
      {
        write: (line) => lines.push(line),
        now: () => MINUTE_MS,
        wait: async (ms) => {
          waits.push(ms);
        },
      },
    );
    expect(lines.map((line) => JSON.parse(line).Server)).toEqual(["often", "often", "often"]);
    expect(waits).toEqual([20_000, 40_000]);
    expect(summary).toEqual({
      environment: "staging",
      checked: 1,
      healthy: 1,
      degraded: 0,
      unhealthy: 0,
      unknown: 0,
    });
  });

  it("refuses a roster that is not there with a message that names it", async () => {
    await expect(readRoster("absent/roster.json")).rejects.toThrow("absent/roster.json");
  });
});
