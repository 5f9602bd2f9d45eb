/** A promise that gets weaker is never called anything else, and a change is never called none. */
import { expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diffPlans } from "../../plan/diff.ts";
import { buildPlan } from "../../plan/plan.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";

const files = catalogFiles();
const before = buildPlan(loadEnvironment(mapSource(files), "production"));
const after = (file: string, from: string, to: string) =>
  buildPlan(loadEnvironment(mapSource(edited(files, { file: `stacks/${file}`, from, to })), "production"));

test.each([
  [
    "fewer required tools",
    "servers/task-mcp.yaml",
    "required: [create_task, list_tasks]",
    "required: [create_task]",
    "task-mcp required tools",
  ],
  [
    "backups that go with the stack",
    "production.yaml",
    "protect: true",
    "protect: false",
    "rollcall-production-backups",
  ],
  [
    "a record of incidents that goes with the stack",
    "production.yaml",
    "protect: true",
    "protect: false",
    "/rollcall/production/escalation",
  ],
  [
    "a longer time to answer",
    "shared.yaml",
    "L4: { after: 4h, respond: 2h, tell: [director-of-engineering] }\n  security",
    "L4: { after: 4h, respond: 9h, tell: [director-of-engineering] }\n  security",
    "standard L4",
  ],
  [
    "a runner less",
    "servers/task-mcp.yaml",
    "probe: { samples: 6, timeout: 3s }",
    "probe: { samples: 6, timeout: 3s, from: [aws] }",
    "task-mcp",
  ],
])("%s is loosened", (_what, file, from, to, subject) => {
  const found = diffPlans(before, after(file, from, to)).filter((change) => change.subject === subject);
  expect(found).toMatchObject([{ direction: "loosened" }]);
});

test("a stricter floor of fewer points is no loosening", () => {
  const floors = diffPlans(before, after("production.yaml", "floor: 2 of 5", "floor: 1 of 2"));
  expect(
    floors
      .filter(({ subject }) => subject.endsWith("-down"))
      .every(({ direction }) => direction === "tightened"),
  ).toBe(true);
});

test("a change that none of its kinds names is still said", () => {
  const changes = diffPlans(before, after("production.yaml", "{ replicas: 5..20 }", "{ replicas: 1..2 }"));
  expect(changes).toMatchObject([{ direction: "changed", subject: "something that is not a promise" }]);
  expect(diffPlans(before, before)).toEqual([]);
});

test.each([
  ["true", "no new lines; pulumi up stops until it is unprotected"],
  ["false", "deleted with its lines"],
])(
  "a log group of audit lines that goes is loosened, and what becomes of it is said (protect: %s)",
  (protect, then) => {
    const file = "stacks/servers/github.yaml";
    const shared = edited(files, {
      file: "stacks/production.yaml",
      from: "protect: true",
      to: `protect: ${protect}`,
    });
    const [from, to] = ["server: github\n", "server: github\nlogs: audit\n"];
    const audited = edited(shared, { file, from, to });
    const [plain, kept] = [shared, audited].map((catalog) =>
      buildPlan(loadEnvironment(mapSource(catalog), "production")),
    );
    if (plain === undefined || kept === undefined) throw new Error("both are planned");
    const group = { kind: "retention", subject: "/rollcall/production/servers/github" };
    expect(diffPlans(kept, plain)).toContainEqual({
      ...group,
      direction: "loosened",
      before: "audit lines, 30 d",
      after: then,
    });
    expect(diffPlans(plain, kept)).toContainEqual({
      ...group,
      direction: "added",
      before: null,
      after: "audit lines, 30 d",
    });
  },
);
