/** The state machine as it is written. That it does what it says is proved on the emulator (test/cloud). */
import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { escalationMachine, FAST_SECONDS } from "../../plan/escalation-machine.ts";
import { type EscalatorPlan, escalatorOf } from "../../plan/escalator.ts";
import { ladderOf } from "../../plan/ladder.ts";
import { buildPlan } from "../../plan/plan.ts";
import type { EscalationPlan, LevelPlan } from "../../plan/types.ts";
import { ROOT } from "../support/cli.ts";
import { ladder } from "../support/escalator-plan.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly End?: boolean;
  readonly Resource?: string;
  readonly TimeoutSeconds?: number;
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[] }[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly Choices?: readonly { readonly Condition: string; readonly Next: string }[];
  readonly Assign?: Readonly<Record<string, unknown>>;
}

const machineOf = (escalations: readonly EscalationPlan[], partition?: string) => {
  const input = {
    escalations,
    fallback: "standard",
    notifierArn: "arn:notifier",
    table: "incidents",
    keepDays: 30,
  };
  const machine = escalationMachine(partition === undefined ? input : { ...input, partition });
  return machine as { readonly StartAt: string; readonly States: Readonly<Record<string, State>> };
};

const nextOf = (state: State): string[] => [
  ...(state.Next === undefined ? [] : [state.Next]),
  ...(state.Default === undefined ? [] : [state.Default]),
  ...(state.Choices ?? []).map(({ Next }) => Next),
  ...(state.Catch ?? []).map(({ Next }) => Next),
];

const nextOfCatch = (state: State | undefined): string[] => (state?.Catch ?? []).map(({ Next }) => Next);

const sample = machineOf([ladder("test", "standard", { L1: 0, L2: 30 * MINUTE, L3: 2 * HOUR })]);

describe("the state machine", () => {
  test("leads only to states that it has, and to each of them", () => {
    const reached = new Set<string>();
    const queue = [sample.StartAt];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      if (reached.has(name)) continue;
      reached.add(name);
      const state = sample.States[name];
      expect(state, name).toBeDefined();
      if (state !== undefined) queue.push(...nextOf(state));
    }
    expect(reached).toEqual(new Set(Object.keys(sample.States)));
  });

  test("tries every call again, and goes on when that does not help: no error ends an incident in silence", () => {
    for (const [name, state] of Object.entries(sample.States)) {
      if (state.Type !== "Task") continue;
      expect(state.Retry?.length, name).toBeGreaterThan(0);
      expect(state.Catch?.at(-1)?.ErrorEquals, name).toEqual(["States.ALL"]);
    }
    const ends = Object.entries(sample.States).filter(
      ([, { Type }]) => Type === "Succeed" || Type === "Fail",
    );
    expect(ends.map(([name]) => name)).toEqual(["Somebody was not told", "Ended"]);
  });

  test("has a way from a level that could not be told back to telling, which needs no end and no other level", () => {
    const seen = new Set<string>();
    const queue = nextOfCatch(sample.States.Tell);
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      if (seen.has(name) || name === "Over" || name === "Wait for its end") continue;
      seen.add(name);
      const state = sample.States[name];
      if (state !== undefined) queue.push(...nextOf(state));
    }
    expect([...seen]).toEqual(expect.arrayContaining(["Who was told?", "Try again", "Look", "Tell"]));
  });

  test("waits as long for a level that is held back, or could not be told, wherever it stands in the ladder", () => {
    for (const name of ["Hold back", "Try again"]) {
      const { pause } = sample.States[name]?.Assign ?? {};
      expect(pause, name).toBe("{% $times < 72 ? 300 : 1800 %}");
    }
  });

  test("waits by a token that is kept only while nobody has acknowledged or recovered, for a time that is in its definition", () => {
    const waits = Object.entries(sample.States).filter(([, { Resource = "" }]) =>
      Resource.endsWith(".waitForTaskToken"),
    );
    expect(waits.map(([name, { TimeoutSeconds }]) => [name, TimeoutSeconds])).toEqual([
      ["Answer within 10s", FAST_SECONDS],
      ["Answer within 5m", 300],
      ["Answer within 30m", 1_800],
      ["Answer within 90m", 5_400],
      ["Wait for its end", 21_600],
    ]);
  });

  test("is written for the part of AWS that it runs in", () => {
    const resources = (partition?: string) =>
      Object.values(machineOf([], partition).States).flatMap(({ Resource = [] }) => Resource);
    expect(new Set(resources().map((resource) => resource.split(":states:")[0]))).toEqual(
      new Set(["arn:aws"]),
    );
    expect(new Set(resources("aws-cn").map((one) => one.split(":states:")[0]))).toEqual(
      new Set(["arn:aws-cn"]),
    );
  });
});

test("levels of one moment are a second apart, and a first level may have a time of its own", () => {
  expect(ladderOf(ladder("test", "odd", { L1: 5 * MINUTE, L2: 5 * MINUTE, L3: 15 * MINUTE }))).toEqual({
    escalation: "odd",
    startSeconds: 300,
    levels: [
      { level: "L1", topic: "test-odd-L1", waitSeconds: 1 },
      { level: "L2", topic: "test-odd-L2", waitSeconds: 600 },
      { level: "L3", topic: "test-odd-L3", waitSeconds: 0 },
    ],
  });
});

describe.each(["staging", "production"])("the catalog's escalations in %s", (environment) => {
  const plan: EscalatorPlan = escalatorOf(buildPlan(loadEnvironment(diskSource(ROOT), environment)));
  const levelsOf = (name: string): readonly LevelPlan[] =>
    plan.escalations.find(({ escalation }) => escalation === name)?.levels ?? [];
  const channelsOf = ({ subscriptions }: LevelPlan) =>
    [...new Set(subscriptions.map(({ channel }) => channel))].sort();
  const waits = (name: string) =>
    ladderOf({ escalation: name, levels: levelsOf(name) }).levels.map((one) => one.waitSeconds);

  test("[PLAY-10] L1 answers in 15 minutes by PagerDuty and telephone, L2 in 30 by PagerDuty and SMS, L3 in 1 hour by mail and telephone, L4 in 2 hours by mail", () => {
    const [l1, l2, l3, l4] = levelsOf("standard");
    expect([l1, l2, l3, l4].map((one) => [one?.level, one?.respondMs])).toEqual([
      ["L1", 15 * MINUTE],
      ["L2", 30 * MINUTE],
      ["L3", HOUR],
      ["L4", 2 * HOUR],
    ]);
    for (const [level, channels] of [
      [l1, ["pagerduty", "sms"]],
      [l2, ["pagerduty", "sms"]],
      [l3, ["email", "sms"]],
      [l4, ["email"]],
    ] as const)
      expect(level === undefined ? [] : channelsOf(level)).toEqual(expect.arrayContaining([...channels]));
    // told after 30 minutes, 2 hours and 4 hours: the times between them
    expect(waits("standard")).toEqual([1_800, 5_400, 7_200, 0]);
  });

  test("[TASK-12] Task MCP has its own ladder: on-call 15 minutes, engineering lead 30, manager 1 hour, and security answers in 30 minutes", () => {
    expect(levelsOf("task-mcp").map(({ level, respondMs }) => [level, respondMs])).toEqual([
      ["on-call", 15 * MINUTE],
      ["lead", 30 * MINUTE],
      ["manager", HOUR],
    ]);
    const [security] = levelsOf("security");
    expect(security?.respondMs).toBe(30 * MINUTE);
    expect(security?.subscriptions.map(({ contact }) => contact)).toContain("security");
    expect(plan.alarms[`${environment}-task-mcp-page`]?.escalation).toBe("task-mcp");
  });

  test("[PLAY-13] the first level writes to #mcp-alerts, incidents of higher levels to #mcp-incidents", () => {
    const slack = (topic: string) =>
      (plan.relay[topic] ?? []).filter(({ channel }) => channel === "slack").map(({ endpoint }) => endpoint);
    expect(slack(`${environment}-standard-L1`)).toEqual(["#mcp-alerts"]);
    for (const level of ["L2", "L3"])
      expect(slack(`${environment}-standard-${level}`)).toEqual(["#mcp-incidents"]);
    expect(slack(`${environment}-security-L2`)).toEqual(["#mcp-incidents"]);
  });

  test("[STAT-20] Slack, mail and PagerDuty are all told, and each credential is a parameter of the environment", () => {
    const channels = new Set(plan.escalations.flatMap(({ levels }) => levels.flatMap(channelsOf)));
    expect([...channels]).toEqual(expect.arrayContaining(["slack", "email", "pagerduty"]));
    expect(plan.secrets).toEqual(
      expect.arrayContaining([
        `/rollcall/${environment}/pagerduty/mcp-operations`,
        `/rollcall/${environment}/pagerduty/mcp-operations-senior`,
        `/rollcall/${environment}/slack/token`,
      ]),
    );
  });

  test("an alarm that is not known goes to the environment's default escalation, wherever that stands in the catalog", () => {
    const loaded = loadEnvironment(diskSource(ROOT), environment);
    expect(plan.fallback).toBe(loaded.defaultEscalation);
    const other = escalatorOf(buildPlan({ ...loaded, defaultEscalation: "security" }));
    expect([other.fallback, other.escalations[0]?.escalation]).toEqual(["security", "standard"]);
  });

  test("every alarm that acts is known, by an escalation that there is", () => {
    const known = new Set(plan.escalations.map(({ escalation }) => escalation));
    expect(Object.keys(plan.alarms).length).toBeGreaterThan(30);
    expect(Object.values(plan.alarms).filter(({ escalation }) => !known.has(escalation))).toEqual([]);
  });

  test("the definition of the whole environment is far below the 1 MB that Step Functions takes", () => {
    const size = JSON.stringify(machineOf(plan.escalations)).length;
    expect(size).toBeLessThan(100_000);
  });
});
