/**
 * The status API wherever it is served: on this machine and from AWS; status-cluster.test.ts has the third place. The AWS is an emulator's, which
 * does not ask IAM: who may call and what the function may read is proved by its policies only.
 */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { CreateTableCommand, DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadEnvironment } from "../../catalog/load.ts";
import { diskSource } from "../../catalog/source.ts";
import { bundleFunctions } from "../../cloud/bundle.ts";
import { incidentId } from "../../cloud/escalation/incident.ts";
import { dynamoIncidents } from "../../cloud/escalation/incidents.ts";
import { statusApp } from "../../cloud/status/app.ts";
import { awsSources } from "../../cloud/status/aws-sources.ts";
import { cloudView } from "../../cloud/status/view.ts";
import { statusApi } from "../../monitor/api.ts";
import { Monitor } from "../../monitor/monitor.ts";
import { buildPlan } from "../../plan/plan.ts";
import { type StatusFile, siteOf } from "../../plan/status.ts";
import type { CheckResult } from "../../probes/result.ts";
import { dynamoResults, resultsKey } from "../../probes/results/dynamodb.ts";
import { describeWithMinistack } from "../support/ministack.ts";
import { observed } from "../support/observation.ts";
import { type Ask, eventsOf, expectStatusApi, serversOf } from "../support/status-contract.ts";
import { at, HOSTILE, sick, well } from "../support/status-samples.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const MINUTE = 60_000;
const plan = buildPlan(loadEnvironment(diskSource(ROOT), "staging"));
const site = siteOf(plan, "aws");

function tellingNothing(problem: string): never {
  throw new Error(problem);
}

describe("on this machine", () => {
  let folder: string;
  let monitor: Monitor;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-status-"));
    const environment = loadEnvironment(diskSource(ROOT), "local");
    const emit = (): void => undefined;
    monitor = new Monitor({
      environment,
      plan: buildPlan(environment),
      root: ROOT,
      state: folder,
      sinks: [],
      emit,
    });
  });
  afterAll(async () => {
    await monitor.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const ask: Ask = async (path, method = "GET") =>
    statusApi(monitor, { token: "secret" }).request(path, { method, headers: { host: "localhost" } });

  it("has the shapes that every site has", async () => {
    const now = Date.now();
    for (const [server, result] of [
      ["memory", well("memory", now)],
      ["filesystem", sick("filesystem", now)],
    ] as const) {
      monitor.store.record({ at: now, result, measures: {} });
      monitor.store.addEvent(now, {
        type: "status",
        at: at(now),
        server,
        from: null,
        to: result.status,
        result,
      });
    }
    monitor.mute({ target: "memory", reason: "upgrade", forMs: MINUTE });
    await expectStatusApi(ask);
    expect((await serversOf(ask)).health).toMatchObject({ status: "unhealthy", alarms: 0 });
    expect(await eventsOf(ask)).toHaveLength(3);
  });
});

describeWithMinistack("in AWS", (ministack) => {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const config = () => ({ endpoint: ministack().endpoint, region: "eu-west-1", credentials });
  const opened: { destroy(): void }[] = [];
  afterAll(() => {
    for (const client of opened) client.destroy();
  });
  const dynamo = (): DynamoDBClient => {
    const client = new DynamoDBClient(config());
    opened.push(client);
    return client;
  };
  async function newTable(): Promise<string> {
    const TableName = `status-${randomUUID()}`;
    const create = new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
    });
    await dynamo().send(create);
    return TableName;
  }
  async function tables(shards = 1) {
    return { resultsTable: await newTable(), incidentsTable: await newTable(), shards };
  }

  /** A site over tables, whose clock stands. */
  function siteOver(
    places: StatusFile["places"],
    now: number,
    tell = tellingNothing as (line: string) => void,
  ): Ask {
    const sources = awsSources({ site, places, client: config(), now: () => now });
    const app = statusApp(cloudView({ site, sources, tell, now: () => now }), tell);
    return async (path, method = "GET") => app.request(path, { method });
  }

  async function write(
    { resultsTable, shards }: StatusFile["places"],
    {
      shard = 1,
      results,
      now,
    }: { readonly shard?: number; readonly results: readonly CheckResult[]; readonly now: number },
  ): Promise<void> {
    const store = dynamoResults({
      table: resultsTable,
      key: resultsKey({ shard, of: shards }),
      servers: new Set(site.servers.map(({ server }) => server)),
      tell: tellingNothing,
      client: config(),
      now: () => now,
    });
    for (const result of results) store.publish(observed(result), {});
    await store.flush();
  }

  it("has the shapes that every site has, from what the shards of the probe have left", async () => {
    const now = Date.now();
    const places = await tables(2);
    await write(places, { shard: 1, results: [well("memory", now - MINUTE)], now });
    await write(places, { shard: 2, results: [sick("filesystem", now - MINUTE)], now });
    const ask = siteOver(places, now);
    await expectStatusApi(ask);
    const { health, servers } = await serversOf(ask);
    expect(health).toMatchObject({ status: "unhealthy", servers: { healthy: 1, unhealthy: 1 } });
    expect(health.history).toEqual({ results: 2, since: at(now - MINUTE) });
    const shown = servers.find(({ server }) => server === "filesystem");
    expect(shown).toMatchObject({ overall_status: "unhealthy", mcp_success: false, rest_success: false });
    // a text is handed on as it is, in a document that no browser takes for a page (expectStatusApi)
    expect(shown?.result?.mcp.detail).toBe(HOSTILE);
    expect((await ask("/status/health")).status).toBe(503);
  });

  it("knows nothing of any server from a table without items", async () => {
    const ask = siteOver(await tables(), Date.now());
    await expectStatusApi(ask);
    const { health, servers } = await serversOf(ask);
    expect(health.status).toBe("unknown");
    expect(health.history).toEqual({ results: 0, since: null });
    expect(
      servers.every(({ overall_status, result }) => overall_status === "unknown" && result === null),
    ).toBe(true);
    expect((await ask("/status/health")).status).toBe(200);
  });

  it("never calls a server healthy by a result that is older than three of its intervals, or of the future", async () => {
    const now = Date.now();
    const everyMs = site.servers.find(({ server }) => server === "memory")?.everyMs ?? 0;
    const seen = async (ms: number) => {
      const places = await tables();
      await write(places, { results: [well("memory", ms)], now });
      const { servers } = await serversOf(siteOver(places, now));
      const { overall_status, mcp_success, result } = servers.find(({ server }) => server === "memory") ?? {};
      return { overall_status, mcp_success, shown: result !== null };
    };
    const unknown = { overall_status: "unknown", mcp_success: null, shown: false };
    expect(await seen(now - 3 * everyMs)).toMatchObject({ overall_status: "healthy", shown: true });
    expect(await seen(now - 3 * everyMs - 1)).toEqual(unknown);
    expect(await seen(now + 3 * everyMs + 1)).toEqual(unknown);
  });

  it("says that it knows nothing where its table cannot be read, and tells why", async () => {
    const told: string[] = [];
    const places = { resultsTable: "nowhere", incidentsTable: "nowhere", shards: 1 };
    const ask = siteOver(places, Date.now(), (line) => void told.push(line));
    expect((await serversOf(ask)).health.status).toBe("unknown");
    expect(told.join("\n")).toMatch(/the results cannot be read/);
    const events = await ask("/status/events");
    expect([events.status, await events.json()]).toEqual([500, { error: "the status could not be read" }]);
  });

  it("shows how alarms are, how they changed, who was told of them and who acknowledged", async () => {
    const now = Date.now();
    const places = await tables();
    const page = site.servers.flatMap(({ composites }) => composites).find(({ acts }) => acts)?.alarm ?? "";
    const cloudWatch = new CloudWatchClient(config());
    opened.push(cloudWatch);
    for (const AlarmName of [page, `${page}-of-another`]) {
      const base = {
        Namespace: "Test",
        MetricName: "Test",
        Period: 60,
        EvaluationPeriods: 1,
        Statistic: "Sum",
      } as const;
      const put = { ...base, AlarmName, Threshold: 1, ComparisonOperator: "GreaterThanThreshold" } as const;
      await cloudWatch.send(new PutMetricAlarmCommand(put));
      await cloudWatch.send(
        new SetAlarmStateCommand({ AlarmName, StateValue: "ALARM", StateReason: "it is down" }),
      );
    }
    const incidents = dynamoIncidents({ table: places.incidentsTable, keepDays: 1, client: config() });
    const fired = at(now - 2 * MINUTE);
    const incident = {
      id: incidentId(page, fired),
      environment: "staging",
      alarm: page,
      server: "memory",
      kind: "page",
      severity: "critical",
      escalation: "standard",
      escalates: true,
      text: "look",
      reason: "it is down",
      at: fired,
      drill: false,
      fast: false,
    } as const;
    await incidents.open(incident);
    await incidents.point(incident);
    const sent = { topic: "staging-standard-L1", messageId: "1" };
    await incidents.addSent(incident.id, { ...sent, kind: "told", level: "L1", at: at(now - 2 * MINUTE) });
    await incidents.addSent(incident.id, { ...sent, kind: "told", level: "L2", at: at(now - MINUTE) });
    const by = { by: "Ada", level: "L1", at: at(now - 1_000), note: "on it" };
    await incidents.acknowledge(incident.id, by);
    await dynamo().send(
      new UpdateItemCommand({
        TableName: places.incidentsTable,
        Key: { key: { S: incident.id } },
        UpdateExpression: "SET task = :task",
        ExpressionAttributeValues: { ":task": { S: "secret-token" } },
      }),
    );

    const ask = siteOver(places, now);
    const shown = (await serversOf(ask)).servers.flatMap(({ composites }) => composites);
    expect(shown.filter(({ state }) => state === "ALARM")).toMatchObject([
      { alarm: page, reason: "it is down" },
    ]);
    expect((await serversOf(ask)).health.alarms).toBe(1);
    const events = await eventsOf(ask);
    expect(events.map(({ event }) => event)).toMatchObject([
      { type: "message", kind: "alarm", level: "L1", to: ["staging-standard-L1"], elapsedMs: 0 },
      { type: "message", kind: "escalation", level: "L2", elapsedMs: MINUTE },
      { type: "acknowledged", by: "Ada", note: "on it" },
      { type: "transition", alarm: page, to: "ALARM", composite: true, acts: true },
    ]);
    expect(JSON.stringify(events)).not.toContain("secret-token");
    const [first, second] = events.map(({ id }) => id);
    expect((await eventsOf(ask, first)).at(0)?.id).toBe(second);
    expect(await eventsOf(ask, events.at(-1)?.id)).toEqual([]);
  });

  it("is the bundled function behind its address, which only reads", async () => {
    const folder = mkdtempSync(join(ministack().folder, "status-"));
    const bundle = bundleFunctions(folder).status;
    const places = await tables();
    await write(places, { results: [well("memory", Date.now())], now: Date.now() });
    writeFileSync(join(bundle, "status.json"), JSON.stringify({ site, places } satisfies StatusFile));
    const before = { ...process.env };
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: ministack().endpoint,
      AWS_REGION: "eu-west-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    });
    try {
      const module: unknown = await import(pathToFileURL(join(bundle, "index.mjs")).href);
      const { handler } = module as { handler(event: object): Promise<Answer> };
      const ask: Ask = async (path, method = "GET") => {
        const { statusCode, headers, body } = await handler(urlEvent(path, method));
        return new Response(method === "HEAD" ? null : body, { status: statusCode, headers });
      };
      await expectStatusApi(ask);
      expect((await serversOf(ask)).health.servers.healthy).toBe(1);
      const refused = await Promise.all(
        ["POST", "PUT", "DELETE", "OPTIONS"].map((verb) => ask("/status/health", verb)),
      );
      expect(refused.map(({ status, headers }) => [status, headers.get("allow")])).toEqual(
        refused.map(() => [405, "GET, HEAD"]),
      );
      expect((await ask("/")).status).toBe(404);
    } finally {
      process.env = before;
    }
  });
});

interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A request as a Function URL hands it on (payload format 2.0). */
function urlEvent(path: string, method: string): object {
  const [rawPath = "", rawQueryString = ""] = path.split("?");
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString,
    headers: { host: "abc.lambda-url.eu-west-1.on.aws" },
    requestContext: {
      domainName: "abc.lambda-url.eu-west-1.on.aws",
      http: { method, path: rawPath, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" },
    },
    isBase64Encoded: false,
  };
}
