import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDue, isInShard, sampleOffsets } from "../../catalog/run-schedule.ts";
import type { Roster, RosterTarget } from "../../catalog/target.ts";
import type { Observation, PathVerdict } from "../../probes/result.ts";
import type { ProbeOptions } from "../../probes/runners/prober.ts";
import { parseRoster, readRoster } from "../../probes/runners/roster.ts";
import { type RosterRun, runRoster } from "../../probes/runners/run.ts";
import { failing, OK, observationOf } from "../support/observation.ts";
import { over, target } from "../support/servers.ts";

/**
 * When a runner checks what, and what becomes of it. Not proved here: that a scheduler starts it each minute.
 */
const MINUTE_MS = 60_000;

function member(server: string, given: Partial<RosterTarget> = {}): RosterTarget {
  const base = target({ server, mcp: over("http://127.0.0.1:1/mcp"), timeoutMs: 2_000 });
  return { ...base, everyMs: MINUTE_MS, samples: 1, ...given };
}

function named(server: string, observation: Observation): Observation {
  return { ...observation, result: { ...observation.result, server } };
}

/** A run whose checks are answered by `probe`. */
async function run(
  roster: Omit<Roster, "environment">,
  {
    probe = async ({ server }) => named(server, observationOf({ mcp: OK })),
    ...given
  }: Partial<RosterRun> & {
    probe?: (target: RosterTarget, options?: ProbeOptions) => Promise<Observation>;
  } = {},
) {
  const published: Observation[] = [];
  const saved: string[] = [];
  let flushed = 0;
  const summary = await runRoster(
    { environment: "staging", ...roster },
    {
      prober: { probe, save: async () => void saved.push("saved") },
      sink: {
        publish: (observation) => void published.push(observation),
        flush: async () => {
          flushed = published.length;
        },
      },
      now: () => MINUTE_MS,
      wait: async () => undefined,
      ...given,
    },
  );
  return {
    summary,
    published,
    flushed,
    saved: saved.length,
    servers: published.map(({ result }) => result.server),
  };
}

describe("the schedule of a run", () => {
  it("checks a server that asks for every 5 minutes in every fifth run and no other", () => {
    const due = Array.from({ length: 20 }, (_, minute) =>
      isDue({ everyMs: 5 * MINUTE_MS }, minute * MINUTE_MS + 17_000),
    );
    expect(due.filter(Boolean)).toHaveLength(4);
    expect(due.indexOf(true, 1) - due.indexOf(true)).toBe(5);
  });

  it("spreads the samples of a run so that the last one, repeated and late, ends within 50 seconds", () => {
    expect(sampleOffsets({ everyMs: MINUTE_MS, samples: 1, timeoutMs: 10_000 })).toEqual([0]);
    expect(sampleOffsets({ everyMs: MINUTE_MS, samples: 6, timeoutMs: 3_000 })).toEqual([
      0, 9_400, 18_800, 28_200, 37_600, 47_000,
    ]);
    fc.assert(
      fc.property(
        fc.record({
          samples: fc.integer({ min: 1, max: 6 }),
          timeoutMs: fc.integer({ min: 100, max: 20_000 }),
          confirmMs: fc.integer({ min: 0, max: 5_000 }),
          jitterMs: fc.integer({ min: 0, max: 5_000 }),
        }),
        ({ jitterMs, ...given }) => {
          const offsets = sampleOffsets({ everyMs: MINUTE_MS, ...given }, jitterMs);
          const { samples, timeoutMs, confirmMs } = given;
          const longest = confirmMs === 0 ? timeoutMs : 2 * timeoutMs + confirmMs;
          expect(offsets).toHaveLength(samples);
          expect((offsets.at(-1) ?? 0) + jitterMs + longest).toBeLessThanOrEqual(50_000);
          expect([...offsets].sort((a, b) => a - b)).toEqual(offsets);
        },
      ),
    );
  });

  it("gives every server to exactly one part, and the same one each time", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 50 }), (server, of) => {
        const parts = Array.from({ length: of }, (_, index) => isInShard(server, { shard: index + 1, of }));
        expect(parts.filter(Boolean)).toHaveLength(1);
      }),
    );
    const names = Array.from({ length: 1_000 }, (_, index) => `server-${index}`);
    const first = names.filter((name) => isInShard(name, { shard: 1, of: 4 }));
    expect(first.length).toBeGreaterThan(200);
    expect(first.length).toBeLessThan(300);
  });
});

describe("a run of a roster", () => {
  it("checks each sample of a due server and of no other, and counts the last verdicts", async () => {
    const waits: number[] = [];
    const verdicts: Record<string, PathVerdict[]> = { often: [OK, OK, failing("connect")], once: [OK] };
    const { summary, servers, saved, flushed } = await run(
      {
        targets: [
          member("often", { samples: 3 }),
          member("seldom", { everyMs: 5 * MINUTE_MS }),
          member("once"),
        ],
      },
      {
        wait: async (ms) => void waits.push(ms),
        probe: async ({ server }) => named(server, observationOf({ mcp: verdicts[server]?.shift() ?? OK })),
      },
    );
    expect(servers.toSorted(byName)).toEqual(["often", "often", "often", "once"]);
    expect(waits).toEqual([20_000, 40_000]);
    const counts = { healthy: 1, degraded: 0, unhealthy: 1, unknown: 0, cutOff: 0 };
    expect(summary).toEqual({ environment: "staging", checked: 2, ...counts });
    expect([saved, flushed]).toEqual([1, 4]);
  });

  it("checks a part of the roster where it is told to, and the parts together check all", async () => {
    const targets = Array.from({ length: 40 }, (_, index) => member(`server-${index}`));
    const parts = await Promise.all(
      [1, 2, 3].map(async (shard) => (await run({ targets }, { shard: { shard, of: 3 } })).servers),
    );
    for (const part of parts) expect(part.length).toBeGreaterThan(0);
    expect(parts.flat().toSorted(byName)).toEqual(targets.map(({ server }) => server).toSorted(byName));
  });

  it("begins each server a moment of its own later, within the jitter", async () => {
    const waits: number[] = [];
    const targets = Array.from({ length: 20 }, (_, index) => member(`server-${index}`));
    await run({ targets, jitterMs: 3_000 }, { wait: async (ms) => void waits.push(ms) });
    expect(new Set(waits).size).toBeGreaterThan(15);
    expect(Math.max(...waits)).toBeLessThan(3_000);
  });

  it("runs no more checks at once than the roster allows", async () => {
    let running = 0;
    let most = 0;
    const targets = Array.from({ length: 12 }, (_, index) => member(`server-${index}`));
    const probe = async ({ server }: RosterTarget): Promise<Observation> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      return named(server, observationOf({}));
    };
    const { servers } = await run({ targets, concurrency: 3 }, { probe });
    expect([most, servers.length]).toEqual([3, 12]);
  });

  it("publishes each result as its check ends, whatever a slow server does", async () => {
    const slow = Promise.withResolvers<void>();
    const seen: string[] = [];
    const running = run(
      { targets: [member("slow"), member("quick")] },
      {
        probe: async ({ server }) => {
          if (server === "slow") await slow.promise;
          return named(server, observationOf({}));
        },
        sink: {
          publish: ({ result }) => {
            seen.push(result.server);
            // the slow server answers only once the quick one's result is out
            slow.resolve();
          },
          flush: async () => undefined,
        },
      },
    );
    await running;
    expect(seen).toEqual(["quick", "slow"]);
  });

  it("publishes what the end of the run cut off as unknown, charges nobody for it, and flushes", async () => {
    const began: string[] = [];
    const { summary, published, flushed } = await run(
      { targets: [member("quick"), member("stuck"), member("waiting", { samples: 2 })], concurrency: 2 },
      {
        now: Date.now,
        deadline: Date.now() + 2_050,
        wait: (_, signal) =>
          new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
        probe: async ({ server }, options) => {
          began.push(server);
          if (server === "stuck")
            await new Promise((resolve) => options?.signal?.addEventListener("abort", resolve));
          return named(server, observationOf({ mcp: server === "stuck" ? failing("timeout") : OK }));
        },
      },
    );
    expect(published).toHaveLength(4);
    expect(flushed).toBe(4);
    const cut = published.filter(({ result }) => result.status === "unknown");
    expect(cut.map(({ result }) => result.server).toSorted(byName)).toEqual(["stuck", "waiting"]);
    for (const { result } of cut) {
      expect(result.mcp).toMatchObject({ outcome: "skipped", failureClass: null });
      expect(result.mcp.detail).toContain("the run ended before this check did");
    }
    expect(began.toSorted(byName)).toEqual(["quick", "stuck", "waiting"]);
    expect(summary).toMatchObject({ checked: 3, healthy: 1, unhealthy: 0, unknown: 2, cutOff: 2 });
  });

  it("begins no check once it has ended, also none that waited for its place", async () => {
    const began: string[] = [];
    const stop = new AbortController();
    const { servers } = await run(
      { targets: [member("first"), member("second")], concurrency: 1 },
      {
        stop: stop.signal,
        probe: async ({ server }) => {
          began.push(server);
          stop.abort();
          return named(server, observationOf({}));
        },
      },
    );
    await new Promise(setImmediate);
    expect(began).toEqual(["first"]);
    expect(servers).toHaveLength(2);
  });

  it("ends at once when it is told to stop", async () => {
    const stop = new AbortController();
    const { summary } = await run(
      { targets: [member("stuck")] },
      {
        stop: stop.signal,
        probe: () => {
          stop.abort();
          return new Promise(() => undefined);
        },
      },
    );
    expect(summary).toMatchObject({ unknown: 1, cutOff: 1 });
  });

  it("fails when its results could not be handed over", async () => {
    const flush = () => Promise.reject(new Error("no network"));
    const failed = run({ targets: [member("one")] }, { sink: { publish: () => undefined, flush } });
    await expect(failed).rejects.toThrow("no network");
  });
});

describe("a roster", () => {
  it("that is not there or is no JSON is refused with a message that names it", async () => {
    await expect(readRoster("absent/roster.json")).rejects.toThrow("absent/roster.json");
    await expect(readRoster(import.meta.filename)).rejects.toThrow(/schedule\.test\.ts: is not JSON/);
  });

  it("with every field that a plan can write is taken as it is", () => {
    const whole = {
      environment: "staging",
      control: ["https://example.com"],
      concurrency: 50,
      jitterMs: 0,
      targets: [
        member("full", {
          mcp: {
            transport: "stdio",
            command: "node",
            args: [],
            env: { A: "b", TOKEN: { env: "TOKEN" } },
            cwd: "/",
          },
          rest: {
            url: "http://127.0.0.1/health",
            components: { queue: "ok" },
            live: "http://127.0.0.1/live",
            numbers: [
              { metric: "a", url: "http://127.0.0.1/", kind: "json", pointer: "" },
              { metric: "b", url: "http://127.0.0.1/", kind: "prometheus", series: "b", labels: { a: "b" } },
            ],
            timeoutMs: 500,
          },
          confirmMs: 0,
          breaker: { failures: 3, restMs: 60_000 },
          objectiveRules: [
            { objective: "api", kind: "classes", path: "mcp", burns: ["auth"] },
            { objective: "fast", kind: "latency", path: "rest", belowMs: 200 },
            { objective: "fresh", kind: "value", metric: "age_seconds", below: 900 },
          ],
          credentials: { kind: "bearer", token: { kubernetes: "probe/token" } },
          tls: { ca: { file: "/ca.pem" } },
          canary: { call: "list", arguments: {}, expect: {}, stream: { firstMs: 1, gapMs: 1, events: 0 } },
          dependencies: [
            { name: "db", kind: "postgresql", url: { aws: "db" } },
            { name: "api", kind: "http", url: "http://127.0.0.1/" },
            { name: "disk", kind: "disk", path: "/", freeBytes: 0, access: "write" },
          ],
          replicas: { host: "replicas.example" },
        }),
        member("bare", { mcp: null }),
      ],
    };
    expect(parseRoster(structuredClone(whole), "roster.json")).toEqual(whole);
    expect(parseRoster({ ...whole, newer: true }, "roster.json")).toMatchObject(whole);
  });

  it.each([
    [null, "roster.json: must be an object"],
    [{ environment: "", targets: [] }, "environment: must be a text"],
    [{ environment: "staging", targets: {} }, "targets: must be a list"],
    [of({ timeoutMs: 0 }), "targets[0].timeoutMs: must be milliseconds"],
    [of({ samples: 1.5 }), "targets[0].samples: must be a whole number of at least 1"],
    [
      of({ mcp: { transport: "carrier-pigeon" } }),
      "targets[0].mcp.transport: must be one of streamable-http, sse",
    ],
    [
      of({ mcp: { transport: "stdio", command: "a", args: [1], env: {} } }),
      "targets[0].mcp.args[0]: must be a text",
    ],
    [
      of({ mcp: { transport: "stdio", command: "a", args: [], env: { T: { vault: "x" } } } }),
      "mcp.env.T: must be a",
    ],
    [
      of({ rest: { url: "http://x", numbers: [{ kind: "xml" }] } }),
      "targets[0].rest.numbers[0].kind: must be one of",
    ],
    [of({ confirmMs: -1 }), "targets[0].confirmMs: must be"],
    [of({ breaker: { failures: 0, restMs: 1 } }), "targets[0].breaker.failures: must be"],
    [
      of({ objectiveRules: [{ objective: "a", kind: "classes", path: "all", burns: [] }] }),
      "objectiveRules[0].path: must be one of mcp, rest",
    ],
    [of({ credentials: { kind: "password" } }), "targets[0].credentials.kind: must be one of bearer"],
    [of({ tls: { key: "-----BEGIN" } }), "targets[0].tls.key: must be a reference"],
    [
      of({ canary: { call: "a", arguments: [], expect: {} } }),
      "targets[0].canary.arguments: must be an object",
    ],
    [
      of({ dependencies: [{ name: "d", kind: "disk", path: "/", freeBytes: 1 }] }),
      "dependencies[0].access: must be",
    ],
    [of({ replicas: {} }), "targets[0].replicas.host: must be a text"],
    [{ ...of({}), control: "https://example.com" }, "control: must be a list"],
    [{ ...of({}), concurrency: 0 }, "concurrency: must be a whole number"],
    [
      { environment: "staging", targets: [member("twin"), member("twin")] },
      "targets[1].server: must not name twin",
    ],
  ])("with a field that cannot be used is refused by that field's name (%#)", (document, words) => {
    expect(() => parseRoster(document, "roster.json")).toThrow(words);
  });

  it("with many mistakes tells ten of them, and no value of a secret", () => {
    const targets = Array.from({ length: 30 }, (_, index) => ({
      ...member(`s${index}`),
      tls: { key: "s3cret" },
    }));
    const problems = String(attempt(() => parseRoster({ environment: "staging", targets }, "roster.json")));
    expect(problems.split("\n")).toHaveLength(10);
    expect(problems).not.toContain("s3cret");
  });
});

function of(given: object): object {
  return { environment: "staging", targets: [{ ...member("one"), ...given }] };
}

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

function byName(a: string, b: string): number {
  return a.localeCompare(b);
}
