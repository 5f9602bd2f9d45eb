import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import type { Environment, Server } from "../../catalog/types.ts";
import { planPrometheus } from "../../plan/prometheus/groups.ts";
import { planNamespaces, planWorkloads } from "../../plan/workloads.ts";
import { PLAYBOOK_METRICS, PROBE_METRICS } from "../../probes/sinks/prometheus-table.ts";
import { catalogFiles, mapSource } from "../support/catalog-files.ts";

const production = loadEnvironment(mapSource(catalogFiles()), "production");

function serverNamed(name: string): Server {
  const found = production.servers.find((server) => server.name === name);
  if (found === undefined) throw new Error(`production holds no ${name}`);
  return found;
}

const only = (server: Server): Environment => ({ ...production, servers: [server] });

/** The words that a POSIX shell makes of the command that the gateway is given. */
function shellWords(server: Server): string[] {
  const [workload] = planWorkloads(only(server));
  const args = workload?.args ?? [];
  const stdio = args[args.indexOf("--stdio") + 1] ?? "";
  // a NUL between the words, for a word may hold a line break
  return execFileSync("sh", ["-c", `printf '%s\\0' ${stdio}`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);
}

describe("a server over stdio runs behind the gateway", () => {
  const memory = serverNamed("memory");

  test("with a command that a shell takes apart into exactly its words", () => {
    const word = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => text.replaceAll("\0", "")),
      fc.constantFrom("", "it's", '"$HOME"', "a b", "`id`", "$(id)", "\\", "*", "~", ";", "#x", "a\nb", "-n"),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (args) => {
        const run = { ...memory.run, args, env: {} };
        const server = { ...memory, run: { ...run, package: "@scope/server" } };
        expect(shellWords(server)).toEqual(["npx", "--no-install", "@scope/server", ...args]);
      }),
      { numRuns: 40 },
    );
  });

  test("which listens where the Service and the probe look for it", () => {
    const [workload] = planWorkloads(only(memory));
    const args = workload?.args ?? [];
    const value = (flag: string): string | undefined => args[args.indexOf(flag) + 1];
    expect(value("--outputTransport")).toBe("streamableHttp");
    expect(value("--port")).toBe(String(workload?.port));
    expect(memory.endpoints.cluster?.mcp).toContain(value("--streamableHttpPath"));
    expect(value("--healthEndpoint")).toBe(workload?.ready);
  });

  test("with a process for each session, whose client stays with its pod, and without its messages in the log", () => {
    const [workload] = planWorkloads(only(memory));
    expect(workload?.args).toEqual(expect.arrayContaining(["--stateful", "--sessionTimeout", "1800000"]));
    expect(workload?.args.slice(workload.args.indexOf("--logLevel"))[1]).toBe("none");
    expect(workload?.sticky).toBe(true);
  });

  test("and is started anew when its port is closed, not when its health page says no", () => {
    expect(planWorkloads(only(memory))[0]).toMatchObject({ live: null, ready: "/healthz", monitor: null });
  });
});

test("[TASK-01] Task MCP is deployment task-mcp-http of namespace task-mcp on port 3000, with its three pages", () => {
  expect(planWorkloads(only(serverNamed("task-mcp")))[0]).toMatchObject({
    namespace: "task-mcp",
    deployment: "task-mcp-http",
    port: 3000,
    live: "/health/live",
    ready: "/health/ready",
    monitor: { path: "/metrics" },
  });
});

test("a server's own page may say nothing that a rule or a dashboard reads of the probe", () => {
  const [workload] = planWorkloads(only(serverNamed("task-mcp")));
  expect(workload?.monitor?.seriesLabels).toEqual({ environment: "production", server: "task-mcp" });
  const refused = new RegExp(`^(?:${workload?.monitor?.refusedSeries})$`);
  const published = [...PLAYBOOK_METRICS, ...PROBE_METRICS].map(({ name }) => name);
  const recorded = planPrometheus(production).flatMap(({ rules }) =>
    rules.flatMap(({ record = [] }) => record),
  );
  // the probe reads this number from the page and publishes it under the same name, for all replicas at once
  const own = ["task_mcp_error_rate_percent", "ALERTS", "ALERTS_FOR_STATE"];
  for (const name of [...published, ...recorded, ...own]) expect(name).toMatch(refused);
  for (const name of ["process_resident_memory_bytes", "task_mcp_error_rate_percent_of_all", "up"])
    expect(name).not.toMatch(refused);
});

test("a range of replicas is scaled by the share of the CPU that the catalog names, a single number by nobody", () => {
  expect(planWorkloads(only(serverNamed("task-mcp")))[0]).toMatchObject({
    replicas: { min: 5, max: 20 },
    scaleAtPercent: 70,
  });
  expect(planWorkloads(only(serverNamed("everything")))[0]).toMatchObject({
    replicas: { min: 1, max: 1 },
    scaleAtPercent: null,
  });
});

test("a health page that may speak of what a server depends on restarts no pod", () => {
  expect(planWorkloads(only(serverNamed("cctelegram")))[0]).toMatchObject({ live: null, ready: "/health" });
});

test("a server over HTTP gets its own arguments as they are", () => {
  const everything = serverNamed("everything");
  expect(planWorkloads(only(everything))[0]?.args).toEqual(everything.run?.args);
});

test("a pod gets its secrets by reference, and only those that a cluster can read", () => {
  const everything = serverNamed("everything");
  const env = {
    PLAIN: "value",
    TOKEN: { kubernetes: "vault/token" },
    ELSEWHERE: { env: "TOKEN" },
  };
  const server = { ...everything, run: { args: [], ...everything.run, env } };
  expect(planWorkloads(only(server))[0]?.env).toEqual([
    { name: "PLAIN", value: "value" },
    { name: "TOKEN", value: { secret: "vault", key: "token" } },
  ]);
});

test("every namespace of a workload is in the plan once, with the probe's own", () => {
  const namespaces = planNamespaces(production, "rollcall");
  const used = planWorkloads(production).map(({ namespace }) => namespace);
  expect(new Set(namespaces).size).toBe(namespaces.length);
  expect(namespaces).toEqual(expect.arrayContaining([...used, "rollcall"]));
});
