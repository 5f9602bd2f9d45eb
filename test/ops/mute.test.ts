/**
 * `rollcall mute`, against the API of a monitor and against a server that reads the calls of the AWS SDK. What
 * CloudWatch makes of a mute rule is not proved here: no emulator has them.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { getRequestListener } from "@hono/node-server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { statusApi } from "../../monitor/api.ts";
import { Monitor } from "../../monitor/monitor.ts";
import { announce } from "../../monitor/state-folder.ts";
import { cloudPlace } from "../../ops/mute-cloud.ts";
import { buildPlan } from "../../plan/plan.ts";
import { type Ended, type Folder, ROOT, rollcall, temporaryFolder } from "../support/cli.ts";
import { asRecord, type JsonRecord } from "../support/json.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server): Promise<string> {
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a local environment", () => {
  let folder: Folder;
  let monitor: Monitor;

  beforeEach(async () => {
    folder = temporaryFolder();
    const environment = loadEnvironment(diskSource(ROOT), "local");
    const plan = buildPlan(environment);
    const state = join(folder.path, "state");
    monitor = new Monitor({ environment, plan, root: ROOT, state, sinks: [], emit: () => undefined });
    const token = "of the state folder";
    const answer = getRequestListener(statusApi(monitor, { token }).fetch);
    const url = await listen(createServer((request, response) => void answer(request, response)));
    announce(state, { pid: process.pid, url, environment: "local", token });
  });
  afterEach(async () => {
    await monitor.stop();
    folder.remove();
  });

  const mute = (...args: string[]): Promise<Ended> =>
    rollcall(["mute", ...args, "--state", join(folder.path, "state")]);

  test("[PLAY-12] a server is muted with an end and a reason, listed, and spoken for again", async () => {
    const begun = await mute("memory", "--for", "30m", "--reason", "upgrade of the disk");
    expect(begun).toMatchObject({ code: 0, stderr: "" });
    expect(begun.stdout).toMatch(
      /^memory is muted until \d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC: its alarms tell nobody/,
    );
    // as it must be written to end it in the same monitor
    expect(begun.stdout).toMatch(/npx rollcall mute memory --end --state \S+state\n$/);
    const [quiet] = monitor.quietNow();
    expect(quiet).toMatchObject({ servers: ["memory"], reason: "upgrade of the disk" });
    expect((quiet?.to ?? 0) - (quiet?.from ?? 0)).toBe(30 * 60_000);

    const listed = await mute("--list");
    expect(listed.stdout).toMatch(/^ {2}mute {2}memory {2}until .* UTC {2}upgrade of the disk\n$/);

    expect(await mute("memory", "--end")).toMatchObject({ code: 0, stdout: "memory is no longer muted\n" });
    expect(monitor.quietNow()).toEqual([]);
    expect((await mute("--list")).stdout).toContain("nothing is muted");
  });

  test.each([
    [["memory", "--reason", "x"], "has no end"],
    [["memory", "--for", "30m"], "has no reason"],
    [["--for", "30m", "--reason", "x"], "no server is named"],
    [["memory", "--for", "16d", "--reason", "x"], "must be at most 15 days"],
    [["memory", "--for", "soon", "--reason", "x"], "must be a duration"],
    [["memory", "--end", "--for", "30m"], "contradict"],
    [["memory", "--end"], "no mute of this name is on"],
    [["nobody", "--for", "30m", "--reason", "x"], "nobody: there is no server of this name"],
  ])("%j is refused (exit 64)", async (args, rule) => {
    const { code, stderr } = await mute(...args);
    expect(stderr).toContain(rule);
    expect(stderr).not.toMatch(/^(\S+): \1: /);
    expect(code).toBe(64);
    expect(monitor.quietNow()).toEqual([]);
  });
});

test("without a monitor there is nothing to mute (exit 69)", async () => {
  const state = join(ROOT, "nowhere", "state");
  const { code, stderr } = await rollcall(["mute", "--list", "--state", state]);
  expect(stderr).toContain("no monitor runs on this state folder");
  expect(code).toBe(69);
});

describe("an environment of the cloud", () => {
  const environment = loadEnvironment(diskSource(ROOT), "staging");
  const { servers: planned, fleet } = buildPlan(environment);
  const composites = [...planned, fleet].flatMap((one) => one.composites);
  const NOW = Date.parse("2026-12-05T22:14:30Z");
  const ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm-mute-rule:";

  /** A CloudWatch that answers with what it is given, and remembers what it was asked: action and body. */
  async function cloudWatch(answers: Readonly<Record<string, (asked: JsonRecord) => object>> = {}) {
    const calls: (readonly [string, JsonRecord])[] = [];
    const endpoint = await listen(
      createServer(async (request, response) => {
        let body = "";
        for await (const chunk of request) body += String(chunk);
        const action = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
        const asked = asRecord(JSON.parse(body));
        calls.push([action, asked]);
        const answer = answers[action]?.(asked) ?? {};
        response.writeHead("__type" in answer ? 400 : 200, { "content-type": "application/x-amz-json-1.0" });
        response.end(JSON.stringify(answer));
      }),
    );
    const client = new CloudWatchClient({
      region: "eu-west-1",
      endpoint,
      maxAttempts: 1,
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    return { calls, endpoint, place: await cloudPlace({ environment, composites, client, now: () => NOW }) };
  }

  test("[PLAY-12] a server is muted by a rule that began with this minute and ends by itself", async () => {
    const { calls, place } = await cloudWatch();
    const [name = ""] = environment.servers.map((server) => server.name);
    const begun = await place.begin({ target: name, reason: "upgrade", forMs: 30 * 60_000 });
    // not a second less than was asked for
    expect(begun).toEqual({ until: "2026-12-05T22:45:00.000Z" });
    expect(calls).toEqual([
      [
        "PutAlarmMuteRule",
        {
          Name: `rollcall-staging-mute-${name}-20261205T221430Z`,
          Description: "upgrade",
          Rule: { Schedule: { Expression: "at(2026-12-05T22:14)", Duration: "PT31M", Timezone: "UTC" } },
          MuteTargets: {
            AlarmNames: composites
              .filter(({ server, definition }) => server === name && definition.ActionsEnabled)
              .map(({ definition }) => definition.AlarmName),
          },
        },
      ],
    ]);
  });

  test("the whole fleet is every composite that tells somebody, and 15 days are not exceeded", async () => {
    const { calls, place } = await cloudWatch();
    await place.begin({ target: "fleet", reason: "move", forMs: 15 * 86_400_000 });
    const muted = calls.flatMap(([, { MuteTargets }]) => asRecord(MuteTargets).AlarmNames);
    const acting = composites.filter(({ definition }) => definition.ActionsEnabled);
    expect(muted).toEqual(acting.map(({ definition }) => definition.AlarmName));
    for (const [, { Rule }] of calls) expect(asRecord(asRecord(Rule).Schedule).Duration).toBe("P15D");
  });

  test("only the mutes of that very server are ended, page by page", async () => {
    const summaries = (...names: string[]) => names.map((name) => ({ AlarmMuteRuleArn: ARN + name }));
    const { calls, place } = await cloudWatch({
      ListAlarmMuteRules: ({ NextToken }) =>
        NextToken === undefined
          ? {
              AlarmMuteRuleSummaries: summaries(
                "rollcall-staging-mute-task-mcp-20261205T221430Z",
                "rollcall-staging-mute-task-mcp-two-20261205T221430Z",
                "rollcall-staging-maintenance-task-mcp",
              ),
              NextToken: "more",
            }
          : {
              AlarmMuteRuleSummaries: summaries(
                "rollcall-staging-mute-task-mcp-20261205T221430Z-2",
                "rollcall-production-mute-task-mcp-20261205T221430Z",
                "somebody-else",
              ),
            },
    });
    expect(await place.end("task-mcp")).toBe(2);
    const deleted = calls.filter(([action]) => action === "DeleteAlarmMuteRule");
    expect(deleted.map(([, { AlarmMuteRuleName }]) => AlarmMuteRuleName)).toEqual([
      "rollcall-staging-mute-task-mcp-20261205T221430Z",
      "rollcall-staging-mute-task-mcp-20261205T221430Z-2",
    ]);
    expect(calls[0]).toEqual(["ListAlarmMuteRules", { Statuses: ["ACTIVE", "SCHEDULED"] }]);
  });

  test("mutes and maintenance of this environment are listed, with their ends where they have one", async () => {
    const schedule = (Expression: string, Timezone: string) => ({
      Schedule: { Expression, Duration: "P1DT2H30M", Timezone },
    });
    const rules: Readonly<Record<string, object>> = {
      "rollcall-staging-mute-task-mcp-20261205T221430Z": {
        Description: "upgrade \u001b[31m",
        Rule: schedule("at(2026-12-05T22:14)", "UTC"),
      },
      "rollcall-staging-maintenance-vacuum": {
        Description: "vacuum",
        Rule: schedule("cron(0 3 * * SUN)", "Europe/Berlin"),
      },
      "rollcall-production-mute-x": {},
    };
    const { place } = await cloudWatch({
      ListAlarmMuteRules: () => ({
        AlarmMuteRuleSummaries: Object.keys(rules).map((name) => ({ AlarmMuteRuleArn: ARN + name })),
      }),
      GetAlarmMuteRule: ({ AlarmMuteRuleName }) => rules[String(AlarmMuteRuleName)] ?? {},
    });
    expect(await place.list()).toEqual([
      {
        kind: "mute",
        name: "mute-task-mcp-20261205T221430Z",
        reason: expect.not.stringContaining("\u001b"),
        until: "2026-12-07T00:44:00.000Z",
      },
      { kind: "maintenance", name: "maintenance-vacuum", reason: "vacuum", until: null },
    ]);
  });

  test("what CloudWatch refuses is said in its words, and a server that is not there is not asked for", async () => {
    const { calls, endpoint, place } = await cloudWatch({
      PutAlarmMuteRule: () => ({ __type: "LimitExceededFault", message: "too many rules" }),
    });
    await expect(place.begin({ target: "nobody", reason: "x", forMs: 60_000 })).rejects.toThrow(
      "no server of this name in staging",
    );
    expect(calls).toEqual([]);
    const env = {
      ...process.env,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_MAX_ATTEMPTS: "1",
    };
    const args = ["mute", "fleet", "--env", "staging", "--for", "1h", "--reason", "move of the cluster"];
    const { code, stderr } = await rollcall(args, { env });
    expect(stderr).toContain("CloudWatch of staging");
    expect(stderr).toContain("too many rules");
    expect(code).toBe(69);
    expect(calls.map(([action]) => action)).toEqual(["PutAlarmMuteRule"]);
  });
});
