import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { RollcallError } from "../../catalog/errors.ts";
import { loadEnvironment } from "../../catalog/load.ts";
import { LOG_RETENTION_DAYS } from "../../catalog/log-classes.ts";
import type { Environment } from "../../catalog/types.ts";
import { Store } from "../../monitor/store.ts";
import { buildPlan } from "../../plan/plan.ts";
import { catalogFiles, mapSource } from "../support/catalog-files.ts";
import { asArray, asRecord } from "../support/json.ts";
import { resultOf } from "../support/observation.ts";

type Edit = readonly [file: string, from: string, to: string];

function environmentOf(name: string, ...edits: readonly Edit[]): Environment {
  const files = catalogFiles();
  for (const [file, from, to] of edits) {
    const text = files.get(file) ?? "";
    expect(text, `${file} has ${from}`).toContain(from);
    files.set(file, text.replace(from, to));
  }
  return loadEnvironment(mapSource(files), name);
}

const PRODUCTION = "stacks/production.yaml";
const production = buildPlan(environmentOf("production"));
const daysOf = ({ logGroups }: typeof production) =>
  new Map(logGroups.map(({ name, retentionDays }) => [name, retentionDays]));
const issuer: Edit = [PRODUCTION, "  issuer:", "  # issuer:"];

describe("[CARD-07] the retention of logs", () => {
  test("is one number for every class, as a shorthand, in each environment its own", () => {
    expect(new Set(daysOf(production).values())).toEqual(new Set([30]));
    expect(new Set(daysOf(buildPlan(environmentOf("staging"))).values())).toEqual(new Set([14]));
  });

  test("or one by class, with defaults for what is left out", () => {
    const plan = buildPlan(
      environmentOf("production", [PRODUCTION, "logs: 30d", "logs: { probe: 14d, audit: 400d }"]),
    );
    expect(plan.retention.logsDays).toEqual({
      probe: 14,
      servers: 30,
      escalation: 90,
      backup: 90,
      status: 30,
      audit: 400,
    });
    expect(daysOf(plan).get("/rollcall/production/probe")).toBe(14);
    expect(daysOf(plan).get("/rollcall/production/servers")).toBe(30);
  });

  test("is a number that CloudWatch Logs takes, for every log group that any environment plans", () => {
    for (const name of ["staging", "production"]) {
      const { logGroups } = buildPlan(environmentOf(name));
      expect(logGroups.length).toBeGreaterThan(0);
      for (const { retentionDays } of logGroups) expect(LOG_RETENTION_DAYS).toContain(retentionDays);
      expect(new Set(logGroups.map((group) => group.name)).size).toBe(logGroups.length);
    }
  });

  test.each([
    ["{ probe: 31d }", "retention.logs.probe", "must be a retention that CloudWatch Logs accepts"],
    ["{ prob: 30d }", "retention.logs.prob", 'unknown key "prob"'],
    ["0d", "retention.logs", "must be a retention that CloudWatch Logs accepts"],
  ])("that is written as %s is refused where it stands", (written, path, rule) => {
    try {
      environmentOf("production", [PRODUCTION, "logs: 30d", `logs: ${written}`]);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
      expect(error.problems).toEqual([
        expect.objectContaining({
          path,
          rule: expect.stringContaining(rule),
          place: expect.stringMatching(/production\.yaml:\d+:\d+$/),
        }),
      ]);
    }
  });
});

describe("log groups of audit lines and of incidents", () => {
  const audited: Edit = ["stacks/servers/github.yaml", "server: github\n", "server: github\nlogs: audit\n"];
  const kept = (...edits: readonly Edit[]) =>
    buildPlan(environmentOf("production", audited, ...edits))
      .logGroups.filter(({ protect }) => protect)
      .map(({ name }) => name);

  test("outlive the stack where the environment is protected, and no others do", () => {
    expect(kept()).toEqual(["/rollcall/production/escalation", "/rollcall/production/servers/github"]);
    expect(kept([PRODUCTION, "protect: true", "protect: false"])).toEqual([]);
  });
});

describe("[STAT-13] what is history", () => {
  test("is kept 30 days in production, whatever holds it", () => {
    expect(production.retention.historyDays).toBe(30);
    expect(daysOf(production).get("/rollcall/production/probe")).toBe(30);
    expect(daysOf(production).get("/rollcall/production/servers")).toBe(30);
  });

  test("on one machine goes by itself when it is older", () => {
    const folder = mkdtempSync(join(tmpdir(), "rollcall-history-"));
    try {
      const day = 24 * 3_600_000;
      const keep = buildPlan(
        environmentOf("local", ["stacks/local.yaml", "history: 7d", "history: 30d"]),
      ).retention;
      const store = new Store(folder);
      const now = 100 * day;
      for (const age of [31, 30, 29, 0])
        store.record({
          at: now - age * day,
          result: resultOf({
            server: "memory",
            mcp: {
              outcome: "ok",
              failureClass: null,
              era: "legacy",
              protocolVersion: "2025-11-25",
              tools: 9,
            },
          }),
          measures: { McpAvailable: 1 },
        });
      store.prune(now - keep.historyDays * day);
      expect(store.extent()).toEqual({ results: 3, since: now - 30 * day });
      store.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("the servers' log groups", () => {
  test("are one for all of them, whose metric filters are one an event", () => {
    const own = production.logGroups.filter(({ logClass }) => logClass === "servers");
    expect(own.map(({ name }) => name)).toEqual(["/rollcall/production/servers"]);
    expect(production.fleet.metricFilters.map(({ name, logGroup }) => [name, logGroup])).toEqual([
      ["production-security-incident", "/rollcall/production/servers"],
      ["production-auth-failures", "/rollcall/production/servers"],
    ]);
  });

  test("are another for a server whose lines are kept otherwise, counted into the same metrics", () => {
    const server = "stacks/servers/github.yaml";
    const plan = buildPlan(
      environmentOf(
        "production",
        [server, "server: github\n", "server: github\nlogs: audit\n"],
        [PRODUCTION, "logs: 30d", "logs: { audit: 365d }"],
      ),
    );
    expect(daysOf(plan).get("/rollcall/production/servers/github")).toBe(365);
    expect(daysOf(plan).get("/rollcall/production/servers")).toBe(30);
    const filters = plan.fleet.metricFilters;
    expect(filters.map(({ name }) => name).sort()).toEqual([
      "production-auth-failures",
      "production-github-auth-failures",
      "production-github-security-incident",
      "production-security-incident",
    ]);
    expect(new Set(filters.map(({ metric }) => metric)).size).toBe(2);
    const { shipping } = plan.logs;
    expect(shipping?.logGroups).toContain("/rollcall/production/servers/github");
    expect(shipping?.follower.apps.find(({ stream }) => stream === "github")?.tag).toBe("server.github");
  });
});

describe("shipping", () => {
  const { shipping } = production.logs;

  test("takes the pods of every server that we run, by server, and the probe's, which may hold metrics", () => {
    const ran = production.workloads.map(({ server, namespace, deployment }) => ({
      namespace,
      app: deployment,
      stream: server,
      tag: "servers",
      metrics: false,
    }));
    const apps = shipping?.follower.apps ?? [];
    expect(apps.filter(({ metrics }) => !metrics)).toEqual(ran);
    expect(apps.filter(({ metrics }) => metrics).map(({ namespace, tag }) => [namespace, tag])).toEqual([
      ["rollcall", "probe"],
    ]);
    expect(shipping?.namespaces).toEqual([...new Set(apps.map(({ namespace }) => namespace))].sort());
  });

  test("is told to Fluent Bit as a document in which nothing is made, read from outside or tried for ever", () => {
    const { service, pipeline } = asRecord(load(shipping?.fluentBit ?? ""));
    expect(asRecord(service)["storage.path"]).toBe("/buffers");
    expect(asArray(asRecord(pipeline).inputs)).toEqual([
      expect.objectContaining({
        name: "forward",
        listen: "127.0.0.1",
        port: 24_224,
        "storage.type": "filesystem",
      }),
    ]);
    const outputs = asArray(asRecord(pipeline).outputs).map(asRecord);
    expect(outputs.map(({ match, log_group_name }) => [match, log_group_name])).toEqual([
      ["probe", "/rollcall/production/probe"],
      ["servers", "/rollcall/production/servers"],
    ]);
    for (const output of outputs) {
      expect(output).toEqual({
        name: "cloudwatch_logs",
        match: output.match,
        region: "eu-west-1",
        log_group_name: output.log_group_name,
        log_stream_template: "$stream",
        log_stream_name: "unnamed",
        log_key: "log",
        auto_create_group: "off",
        retry_limit: 100,
        workers: 1,
        "storage.total_limit_size": "200M",
      });
      // every tag that a record can have is one that an output matches, and nothing else is
      expect(shipping?.follower.apps.some(({ tag }) => tag === output.match)).toBe(true);
    }
    expect(shipping?.logGroups).toEqual(outputs.map(({ log_group_name }) => log_group_name));
  });

  test("writes to log groups that are planned, and to streams whose names CloudWatch takes", () => {
    const planned = daysOf(production);
    for (const group of shipping?.logGroups ?? []) expect(planned.has(group), group).toBe(true);
    for (const { stream, app } of shipping?.follower.apps ?? [])
      expect(`${stream}/${app}-0123456789-abcde/main`).toMatch(/^[^:*]{1,512}$/);
  });

  test("reaches nothing but DNS, the API and AWS, and is reached by Prometheus alone", () => {
    expect(shipping?.network.egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([
      53, 53, 443, 6_443,
    ]);
    expect(shipping?.network.ingress.map(({ peers, ports }) => [peers, ports[0]?.port])).toEqual([
      [[{ namespace: "monitoring", labels: {} }], 9_465],
      [[{ namespace: "monitoring", labels: {} }], 2_020],
    ]);
  });

  test("is not there without an issuer, and the plan says so, with the alarms that wait", () => {
    const { logs, fleet } = buildPlan(environmentOf("production", issuer));
    expect(logs.shipping).toBeNull();
    expect(logs.unshipped?.reason).toContain("kubernetes.issuer is not set");
    expect(logs.unshipped?.alarms).toEqual([
      "production-fleet-security-incident",
      "production-fleet-auth-failures",
    ]);
    const known = new Set(fleet.alarms.map(({ definition }) => definition.AlarmName));
    for (const alarm of logs.unshipped?.alarms ?? []) expect(known.has(alarm), alarm).toBe(true);
    expect(logs.unshipped?.apps).toEqual(shipping?.follower.apps.map(({ app }) => app));
  });

  test("is not there without an image of Fluent Bit either", () => {
    const { logs } = buildPlan(
      environmentOf("production", [PRODUCTION, "  fluentBitImage:", "  # fluentBitImage:"]),
    );
    expect([logs.shipping, logs.unshipped?.reason]).toEqual([
      null,
      expect.stringContaining("fluentBitImage is not set"),
    ]);
  });

  test("may be another's, and then nothing waits; on one machine there is none", () => {
    const existing = buildPlan(
      environmentOf("production", [PRODUCTION, "  issuer:", "  logs: existing\n  issuer:"]),
    );
    expect(existing.logs).toEqual({ shipping: null, unshipped: null });
    expect(daysOf(existing)).toEqual(daysOf(production));
    expect(buildPlan(environmentOf("local")).logs).toEqual({ shipping: null, unshipped: null });
  });
});
