import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBreakers, NOTHING_WITHHELD, type PathBreaker } from "../../probes/breaker/breaker.ts";
import { type BreakerSnapshot, parseSnapshots } from "../../probes/breaker/state.ts";
import { measuresOf } from "../../probes/measure.ts";
import { FAILURE_CLASSES, type PathVerdict } from "../../probes/result.ts";
import { failing, OK, observationOf, SKIPPED } from "../support/observation.ts";

/**
 * When a sick path is left alone. Not proved here: that the check obeys, and that a runner keeps the state.
 */

const START = Date.parse("2026-11-21T08:00:00.000Z");
const SETTINGS = { failures: 3, restMs: 60_000 };
const DOWN = failing("timeout");

/** Breakers of one kind for every server, and a clock that is moved by hand. */
function scene({ settings = SETTINGS, initial = [] as readonly BreakerSnapshot[], at = START } = {}) {
  const clock = { at };
  const breaker = createBreakers({ settingsOf: () => settings, initial, now: () => clock.at });
  return { clock, breaker };
}

/** One check whose asked paths end so; a path that is left alone reports what the breaker says. */
async function pass(breaker: PathBreaker, ends: { mcp?: PathVerdict; rest?: PathVerdict } = {}, detail = "") {
  const pass = breaker.enter("subject");
  const { withheld } = pass;
  const end = (path: "mcp" | "rest", asked: PathVerdict): PathVerdict =>
    withheld[path] === null ? asked : failing(withheld[path].failureClass);
  const observation = observationOf({
    mcp: end("mcp", ends.mcp ?? OK),
    rest: end("rest", ends.rest ?? SKIPPED),
    detail,
  });
  await pass.leave(observation.result);
  return { withheld, observation };
}

async function fail(breaker: PathBreaker, times: number, detail = "no answer"): Promise<void> {
  for (let i = 0; i < times; i += 1) await pass(breaker, { mcp: DOWN }, detail);
}

const mcpOf = (breaker: PathBreaker): BreakerSnapshot | undefined =>
  breaker.snapshots().find(({ path }) => path === "mcp");

describe("the breaker of a path", () => {
  it("[STAT-02] opens after failures in a row, tries once after a rest, and closes", async () => {
    const { clock, breaker } = scene();
    await fail(breaker, 2);
    await pass(breaker);
    await fail(breaker, 2);
    expect(mcpOf(breaker)).toMatchObject({ state: "closed", failures: 2, openedAt: null });
    await fail(breaker, 1);
    expect(mcpOf(breaker)).toMatchObject({ state: "open", failures: 3, openedAt: START });

    clock.at = START + 59_999;
    expect((await pass(breaker)).withheld.mcp).not.toBeNull();
    clock.at = START + 60_000;
    const trial = breaker.enter("subject");
    expect(trial.withheld.mcp).toBeNull();
    expect(mcpOf(breaker)).toMatchObject({ state: "half-open", recoveryAttempts: 1 });
    expect(breaker.enter("subject").withheld.mcp?.detail).toContain("a trial is under way");
    await trial.leave(observationOf({ mcp: DOWN }).result);
    expect(mcpOf(breaker)).toMatchObject({
      state: "open",
      failures: 4,
      openedAt: START,
      restingSince: START + 60_000,
      recoveryAttempts: 1,
    });

    clock.at = START + 120_000;
    expect((await pass(breaker)).withheld.mcp).toBeNull();
    expect(mcpOf(breaker)).toMatchObject({
      state: "closed",
      failures: 0,
      openedAt: null,
      recoveryAttempts: 0,
    });
  });

  it("never hides an outage: an open path reports its last failure, and availability stays 0", async () => {
    const { clock, breaker } = scene();
    await fail(breaker, 3, "no answer within 10000 ms");
    for (let minute = 0; minute < 60; minute += 1) {
      clock.at += 20_000;
      const { observation } = await pass(breaker, { mcp: DOWN });
      expect(observation.result.mcp).toMatchObject({ outcome: "fail", failureClass: "timeout" });
      expect(measuresOf(observation)).toMatchObject({ McpAvailable: 0, Unhealthy: 1 });
    }
  });

  it("says since when, until when and why a path is left alone", async () => {
    const { clock, breaker } = scene();
    await fail(breaker, 3, "no answer within 10000 ms");
    clock.at += 1;
    expect(breaker.enter("subject").withheld).toEqual({
      mcp: {
        failureClass: "timeout",
        detail:
          "breaker open since 2026-11-21T08:00:00.000Z, next trial at 2026-11-21T08:01:00.000Z; " +
          "last: no answer within 10000 ms",
      },
      rest: null,
    });
  });

  it("is one per server and path", async () => {
    const { breaker } = scene();
    for (let i = 0; i < 3; i += 1) await pass(breaker, { mcp: OK, rest: DOWN });
    const { withheld } = breaker.enter("subject");
    expect([withheld.mcp, withheld.rest?.failureClass]).toEqual([null, "timeout"]);
    expect(breaker.enter("another").withheld).toEqual(NOTHING_WITHHELD);
    expect(breaker.snapshots().map(({ path, state }) => [path, state])).toEqual([
      ["mcp", "closed"],
      ["rest", "open"],
    ]);
  });

  it("takes a refusal for an answer, and a path that is not there or not judged for nothing", async () => {
    const { breaker } = scene();
    for (let i = 0; i < 9; i += 1) await pass(breaker, { mcp: failing("auth") });
    expect(mcpOf(breaker)).toMatchObject({ state: "closed", failures: 0 });
    await fail(breaker, 2);
    await pass(breaker, { mcp: SKIPPED });
    const { result } = observationOf({ mcp: DOWN });
    await breaker.enter("subject").leave({ ...result, status: "unknown" });
    await breaker.enter("subject").leave(null);
    expect(mcpOf(breaker)).toMatchObject({ state: "closed", failures: 2 });
  });

  it("makes a trial again that ended without a verdict, as when our own network was down", async () => {
    const { clock, breaker } = scene();
    await fail(breaker, 3);
    clock.at += 60_000;
    await breaker.enter("subject").leave(null);
    expect(mcpOf(breaker)).toMatchObject({ state: "open", openedAt: START, recoveryAttempts: 1 });
    expect((await pass(breaker)).withheld.mcp).toBeNull();
    expect(mcpOf(breaker)?.state).toBe("closed");
  });

  it("keeps what opened it from checks that began earlier and end later, failed or not", async () => {
    const { breaker } = scene();
    const late = breaker.enter("subject");
    const later = breaker.enter("subject");
    await fail(breaker, 3, "the one that opened it");
    const before = breaker.snapshots();
    await late.leave(observationOf({ mcp: OK }).result);
    await later.leave(observationOf({ mcp: failing("dns") }).result);
    expect(breaker.snapshots()).toEqual(before);
  });

  it("comes to the same when checks end at the same instant", async () => {
    const { breaker } = scene();
    const passes = [DOWN, DOWN, DOWN, OK].map((mcp) => ({ one: breaker.enter("subject"), mcp }));
    await Promise.all(passes.map(({ one, mcp }) => one.leave(observationOf({ mcp }).result)));
    expect(mcpOf(breaker)).toMatchObject({ state: "open", failures: 3, last: { failureClass: "timeout" } });
  });

  it("is none where the catalog asks for none, and forgets what such a server left", async () => {
    const { breaker: opened } = scene();
    await fail(opened, 3);
    for (const settings of [null, { failures: 0, restMs: 1_000 }]) {
      const breaker = createBreakers({
        settingsOf: () => settings,
        initial: opened.snapshots(),
        now: () => START,
      });
      await fail(breaker, 5);
      expect(breaker.enter("subject").withheld).toEqual(NOTHING_WITHHELD);
      expect(breaker.snapshots()).toEqual([]);
    }
  });

  it("forgets a path that the catalog has no more", async () => {
    const { breaker: opened } = scene();
    for (let i = 0; i < 3; i += 1) await pass(opened, { mcp: DOWN, rest: DOWN });
    const breaker = createBreakers({
      settingsOf: (_server, path) => (path === "rest" ? null : SETTINGS),
      initial: opened.snapshots(),
      now: () => START,
    });
    expect(breaker.snapshots().map(({ path }) => path)).toEqual(["mcp"]);
    expect(breaker.enter("subject").withheld).toMatchObject({ mcp: { failureClass: "timeout" }, rest: null });
  });

  it("leaves no path alone for longer than its rest, also when the clock is set back", async () => {
    const { clock, breaker } = scene();
    await fail(breaker, 3);
    clock.at -= 86_400_000;
    expect((await pass(breaker)).withheld.mcp).toBeNull();
  });
});

/** The breaker of one path as one would draw it on a board. */
class Model {
  failures = 0;
  open: { since: number; restingSince: number; trials: number; last: PathVerdict } | null = null;

  isAsked(at: number): boolean {
    if (this.open === null) return true;
    const rested = at - this.open.restingSince;
    return rested < 0 || rested >= SETTINGS.restMs;
  }

  learn(verdict: PathVerdict, at: number): void {
    if (this.open !== null) this.open.trials += 1;
    if (verdict.outcome === "skipped") return;
    if (verdict.outcome === "ok" || verdict.failureClass === "auth") {
      this.failures = 0;
      this.open = null;
      return;
    }
    this.failures += 1;
    if (this.open !== null) this.open = { ...this.open, restingSince: at, last: verdict };
    else if (this.failures >= SETTINGS.failures)
      this.open = { since: at, restingSince: at, trials: 0, last: verdict };
  }
}

describe("any history of checks", () => {
  const verdict = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(OK, SKIPPED) },
    { weight: 5, arbitrary: fc.constantFrom(...FAILURE_CLASSES).map(failing) },
  );
  const step = fc.record({
    passes: fc.oneof(
      { weight: 5, arbitrary: fc.nat({ max: 90_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: -90_000, max: -1 }) },
    ),
    mcp: verdict,
    rest: verdict,
    restart: fc.boolean(),
  });

  it("[STAT-02] does what the model does, with a restart from JSON at any point or without one", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const models = { mcp: new Model(), rest: new Model() };
        const { clock, breaker: steady } = scene();
        let restarted = steady;
        for (const { passes, mcp, rest, restart } of steps) {
          clock.at += passes;
          if (restart) {
            const initial = parseSnapshots(JSON.stringify(restarted.snapshots()));
            restarted = createBreakers({ settingsOf: () => SETTINGS, initial, now: () => clock.at });
          }
          const ends = { mcp, rest };
          const { withheld } = await pass(steady, ends);
          if (restarted !== steady) {
            expect((await pass(restarted, ends)).withheld).toEqual(withheld);
          }
          for (const path of ["mcp", "rest"] as const) {
            const model = models[path];
            const wasAsked = model.isAsked(clock.at);
            expect(withheld[path] === null).toBe(wasAsked);
            if (!wasAsked) expect(withheld[path]?.failureClass).toBe(model.open?.last.failureClass);
            const isUnknown =
              observationOf({
                mcp: withheld.mcp === null ? mcp : failing(withheld.mcp.failureClass),
                rest: withheld.rest === null ? rest : failing(withheld.rest.failureClass),
              }).result.status === "unknown";
            if (wasAsked) model.learn(isUnknown ? SKIPPED : ends[path], clock.at);
            const seen = steady.snapshots().find((snapshot) => snapshot.path === path);
            expect(seen?.failures ?? 0).toBe(model.failures);
            expect(seen?.openedAt ?? null).toBe(model.open?.since ?? null);
            expect(seen?.restingSince ?? null).toBe(model.open?.restingSince ?? null);
            expect(seen?.recoveryAttempts ?? 0).toBe(model.open?.trials ?? 0);
            expect(seen?.state ?? "closed").toBe(model.open === null ? "closed" : "open");
          }
          expect(restarted.snapshots()).toEqual(steady.snapshots());
        }
      }),
      { numRuns: 200 },
    );
  });

  it("lets no two trials through at once, and makes one again that a restart ended", async () => {
    const move = fc.oneof(
      fc.record({ do: fc.constant("enter" as const) }),
      fc.record({ do: fc.constant("leave" as const), which: fc.nat(), verdict: fc.option(verdict) }),
      fc.record({ do: fc.constant("pass" as const), ms: fc.nat({ max: 90_000 }) }),
      fc.record({ do: fc.constant("restart" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 60 }), async (moves) => {
        const opened = scene();
        await fail(opened.breaker, 3);
        const { clock } = opened;
        let { breaker } = opened;
        let trials = 0;
        const under = new Set<(mcp: PathVerdict | null) => Promise<void>>();
        for (const one of moves) {
          if (one.do === "pass") clock.at += one.ms;
          if (one.do === "restart") {
            under.clear();
            trials = 0;
            const initial = parseSnapshots(JSON.stringify(breaker.snapshots()));
            breaker = createBreakers({ settingsOf: () => SETTINGS, initial, now: () => clock.at });
          }
          if (one.do === "enter") {
            const isOpen = mcpOf(breaker)?.state !== "closed";
            const entered = breaker.enter("subject");
            const isTrial = isOpen && entered.withheld.mcp === null;
            if (isTrial) trials += 1;
            under.add(async (mcp) => {
              await entered.leave(mcp === null ? null : observationOf({ mcp }).result);
              if (isTrial) trials -= 1;
            });
          }
          if (one.do === "leave") {
            const end = [...under][one.which % Math.max(1, under.size)];
            if (end === undefined) continue;
            under.delete(end);
            await end(one.verdict);
          }
          expect(trials).toBeLessThanOrEqual(1);
          if (trials === 1) expect(mcpOf(breaker)?.state).toBe("half-open");
          else expect(mcpOf(breaker)?.state).not.toBe("half-open");
        }
      }),
      { numRuns: 200 },
    );
  });
});
