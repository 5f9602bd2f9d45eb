import { describe, expect, test } from "vitest";
import { inspectEnvironment } from "../../catalog/load.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";
import { placeOf } from "../support/mistakes.ts";

const MEMORY = "stacks/servers/memory.yaml";
const memoryWith = (lines: string) =>
  edited(catalogFiles(), { file: MEMORY, from: "kubernetes:\n", to: `kubernetes:\n${lines}` });
const problemsOf = (files: ReadonlyMap<string, string>) =>
  inspectEnvironment(mapSource(files), "production").problems;

describe("two servers of a cluster", () => {
  test.each([
    {
      what: "one Deployment",
      lines: "  namespace: task-mcp\n  deployment: task-mcp-http\n",
      rule: "task-mcp-http in the namespace task-mcp is already a name of memory",
    },
    {
      what: "the Service of another's pods",
      lines: "  namespace: task-mcp\n  deployment: task-mcp-http-pods\n",
      rule: "task-mcp-http-pods in the namespace task-mcp is already a name of memory",
    },
    {
      what: "one address from outside, in two namespaces",
      lines: "  deployment: task-mcp-http\n",
      rule: /^https:\/\/task-mcp-http\S* is already the address of memory$/,
    },
  ])("may not have $what", ({ lines, rule }) => {
    const files = memoryWith(lines);
    // the file that comes later is told whose it is, and once
    expect(problemsOf(files)).toEqual([
      {
        place: placeOf(files, { file: "stacks/servers/task-mcp.yaml", at: "deployment:" }),
        path: "kubernetes.deployment",
        rule: rule instanceof RegExp ? (expect.stringMatching(rule) as unknown) : rule,
        cure: expect.stringContaining("kubernetes.deployment") as unknown,
      },
    ]);
  });

  test("may not have names that become one name of Kubernetes", () => {
    const shipped = catalogFiles();
    const task = "stacks/servers/task-mcp.yaml";
    const other = (shipped.get(MEMORY) ?? "").replace("server: memory", "server: task_mcp");
    const files = edited(shipped, { file: task, from: "  deployment: task-mcp-http\n", to: "" });
    const claimsWith = (text: string) =>
      problemsOf(new Map(files).set("stacks/servers/task_mcp.yaml", text)).filter(({ rule }) =>
        rule.includes("already"),
      );
    expect(claimsWith(other.replace("kubernetes:\n", "kubernetes:\n  namespace: task-mcp\n"))).toMatchObject([
      { rule: "task-mcp in the namespace task-mcp is already a name of task_mcp" },
    ]);
    expect(claimsWith(other)).toMatchObject([
      { rule: expect.stringContaining("already the address of task_mcp") as unknown },
    ]);
  });

  test("may share a namespace under two names", () => {
    expect(problemsOf(memoryWith("  namespace: task-mcp\n"))).toEqual([]);
  });
});
