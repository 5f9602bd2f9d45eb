import { describe, expect, test } from "vitest";
import { RollcallError } from "../../catalog/errors.ts";
import { loadEnvironment } from "../../catalog/load.ts";
import { diffPlans } from "../../plan/diff.ts";
import { buildPlan } from "../../plan/plan.ts";
import { renameText } from "../../plan/rename.ts";
import type { Plan } from "../../plan/types.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";

const GITHUB = "stacks/servers/github.yaml";
const files = catalogFiles();
const planOf = (catalog: ReadonlyMap<string, string>, environment = "staging"): Plan =>
  buildPlan(loadEnvironment(mapSource(catalog), environment));
const before = planOf(files);

/** The catalog with github named hub, and `lines` in its file. */
function renamed(lines: string, catalog: ReadonlyMap<string, string> = files): Map<string, string> {
  const changed = edited(catalog, { file: GITHUB, from: "server: github\n", to: `server: hub\n${lines}` });
  changed.set("stacks/servers/hub.yaml", changed.get(GITHUB) ?? "");
  changed.delete(GITHUB);
  return changed;
}

function problemsOf(catalog: ReadonlyMap<string, string>): string[] {
  try {
    planOf(catalog);
    return [];
  } catch (error) {
    if (!(error instanceof RollcallError)) throw error;
    return error.problems.map(({ place, rule }) => `${place} ${rule}`);
  }
}

describe("a renamed server", () => {
  test("with its former name is one change, which says what of its history stays readable where", () => {
    const changes = diffPlans(before, planOf(renamed("formerly: github\n")));
    expect(changes.filter(({ kind }) => kind !== "maintenance")).toEqual([
      {
        kind: "server",
        direction: "changed",
        subject: "hub",
        before: "named github",
        after:
          "history and error budgets begin anew; that of github stays readable under that name (minutes for 15d, 5 minutes for 63d, hours for 455d, log lines for 14d)",
      },
    ]);
  });

  test("without its former name is one server less and another more", () => {
    const changes = diffPlans(before, planOf(renamed("")));
    const servers = changes.filter(({ kind }) => kind !== "maintenance");
    expect(servers.map(({ direction, kind, subject }) => `${direction} ${kind} ${subject}`)).toEqual([
      "removed server github",
      "added server hub",
    ]);
  });

  test("does not hide a promise that is weakened with the name", () => {
    const weaker = edited(files, { file: GITHUB, from: "objective: 99.5%,", to: "objective: 99%," });
    const changes = diffPlans(before, planOf(renamed("formerly: github\n", weaker)));
    expect(changes).toContainEqual({
      kind: "promise",
      direction: "loosened",
      subject: "hub availability",
      before: "99.5% of mcp in 30d (216 min)",
      after: "99% of mcp in 30d (432 min)",
    });
    expect(changes.some(({ direction }) => direction === "removed")).toBe(false);
  });

  test("keeps the log group of its former name where it had one of its own", () => {
    const own = edited(files, {
      file: GITHUB,
      from: "owner: operations\n",
      to: "owner: operations\nlogs: audit\n",
    });
    const groups = planOf(renamed("formerly: github\n", own)).logGroups.map(({ name }) => name);
    expect(groups).toContain("/rollcall/staging/servers/github");
    expect(groups).toContain("/rollcall/staging/servers/hub");
    const later = planOf(renamed("", own)).logGroups.map(({ name }) => name);
    expect(later).not.toContain("/rollcall/staging/servers/github");
  });

  test("on one machine names the days of its own history", () => {
    const file = "stacks/servers/everything.yaml";
    const changed = edited(files, {
      file,
      from: "server: everything\n",
      to: "server: everything\nformerly: all\n",
    });
    const plan = planOf(changed, "local");
    const server = plan.servers.find(({ formerly }) => formerly === "all");
    if (server === undefined) throw new Error("it has its former name");
    expect(renameText(plan, server)).toBe(
      "history and error budgets begin anew; that of all stays readable under that name (history for 7d)",
    );
  });

  test("may not claim the name of a server that is there, nor one that another claims", () => {
    expect(problemsOf(renamed("formerly: slack\n"))).toEqual([
      'stacks/servers/hub.yaml:3:1 "slack" is a server still',
    ]);
    const twice = renamed("formerly: gone\n");
    const slack = "stacks/servers/slack.yaml";
    const both = edited(twice, {
      file: slack,
      from: "server: slack\n",
      to: "server: slack\nformerly: gone\n",
    });
    expect(problemsOf(both)).toEqual([
      'stacks/servers/hub.yaml:3:1 "gone" is the former name of slack too',
      'stacks/servers/slack.yaml:3:1 "gone" is the former name of hub too',
    ]);
  });
});
