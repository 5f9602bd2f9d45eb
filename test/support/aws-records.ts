import { randomBytes } from "node:crypto";
import { namesInRule, refusalOfDelete, refusalsOf } from "./aws-rules.ts";
import { AWS_INVOKES, awsType } from "./aws-types.ts";
import { asString, isRecord, type JsonRecord } from "./json.ts";
import type { Behaviour, Subject } from "./provider.ts";
import { UNKNOWN } from "./provider-values.ts";

/** One thing that exists in the stand-in for AWS. */
export interface AwsRecord {
  readonly urn: string;
  readonly type: string;
  readonly id: string;
  readonly inputs: JsonRecord;
}

/**
 * A stand-in for the AWS provider: it keeps records and refuses what is plainly illegal. It proves that a
 * program hangs together, not that AWS would take it.
 */
export class AwsRecords implements Behaviour {
  readonly version = "7.48.0";
  readonly #records = new Map<string, AwsRecord>();
  #made = 0;

  /** What exists now, in the order in which it was made. */
  resources(): readonly AwsRecord[] {
    return [...this.#records.values()];
  }

  async check({ type, name, oldInputs, inputs }: Parameters<Behaviour["check"]>[0]) {
    const { named } = awsType(type);
    const complete =
      named === undefined || inputs[named] !== undefined
        ? inputs
        : { ...inputs, [named]: oldInputs[named] ?? `${name}-${randomBytes(4).toString("hex").slice(0, 7)}` };
    return { inputs: complete, failures: refusalsOf({ type, inputs: complete }) };
  }

  replaces({ type, path }: { readonly type: string; readonly path: string }): boolean {
    const { named, fixed = [] } = awsType(type);
    return path === named || fixed.some((key) => path === key || path.startsWith(`${key}.`));
  }

  deletesBeforeReplace(): boolean {
    return false;
  }

  async create({ urn, type, name, inputs, preview }: Parameters<Behaviour["create"]>[0]) {
    const { named } = awsType(type);
    if (preview) return { id: "", outputs: { ...unknownOutputs({ type, inputs }), ...inputs } };
    this.#made += 1;
    const physical = named === undefined ? `${name}-${this.#made}` : String(inputs[named]);
    const computed = computedOutputs({ type, name: physical, inputs });
    const id = idOf({ type, name: physical, computed });
    if (this.#records.has(key(type, id))) throw new Error(`${type} ${id} already exists`);
    this.#refuseMissingAlarms(inputs);
    this.#records.set(key(type, id), { urn, type, id, inputs });
    return { id, outputs: { ...computed, ...inputs, id } };
  }

  async update({ urn, type, id, inputs, preview }: Parameters<Behaviour["update"]>[0]) {
    const record = this.#get(type, id);
    if (!preview) {
      this.#refuseMissingAlarms(inputs);
      this.#records.set(key(type, id), { ...record, urn, inputs });
    }
    return { outputs: this.#outputs({ ...record, inputs }) };
  }

  async read({ type, id }: Parameters<Behaviour["read"]>[0]) {
    const record = this.#records.get(key(type, id));
    return record && { inputs: record.inputs, outputs: this.#outputs(record) };
  }

  async delete({ type, id }: Subject & { readonly id: string }): Promise<void> {
    const refusal = refusalOfDelete(this.#get(type, id), this.resources());
    if (refusal !== undefined) throw new Error(refusal);
    this.#records.delete(key(type, id));
  }

  async invoke({ token }: { readonly token: string }): Promise<JsonRecord> {
    const answer = AWS_INVOKES[token];
    if (answer === undefined) throw new Error(`the stand-in for AWS does not know the look-up ${token}`);
    return answer;
  }

  #get(type: string, id: string): AwsRecord {
    const record = this.#records.get(key(type, id));
    if (record === undefined) throw new Error(`${type} ${id} does not exist`);
    return record;
  }

  /** The name is in the id for every type that is named by the stand-in itself. */
  #outputs({ type, id, inputs }: AwsRecord): JsonRecord {
    const { named } = awsType(type);
    const name = named === undefined ? (id.split(":").at(-1) ?? id) : String(inputs[named]);
    return { ...computedOutputs({ type, name, inputs }), ...inputs, id };
  }

  /** CloudWatch takes a composite only when every alarm that it names exists. */
  #refuseMissingAlarms(inputs: JsonRecord): void {
    const existing = new Set(this.resources().flatMap(({ inputs: of }) => [of.name, of.alarmName]));
    const missing = namesInRule(asString(inputs.alarmRule) ?? "").filter((name) => !existing.has(name));
    if (missing.length > 0)
      throw new Error(`the alarm rule names alarms that do not exist: ${missing.join(", ")}`);
  }
}

interface Computed {
  readonly arn?: string;
  readonly url?: unknown;
}

function computedOutputs({
  type,
  name,
  inputs,
}: {
  readonly type: string;
  readonly name: string;
  readonly inputs: JsonRecord;
}): JsonRecord & Computed {
  const known = awsType(type);
  const arn = known.arn?.({ name, inputs });
  const own = known.outputs?.({ name, inputs, arn: arn ?? "" }) ?? {};
  const tags = isRecord(inputs.tags) ? { tagsAll: inputs.tags } : {};
  return { ...tags, ...own, ...(arn === undefined ? {} : { arn }) };
}

/** What a preview of a new resource can say: the keys, none of the values. */
function unknownOutputs({
  type,
  inputs,
}: {
  readonly type: string;
  readonly inputs: JsonRecord;
}): JsonRecord {
  const keys = Object.keys(computedOutputs({ type, name: UNKNOWN, inputs }));
  return Object.fromEntries([...keys, "id"].map((name) => [name, UNKNOWN]));
}

function idOf({
  type,
  name,
  computed,
}: {
  readonly type: string;
  readonly name: string;
  readonly computed: Computed;
}): string {
  const { id = "name" } = awsType(type);
  return id === "name" ? name : String(computed[id]);
}

function key(type: string, id: string): string {
  return `${type} ${id}`;
}
