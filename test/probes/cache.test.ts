import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Observation } from "../../probes/result.ts";
import { createCache } from "../../probes/runners/cache.ts";
import { failing, OK, observationOf, SKIPPED } from "../support/observation.ts";
import { over, target } from "../support/servers.ts";

/** Who is served an earlier result. Not proved here: that the status interface and the CLI ask the cache. */

const SUBJECT = target({ server: "subject", mcp: over("http://127.0.0.1:1/mcp") });

/** A clock that is moved by hand, and checks that end when they are told to. */
function scene(settings: { maxAgeMs: number; maxEntries?: number }) {
  const clock = { at: 1_000_000 };
  const cache = createCache({ ...settings, now: () => clock.at });
  const asked: string[] = [];
  const ask =
    (server = "subject", observation = observationOf({ mcp: OK })) =>
    () => {
      asked.push(server);
      return Promise.resolve(observation);
    };
  return { clock, cache, asked, ask };
}

describe("the result cache", () => {
  it("[SKILL-14] serves a result again for the 300 s that are set, and no millisecond longer", async () => {
    const { clock, cache, asked, ask } = scene({ maxAgeMs: 300_000 });
    const first = await cache.get(SUBJECT, ask());
    clock.at += 299_999;
    expect(await cache.get(SUBJECT, ask())).toBe(first);
    clock.at += 1;
    await cache.get(SUBJECT, ask());
    expect(asked).toHaveLength(2);
  });

  it("[STAT-12] lets everybody who asks at once share one check, also one that fails", async () => {
    const { cache } = scene({ maxAgeMs: 0 });
    const { promise, resolve } = Promise.withResolvers<Observation>();
    let checks = 0;
    const ask = (): Promise<Observation> => {
      checks += 1;
      return promise;
    };
    const askers = Array.from({ length: 20 }, () => cache.get(SUBJECT, ask));
    const down = observationOf({ mcp: failing("timeout") });
    resolve(down);
    expect(new Set(await Promise.all(askers))).toEqual(new Set([down]));
    expect(checks).toBe(1);
  });

  it("asks anew when the target has changed, and drops the older answer that comes late", async () => {
    const { cache, asked, ask } = scene({ maxAgeMs: 60_000 });
    const slow = Promise.withResolvers<Observation>();
    const old = cache.get(SUBJECT, () => slow.promise);
    const moved = { ...SUBJECT, mcp: over("http://127.0.0.1:2/mcp") };
    const newer = observationOf({ mcp: OK, detail: "moved" });
    expect(await cache.get(moved, ask("moved", newer))).toBe(newer);
    slow.resolve(observationOf({ mcp: SKIPPED }));
    await old;
    expect(await cache.get(moved, ask("moved again"))).toBe(newer);
    expect(asked).toEqual(["moved"]);
  });

  it("keeps neither a result without a verdict nor a check that broke", async () => {
    const { cache, asked, ask } = scene({ maxAgeMs: 60_000 });
    await cache.get(SUBJECT, ask("unknown", observationOf({ mcp: SKIPPED, rest: SKIPPED })));
    await expect(cache.get(SUBJECT, () => Promise.reject(new Error("no check")))).rejects.toThrow("no check");
    await cache.get(SUBJECT, ask("again"));
    expect(asked).toEqual(["unknown", "again"]);
  });

  it("never serves what is older than its age, and holds no more entries than it may", async () => {
    const step = fc.record({
      server: fc.constantFrom("a", "b", "c", "d"),
      passes: fc.integer({ min: -50, max: 150 }),
      takes: fc.nat({ max: 120 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 200 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 40 }),
        async (maxAgeMs, maxEntries, steps) => {
          const { clock, cache } = scene({ maxAgeMs, maxEntries });
          const lastAsked = new Map<string, number>();
          for (const { server, passes, takes } of steps) {
            clock.at += passes;
            const beganAt = clock.at;
            let wasAsked = false;
            const seen = await cache.get(target({ server }), async () => {
              wasAsked = true;
              lastAsked.delete(server);
              lastAsked.set(server, beganAt);
              clock.at += takes;
              return observationOf({ mcp: OK, checkedAt: new Date(beganAt).toISOString() });
            });
            const began = Date.parse(seen.result.checkedAt);
            if (!wasAsked) {
              expect(clock.at - began).toBeLessThan(maxAgeMs);
              expect(clock.at).toBeGreaterThanOrEqual(began);
              // one that was pushed out by later ones is asked again
              const later = [...lastAsked.keys()].length - 1 - [...lastAsked.keys()].indexOf(server);
              expect(later).toBeLessThan(maxEntries);
            }
          }
        },
      ),
    );
  });
});
