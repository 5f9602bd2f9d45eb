/** A day in the life of the alarms: samples in, messages out, with a clock of our own. No servers run here. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RollcallError } from "../../catalog/errors.ts";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { AlarmDesk, type Transition } from "../../monitor/alarm-desk.ts";
import { Escalator } from "../../monitor/escalator.ts";
import type { Message } from "../../monitor/messages.ts";
import { Store } from "../../monitor/store.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { Plan } from "../../plan/types.ts";
import { measuresOf } from "../../probes/measure.ts";
import type { Observation } from "../../probes/result.ts";
import { observed, resultOf } from "../support/observation.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const plan = buildPlan(loadEnvironment(diskSource(ROOT), "local"));
const START = Date.parse("2026-11-21T12:00:00Z");
const STEP_MS = 5_000;

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-escalation-"));
  store = new Store(folder);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the monitor's arithmetic from one moment to another; `up` says whether memory answers its probe. */
function live(input: {
  readonly plan?: Plan;
  readonly from: number;
  readonly seconds: number;
  readonly up: boolean;
  /** Servers that share the fate of memory. @default none */
  readonly others?: readonly string[];
  /** Gets what the composites do. */
  readonly seen?: (transition: Transition) => void;
}): Message[] {
  const told: Message[] = [];
  const current = input.plan ?? plan;
  const desk = new AlarmDesk({ plan: current, store, startedAt: input.from });
  const escalator = new Escalator({ plan: current, store, desk, tell: (message) => told.push(message) });
  for (let at = input.from; at < input.from + input.seconds * 1_000; at += STEP_MS) {
    for (const { server } of plan.servers) {
      const shares = server === "memory" || input.others?.includes(server) === true;
      const observation = probed(server, at, !shares || input.up);
      store.record({ at, result: observation.result, measures: measuresOf(observation) });
    }
    for (const transition of desk.evaluate(at + 200)) input.seen?.(transition);
    escalator.advance(at + 200);
  }
  return told;
}

function probed(server: string, at: number, up: boolean): Observation {
  const mcp = { outcome: up ? "ok" : "fail", failureClass: up ? null : "connect" } as const;
  return observed(resultOf({ server, checkedAt: new Date(at).toISOString(), mcp }));
}

const brief = (messages: readonly Message[]): string[] =>
  messages.map(({ kind, server, level, alarm }) => `${kind} ${server} ${level} ${alarm}`);

test("a server that answers pages nobody for an hour", () => {
  expect(live({ from: START, seconds: 3_600, up: true })).toEqual([]);
});

test("an outage tells each level once, in time, and each of them again when it is over", () => {
  live({ from: START, seconds: 120, up: true });
  // the second level counts from the telling of the first
  const during = live({ from: START + 120_000, seconds: 100, up: false });
  expect(brief(during)).toEqual([
    "alarm memory L1 local-memory-page",
    "escalation memory L2 local-memory-page",
  ]);
  // two of three periods of 10 s, and one more in which the fleet could speak for all
  expect(Date.parse(during[0]?.at ?? "") - (START + 120_000)).toBeLessThan(40_000);
  // its short windows are in ALARM as well, and their long ones still warm up
  expect(during[0]?.because.map((one) => one.split(": ")[0])).toEqual(["local-memory-down"]);
  const after = live({ from: START + 220_000, seconds: 120, up: true });
  expect(brief(after)).toEqual([
    "resolved memory L1 local-memory-page",
    "resolved memory L2 local-memory-page",
  ]);
  expect(store.openIncidents()).toEqual([]);
});

test("a monitor that is started again during an incident tells nobody twice and goes on to the next level", () => {
  live({ from: START, seconds: 120, up: true });
  expect(brief(live({ from: START + 120_000, seconds: 40, up: false }))).toEqual([
    "alarm memory L1 local-memory-page",
  ]);
  // `live` makes a new desk and a new escalator on the same store, as a second start does
  expect(brief(live({ from: START + 160_000, seconds: 60, up: false }))).toEqual([
    "escalation memory L2 local-memory-page",
  ]);
});

test("[PLAY-11] three servers that fail together are one page of the fleet, told to level 2 at once, which each of their own pages names", () => {
  const others = ["everything", "filesystem"];
  live({ from: START, seconds: 120, up: true, others });
  const seen: Transition[] = [];
  const input = { others, seen: (one: Transition) => seen.push(one) };
  const during = live({ ...input, from: START + 120_000, seconds: 60, up: false });
  expect(brief(during)).toEqual(["alarm fleet L2 local-fleet-page"]);
  const pages = seen.filter(({ alarm, to }) => /-page$/.test(alarm) && to === "ALARM");
  expect(new Set(pages.map(({ alarm, reason }) => `${alarm}: ${reason}`))).toEqual(
    new Set([
      "local-everything-page: in ALARM: local-everything-down; local-fleet-page tells instead",
      "local-filesystem-page: in ALARM: local-filesystem-down; local-fleet-page tells instead",
      "local-memory-page: in ALARM: local-memory-down; local-fleet-page tells instead",
      "local-fleet-page: in ALARM: local-everything-down, local-filesystem-down, local-memory-down",
    ]),
  );
  const after = live({ from: START + 180_000, seconds: 180, up: true });
  expect(brief(after)).toEqual(["resolved fleet L2 local-fleet-page"]);
});

test("a gap while no monitor ran is no lost heartbeat", () => {
  live({ from: START, seconds: 120, up: true });
  expect(live({ from: START + 3_600_000, seconds: 120, up: true })).toEqual([]);
});

test("an incident whose alarm has left the catalog is closed", () => {
  live({ from: START, seconds: 120, up: true });
  live({ from: START + 120_000, seconds: 40, up: false });
  expect(store.openIncidents()).toHaveLength(1);
  const without = { ...plan, servers: plan.servers.filter(({ server }) => server !== "memory") };
  live({ plan: without, from: START + 160_000, seconds: 10, up: false });
  expect(store.openIncidents()).toEqual([]);
});

test("a page whose incident could not be written is told all the same, a moment later", () => {
  live({ from: START, seconds: 120, up: true });
  const save = store.saveIncident.bind(store);
  let refusals = 1;
  store.saveIncident = (incident, closedAt) => {
    refusals -= 1;
    if (refusals >= 0) throw new Error("database or disk is full");
    save(incident, closedAt);
  };
  expect(() => live({ from: START + 120_000, seconds: 40, up: false })).toThrow("disk is full");
  expect(brief(live({ from: START + 160_000, seconds: 10, up: false }))).toEqual([
    "alarm memory L1 local-memory-page",
  ]);
});

test("a history of a later version is refused and left as it is", () => {
  const other = join(folder, "later");
  new Store(other).close();
  const db = new DatabaseSync(join(other, "history.db"));
  db.exec("PRAGMA user_version = 9");
  db.close();
  expect(() => new Store(other)).toThrow(RollcallError);
  expect(() => new Store(other)).toThrow(/later Rollcall: version 9/);
});
