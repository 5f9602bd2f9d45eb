/** Maintenance and mutes of a local environment: samples in, messages out, with a clock of our own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import type { Environment, ResolvedMaintenance } from "../../catalog/types.ts";
import { AlarmDesk } from "../../monitor/alarm-desk.ts";
import { DRILL_TOKEN, statusApi } from "../../monitor/api.ts";
import { Escalator } from "../../monitor/escalator.ts";
import type { Message, MonitorEvent } from "../../monitor/messages.ts";
import { Monitor } from "../../monitor/monitor.ts";
import { Mutes } from "../../monitor/mutes.ts";
import { Store } from "../../monitor/store.ts";
import { eventLine, isUrgent } from "../../monitor/terminal.ts";
import { buildPlan } from "../../plan/plan.ts";
import { measuresOf } from "../../probes/measure.ts";
import { observed, resultOf } from "../support/observation.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const environment = loadEnvironment(diskSource(ROOT), "local");
const plan = buildPlan(environment);
const START = Date.parse("2026-11-21T12:00:00Z");
const STEP_MS = 5_000;
const MINUTE = 60_000;

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-mutes-"));
  store = new Store(folder);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The environment with a maintenance of memory, some minutes after the start and some long. */
function maintained(after: number, length: number): Environment {
  const maintenance: ResolvedMaintenance = {
    name: "upgrade",
    servers: ["memory"],
    reason: "upgrade of the disk",
    zone: "UTC",
    durationMs: length * MINUTE,
    schedule: { kind: "once", at: new Date(START + after * MINUTE).toISOString().slice(0, 16) },
  };
  return { ...environment, maintenance: [maintenance] };
}

/** Runs the monitor's arithmetic from one minute to another, with a desk and an escalator as after a start. */
function live(input: {
  readonly environment?: Environment;
  readonly minutes: readonly [number, number];
  readonly down: boolean;
}): Message[] {
  const told: Message[] = [];
  const [from, to] = input.minutes.map((minute) => START + minute * MINUTE) as [number, number];
  const desk = new AlarmDesk({ plan, store, startedAt: from });
  const mutes = new Mutes({ environment: input.environment ?? environment, store });
  const escalator = new Escalator({
    plan,
    store,
    desk,
    tell: (message) => told.push(message),
    quietOf: (composite, range) => mutes.quiet(composite, range),
  });
  for (let at = from; at < to; at += STEP_MS) {
    for (const { name } of environment.servers) {
      const isUp = name !== "memory" || !input.down;
      const mcp = { outcome: isUp ? "ok" : "fail", failureClass: isUp ? null : "connect" } as const;
      const observation = observed(resultOf({ server: name, checkedAt: new Date(at).toISOString(), mcp }));
      store.record({ at, result: observation.result, measures: measuresOf(observation) });
    }
    desk.evaluate(at + 200);
    escalator.advance(at + 200);
  }
  return told;
}

const pages = (messages: readonly Message[]): string[] =>
  messages
    .filter(({ alarm }) => alarm === "local-memory-page")
    .map(({ kind, level, at }) => `${kind} ${level} at ${Math.floor((Date.parse(at) - START) / MINUTE)}m`);

describe("[PLAY-12] a maintenance of the catalog is silent and ends by itself", () => {
  test("an outage within it tells nobody", () => {
    const during = maintained(2, 10);
    live({ environment: during, minutes: [0, 3], down: false });
    expect(live({ environment: during, minutes: [3, 8], down: true })).toEqual([]);
    expect(live({ environment: during, minutes: [8, 14], down: false })).toEqual([]);
    expect(store.openIncidents()).toEqual([]);
  });

  test("what is still wrong at its end is told then, each level as if it had begun then", () => {
    const during = maintained(2, 5);
    live({ environment: during, minutes: [0, 3], down: false });
    expect(pages(live({ environment: during, minutes: [3, 11.5], down: true }))).toEqual([
      "alarm L1 at 7m",
      "escalation L2 at 8m",
      "escalation L3 at 10m",
    ]);
  });

  test("an incident from before goes on where it stood, and is told once when it is over", () => {
    const during = maintained(3, 5);
    live({ environment: during, minutes: [0, 2], down: false });
    // told at about 2m20s; the second level would be due a minute later, within the maintenance
    expect(pages(live({ environment: during, minutes: [2, 8], down: true }))).toEqual(["alarm L1 at 2m"]);
    expect(pages(live({ environment: during, minutes: [8, 9], down: true }))).toEqual([
      "escalation L2 at 8m",
    ]);
    expect(pages(live({ environment: during, minutes: [9, 11], down: false }))).toEqual([
      "resolved L1 at 9m",
      "resolved L2 at 9m",
    ]);
  });

  test("a level that came due before, while no monitor ran, waits for the end too", () => {
    const during = maintained(3, 5);
    live({ environment: during, minutes: [0, 1.4], down: false });
    expect(pages(live({ environment: during, minutes: [1.4, 2.6], down: true }))).toEqual(["alarm L1 at 1m"]);
    expect(pages(live({ environment: during, minutes: [3, 8.1], down: true }))).toEqual([
      "escalation L2 at 8m",
    ]);
  });

  test("that an incident from before is over is told within the maintenance too", () => {
    const during = maintained(3, 20);
    live({ environment: during, minutes: [0, 2], down: false });
    live({ environment: during, minutes: [2, 4], down: true });
    const after = pages(live({ environment: during, minutes: [4, 8], down: false }));
    expect(after).toHaveLength(1);
    expect(after[0]).toMatch(/^resolved L1/);
  });

  test("the other servers are not silent", () => {
    const other = { ...maintained(0, 60) };
    const elsewhere = {
      ...other,
      maintenance: other.maintenance.map((one) => ({ ...one, servers: ["everything"] })),
    };
    live({ environment: elsewhere, minutes: [0, 2], down: false });
    expect(pages(live({ environment: elsewhere, minutes: [2, 3], down: true }))).toEqual(["alarm L1 at 2m"]);
  });
});

describe("a mute by command", () => {
  const begin = (target: string, length: number, after = 0) =>
    new Mutes({ environment, store }).begin({
      target,
      reason: "disk",
      forMs: length * MINUTE,
      now: START + after * MINUTE,
    });

  test("[PLAY-12] is silent like a maintenance, survives a restart and ends by itself", () => {
    begin("memory", 6);
    live({ minutes: [0, 2], down: false });
    store.close();
    store = new Store(folder);
    expect(pages(live({ minutes: [2, 6.5], down: true }))).toEqual(["alarm L1 at 6m"]);
  });

  test("of the fleet is for every server, and can be ended before its time", () => {
    begin("fleet", 60);
    live({ minutes: [0, 2], down: false });
    expect(live({ minutes: [2, 4], down: true })).toEqual([]);
    const mutes = new Mutes({ environment, store });
    expect(mutes.end("memory", START + 4 * MINUTE)).toEqual([]);
    expect(mutes.end("fleet", START + 4 * MINUTE)).toHaveLength(1);
    expect(pages(live({ minutes: [4, 4.5], down: true }))).toEqual(["alarm L1 at 4m"]);
    expect(mutes.activeAt(START + 5 * MINUTE)).toEqual([]);
  });

  test("[PLAY-12] is not charged to a budget, nor is the maintenance beside it", () => {
    begin("memory", 10, 5);
    const mutes = new Mutes({ environment: maintained(0, 8), store });
    const range = { from: START, to: START + 60 * MINUTE };
    expect(mutes.exclusions("memory", range)).toEqual([{ from: START, to: START + 15 * MINUTE }]);
    expect(mutes.exclusions("everything", range)).toEqual([]);
  });

  test("what begins and what ends is said once", () => {
    const mutes = new Mutes({ environment: maintained(1, 2), store });
    const names = (minute: number) => {
      const { began, ended } = mutes.changes(START + minute * MINUTE);
      return [began.map(({ name }) => name), ended.map(({ name }) => name)];
    };
    begin("everything", 5);
    expect([0, 1, 2, 3, 5, 6].map(names)).toEqual([
      [["everything"], []],
      [["upgrade"], []],
      [[], []],
      [[], ["upgrade"]],
      [[], ["everything"]],
      [[], []],
    ]);
  });

  test.each([
    ["nobody", 5 * MINUTE, "no server of this name"],
    ["memory", 16 * 24 * 60 * MINUTE, "from 1s to 15d"],
    ["memory", Number.NaN, "from 1s to 15d"],
  ])("of %s for %d ms is refused and not kept", (target, forMs, rule) => {
    const mutes = new Mutes({ environment, store });
    expect(() => mutes.begin({ target, reason: "disk", forMs, now: START })).toThrow(rule);
    expect(mutes.activeAt(START)).toEqual([]);
  });

  test("needs a reason, of which only what can be printed is shown", () => {
    const mutes = new Mutes({ environment, store });
    const because = (reason: string) =>
      mutes.begin({ target: "memory", reason, forMs: MINUTE, now: START }).reason;
    expect(() => because(" \n")).toThrow("needs a reason");
    expect(because("disk \u001b[31m full")).not.toContain("\u001b");
  });

  test("is forgotten with the rest of the history", () => {
    begin("memory", 5);
    store.prune(START + 4 * MINUTE);
    expect(store.mutes({ from: START, to: START + 1 })).toHaveLength(1);
    store.prune(START + 6 * MINUTE);
    expect(store.mutes({ from: START, to: START + 1 })).toEqual([]);
  });

  test("a history of the version before keeps what it has and takes mutes", () => {
    const older = join(folder, "older");
    const before = new Store(older);
    before.addEvent(START, { type: "problem" });
    before.close();
    const db = new DatabaseSync(join(older, "history.db"));
    db.exec("DROP TABLE mutes; PRAGMA user_version = 2;");
    db.close();
    const after = new Store(older);
    after.saveMute({ id: "a", target: "memory", reason: "disk", from: 1, to: 2 });
    expect(after.mutes({ from: 0, to: 9 })).toHaveLength(1);
    expect(after.events(0, 9)).toHaveLength(1);
    after.close();
  });
});

describe("the status", () => {
  const events: MonitorEvent[] = [];
  let monitor: Monitor;
  beforeEach(() => {
    events.length = 0;
    const emit = (event: MonitorEvent): void => void events.push(event);
    const state = join(folder, "state");
    monitor = new Monitor({ environment, plan, root: ROOT, state, sinks: [], emit });
  });
  afterEach(() => monitor.stop());

  const ask = async (path: string, method = "GET", token = "secret") => {
    const headers = { host: "localhost", [DRILL_TOKEN]: token };
    const response = await statusApi(monitor, { token: "secret" }).request(path, { method, headers });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const mute = "/mute/memory?for=1800&reason=upgrade%20of%20the%20disk";

  test("[PLAY-12] says of a server and of the environment what is quiet, why, and until when", async () => {
    expect((await ask(mute, "POST")).status).toBe(200);
    const quiet = [expect.objectContaining({ kind: "mute", name: "memory", servers: ["memory"] })];
    const text = expect.stringMatching(/^muted until .* UTC: upgrade of the disk$/);
    expect((await ask("/status/quiet")).body).toEqual({ quiet });
    expect((await ask("/status/health")).body).toMatchObject({ quiet: [{ text }] });
    expect((await ask("/status/servers/memory")).body).toMatchObject({ quiet: [{ text }] });
    expect((await ask("/status/servers/everything")).body).toMatchObject({ quiet: [] });
  });

  test("what began and ended is an event of its own, one line on the terminal, and kept", async () => {
    await ask(mute, "POST");
    expect((await ask("/mute/memory", "DELETE")).body).toEqual({ ended: [expect.any(String)] });
    const lines = events.map((event) => eventLine(event));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/memory .*mute began until .* UTC: upgrade of the disk$/);
    expect(lines[1]).toMatch(/memory .*mute ended: upgrade of the disk$/);
    expect(events.every(isUrgent)).toBe(true);
    expect(monitor.store.events(0, 9).map(({ event }) => event)).toEqual(events);
  });

  test("nobody mutes without the token of the state folder", async () => {
    expect((await ask(mute, "POST", "guessed")).status).toBe(403);
    expect((await ask("/mute/memory", "DELETE", "")).status).toBe(403);
    expect((await ask("/status/quiet")).body).toEqual({ quiet: [] });
  });

  test("what cannot be muted is refused with the reason", async () => {
    expect(await ask("/mute/nobody?for=60&reason=x", "POST")).toMatchObject({ status: 400 });
    expect((await ask("/mute/memory?reason=x", "POST")).body.error).toContain("from 1s to 15d");
    expect((await ask("/mute/memory?for=60", "POST")).body.error).toContain("needs a reason");
  });
});
