import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBreakers, type PathBreaker } from "../../probes/breaker/breaker.ts";
import { type BreakerSnapshot, fileBreakerStore, memoryBreakerStore } from "../../probes/breaker/state.ts";
import { failing, observationOf } from "../support/observation.ts";

/** How breakers outlive a process. Not proved here: that a runner loads and saves them. */

const START = Date.parse("2026-11-21T08:00:00.000Z");

function breakers(clock: { at: number }, initial: readonly BreakerSnapshot[] = []): PathBreaker {
  return createBreakers({
    settingsOf: () => ({ failures: 1, restMs: 60_000 }),
    initial,
    now: () => clock.at,
  });
}

/** Breakers of which one is open. */
async function opened(clock: { at: number }): Promise<PathBreaker> {
  const breaker = breakers(clock);
  const down = observationOf({ mcp: failing("timeout"), detail: "no answer" });
  await breaker.enter("subject").leave(down.result);
  return breaker;
}

describe("the state of the breakers", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollcall-breaker-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const tellingNothing = (problem: string): void => {
    throw new Error(problem);
  };

  it("[STAT-02] survives a restart in a file, and leaves an open path alone as before", async () => {
    const clock = { at: START };
    const breaker = await opened(clock);
    const path = join(folder, "not", "yet", "there", "breakers.json");
    await fileBreakerStore(path, tellingNothing).save(breaker.snapshots());
    clock.at += 30_000;
    const initial = await fileBreakerStore(path, tellingNothing).load();
    const restarted = breakers(clock, initial);
    expect(restarted.enter("subject").withheld).toEqual(breaker.enter("subject").withheld);
    expect(restarted.snapshots()).toEqual(breaker.snapshots());
  });

  it("is empty where there is no file yet, and lives in memory where nothing else is wanted", async () => {
    expect(await fileBreakerStore(join(folder, "absent.json"), tellingNothing).load()).toEqual([]);
    const breaker = await opened({ at: START });
    const memory = memoryBreakerStore();
    expect(await memory.load()).toEqual([]);
    await memory.save(breaker.snapshots());
    expect(await memory.load()).toEqual(breaker.snapshots());
  });

  it("keeps the newest of many saves, whole, and leaves nothing else behind", async () => {
    const path = join(folder, "breakers.json");
    const store = fileBreakerStore(path, tellingNothing);
    const snapshots = (await opened({ at: START })).snapshots();
    const saves = Array.from({ length: 20 }, () => store.save(snapshots));
    await Promise.all([...saves, store.save([])]);
    expect(await readFile(path, "utf8")).toBe("[]");
    expect(await readdir(folder)).toEqual(["breakers.json"]);
  });

  it("is written again after a disk that failed, and not again while nothing has changed", async () => {
    const told: string[] = [];
    const place = join(folder, "place");
    await writeFile(place, "a file where a folder is needed");
    const path = join(place, "breakers.json");
    const store = fileBreakerStore(path, (problem) => void told.push(problem));
    const snapshots = (await opened({ at: START })).snapshots();
    await store.save(snapshots);
    expect(told).toHaveLength(1);
    await rm(place);
    await store.save(snapshots);
    expect(JSON.parse(await readFile(path, "utf8"))).toHaveLength(snapshots.length);
    await rm(path);
    await store.save(snapshots);
    expect(await readdir(place)).toEqual([]);
    expect(told).toHaveLength(1);
  });

  const closed = {
    server: "subject",
    path: "mcp",
    state: "closed",
    failures: 1,
    openedAt: null,
    restingSince: null,
    recoveryAttempts: 0,
    last: null,
  };
  it.each([
    ["half a file", JSON.stringify([closed]).slice(0, 40)],
    ["another document", "{}"],
    ["an unknown path", JSON.stringify([{ ...closed, path: "toString" }])],
    ["an open breaker that never opened", JSON.stringify([{ ...closed, state: "open" }])],
    [
      "a time that is no time",
      JSON.stringify([{ ...closed, state: "open", openedAt: 9e15, restingSince: 0 }]),
    ],
    ["a count below nothing", JSON.stringify([{ ...closed, failures: -1 }])],
    ["a class that does not exist", JSON.stringify([{ ...closed, last: { failureClass: "x", detail: "" } }])],
  ])("sets %s aside, tells it, and begins anew", async (_what, text) => {
    const path = join(folder, "breakers.json");
    await writeFile(path, text);
    const told: string[] = [];
    const store = fileBreakerStore(path, (problem) => told.push(problem));
    expect(await store.load()).toEqual([]);
    expect(told).toEqual([expect.stringContaining(`${path}.broken`)]);
    expect(await readFile(`${path}.broken`, "utf8")).toBe(text);
    await store.save([]);
    expect(await store.load()).toEqual([]);
    expect(told).toHaveLength(1);
  });

  it("tells a disk that cannot be written, and goes on", async () => {
    await writeFile(join(folder, "file"), "");
    const told: string[] = [];
    const store = fileBreakerStore(join(folder, "file", "breakers.json"), (problem) => told.push(problem));
    await store.save([]);
    await store.save([]);
    expect(told).toHaveLength(2);
    expect(told[0]).toMatch(/were not kept .*; make its folder writable$/);
  });
});
