import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { TASK_TOKEN } from "../../plan/escalation-steps.ts";
import {
  type Acknowledgement,
  hearersOf,
  type Incident,
  type IncidentRecord,
  incidentSchema,
  type Place,
  type Sent,
} from "./incident.ts";
import { LIMITS } from "./limits.ts";

const DAY_SECONDS = 86_400;

/** The table of the incidents. Every call rejects with what the SDK says. */
export interface Incidents {
  /** Writes an incident down; one that is there stays as it is. */
  open(incident: Incident): Promise<void>;
  /** Makes it the newest incident of its alarm; asked again, it answers the same. */
  point(incident: Incident): Promise<Pointed>;
  /**
   * Ends an incident whose alarm has fired anew without having been reported as over: `by` takes its place, and those
   * who know of it. Its record, or undefined where it was over or is unknown; asked again, it answers the same.
   */
  supersede(id: string, by: Incident): Promise<IncidentRecord | undefined>;
  find(id: string): Promise<IncidentRecord | undefined>;
  addSent(id: string, sent: Sent): Promise<void>;
  /** The record with the acknowledgement that counts, which is the first; undefined where it is over or unknown. */
  acknowledge(id: string, by: Acknowledgement): Promise<IncidentRecord | undefined>;
  /** Writes down that an alarm is over since `at`; the incident that ends by it, where there is one. */
  recover(alarm: string, at: string): Promise<IncidentRecord | undefined>;
  /** Where the message with this id has arrived: ISO 8601 by target. */
  arrivals(messageId: string): Promise<ReadonlyMap<string, string>>;
  addArrival(messageId: string, arrival: { readonly target: string; readonly at: string }): Promise<void>;
}

/** Where an incident stands among those of its alarm. */
export interface Pointed {
  /** `older` where a newer one is, `over` where the alarm has been reported as over since. */
  readonly place: "newest" | "older" | "over";
  /** The newest incident until then. */
  readonly replaced: string | null;
}

export interface IncidentsInput {
  /** Name of a table whose partition key is the string `key`. */
  readonly table: string;
  /** Days that an item stays after its last change. */
  readonly keepDays: number;
  /** Overrides what the SDK finds in the environment, such as the endpoint. @default nothing */
  readonly client?: DynamoDBClientConfig;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

type Attributes = Readonly<Record<string, AttributeValue>>;

/** Incidents in a table of DynamoDB. Times are written as ISO 8601 in UTC, so that their texts sort as they do. */
export function dynamoIncidents({
  table,
  keepDays,
  client: config,
  now = Date.now,
}: IncidentsInput): Incidents {
  const client = new DynamoDBClient({ ...LIMITS, ...config });
  const expires = (): AttributeValue => ({ N: String(Math.floor(now() / 1_000) + keepDays * DAY_SECONDS) });
  /** The item after the change, or undefined where its condition did not hold. */
  const change = async (
    key: string,
    { set, when, values, names = {} }: Change,
  ): Promise<Attributes | undefined> => {
    const input: UpdateItemCommandInput = {
      TableName: table,
      Key: { key: { S: key } },
      UpdateExpression: `SET ${set}, expires = :expires`,
      ExpressionAttributeValues: { ...values, ":expires": expires() },
      ReturnValues: "ALL_NEW",
      ...(when === undefined ? {} : { ConditionExpression: when }),
      ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: { ...names } }),
    };
    return held(client.send(new UpdateItemCommand(input)).then(({ Attributes = {} }) => Attributes));
  };
  const get = async (key: string): Promise<Attributes | undefined> => {
    const question = new GetItemCommand({ TableName: table, Key: { key: { S: key } }, ConsistentRead: true });
    return (await client.send(question)).Item;
  };
  return {
    async open(incident) {
      const Item = { key: { S: incident.id }, incident: { S: JSON.stringify(incident) }, expires: expires() };
      const names = { "#key": "key" };
      const put = { TableName: table, Item, ConditionExpression: "attribute_not_exists(#key)" };
      await held(client.send(new PutItemCommand({ ...put, ExpressionAttributeNames: names })));
    },
    async point({ id, alarm, at }) {
      const values = { ":id": { S: id }, ":at": { S: at } };
      const first = await change(pointerOf(alarm), {
        set: "replaced = if_not_exists(incident, :id), incident = :id, firedAt = :at",
        when: "(attribute_not_exists(incident) OR incident <> :id) AND (attribute_not_exists(firedAt) OR firedAt <= :at)",
        values,
      });
      // a delivery that failed half-way comes again, and has to find what it replaced: that is kept in the item
      const item =
        first ?? (await change(pointerOf(alarm), { set: "firedAt = :at", when: "incident = :id", values }));
      if (item === undefined) return { place: "older", replaced: null };
      const replaced = item.replaced?.S ?? id;
      return {
        place: (item.overAt?.S ?? "") > at ? "over" : "newest",
        replaced: replaced === id ? null : replaced,
      };
    },
    async supersede(id, { id: by, at }) {
      const item = await change(id, {
        set: "recovered = if_not_exists(recovered, :at), superseded = :by",
        when: "attribute_exists(incident) AND (attribute_not_exists(recovered) OR superseded = :by)",
        values: { ":at": { S: at }, ":by": { S: by } },
      });
      const record = recordFrom(item);
      if (record === undefined) return undefined;
      const heard = JSON.stringify(hearersOf(record));
      await change(by, { set: "heard = :heard", values: { ":heard": { S: heard } } });
      return record;
    },
    find: async (id) => recordFrom(await get(id)),
    async addSent(id, sent) {
      await change(id, {
        set: "sent = list_append(if_not_exists(sent, :none), :one)",
        values: { ":none": { L: [] }, ":one": { L: [{ S: JSON.stringify(sent) }] } },
      });
    },
    async acknowledge(id, by) {
      const item = await change(id, {
        set: "acknowledged = :by",
        when: "attribute_exists(incident) AND attribute_not_exists(acknowledged) AND attribute_not_exists(recovered)",
        values: { ":by": { S: JSON.stringify(by) } },
      });
      const record = recordFrom(item ?? (await get(id)));
      return record?.acknowledged === null ? undefined : record;
    },
    async recover(alarm, at) {
      const pointer = await change(pointerOf(alarm), {
        set: "overAt = :at",
        when: "attribute_not_exists(overAt) OR overAt <= :at",
        values: { ":at": { S: at } },
      });
      const id = pointer?.incident?.S;
      if (id === undefined || (pointer?.firedAt?.S ?? "") > at) return undefined;
      const item = await change(id, {
        set: "recovered = if_not_exists(recovered, :at)",
        when: "attribute_exists(incident)",
        values: { ":at": { S: at } },
      });
      return recordFrom(item);
    },
    async arrivals(messageId) {
      const { key: _key, expires: _expires, ...targets } = (await get(messageKey(messageId))) ?? {};
      return new Map(Object.entries(targets).map(([target, { S = "" }]) => [target, S]));
    },
    async addArrival(messageId, { target, at }) {
      const names = { "#target": target };
      await change(messageKey(messageId), { set: "#target = :at", values: { ":at": { S: at } }, names });
    },
  };
}

interface Change {
  /** The assignments of an update expression. */
  readonly set: string;
  readonly when?: string;
  readonly values: Attributes;
  readonly names?: Readonly<Record<string, string>>;
}

/** Undefined where the condition of the call did not hold. */
async function held<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}

/** The incident that an item holds; undefined where it holds none. */
export function recordFrom(item: Attributes | undefined): IncidentRecord | undefined {
  if (item?.incident?.S === undefined) return undefined;
  const { incident, sent, acknowledged, recovered, superseded, heard, [TASK_TOKEN]: task } = item;
  return {
    incident: incidentSchema.parse(JSON.parse(incident.S ?? "")),
    sent: (sent?.L ?? []).map(({ S = "" }) => JSON.parse(S) as Sent),
    acknowledged: acknowledged?.S === undefined ? null : (JSON.parse(acknowledged.S) as Acknowledgement),
    recovered: recovered?.S ?? null,
    superseded: superseded?.S ?? null,
    heard: JSON.parse(heard?.S ?? "[]") as Place[],
    task: task?.S ?? null,
  };
}

/** The item that says which incident of an alarm is its newest. An incident's own key is 32 hexadecimal digits. */
export const pointerOf = (alarm: string): string => `alarm ${alarm}`;
const messageKey = (messageId: string): string => `message ${messageId}`;
