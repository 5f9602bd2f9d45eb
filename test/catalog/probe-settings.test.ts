import { describe, expect, it } from "vitest";
import { RollcallError } from "../../catalog/errors.ts";
import { loadEnvironment } from "../../catalog/load.ts";
import { isDue } from "../../catalog/run-schedule.ts";
import type { Environment } from "../../catalog/types.ts";
import { buildPlan } from "../../plan/plan.ts";
import { catalogFiles, edited, mapSource } from "../support/catalog-files.ts";

/** What the catalog says of probing: its defaults, and how they reach the runners. */

const files = catalogFiles();
const MINUTE_MS = 60_000;

const withServer = (text: string): Environment =>
  loadEnvironment(
    mapSource(new Map(files).set("stacks/servers/desk.yaml", text).set("stacks/desk.yaml", DESK)),
    "desk",
  );
const DESK = "environment: desk\nplatform: local\nservers: [desk]\nresolution: 60s\n";
const SERVER = `server: desk
description: A server on a desk
owner: platform
mcp: { transport: streamable-http, url: "http://127.0.0.1:3999/mcp" }
`;

function problemsOf(text: string): string[] {
  try {
    withServer(text);
  } catch (error) {
    if (error instanceof RollcallError)
      return error.problems.map(({ place, rule, cure }) => `${place} ${rule} ${cure}`);
    throw error;
  }
  return [];
}

describe("a desktop environment that says nothing", () => {
  it("[SKILL-14] checks each 60 s, keeps a result 300 s, gives a deployment 300 s and keeps logs 7 days", () => {
    const environment = withServer(SERVER);
    const [desk] = environment.servers;
    expect(desk?.probe).toMatchObject({ every: 60_000, cache: 300_000, timeout: 10_000, confirm: 2_000 });
    expect(environment.deployTimeout).toBe(300_000);
    const { logs, ...others } = environment.retention;
    expect(new Set(Object.values(logs))).toEqual(new Set([7]));
    expect(others).toEqual({ history: 7, backups: 30 });
  });

  it("[SKILL-14] lets each of them be set", () => {
    const text = `${SERVER}probe: { every: 30s, cache: 10s, timeout: 2s, confirm: 0s, breaker: { failures: 0, rest: 1m } }\n`;
    expect(withServer(text).servers[0]?.probe).toMatchObject({
      every: 30_000,
      cache: 10_000,
      timeout: 2_000,
      confirm: 0,
      breaker: { failures: 0 },
    });
  });
});

describe("the SkillMeat servers", () => {
  const plan = buildPlan(loadEnvironment(mapSource(files), "production"));
  it.each(["skillmeat-database", "skillmeat-filesystem", "skillmeat-github"])(
    "[SKILL-05] %s is checked every 5 minutes, and its alarm acts on the second failure in a row",
    (name) => {
      const target = plan.probe?.lambda.roster.targets.find(({ server }) => server === name);
      expect(target?.everyMs).toBe(5 * MINUTE_MS);
      const due = Array.from({ length: 60 }, (_, minute) => minute).filter((minute) =>
        isDue({ everyMs: target?.everyMs ?? 0 }, minute * MINUTE_MS),
      );
      expect(due).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]);
      const down = plan.servers
        .find(({ server }) => server === name)
        ?.alarms.find(({ definition }) => definition.AlarmName === `production-${name}-down`);
      expect(down?.definition).toMatchObject({
        MetricName: "Unhealthy",
        Period: 300,
        DatapointsToAlarm: 2,
        EvaluationPeriods: 2,
      });
    },
  );
});

describe("the REST side", () => {
  it("[STAT-12] has a deadline of its own, beside the check's", () => {
    const text = `${SERVER}rest: { health: /health, timeout: 700ms }\nprobe: { timeout: 5s }\n`;
    const [desk] = withServer(text).servers;
    expect(desk?.endpoints.local?.rest).toEqual({ url: "http://127.0.0.1:3999/health", timeoutMs: 700 });
    expect(desk?.probe.timeout).toBe(5_000);
  });

  it("[CCT-02] [CCT-03] of CCTelegram is read by component, and all six of its numbers are measured", () => {
    const environment = loadEnvironment(mapSource(files), "production");
    const cctelegram = environment.servers.find(({ name }) => name === "cctelegram");
    expect(cctelegram?.endpoints.cluster?.rest?.components).toEqual({
      mcp_server: "running",
      bridge_communication: "connected",
      telegram_api: "authenticated",
      file_system: "accessible",
    });
    const planned = buildPlan(environment).servers.find(({ server }) => server === "cctelegram");
    expect(planned?.unmeasured).toEqual([]);
    const guarded = new Set(
      planned?.alarms.filter(({ family }) => family === "threshold").map(({ guards }) => guards),
    );
    expect(guarded).toEqual(
      new Set(["response-time", "event-rate", "bridge-success", "memory", "cpu", "disk-io"]),
    );
  });

  it("refuses a number of a page that the server does not have, with the place and the cure", () => {
    const text = `${SERVER}rest:\n  health: /health\n  numbers:\n    queue_length: { page: diagnostics, pointer: /queue }\n`;
    const [problem] = problemsOf(text);
    expect(problem).toContain("stacks/servers/desk.yaml:8");
    expect(problem).toContain("rest.diagnostics");
  });
});

describe("credentials", () => {
  it("of a stdio server are refused: a process has its environment", () => {
    const text = SERVER.replace(
      /mcp:.*/,
      "mcp: { transport: stdio }\nrun: { command: desk-server }\ncredentials: { kind: bearer, token: { env: TOKEN } }",
    );
    expect(problemsOf(text).join()).toContain("run.env");
  });

  it("reach the target by reference, and a literal one is refused", () => {
    const text = `${SERVER}credentials: { kind: bearer, token: { env: DESK_TOKEN } }\n`;
    expect(withServer(text).servers[0]?.credentials).toEqual({
      kind: "bearer",
      token: { env: "DESK_TOKEN" },
    });
    expect(problemsOf(`${SERVER}credentials: { kind: bearer, token: "s3cr3t-value" }\n`)).not.toEqual([]);
  });
});

describe("an objective", () => {
  it("that names its burning classes is alarmed on a metric of its own, and probed for it", () => {
    const burns = edited(files, {
      file: "stacks/servers/github.yaml",
      from: "availability: { sli: mcp, objective: 99.5%, window: 30d }",
      to: "availability: { sli: mcp, objective: 99.5%, window: 30d, burns: [connect, timeout, http] }",
    });
    const plan = buildPlan(loadEnvironment(mapSource(burns), "production"));
    const target = plan.probe?.lambda.roster.targets.find(({ server }) => server === "github");
    expect(target?.objectiveRules).toEqual([
      { objective: "availability", kind: "classes", path: "mcp", burns: ["connect", "timeout", "http"] },
    ]);
    const metrics = plan.servers
      .find(({ server }) => server === "github")
      ?.alarms.filter(({ guards }) => guards === "availability")
      .map(({ definition }) => ("MetricName" in definition ? definition.MetricName : null));
    expect(new Set(metrics)).toEqual(new Set(["Objective.availability"]));
    const rules = JSON.stringify(plan.prometheus);
    expect(rules).toContain(
      'mcp_objective_success{environment=\\"production\\",server=\\"github\\",slo=\\"availability\\"}',
    );
  });
});
