import type { DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { CONNECT_MS, inTime, loadDynamoDb, reasonOf } from "../breaker/dynamodb.ts";
import type { Sink } from "../sinks/sink.ts";
import { ResultBoard } from "./board.ts";
import { packResults, unpackResults } from "./packed.ts";

/** DynamoDB takes items of 400 KB (409,600 bytes); the rest is for the key and the names of the attributes. */
const BODY_BYTES = 400_000;
/** After a day nobody takes a result for how a server is; DynamoDB removes the item. */
const KEPT_SECONDS = 24 * 60 * 60;

export interface DynamoResultsInput {
  /** Name of a table whose partition key is the string `key`. */
  readonly table: string;
  /** Which item of the table (`resultsKey`); runners that share one overwrite each other. */
  readonly key: string;
  /** Servers of the roster: results of others are forgotten. */
  readonly servers: ReadonlySet<string>;
  /**
   * Whether other processes write this item too, as where the warm processes of one function take its parts in turns:
   * then each flush reads it first, or what another has found since would be written over. @default false
   */
  readonly shared?: boolean;
  /** Takes one line about a table that cannot be read or written. */
  readonly tell: (problem: string) => void;
  /** Overrides what the SDK finds in the environment, such as the endpoint. @default nothing */
  readonly client?: DynamoDBClientConfig;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** The key of the item that holds the results of a part of a roster; a roster in one piece is part 1 of 1. */
export function resultsKey({ shard, of }: { readonly shard: number; readonly of: number }): string {
  return `results#${shard}/${of}`;
}

/**
 * The last result of every server of a part of a roster in one item, which each run writes anew; servers that were not
 * due keep what an earlier run found. A flush takes about a second at most and never throws: what was not kept is told.
 */
export function dynamoResults(input: DynamoResultsInput): Sink {
  const { table: TableName, key, servers, shared = false, tell, client: config = {}, now = Date.now } = input;
  const board = new ResultBoard({ now });
  let published = false;
  let merged = false;
  let opening: ReturnType<typeof openClient> | null = null;
  const opened = (): ReturnType<typeof openClient> => {
    opening ??= openClient(config).catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  const merge = async (abortSignal: AbortSignal): Promise<void> => {
    const { client, GetItemCommand } = await opened();
    const question = new GetItemCommand({ TableName, Key: { key: { S: key } } });
    const { Item } = await client.send(question, { abortSignal });
    // the board keeps the newer of two
    for (const result of earlier(Item?.body?.B)) if (servers.has(result.server)) board.publish({ result });
    merged = !shared;
  };
  const put = async (abortSignal: AbortSignal): Promise<void> => {
    const { client, PutItemCommand } = await opened();
    const results = board.results();
    const { body, kept } = packResults(results, BODY_BYTES);
    if (kept < results.length)
      tell(
        `DynamoDB table ${TableName}: ${results.length} results are too much for one item; ${kept} are kept; ` +
          "spread the roster over more shards",
      );
    const expires = String(Math.floor(now() / 1_000) + KEPT_SECONDS);
    const Item = { key: { S: key }, body: { B: body }, expires: { N: expires } };
    await client.send(new PutItemCommand({ TableName, Item }), { abortSignal });
  };
  const attempt = async (what: string, call: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    try {
      await inTime(call);
    } catch (error) {
      tell(
        `DynamoDB table ${TableName}: the results ${what} (${reasonOf(error)}); let the probe get and put its items`,
      );
    }
  };
  return {
    publish: ({ result }) => {
      published = true;
      board.publish({ result });
    },
    async flush() {
      // a run in which no server was due has nothing to say
      if (!published) return;
      published = false;
      if (!merged) await attempt("of earlier runs cannot be read", merge);
      await attempt("were not kept", put);
    },
  };
}

/** What an earlier run has left; an item that cannot be read is one that is written anew. */
function earlier(body: Uint8Array | undefined): ReturnType<typeof unpackResults> {
  try {
    return body === undefined ? [] : unpackResults(body);
  } catch {
    return [];
  }
}

async function openClient(config: DynamoDBClientConfig) {
  const { DynamoDBClient, GetItemCommand, PutItemCommand } = await loadDynamoDb();
  const requestHandler = { connectionTimeout: CONNECT_MS };
  return {
    client: new DynamoDBClient({ maxAttempts: 2, requestHandler, ...config }),
    GetItemCommand,
    PutItemCommand,
  };
}
