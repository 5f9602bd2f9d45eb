import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { planRoster } from "../../plan/roster.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";

const files = catalogFiles();
const production = loadEnvironment(mapSource(files), "production");

describe("the roster", () => {
  test("of a runner in the cluster may ask private addresses, that of AWS may not", () => {
    const [cluster, aws] = [planRoster(production, "cluster"), planRoster(production, "aws")];
    expect(cluster.targets.length).toBeGreaterThan(0);
    expect(aws.targets.length).toBeGreaterThan(0);
    expect(new Set(cluster.targets.map(({ allowPrivate }) => allowPrivate))).toEqual(new Set([true]));
    expect(new Set(aws.targets.map(({ allowPrivate }) => allowPrivate))).toEqual(new Set([false]));
    expect(JSON.stringify(aws)).not.toContain("http://");
  });

  test("of a function in a network of one's own may ask private addresses", () => {
    const aws = production.aws;
    if (aws === null) throw new Error("production is in AWS");
    const vpc = { subnets: ["subnet-0123456789"], securityGroups: ["sg-0123456789"] };
    const { targets } = planRoster({ ...production, aws: { ...aws, vpc } }, "aws");
    expect(new Set(targets.map(({ allowPrivate }) => allowPrivate))).toEqual(new Set([true]));
  });

  test("says of a server what the catalog says of it", () => {
    const target = planRoster(production, "cluster").targets.find(({ server }) => server === "task-mcp");
    expect(target).toMatchObject({
      timeoutMs: 3_000,
      samples: 6,
      everyMs: 60_000,
      requiredTools: ["create_task", "list_tasks"],
    });
    expect(target?.rest?.url).toContain("/health/");
  });

  test("holds a server only where its probe says so", () => {
    const inside = edited(files, {
      file: "stacks/servers/task-mcp.yaml",
      from: "probe: { samples: 6, timeout: 3s }",
      to: "probe: { samples: 6, timeout: 3s, from: [cluster] }",
    });
    const changed = loadEnvironment(mapSource(inside), "production");
    const names = (runner: "aws" | "cluster") =>
      planRoster(changed, runner).targets.map(({ server }) => server);
    expect(names("cluster")).toContain("task-mcp");
    expect(names("aws")).not.toContain("task-mcp");
  });
});
