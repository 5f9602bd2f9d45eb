import { randomBytes } from "node:crypto";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { type AwsRecord, AwsRecords } from "../aws-records.ts";
import { refusalsOf } from "../aws-rules.ts";
import { AWS_INVOKES, awsType } from "../aws-types.ts";
import type { JsonRecord } from "../json.ts";
import type { Behaviour } from "../provider.ts";
import { UNKNOWN } from "../provider-values.ts";
import { BUCKET_SETTINGS } from "./bucket-settings.ts";
import { type Clients, openClients } from "./clients.ts";
import { CLOUDWATCH } from "./cloudwatch.ts";
import { standing } from "./drift.ts";
import { DYNAMODB } from "./dynamodb.ts";
import { IAM } from "./iam.ts";
import { KMS } from "./kms.ts";
import { LAMBDA } from "./lambda.ts";
import { LOGS } from "./logs.ts";
import { S3 } from "./s3.ts";
import { SCHEDULER } from "./scheduler.ts";
import { SFN } from "./sfn.ts";
import { SNS } from "./sns.ts";
import { SQS } from "./sqs.ts";
import { type Existing, type Found, type Thing, type Things, tagsOf } from "./things.ts";

const THINGS: Things = {
  ...BUCKET_SETTINGS,
  ...CLOUDWATCH,
  ...DYNAMODB,
  ...IAM,
  ...KMS,
  ...LAMBDA,
  ...LOGS,
  ...S3,
  ...SCHEDULER,
  ...SFN,
  ...SNS,
  ...SQS,
};

/** Types that are kept as a record only, each with the reason. */
export const RECORDED: Readonly<Record<string, string>> = {
  "aws:cloudwatch/alarmMuteRule:AlarmMuteRule": "ministack 1.5.33 knows no PutAlarmMuteRule",
};

/** The AWS provider on an emulator. */
export interface MinistackAws extends Behaviour {
  /** What this provider made and did not delete, in the order in which it was made. Ask the emulator for what is. */
  resources(): readonly AwsRecord[];
  /** How many calls of the alarm API were refused for their pace. */
  throttled(): number;
}

/**
 * A thin AWS provider that makes the real things on ministack by the AWS SDK, and refuses before that what is plainly
 * illegal. What it answers as arn, id or url is the emulator's own. `callsPerSecond` limits each operation of
 * CloudWatch as AWS limits its alarm API.
 */
export function ministackAws({
  endpoint,
  callsPerSecond,
}: {
  readonly endpoint: string;
  readonly callsPerSecond?: number;
}): MinistackAws {
  return new Provider({ endpoint, ...(callsPerSecond === undefined ? {} : { callsPerSecond }) });
}

class Provider implements MinistackAws {
  readonly version = "7.48.0";
  readonly #aws: Clients;
  readonly #made = new Map<string, AwsRecord>();
  readonly #records = new AwsRecords();
  /** Physical names that were made up here: a replacement gets another one. */
  readonly #invented = new Set<string>();
  #throttled = 0;

  constructor(options: { readonly endpoint: string; readonly callsPerSecond?: number }) {
    const onThrottled = () => {
      this.#throttled += 1;
    };
    this.#aws = openClients({ ...options, onThrottled });
  }

  resources(): readonly AwsRecord[] {
    return [...this.#made.values(), ...this.#records.resources()];
  }

  throttled(): number {
    return this.#throttled;
  }

  async check({ type, name, oldInputs, inputs }: Parameters<Behaviour["check"]>[0]) {
    const { named } = awsType(type);
    if (named === undefined || inputs[named] !== undefined)
      return { inputs, failures: refusalsOf({ type, inputs }) };
    const invented = oldInputs[named] ?? `${name}-${randomBytes(4).toString("hex").slice(0, 7)}`;
    this.#invented.add(`${type} ${invented}`);
    const complete = { ...inputs, [named]: invented };
    return { inputs: complete, failures: refusalsOf({ type, inputs: complete }) };
  }

  replaces(args: Parameters<Behaviour["replaces"]>[0]): boolean {
    return this.#records.replaces(args);
  }

  /** A name that the program gives cannot be had twice at the same time. */
  deletesBeforeReplace({ type, inputs }: Parameters<Behaviour["deletesBeforeReplace"]>[0]): boolean {
    const { named } = awsType(type);
    if (named === undefined || this.#invented.has(`${type} ${inputs[named]}`)) return false;
    return this.resources().some((held) => held.type === type && held.inputs[named] === inputs[named]);
  }

  async create(args: Parameters<Behaviour["create"]>[0]) {
    const { urn, type, inputs, preview } = args;
    if (type in RECORDED) return this.#records.create(args);
    const thing = thingOf(type);
    if (preview) {
      const unknown = [...thing.computed, "id"].map((key) => [key, UNKNOWN]);
      return { id: "", outputs: { ...inputs, tagsAll: inputs.tags, ...Object.fromEntries(unknown) } };
    }
    const id = await thing.create({ aws: this.#aws, inputs });
    this.#refuseSecond({ urn, type, id, inputs });
    this.#keep({ urn, type, id, inputs });
    return { id, outputs: await this.#outputs(thing, { type, id, inputs }) };
  }

  async update(args: Parameters<Behaviour["update"]>[0]) {
    const { urn, type, id, inputs, preview } = args;
    if (type in RECORDED) return this.#records.update(args);
    const thing = thingOf(type);
    if (!preview) {
      const existing = { aws: this.#aws, id, inputs };
      await (thing.update ?? thing.create)(existing);
      if (thing.tags !== undefined) await this.#retag(thing, existing);
      this.#keep({ urn, type, id, inputs });
    }
    return { outputs: await this.#outputs(thing, { type, id, inputs }) };
  }

  async read(args: Parameters<Behaviour["read"]>[0]) {
    const { urn, type, id, inputs } = args;
    if (type in RECORDED) return this.#records.read(args);
    const thing = thingOf(type);
    const existing = { aws: this.#aws, id, inputs };
    const found = await orGone(() => thing.read(existing));
    if (found === undefined) {
      this.#made.delete(placeOf(args));
      return undefined;
    }
    const tags = await thing.tags?.list({ ...existing, arn: arnOf(found, id) });
    const tagged = inputs.tags !== undefined || Object.keys(tags ?? {}).length > 0;
    const stands = { ...standing(inputs, found.inputs), ...(tags !== undefined && tagged ? { tags } : {}) };
    this.#keep({ urn, type, id, inputs: stands });
    return { inputs: stands, outputs: { ...stands, tagsAll: tags ?? {}, ...found.outputs, id } };
  }

  async delete(args: Parameters<Behaviour["delete"]>[0]): Promise<void> {
    const { type, id, inputs } = args;
    if (type in RECORDED) return this.#records.delete(args);
    await orGone(() => thingOf(type).delete({ aws: this.#aws, id, inputs }));
    this.#made.delete(placeOf(args));
  }

  async invoke({ token }: Parameters<Behaviour["invoke"]>[0]): Promise<JsonRecord> {
    if (token === "aws:index/getCallerIdentity:getCallerIdentity") {
      const { Account, Arn, UserId } = await this.#aws.sts.send(new GetCallerIdentityCommand({}));
      return { id: Account, accountId: Account, arn: Arn, userId: UserId };
    }
    const answer = AWS_INVOKES[token];
    if (answer === undefined) throw new Error(`the provider on ministack does not know the look-up ${token}`);
    return answer;
  }

  async #outputs(thing: Thing, { type, id, inputs }: Omit<AwsRecord, "urn">): Promise<JsonRecord> {
    const found = await orGone(() => thing.read({ aws: this.#aws, id, inputs }));
    if (found === undefined) throw new Error(`${type} ${id} is not there after it was made`);
    return { ...inputs, tagsAll: tagsOf(inputs), ...found.outputs, id };
  }

  async #retag(thing: Thing, existing: Existing): Promise<void> {
    const found = await thing.read(existing);
    if (found === undefined || thing.tags === undefined) return;
    const place = { ...existing, arn: arnOf(found, existing.id) };
    const [before, all] = [await thing.tags.list(place), tagsOf(existing.inputs)];
    const added = Object.fromEntries(Object.entries(all).filter(([name, value]) => before[name] !== value));
    const removed = Object.keys(before).filter((name) => all[name] === undefined);
    if (Object.keys(added).length + removed.length > 0)
      await thing.tags.change({ ...place, added, removed, all });
  }

  #keep({ urn, type, id, inputs }: AwsRecord): void {
    this.#made.set(placeOf({ type, id, inputs }), { urn, type, id, inputs });
  }

  /** Many APIs put: the second of two would silently be the first, and the end of either the end of both. */
  #refuseSecond({ urn, ...made }: AwsRecord): void {
    const first = this.#made.get(placeOf(made));
    if (first !== undefined && first.urn !== urn)
      throw new Error(`${made.type} ${made.id} is there already, as ${first.urn}`);
  }
}

function thingOf(type: string): Thing {
  const thing = THINGS[type];
  if (thing === undefined)
    throw new Error(`${type} has no entry in test/support/aws: add one to the file of its service`);
  return thing;
}

/** Undefined when the service says that it does not exist. */
async function orGone<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Error && /NotFound|NoSuch|NonExistent|DoesNotExist/.test(error.name))
      return undefined;
    throw error;
  }
}

function arnOf({ outputs }: Found, id: string): string {
  return String(outputs.arn ?? id);
}

/** An id alone may be there twice: a filter of the same name in two log groups. */
function placeOf({ type, id, inputs }: Omit<AwsRecord, "urn">): string {
  const { named, fixed = [] } = awsType(type);
  return JSON.stringify([type, id, ...[named ?? [], fixed].flat().map((place) => inputs[place])]);
}
