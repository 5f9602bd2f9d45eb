import fc from "fast-check";
import { expect, test } from "vitest";
import { dueLevels } from "../../plan/escalate.ts";
import type { EscalationPlan } from "../../plan/types.ts";

const level = (name: string, afterMs: number) => ({
  level: name,
  topic: name,
  afterMs,
  respondMs: 0,
  subscriptions: [],
});
const ladder: EscalationPlan = {
  escalation: "standard",
  levels: [level("L1", 0), level("L2", 60_000), level("L3", 180_000)],
};

const due = (openedAt: number, told: readonly string[], now: number): string[] =>
  dueLevels({ escalation: ladder, escalates: true, incident: { openedAt, told }, now }).map(
    ({ level: name }) => name,
  );

test("the first level is told at once, the others when their time has come", () => {
  expect(due(0, [], 0)).toEqual(["L1"]);
  expect(due(0, ["L1"], 59_999)).toEqual([]);
  expect(due(0, ["L1"], 60_000)).toEqual(["L2"]);
});

test("what does not escalate tells the first level and no other, however long it lasts", () => {
  const incident = { openedAt: 0, told: [] };
  const levels = dueLevels({ escalation: ladder, escalates: false, incident, now: 3_600_000 });
  expect(levels.map(({ level: name }) => name)).toEqual(["L1"]);
  expect(
    dueLevels({
      escalation: ladder,
      escalates: false,
      incident: { openedAt: 0, told: ["L1"] },
      now: 3_600_000,
    }),
  ).toEqual([]);
});

test("levels that were missed while nobody watched are told in their order", () => {
  expect(due(0, ["L1"], 3_600_000)).toEqual(["L2", "L3"]);
});

test("however often one looks, each level is told once and none before its time", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300_000), { maxLength: 40 }), (looks) => {
      const told: { name: string; at: number }[] = [];
      for (const at of looks.sort((a, b) => a - b)) {
        const names = told.map(({ name }) => name);
        told.push(...due(0, names, at).map((name) => ({ name, at })));
      }
      const last = Math.max(-1, ...looks);
      const expected = ladder.levels.filter(({ afterMs }) => afterMs <= last);
      expect(told.map(({ name }) => name)).toEqual(expected.map(({ level: name }) => name));
      for (const { name, at } of told)
        expect(at).toBeGreaterThanOrEqual(ladder.levels.find((one) => one.level === name)?.afterMs ?? 0);
    }),
  );
});
