import type { DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { messageOf } from "../../catalog/errors.ts";
import { printable } from "../classify.ts";
import { startDeadline } from "../deadline.ts";
import { type BreakerSnapshot, type BreakerStore, parseSnapshots } from "./state.ts";

/** What one call may take in all, loading the SDK and finding credentials included. */
const CALL_MS = 1_000;
/** An address that does not answer is given up early enough to try another one, in milliseconds. */
export const CONNECT_MS = 400;
/** DynamoDB takes items of 400 KB (409,600 bytes); the rest is for the key and the names of the attributes. */
const BODY_BYTES = 400_000;
/** An item that nothing has changed for so long is removed by DynamoDB. */
const KEPT_SECONDS = 7 * 24 * 60 * 60;

export interface DynamoBreakerInput {
  /** Name of a table whose partition key is the string `key`. */
  readonly table: string;
  /** Which item of the table; runners that share one overwrite each other. */
  readonly key: string;
  /** Takes one line about a table that cannot be read or written. */
  readonly tell: (problem: string) => void;
  /** Overrides what the SDK finds in the environment, such as the endpoint. @default nothing */
  readonly client?: DynamoDBClientConfig;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/**
 * Breakers in one item of a DynamoDB table, for runners that have no disk of their own. Neither call takes much over
 * a second. The SDK is loaded by the first of them.
 */
export function dynamoBreakerStore({
  table,
  key,
  tell,
  client = {},
  now = Date.now,
}: DynamoBreakerInput): BreakerStore {
  let opened: Promise<Item> | null = null;
  const item = (): Promise<Item> => {
    opened ??= openItem({ table, key, client }).catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
  const tellOf = (what: string, { error, cure }: { error: unknown; cure: string }): void =>
    tell(`DynamoDB table ${table}: the breakers ${what} (${reasonOf(error)}); ${cure}`);
  /** What the item holds as far as is known. */
  let body: string | null = null;
  let newest: readonly BreakerSnapshot[] = [];
  let saving: Promise<void> = Promise.resolve();
  const put = async (snapshots: readonly BreakerSnapshot[]): Promise<void> => {
    const fitting = fittingOf(snapshots);
    if (fitting.body === body) return;
    if (fitting.kept < snapshots.length)
      tell(
        `DynamoDB table ${table}: all ${snapshots.length} breakers are too much for one item; ` +
          `${fitting.kept} open ones are kept; spread the roster over more shards`,
      );
    // whatever becomes of a call that fails, it may have arrived
    body = null;
    try {
      const expires = Math.floor(now() / 1_000) + KEPT_SECONDS;
      await inTime(async (signal) => (await item()).put({ body: fitting.body, expires }, signal));
      body = fitting.body;
    } catch (error) {
      tellOf("were not kept", { error, cure: "let the probe put items into it" });
    }
  };
  return {
    async load() {
      try {
        const found = await inTime(async (signal) => (await item()).get(signal));
        // DynamoDB may take days to remove what has expired
        const isThere = found !== null && found.expires * 1_000 > now();
        const snapshots = isThere ? parseSnapshots(found.body) : [];
        body = isThere ? found.body : JSON.stringify([]);
        return snapshots;
      } catch (error) {
        tellOf("cannot be read", { error, cure: "let the probe get items from it; all begin closed" });
        return [];
      }
    },
    save: (snapshots) => {
      newest = snapshots;
      // one after the other, and of those that wait the newest only
      saving = saving.then(() => (newest === snapshots ? put(snapshots) : undefined));
      return saving;
    },
  };
}

/** The one item of a store. Its calls reject with what the SDK says. */
interface Item {
  /** Null where there is none yet. */
  get(signal: AbortSignal): Promise<Content | null>;
  put(content: Content, signal: AbortSignal): Promise<void>;
}

interface Content {
  readonly body: string;
  /** Seconds since the epoch. */
  readonly expires: number;
}

async function openItem({
  table: TableName,
  key,
  client: config,
}: {
  readonly table: string;
  readonly key: string;
  readonly client: DynamoDBClientConfig;
}): Promise<Item> {
  const { DynamoDBClient, GetItemCommand, PutItemCommand } = await loadDynamoDb();
  const requestHandler = { connectionTimeout: CONNECT_MS };
  const client = new DynamoDBClient({ maxAttempts: 2, requestHandler, ...config });
  return {
    async get(abortSignal) {
      // what the last process wrote may be a moment old
      const question = new GetItemCommand({ TableName, Key: { key: { S: key } }, ConsistentRead: true });
      const { Item: found } = await client.send(question, { abortSignal });
      if (found === undefined) return null;
      return { body: found.body?.S ?? "", expires: Number(found.expires?.N ?? 0) };
    },
    async put({ body, expires }, abortSignal) {
      const content = { key: { S: key }, body: { S: body }, expires: { N: String(expires) } };
      await client.send(new PutItemCommand({ TableName, Item: content }), { abortSignal });
    },
  };
}

/** Loads the SDK. Of use by itself only where a process has more time before its first run than within it. */
export function loadDynamoDb(): Promise<typeof import("@aws-sdk/client-dynamodb")> {
  return import("@aws-sdk/client-dynamodb");
}

/** A call that is given up after a second, loading the SDK and finding credentials included. Rejects as the call does. */
export async function inTime<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = startDeadline(CALL_MS);
  try {
    return await deadline.bounded(call(deadline.signal));
  } catch (error) {
    // the SDK only says that it was stopped
    throw deadline.signal.aborted ? deadline.signal.reason : error;
  } finally {
    deadline.cancel();
  }
}

/** The state as text, and how many breakers are in it: all of them, or the open ones that one item can hold. */
function fittingOf(snapshots: readonly BreakerSnapshot[]): { readonly body: string; readonly kept: number } {
  const whole = JSON.stringify(snapshots);
  if (Buffer.byteLength(whole) <= BODY_BYTES) return { body: whole, kept: snapshots.length };
  const texts: string[] = [];
  let bytes = "[]".length;
  for (const snapshot of snapshots) {
    if (snapshot.state === "closed") continue;
    const text = JSON.stringify(snapshot);
    const size = Buffer.byteLength(text) + ",".length;
    if (bytes + size > BODY_BYTES) break;
    texts.push(text);
    bytes += size;
  }
  return { body: `[${texts.join(",")}]`, kept: texts.length };
}

/** Why a call failed, as one printable line: a signature that is refused is explained by the whole request, its token included. */
export function reasonOf(error: unknown): string {
  const [line = ""] = messageOf(error).split("\n");
  return printable(error instanceof Error ? `${error.name}: ${line}` : line);
}
