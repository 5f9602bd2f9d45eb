import { describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { planMarkdown, planTable } from "../../ops/plan-text.ts";
import { escalatorOf } from "../../plan/escalator.ts";
import { buildPlan } from "../../plan/plan.ts";
import { prerequisitesOf } from "../../plan/prerequisites.ts";

const planOf = (name: string) => buildPlan(loadEnvironment(diskSource(`${import.meta.dirname}/../..`), name));
const plan = planOf("staging");

describe("what an environment needs before its first up", () => {
  it("is every Secret that a pod reads, with its keys, in the pod's namespace", () => {
    const { secrets } = prerequisitesOf(plan);
    const read = plan.workloads.flatMap(({ namespace, env }) =>
      env.flatMap(({ value }) =>
        typeof value === "string" ? [] : [`${namespace}/${value.secret}/${value.key}`],
      ),
    );
    expect(read.length).toBeGreaterThan(5);
    const told = secrets.flatMap(({ namespace, name, keys }) =>
      keys.map((key) => `${namespace}/${name}/${key}`),
    );
    expect(told.toSorted()).toEqual([...new Set(read)].sort());
    // one Secret of two keys is one line
    expect(secrets.filter(({ name }) => name === "slack-mcp")).toEqual([
      { namespace: "mcp", name: "slack-mcp", keys: ["bot-token", "team-id"] },
    ]);
    for (const { namespace } of secrets) expect(plan.namespaces).toContain(namespace);
  });

  it("has those that the probe reads in its own namespace, and the secrets of AWS that its function reads", () => {
    const { probe } = plan;
    if (probe === null || probe.exporter === null) throw new Error("staging has an exporter");
    const exporter = { ...probe.exporter, secrets: [{ name: "probe-token", keys: ["b", "a"] }] };
    const lambda = { ...probe.lambda, secrets: ["mcp/token"] };
    const needs = prerequisitesOf({ ...plan, workloads: [], probe: { ...probe, lambda, exporter } });
    expect(needs).toEqual({
      secrets: [{ namespace: "rollcall", name: "probe-token", keys: ["a", "b"] }],
      awsSecrets: ["mcp/token"],
      concurrency: 26,
    });
  });

  it("is what its functions reserve of the account: a run of each part, the status and the address that acknowledges", () => {
    const { probe, status } = plan;
    if (probe === null || status?.aws == null) throw new Error("staging has a probe and a status");
    const door = escalatorOf(plan).doorConcurrency;
    expect(prerequisitesOf(plan).concurrency).toBe(1 + status.aws.concurrency + door);
    const parts = { ...probe, lambda: { ...probe.lambda, shards: 3 } };
    const without = { ...plan, probe: parts, status: { ...status, aws: null } };
    expect(prerequisitesOf(without).concurrency).toBe(3 + door);
    expect(planTable(plan)).toMatch(/Lambda +26 concurrent runs to reserve +beside the 100/);
  });

  it("is printed by the plan, as a table and for a pull request", () => {
    expect(planTable(plan)).toMatch(/Secret +mcp\/slack-mcp +bot-token, team-id/);
    expect(planMarkdown(plan)).toContain("| Secret | mcp/slack-mcp | bot-token, team-id |");
  });

  it("is nothing on one machine", () => {
    expect(prerequisitesOf(planOf("local"))).toEqual({ secrets: [], awsSecrets: [], concurrency: 0 });
    expect(planTable(planOf("local"))).not.toContain("nobody makes them but you");
  });
});
