import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import {
  CreateTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  PutItemCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dynamoBreakerStore } from "../../probes/breaker/dynamodb.ts";
import { type BreakerSnapshot, type BreakerStore, parseSnapshots } from "../../probes/breaker/state.ts";
import { body, serve, silent } from "../support/faulty.ts";
import { describeWithMinistack } from "../support/ministack.ts";
import { over, target } from "../support/servers.ts";

/**
 * Breakers in a DynamoDB table. The table is an emulator's: what AWS's own would throttle is not proved here, nor that
 * it lets the probe's role in.
 */

const ROOT = join(import.meta.dirname, "..", "..");
const START = Date.parse("2026-11-21T08:00:00.000Z");
const WEEK_SECONDS = 604_800;
const KEY = "breakers#staging";
const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };

function configOf(endpoint: string): DynamoDBClientConfig {
  return { endpoint, region: "eu-west-1", credentials: CREDENTIALS };
}

function snapshot(given: Partial<BreakerSnapshot> = {}): BreakerSnapshot {
  return {
    server: "subject",
    path: "mcp",
    state: "open",
    failures: 3,
    openedAt: START,
    restingSince: START + 60_000,
    recoveryAttempts: 1,
    last: { failureClass: "timeout", detail: "no answer within 2000 ms" },
    ...given,
  };
}

function closed(server: string): BreakerSnapshot {
  return snapshot({ server, state: "closed", openedAt: null, restingSince: null, last: null });
}

function tellingNothing(problem: string): never {
  throw new Error(problem);
}

describeWithMinistack("the state of the breakers in DynamoDB", (ministack) => {
  let opened: DynamoDBClient | undefined;
  const client = (): DynamoDBClient => {
    opened ??= new DynamoDBClient(configOf(ministack().endpoint));
    return opened;
  };
  afterAll(() => opened?.destroy());

  async function newTable(TableName = `state-${randomUUID()}`): Promise<string> {
    await client().send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
      }),
    );
    return TableName;
  }

  /** What the table holds, by key. */
  async function items(table: string): Promise<Map<string, { body: unknown; expires: number }>> {
    const { Items = [] } = await client().send(new ScanCommand({ TableName: table }));
    return new Map(
      Items.map(({ key, body, expires }) => [
        key?.S ?? "",
        { body: JSON.parse(body?.S ?? "null"), expires: Number(expires?.N) },
      ]),
    );
  }

  async function put(table: string, { body, expires }: { body: string; expires: number }): Promise<void> {
    const Item = { key: { S: KEY }, body: { S: body }, expires: { N: String(expires) } };
    await client().send(new PutItemCommand({ TableName: table, Item }));
  }

  function storeOf(
    table: string,
    {
      tell = tellingNothing,
      now = () => START,
    }: { tell?: (problem: string) => void; now?: () => number } = {},
  ): BreakerStore {
    return dynamoBreakerStore({ table, key: KEY, tell, now, client: configOf(ministack().endpoint) });
  }

  describe("between processes", () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "rollcall-breakers-"));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    /** The Lambda's handler, called by a process of its own that is told nothing but the table and the roster. */
    async function invoke({
      table,
      roster,
      events = [{}],
    }: {
      table: string;
      roster: string;
      events?: object[];
    }): Promise<{ lines: Record<string, unknown>[]; told: string }> {
      const lambda = JSON.stringify(join(ROOT, "probes", "runners", "lambda.ts"));
      const script = `const { handler } = await import(${lambda});
        for (const event of ${JSON.stringify(events)}) await handler(event);
        process.exit(0);`;
      const { stdout, stderr } = await promisify(execFile)(
        process.execPath,
        ["--input-type=module", "-e", script],
        {
          cwd: folder,
          env: {
            PATH: process.env.PATH,
            ROLLCALL_ROSTER: roster,
            ROLLCALL_SINK: "log",
            ROLLCALL_BREAKERS: `dynamodb:${table}`,
            AWS_ENDPOINT_URL_DYNAMODB: ministack().endpoint,
            AWS_REGION: "eu-west-1",
            AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
            AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
          },
        },
      );
      const lines = stdout.trimEnd().split("\n");
      return { lines: lines.map((line) => JSON.parse(line)), told: stderr };
    }

    async function roster(servers: Record<string, string>): Promise<string> {
      const path = join(folder, `${randomUUID()}.json`);
      const targets = Object.entries(servers).map(([server, url]) => ({
        ...target({ server, mcp: over(url), timeoutMs: 5_000, allowPrivate: true }),
        everyMs: 60_000,
        samples: 1,
        breaker: { failures: 1, restMs: 3_600_000 },
      }));
      await writeFile(path, JSON.stringify({ environment: "staging", targets }));
      return path;
    }

    it("[STAT-02] a breaker that opened in one process is open in the next, which starts with nothing but the table", async () => {
      let questions = 0;
      await using sick = await serve((_, response) => {
        questions += 1;
        response.writeHead(500, { "content-type": "text/plain" }).end("sick");
      });
      const run = { table: await newTable(), roster: await roster({ subject: sick.url }) };
      const first = await invoke(run);
      expect(first).toMatchObject({
        told: "",
        lines: [{ server: "subject", status: "unhealthy", mcp: { failureClass: "http" } }],
      });
      const asked = questions;
      expect(asked).toBeGreaterThan(0);
      const kept = await items(run.table);
      expect([...kept.keys()]).toEqual([KEY]);
      const open = { server: "subject", path: "mcp", state: "open", failures: 1 };
      expect(kept.get(KEY)?.body).toMatchObject([open]);

      const second = await invoke(run);
      expect(questions).toBe(asked);
      expect(second).toMatchObject({
        told: "",
        lines: [{ server: "subject", status: "unhealthy", mcp: { failureClass: "http" } }],
      });
      expect(await items(run.table)).toEqual(kept);
    });

    it("[STAT-02] the parts of one roster keep their breakers in items of their own, even within one process", async () => {
      await using sick = await body("sick", "text/plain", 500);
      const names = ["a", "b", "c", "d", "e"];
      const table = await newTable();
      const path = await roster(Object.fromEntries(names.map((server) => [server, sick.url])));
      await invoke({ table, roster: path, events: [1, 2].map((shard) => ({ shard, of: 2 })) });
      const found = await items(table);
      expect(new Set(found.keys())).toEqual(new Set([`${KEY}#1/2`, `${KEY}#2/2`]));
      const kept = [...found.values()].flatMap((item) => parseSnapshots(JSON.stringify(item.body)));
      expect(kept).toHaveLength(names.length);
      expect(new Set(kept.map(({ server }) => server))).toEqual(new Set(names));
    });
  });

  it("[STAT-02] comes back as it was kept, and expires a week after it was", async () => {
    const table = await newTable();
    const snapshots = [snapshot(), snapshot({ path: "rest", state: "half-open" }), closed("other")];
    await storeOf(table).save(snapshots);
    expect(await storeOf(table).load()).toEqual(snapshots);
    expect((await items(table)).get(KEY)?.expires).toBe(START / 1_000 + WEEK_SECONDS);
    const weekLater = START + WEEK_SECONDS * 1_000;
    expect(await storeOf(table, { now: () => weekLater - 1 }).load()).toEqual(snapshots);
    // DynamoDB may take days to remove it
    expect(await storeOf(table, { now: () => weekLater }).load()).toEqual([]);
  });

  it("is empty where there is no item yet, and is not written before something changes", async () => {
    const table = await newTable();
    const store = storeOf(table);
    expect(await store.load()).toEqual([]);
    await store.save([]);
    expect(await items(table)).toEqual(new Map());
  });

  it("is written only when it differs from what was loaded or kept last", async () => {
    const table = await newTable();
    const clock = { at: START };
    const writtenAt = async () => ((await items(table)).get(KEY)?.expires ?? 0) - WEEK_SECONDS;
    await storeOf(table).save([snapshot()]);
    const store = storeOf(table, { now: () => clock.at });
    const loaded = await store.load();
    clock.at += 60_000;
    await store.save(loaded);
    expect(await writtenAt()).toBe(START / 1_000);
    await store.save([snapshot({ failures: 4 })]);
    expect(await writtenAt()).toBe(START / 1_000 + 60);
    clock.at += 60_000;
    await store.save([snapshot({ failures: 4 })]);
    expect(await writtenAt()).toBe(START / 1_000 + 60);
    await store.save([]);
    expect((await items(table)).get(KEY)).toEqual({ body: [], expires: START / 1_000 + 120 + WEEK_SECONDS });
  });

  it("keeps the newest of many saves", async () => {
    const table = await newTable();
    const store = storeOf(table);
    const states = Array.from({ length: 20 }, (_, failures) => [snapshot({ failures })]);
    await Promise.all(states.map((state) => store.save(state)));
    expect((await items(table)).get(KEY)?.body).toEqual(states.at(-1));
  });

  it("keeps the open breakers only where all are too much for one item, and says so once", async () => {
    const table = await newTable();
    const told: string[] = [];
    const store = storeOf(table, { tell: (problem) => told.push(problem) });
    const open = Array.from({ length: 40 }, (_, index) => snapshot({ server: `open-${index}` }));
    const many = Array.from({ length: 3_000 }, (_, index) => closed(`closed-${index}`));
    await store.save([...many, ...open]);
    await store.save([...many.toReversed(), ...open]);
    expect(await storeOf(table).load()).toEqual(open);
    expect(told).toEqual([
      expect.stringContaining("all 3040 breakers are too much for one item; 40 open ones"),
    ]);
  });

  it("keeps as many open breakers as one item can hold, counted in bytes", async () => {
    const table = await newTable();
    const told: string[] = [];
    const store = storeOf(table, { tell: (problem) => told.push(problem) });
    const last = { failureClass: "http", detail: "ü".repeat(200) } as const;
    const open = Array.from({ length: 2_000 }, (_, index) => snapshot({ server: `open-${index}`, last }));
    await store.save(open);
    const kept = await storeOf(table).load();
    expect(kept).toEqual(open.slice(0, kept.length));
    const bytes = Buffer.byteLength(JSON.stringify(kept));
    expect(bytes).toBeLessThanOrEqual(400_000);
    expect(bytes).toBeGreaterThan(399_000);
    expect(told).toEqual([expect.stringContaining(`${kept.length} open ones are kept`)]);
  });

  it.each([
    ["half a document", JSON.stringify([snapshot()]).slice(0, 40)],
    ["another document", "{}"],
    ["an open breaker that never opened", JSON.stringify([snapshot({ openedAt: null })])],
  ])("tells %s in one line, begins anew, and writes over it", async (_what, text) => {
    const table = await newTable();
    await put(table, { body: text, expires: START / 1_000 + WEEK_SECONDS });
    const told: string[] = [];
    const store = storeOf(table, { tell: (problem) => told.push(problem) });
    expect(await store.load()).toEqual([]);
    expect(told).toEqual([
      expect.stringMatching(/^DynamoDB table state-.*: the breakers cannot be read \(.*$/),
    ]);
    await store.save([]);
    expect((await items(table)).get(KEY)?.body).toEqual([]);
    expect(told).toHaveLength(1);
  });

  it("tells a table that is not there in one line a call, and goes on once it is", async () => {
    const told: string[] = [];
    const table = `absent-${randomUUID()}`;
    const store = storeOf(table, { tell: (problem) => told.push(problem) });
    expect(await store.load()).toEqual([]);
    await store.save([snapshot()]);
    expect(told).toEqual([
      expect.stringMatching(/cannot be read \(ResourceNotFoundException.*; let the probe get items from it/),
      expect.stringMatching(/were not kept \(ResourceNotFoundException.*; let the probe put items into it$/),
    ]);
    await newTable(table);
    await store.save([snapshot()]);
    expect(await store.load()).toEqual([snapshot()]);
    expect(told).toHaveLength(2);
  });
});

describe("a DynamoDB that fails", () => {
  function failing(endpoint: string): { store: BreakerStore; told: string[] } {
    const told: string[] = [];
    const tell = (problem: string): void => void told.push(problem);
    return {
      store: dynamoBreakerStore({ table: "state", key: KEY, tell, client: configOf(endpoint) }),
      told,
    };
  }

  it("costs a run a second and a line when it never answers, and no error", async () => {
    await using mute = await silent();
    const { store, told } = failing(mute.origin);
    expect(await store.load()).toEqual([]);
    await store.save([snapshot()]);
    expect(told).toEqual([
      expect.stringMatching(/the breakers cannot be read \(.*no answer within 1000 ms\)/),
      expect.stringMatching(/the breakers were not kept \(.*no answer within 1000 ms\)/),
    ]);
  });

  it("keeps to its second when credentials are what never comes", async () => {
    const told: string[] = [];
    const store = dynamoBreakerStore({
      table: "state",
      key: KEY,
      tell: (problem) => told.push(problem),
      client: { ...configOf("http://127.0.0.1:9"), credentials: () => new Promise(() => undefined) },
    });
    expect(await store.load()).toEqual([]);
    expect(told).toEqual([expect.stringContaining("no answer within 1000 ms")]);
  });

  it("may have kept what it did not confirm: the state before is written anew", async () => {
    const puts: string[] = [];
    await using flaky = await serve(async (request, response) => {
      const { Item } = JSON.parse(await text(request));
      puts.push(Item.body.S);
      const refused = { __type: "com.amazonaws.dynamodb.v20120810#AccessDeniedException", message: "no" };
      const [code, answer] = puts.length === 2 ? [400, refused] : [200, {}];
      response.writeHead(code, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify(answer));
    });
    const { store, told } = failing(flaky.origin);
    const [before, after] = [[snapshot({ failures: 3 })], [snapshot({ failures: 4 })]];
    for (const state of [before, after, before]) await store.save(state);
    expect(puts).toEqual([before, after, before].map((state) => JSON.stringify(state)));
    expect(told).toEqual([expect.stringContaining("were not kept (AccessDeniedException: no)")]);
    // of those that wait, the newest is all that counts
    await Promise.all([5, 6, 7].map((failures) => store.save([snapshot({ failures })])));
    expect(puts.slice(3)).toEqual([JSON.stringify([snapshot({ failures: 7 })])]);
  });

  it("is told without the request that it refused, which holds the session's token", async () => {
    const message =
      "The request signature we calculated does not match. The Canonical String should have been\n" +
      "'POST\n/\n\nx-amz-security-token:FwoGZXIvYXdzEXAMPLE\n'";
    const type = "com.amazon.coral.service#InvalidSignatureException";
    await using refusing = await body(
      JSON.stringify({ __type: type, message }),
      "application/x-amz-json-1.0",
      400,
    );
    const { store, told } = failing(refusing.origin);
    expect(await store.load()).toEqual([]);
    expect(told).toEqual([expect.stringContaining("InvalidSignatureException: The request signature")]);
    expect(told.join()).not.toContain("FwoGZXIvYXdz");
    expect(told.join()).not.toContain("\n");
  });
});
