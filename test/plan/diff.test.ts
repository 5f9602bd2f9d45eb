import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { type Change, diffPlans } from "../../plan/diff.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { Plan } from "../../plan/types.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";

const files = catalogFiles();
const planOf = (catalog: ReadonlyMap<string, string>): Plan =>
  buildPlan(loadEnvironment(mapSource(catalog), "production"));
const reviewed = planOf(files);

/** What production changes when one text of the catalog is replaced, and when it is put back. */
function changes(file: string, from: string, to: string): { there: Change[]; back: Change[] } {
  const other = planOf(edited(files, { file: `stacks/${file}`, from, to }));
  return { there: diffPlans(reviewed, other), back: diffPlans(other, reviewed) };
}

const TASK = "servers/task-mcp.yaml";

describe("what a branch changes", () => {
  test("is nothing where the plans are the same", () => {
    fc.assert(
      fc.property(fc.constantFrom("local", "staging", "production"), (name) => {
        const plan = buildPlan(loadEnvironment(mapSource(files), name));
        expect(diffPlans(plan, structuredClone(plan))).toEqual([]);
      }),
      { numRuns: 3 },
    );
  });

  test.each([
    {
      what: "a weaker objective",
      edit: [TASK, "objective: 99.9%,", "objective: 99.8%,"],
      change: {
        kind: "promise",
        direction: "loosened",
        subject: "task-mcp api-availability",
        before: "99.9% of mcp in 30d (43.2 min)",
        after: "99.8% of mcp in 30d (86.4 min)",
      },
    },
    {
      what: "a longer latency",
      edit: [TASK, "percentile: 95, below: 200ms", "percentile: 95, below: 1s"],
      change: {
        kind: "promise",
        direction: "loosened",
        subject: "task-mcp latency-p95",
        before: "p95 below 200ms",
        after: "p95 below 1s",
      },
    },
    {
      what: "fewer samples",
      edit: [TASK, "samples: 6, timeout: 3s", "samples: 5, timeout: 3s"],
      change: {
        kind: "probe",
        direction: "loosened",
        subject: "task-mcp",
        before: "every 1m, timeout 3s, 6 a run, from aws and cluster",
        after: "every 1m, timeout 3s, 5 a run, from aws and cluster",
      },
    },
    {
      what: "shorter retention",
      edit: ["production.yaml", "logs: 30d", "logs: 14d"],
      change: {
        kind: "retention",
        direction: "loosened",
        subject: "logs retention",
        before: "30 d",
        after: "14 d",
      },
    },
    {
      what: "a later level",
      edit: [
        "shared.yaml",
        "L3: { after: 2h, respond: 1h, tell: [engineering-manager] }\n      L4: { after: 4h, respond: 2h, tell: [director-of-engineering] }\n  security",
        "L3: { after: 3h, respond: 1h, tell: [engineering-manager] }\n      L4: { after: 4h, respond: 2h, tell: [director-of-engineering] }\n  security",
      ],
      change: {
        kind: "escalation",
        direction: "loosened",
        subject: "standard L3",
        before:
          "after 2h, answers within 1h: sms +12025550125, email engineering-manager@example.com, slack #mcp-incidents",
        after:
          "after 3h, answers within 1h: sms +12025550125, email engineering-manager@example.com, slack #mcp-incidents",
      },
    },
    {
      what: "more failures before a page",
      edit: ["production.yaml", "floor: 2 of 5", "floor: 3 of 5"],
      change: {
        kind: "alarm",
        direction: "loosened",
        subject: "production-memory-down",
        before:
          "Average Unhealthy over 60 s GreaterThanOrEqualToThreshold 0.5, 2 of 5, critical, missing data notBreaching, warm-up 5 min",
        after:
          "Average Unhealthy over 60 s GreaterThanOrEqualToThreshold 0.5, 3 of 5, critical, missing data notBreaching, warm-up 5 min",
      },
    },
  ] as const)("is $what: loosened there, tightened back", ({ edit: [file, from, to], change }) => {
    const { there, back } = changes(file, from, to);
    expect(there).toContainEqual(change);
    expect(back).toContainEqual({
      ...change,
      direction: "tightened",
      before: change.after,
      after: change.before,
    });
  });

  test("is a promise that is gone or new, and a server with it", () => {
    const [dropped] = reviewed.servers;
    const without: Plan = { ...reviewed, servers: reviewed.servers.slice(1) };
    const server = { kind: "server", subject: dropped?.server };
    expect(diffPlans(reviewed, without)).toEqual([
      { ...server, direction: "removed", before: "watched", after: null },
    ]);
    expect(diffPlans(without, reviewed)).toEqual([
      { ...server, direction: "added", before: null, after: "watched" },
    ]);
  });

  test("is another escalation, which is neither weaker nor stronger", () => {
    const { there } = changes(TASK, "escalation: task-mcp", "escalation: skillmeat");
    expect(there.filter(({ subject }) => subject === "task-mcp")).toEqual([
      {
        kind: "escalation",
        direction: "changed",
        subject: "task-mcp",
        before: "task-mcp",
        after: "skillmeat",
      },
    ]);
  });

  test("stands with the loosened first, then removed, changed, added, tightened", () => {
    const other = planOf(
      edited(edited(files, { file: `stacks/${TASK}`, from: "objective: 99.9%,", to: "objective: 99.8%," }), {
        file: "stacks/production.yaml",
        from: "logs: 30d",
        to: "logs: 90d",
      }),
    );
    const order = ["loosened", "removed", "changed", "added", "tightened"];
    const directions = diffPlans(reviewed, other).map(({ direction }) => order.indexOf(direction));
    expect(new Set(directions).size).toBeGreaterThan(1);
    expect(directions).toEqual([...directions].sort((a, b) => a - b));
  });
});

test("thresholds alone: whatever is loosened one way is tightened the other", () => {
  const server = reviewed.servers.find(({ server: name }) => name === "task-mcp");
  if (server === undefined) throw new Error("production holds no task-mcp");
  const moved = fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), {
    minLength: server.alarms.length,
    maxLength: server.alarms.length,
  });
  fc.assert(
    fc.property(moved, (by) => {
      const alarms = server.alarms.map((alarm, index) => ({
        ...alarm,
        definition: { ...alarm.definition, Threshold: alarm.definition.Threshold * (by[index] ?? 1) },
      }));
      const other: Plan = { ...reviewed, servers: [{ ...server, alarms }] };
      const base: Plan = { ...reviewed, servers: [server] };
      const there = diffPlans(base, other);
      const swap = { loosened: "tightened", tightened: "loosened" } as const;
      const swapped = there.map((change) => ({
        ...change,
        direction: change.direction === "loosened" ? swap.loosened : swap.tightened,
        before: change.after,
        after: change.before,
      }));
      const bySubject = (a: Change, b: Change): number => a.subject.localeCompare(b.subject);
      expect(there.every(({ direction }) => direction in swap)).toBe(true);
      expect(diffPlans(other, base).sort(bySubject)).toEqual(swapped.sort(bySubject));
    }),
    { numRuns: 50 },
  );
});

describe("what holds for all servers together", () => {
  const MAINTENANCE =
    "maintenance:\n  move: { reason: the cluster moves, servers: [slack], at: 2026-12-05T22:00, for: 2h }\nretention:";

  test("is weaker with one more maintenance, in which alarms tell nobody, and stronger without it", () => {
    const { there, back } = changes("production.yaml", "retention:", MAINTENANCE);
    const move = {
      kind: "maintenance",
      subject: "move",
      after: "at(2026-12-05T22:00) UTC for PT2H, slack: the cluster moves",
    };
    expect(there).toContainEqual({ ...move, direction: "loosened", before: null });
    expect(back).toContainEqual({ ...move, direction: "tightened", before: move.after, after: null });
  });

  test("shows how many servers make one page", () => {
    const { there } = changes("production.yaml", "floor: 2 of 5", "fold: 5\nfloor: 2 of 5");
    expect(there).toContainEqual({
      kind: "alarm",
      direction: "changed",
      subject: "production-fleet-page",
      before: "Many servers fail together: 3 or more servers fail together",
      after: "Many servers fail together: 5 or more servers fail together",
    });
  });

  test("is weaker where a spent budget stops no rollout, or lines of the logs are taken for an attack later", () => {
    const freeze = changes("shared.yaml", "spent: 100%, freeze: true,", "spent: 100%,");
    expect(freeze.there.map(({ kind, direction, subject }) => [kind, direction, subject])).toEqual([
      ["policy", "loosened", "freeze"],
    ]);
    expect(freeze.back.map(({ direction }) => direction)).toEqual(["tightened"]);
    const attack = changes("shared.yaml", "count: 20", "count: 200");
    expect(attack.there.map(({ direction, subject }) => [direction, subject])).toEqual([
      ["loosened", "production-fleet-auth-failures"],
    ]);
  });
});
