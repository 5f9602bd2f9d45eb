import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RosterTarget } from "../../catalog/target.ts";
import { fileBreakerStore } from "../../probes/breaker/state.ts";
import type { Observation } from "../../probes/result.ts";
import { createProber, type ProberInput } from "../../probes/runners/prober.ts";
import { status } from "../support/faulty.ts";
import { failing, OK, observationOf } from "../support/observation.ts";
import { over, target } from "../support/servers.ts";

/** A check that counts: what is repeated, excused and left alone. Each of those is proved alone elsewhere. */

const FAR = "https://far.example/mcp";

function member(given: Partial<RosterTarget> = {}): RosterTarget {
  return {
    ...target({ server: "far", mcp: over(FAR), timeoutMs: 1_000 }),
    everyMs: 60_000,
    samples: 1,
    ...given,
  };
}

function proberOf(
  one: RosterTarget,
  answers: readonly (Observation | Error)[],
  given: Partial<ProberInput> & { control?: string[] } = {},
) {
  const { control = [], ...rest } = given;
  const left = [...answers];
  const asked: unknown[] = [];
  const prober = createProber({
    roster: { environment: "staging", targets: [one], control },
    wait: async () => undefined,
    ask: async (_, { withheld }) => {
      asked.push(withheld?.mcp?.failureClass ?? null);
      const answer = left.shift() ?? observationOf({ mcp: OK });
      if (answer instanceof Error) throw answer;
      return answer;
    },
    ...rest,
  });
  return prober.then((made) => ({ ...made, asked }));
}

const down = observationOf({ mcp: failing("connect") });

describe("a check that counts", () => {
  it("repeats a failure once, and the second check is the result", async () => {
    const one = member({ confirmMs: 2_000 });
    const prober = await proberOf(one, [down, observationOf({ mcp: OK })]);
    const { result } = await prober.probe(one);
    expect(result.status).toBe("healthy");
    expect(result.attempts.map((attempt) => attempt.status)).toEqual(["unhealthy", "healthy"]);
    expect(prober.asked).toHaveLength(2);
  });

  it("repeats nothing that could not end before the run does", async () => {
    const one = member({ confirmMs: 2_000 });
    const prober = await proberOf(one, [down]);
    expect((await prober.probe(one, { deadline: Date.now() + 4_000 })).result.status).toBe("unhealthy");
    expect(prober.asked).toHaveLength(1);
  });

  it("is doubt while our own network is down, except for a server on this machine", async () => {
    const control = ["http://127.0.0.1:1/"];
    const far = await proberOf(member(), [down], { control });
    const { result } = await far.probe(member());
    expect([result.status, result.finding]).toEqual(["unknown", "our own network is down"]);
    for (const url of ["http://127.0.0.1:1/mcp", "http://[::1]:1/mcp", "http://localhost:1/mcp"]) {
      const near = member({ mcp: over(url) });
      const prober = await proberOf(near, [down], { control });
      expect((await prober.probe(near)).result.status).toBe("unhealthy");
    }
    await using internet = await status(204);
    const online = await proberOf(member(), [down], { control: [internet.origin] });
    expect((await online.probe(member())).result.status).toBe("unhealthy");
  });

  it("leaves a path alone that keeps failing, in the next process too", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rollcall-"));
    const store = () => fileBreakerStore(join(folder, "breakers.json"), () => undefined);
    const one = member({ breaker: { failures: 2, restMs: 60_000 } });
    const prober = await proberOf(one, [down, down, down], { store: store() });
    for (let round = 0; round < 3; round += 1) await prober.probe(one);
    expect(prober.asked).toEqual([null, null, "connect"]);
    expect(prober.breakers()).toMatchObject([{ server: "far", path: "mcp", state: "open" }]);
    await prober.save();
    const next = await proberOf(one, [down], { store: store() });
    await next.probe(one);
    expect(next.asked).toEqual(["connect"]);
    await rm(folder, { recursive: true });
  });

  it("asks out of turn past an open breaker, and neither opens nor closes one by it", async () => {
    const one = member({ breaker: { failures: 2, restMs: 60_000 } });
    const prober = await proberOf(one, [down, down, down, down]);
    await prober.probe(one, { outOfTurn: true });
    await prober.probe(one, { outOfTurn: true });
    expect(prober.breakers()).toEqual([]);
    await prober.probe(one);
    await prober.probe(one);
    const [open] = prober.breakers();
    expect(open?.state).toBe("open");
    const asked = prober.asked.length;
    await prober.probe(one, { outOfTurn: true });
    expect(prober.asked.slice(asked)).toEqual([null]);
    expect(prober.breakers()).toEqual([open]);
  });

  it("never opens a breaker for doubt", async () => {
    const one = member({ breaker: { failures: 1, restMs: 60_000 } });
    const prober = await proberOf(one, [down, down], { control: ["http://127.0.0.1:1/"] });
    await prober.probe(one);
    await prober.probe(one);
    expect(prober.asked).toEqual([null, null]);
  });

  it("says nothing of a server when the check is broken off, or fails by itself", async () => {
    const stop = new AbortController();
    const one = member({ breaker: { failures: 1, restMs: 60_000 } });
    const broken = await proberOf(one, [new Error("a fault of ours at http://user:secret@far.example/")]);
    const { result } = await broken.probe(one);
    expect(result).toMatchObject({ status: "unknown", mcp: { outcome: "skipped" } });
    expect(result.mcp.detail).toBe("the check itself failed: a fault of ours at http://far.example");
    const stopped = await proberOf(one, [down]);
    stop.abort();
    expect((await stopped.probe(one, { signal: stop.signal })).result.status).toBe("unknown");
    expect([...broken.breakers(), ...stopped.breakers()].filter(({ state }) => state !== "closed")).toEqual(
      [],
    );
  });
});
