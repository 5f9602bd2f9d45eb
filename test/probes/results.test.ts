import { randomBytes, randomUUID } from "node:crypto";
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { CheckResult, McpReading, PathVerdict } from "../../probes/result.ts";
import { ResultBoard } from "../../probes/results/board.ts";
import { type DynamoResultsInput, dynamoResults, resultsKey } from "../../probes/results/dynamodb.ts";
import { openResults } from "../../probes/results/open.ts";
import { packResults, resultsOf, unpackResults } from "../../probes/results/packed.ts";
import { silent } from "../support/faulty.ts";
import { describeWithMinistack } from "../support/ministack.ts";
import { failing, OK, observed, resultOf } from "../support/observation.ts";

/** The last results, kept for who shows them. The table is an emulator's: what AWS's own throttles is not proved. */

const START = Date.parse("2026-11-21T08:00:00.000Z");

function result(
  server: string,
  { minute = 0, mcp = OK }: { minute?: number; mcp?: PathVerdict & Partial<McpReading> } = {},
): CheckResult {
  return resultOf({ server, checkedAt: new Date(START + minute * 60_000).toISOString(), mcp });
}

function tellingNothing(problem: string): never {
  throw new Error(problem);
}

describe("packed results", () => {
  it("come out as they went in, whatever a server has said", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { maxLength: 20 }), (texts) => {
        const results = texts.map((detail, index) =>
          result(`s${index}`, { mcp: { ...failing("rpc"), detail } }),
        );
        const { body, kept } = packResults(results, 400_000);
        expect(kept).toBe(results.length);
        expect(unpackResults(body)).toEqual(JSON.parse(JSON.stringify(results)));
      }),
      { numRuns: 50 },
    );
  });

  it("fit into their bytes, and of too many those are kept that are not healthy", () => {
    const noise = (index: number) => ({
      ...failing("timeout"),
      detail: randomBytes(150).toString("hex") + index,
    });
    const well = Array.from({ length: 60 }, (_, index) =>
      result(`well-${index}-${randomBytes(60).toString("hex")}`),
    );
    const sick = Array.from({ length: 20 }, (_, index) => result(`sick-${index}`, { mcp: noise(index) }));
    const { body, kept } = packResults([...well, ...sick], 6_000);
    expect(body.byteLength).toBeLessThanOrEqual(6_000);
    const names = unpackResults(body).map(({ server }) => server);
    expect(names).toHaveLength(kept);
    expect(kept).toBeLessThan(80);
    expect(names.filter((name) => name.startsWith("sick"))).toHaveLength(20);
    // no more than that could have been kept by much
    expect(body.byteLength).toBeGreaterThan(5_000);
  });

  it("are read without what is no result, and not at all where nothing is packed", () => {
    const good = result("memory");
    const broken = [
      null,
      7,
      {},
      { ...good, status: "fine" },
      { ...good, checkedAt: "soon" },
      { ...good, mcp: null },
    ];
    expect(resultsOf([...broken, good])).toEqual([good]);
    expect(resultsOf({ results: [good] })).toEqual([]);
    expect(() => unpackResults(new Uint8Array([1, 2, 3]))).toThrow();
  });
});

describe("a board of results", () => {
  it("has the last result of each server, and how verdicts changed, with ids that grow", () => {
    const board = new ResultBoard({ now: () => START });
    board.publish(observed(result("memory")));
    board.publish(observed(result("filesystem")));
    board.publish(observed(result("memory", { minute: 2, mcp: failing("timeout") })));
    // one that began earlier and ends later does not come back
    board.publish(observed(result("memory", { minute: 1 })));
    expect(board.results().map(({ server, status }) => [server, status])).toEqual([
      ["filesystem", "healthy"],
      ["memory", "unhealthy"],
    ]);
    const changes = board.changes().map(({ event: { server, from, to } }) => [server, from, to]);
    expect(changes).toEqual([
      ["memory", null, "healthy"],
      ["filesystem", null, "healthy"],
      ["memory", "healthy", "unhealthy"],
    ]);
    const ids = board.changes().map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
  });

  it("keeps the newest 200 changes", () => {
    const board = new ResultBoard();
    for (let minute = 0; minute < 250; minute += 1)
      board.publish(observed(result("memory", { minute, mcp: minute % 2 === 0 ? OK : failing("timeout") })));
    expect(board.changes()).toHaveLength(200);
    expect(board.changes().at(-1)?.event.to).toBe("unhealthy");
  });
});

describe("the place of results", () => {
  it.each(["", "results.json", "dynamodb:", "dynamodb:a b"])("cannot be %j", (place) => {
    const roster = { environment: "staging", targets: [] };
    expect(() => openResults(place, { roster, tell: tellingNothing })).toThrow("ROLLCALL_RESULTS");
  });
});

describeWithMinistack("results in DynamoDB", (ministack) => {
  const config = () => ({
    endpoint: ministack().endpoint,
    region: "eu-west-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  let opened: DynamoDBClient | undefined;
  const client = (): DynamoDBClient => {
    opened ??= new DynamoDBClient(config());
    return opened;
  };
  afterAll(() => opened?.destroy());
  async function newTable(): Promise<string> {
    const TableName = `results-${randomUUID()}`;
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
  const key = resultsKey({ shard: 1, of: 1 });
  async function kept(table: string): Promise<[server: string, status: string][]> {
    const { Item } = await client().send(new GetItemCommand({ TableName: table, Key: { key: { S: key } } }));
    return unpackResults(Item?.body?.B ?? new Uint8Array()).map(({ server, status }) => [server, status]);
  }
  /** As one process of the function. */
  const process = (table: string, given: Partial<DynamoResultsInput> = {}) =>
    dynamoResults({
      table,
      key,
      servers: new Set(["memory", "filesystem"]),
      tell: tellingNothing,
      client: config(),
      now: () => START,
      ...given,
    });

  it("are one item that each run writes anew, and that a new process goes on with", async () => {
    const table = await newTable();
    const first = process(table);
    first.publish(observed(result("memory")), {});
    first.publish(observed(result("filesystem")), {});
    await first.flush();
    const second = process(table);
    second.publish(observed(result("memory", { minute: 1, mcp: failing("timeout") })), {});
    await second.flush();
    expect(await kept(table)).toEqual([
      ["filesystem", "healthy"],
      ["memory", "unhealthy"],
    ]);
    const { Item } = await client().send(
      new GetItemCommand({ TableName: table, Key: { key: { S: "results#1/1" } } }),
    );
    expect(Number(Item?.expires?.N)).toBe(START / 1_000 + 86_400);
  });

  it("are never older than what another process of the same function has found since", async () => {
    const table = await newTable();
    const [one, other] = [process(table, { shared: true }), process(table, { shared: true })];
    const found = async (store: typeof one, ...results: readonly CheckResult[]): Promise<void> => {
      for (const result of results) store.publish(observed(result), {});
      await store.flush();
    };
    await found(one, result("memory"), result("filesystem"));
    await found(
      other,
      result("memory", { minute: 1 }),
      result("filesystem", { minute: 1, mcp: failing("timeout") }),
    );
    // the slower server is not due in this minute, and this process knows only what it has found itself
    await found(one, result("memory", { minute: 2 }));
    expect(await kept(table)).toEqual([
      ["filesystem", "unhealthy"],
      ["memory", "healthy"],
    ]);
  });

  it("are those of the roster: who has left it is forgotten", async () => {
    const table = await newTable();
    const before = process(table, { servers: new Set(["memory", "gone"]) });
    for (const server of ["memory", "gone"]) before.publish(observed(result(server)), {});
    await before.flush();
    const after = process(table);
    after.publish(observed(result("filesystem")), {});
    await after.flush();
    expect((await kept(table)).map(([server]) => server)).toEqual(["filesystem", "memory"]);
  });

  it("are written over an item that nobody can read", async () => {
    const table = await newTable();
    const Item = { key: { S: key }, body: { B: new Uint8Array([1, 2, 3]) } };
    await client().send(new PutItemCommand({ TableName: table, Item }));
    const store = process(table);
    store.publish(observed(result("memory")), {});
    await store.flush();
    expect(await kept(table)).toEqual([["memory", "healthy"]]);
  });

  it("cost nothing in a run that has checked nobody", async () => {
    const store = process("nowhere");
    await store.flush();
  });

  it("never fail a run: what was not kept is told", async () => {
    const told: string[] = [];
    const store = process("nowhere", { tell: (line) => void told.push(line) });
    store.publish(observed(result("memory")), {});
    await store.flush();
    expect(told).toHaveLength(2);
    expect(told.at(-1)).toMatch(
      /^DynamoDB table nowhere: the results were not kept \(ResourceNotFoundException/,
    );
  });

  it("hold up a run for seconds at most where nothing answers", async () => {
    await using nobody = await silent();
    const told: string[] = [];
    const tell = (line: string): void => void told.push(line);
    const store = process("nowhere", { tell, client: { ...config(), endpoint: nobody.origin } });
    store.publish(observed(result("memory")), {});
    await store.flush();
    expect(told.at(-1)).toMatch(/were not kept/);
  }, 10_000);
});
