import { randomBytes } from "node:crypto";
import { asArray, asRecord, asString, isRecord, type JsonRecord } from "./json.ts";
import { type KubeClient, type KubeKind, refusalOf } from "./kube-client.ts";
import type { Behaviour, Subject } from "./provider.ts";

/** One object that the program made and that the API server holds. */
export interface KubeObject {
  readonly urn: string;
  readonly type: string;
  /** `<namespace>/<name>`, or the name alone where the kind has no namespaces. */
  readonly id: string;
  readonly inputs: JsonRecord;
}

/** A warning that the API server sent with its answer. */
export interface KubeWarning {
  readonly urn: string;
  readonly text: string;
}

/**
 * Kinds of the Prometheus operator may stand in a program though the API server of a test has not their
 * CRDs: they are then only kept as records. Any other kind that the API server does not serve is an error.
 */
const RECORDED_GROUPS = ["monitoring.coreos.com"];
const FIELD_MANAGER = "rollcall-stand-in";
const AUTONAMED = "pulumi.com/autonamed";

/** Inputs that Kubernetes, or the vendor's provider, cannot change in place; by kind, beside the common ones. */
const FIXED_PATHS = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];
const FIXED_PATHS_OF: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: ["data", "binaryData"],
  Deployment: ["spec.selector"],
  Job: ["spec.selector", "spec.template", "spec.completions"],
  Secret: ["type", "data", "stringData"],
  Service: ["spec.clusterIP"],
};

/**
 * A stand-in for the Kubernetes provider: objects are sent to a real API server by server-side apply, and
 * what that refuses becomes the resource's error, as does an object that is to be made and is there. It does not
 * wait for anything to become ready.
 */
export class KubeObjects implements Behaviour {
  readonly version = "4.34.2";
  readonly #client: KubeClient;
  readonly #objects = new Map<string, KubeObject>();
  readonly #warnings: KubeWarning[] = [];

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** What exists now, in the order in which it was made. */
  resources(): readonly KubeObject[] {
    return [...this.#objects.values()];
  }

  /** Every warning since the start. */
  get warnings(): readonly KubeWarning[] {
    return this.#warnings;
  }

  async check({ type, name, oldInputs, inputs }: Parameters<Behaviour["check"]>[0]) {
    const kind = await this.#kind(inputs, type);
    return { inputs: named({ name, oldInputs, inputs, namespaced: kind?.namespaced ?? true }), failures: [] };
  }

  replaces({ type, path }: { readonly type: string; readonly path: string }): boolean {
    const fixed = [...FIXED_PATHS, ...(FIXED_PATHS_OF[type.split(":").at(-1) ?? ""] ?? [])];
    return fixed.some((key) => path === key || path.startsWith(`${key}.`) || path.startsWith(`${key}[`));
  }

  /** As the vendor's provider: only where the new one would have the name and namespace of the old one. */
  deletesBeforeReplace({ type, inputs }: { readonly type: string; readonly inputs: JsonRecord }): boolean {
    return !isAutonamed(inputs) && this.#objects.has(`${type} ${idOf(inputs)}`);
  }

  async create({ urn, type, inputs, preview }: Parameters<Behaviour["create"]>[0]) {
    const id = idOf(inputs);
    if (preview) return { id, outputs: inputs };
    const object = { urn, type, id, inputs };
    // asked, not left to a POST: what one manager posts and later applies, it owns twice and can never take out again
    const taken = await this.read({ urn, type, id, inputs });
    if (taken !== undefined) throw new Error(`${key(object)} already exists`);
    const outputs = await this.#apply(object);
    this.#objects.set(key(object), object);
    return { id, outputs };
  }

  async update({ urn, type, id, inputs, preview }: Parameters<Behaviour["update"]>[0]) {
    if (preview) return { outputs: inputs };
    const object = { urn, type, id, inputs };
    const outputs = await this.#apply(object);
    this.#objects.set(key(object), object);
    return { outputs };
  }

  async read({ type, id, inputs }: Omit<Parameters<Behaviour["read"]>[0], "name">) {
    const kind = await this.#kind(inputs, type);
    if (kind === undefined) {
      const record = this.#objects.get(`${type} ${id}`);
      return record && { inputs: record.inputs, outputs: record.inputs };
    }
    const answer = await this.#client.request("GET", pathOf(kind, inputs));
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw new Error(refusalOf(answer));
    const live = withoutBookkeeping(asRecord(answer.body));
    return { inputs: asRecord(liveValues({ inputs, live })), outputs: live };
  }

  async delete({ type, id, inputs }: Subject & { readonly id: string; readonly inputs: JsonRecord }) {
    const kind = await this.#kind(inputs, type);
    if (kind !== undefined) {
      const answer =
        kind.plural === "namespaces"
          ? await this.#client.deleteNamespace(id)
          : await this.#client.request("DELETE", `${pathOf(kind, inputs)}?propagationPolicy=Background`);
      if (answer.status >= 300 && answer.status !== 404) throw new Error(refusalOf(answer));
    }
    this.#objects.delete(`${type} ${id}`);
  }

  async invoke({ token }: { readonly token: string }): Promise<JsonRecord> {
    throw new Error(`the stand-in for Kubernetes does not know the look-up ${token}`);
  }

  async #apply({ urn, type, inputs }: KubeObject): Promise<JsonRecord> {
    const kind = await this.#kind(inputs, type);
    if (kind === undefined) return inputs;
    const path = `${pathOf(kind, inputs)}?fieldManager=${FIELD_MANAGER}&force=true&fieldValidation=Strict`;
    const answer = await this.#client.request("PATCH", path, inputs, "application/apply-patch+yaml");
    this.#warnings.push(...answer.warnings.map((text) => ({ urn, text })));
    if (answer.status >= 300) throw new Error(refusalOf(answer));
    return withoutBookkeeping(asRecord(answer.body));
  }

  /** Undefined for a kind that is only recorded. */
  async #kind(inputs: JsonRecord, type: string): Promise<KubeKind | undefined> {
    const apiVersion = asString(inputs.apiVersion) ?? "";
    const kind = asString(inputs.kind) ?? "";
    const found = await this.#client.kind(apiVersion, kind);
    if (found === undefined && !RECORDED_GROUPS.includes(apiVersion.split("/")[0] ?? "")) {
      throw new Error(`the API server serves no ${kind} of ${apiVersion} (${type})`);
    }
    return found;
  }
}

/** The inputs with a name and, where the kind has namespaces, a namespace; a made-up name is kept for good. */
function named({
  name,
  oldInputs,
  inputs,
  namespaced,
}: {
  readonly name: string;
  readonly oldInputs: JsonRecord;
  readonly inputs: JsonRecord;
  readonly namespaced: boolean;
}): JsonRecord {
  const metadata = asRecord(inputs.metadata);
  const place = namespaced ? { namespace: metadata.namespace ?? "default" } : {};
  if (metadata.name !== undefined) return { ...inputs, metadata: { ...metadata, ...place } };
  const kept = isAutonamed(oldInputs) ? asRecord(oldInputs.metadata).name : undefined;
  const annotations = { ...asRecord(metadata.annotations), [AUTONAMED]: "true" };
  const made = kept ?? `${name}-${randomBytes(4).toString("hex")}`;
  return { ...inputs, metadata: { ...metadata, ...place, name: made, annotations } };
}

function isAutonamed(inputs: JsonRecord): boolean {
  return asRecord(asRecord(inputs.metadata).annotations)[AUTONAMED] === "true";
}

function idOf(inputs: JsonRecord): string {
  const { namespace, name } = asRecord(inputs.metadata);
  return namespace === undefined ? String(name) : `${namespace}/${name}`;
}

function pathOf({ root, plural, namespaced }: KubeKind, inputs: JsonRecord): string {
  const { namespace, name } = asRecord(inputs.metadata);
  return namespaced ? `${root}/namespaces/${namespace}/${plural}/${name}` : `${root}/${plural}/${name}`;
}

function key({ type, id }: KubeObject): string {
  return `${type} ${id}`;
}

function withoutBookkeeping(object: JsonRecord): JsonRecord {
  const { managedFields: _, ...metadata } = asRecord(object.metadata);
  return { ...object, metadata };
}

/** What stands in the API server at every place that the program wrote; so a refresh sees what was changed by hand. */
function liveValues({ inputs, live }: { readonly inputs: unknown; readonly live: unknown }): unknown {
  if (isRecord(inputs)) {
    const found = asRecord(live);
    return Object.fromEntries(
      Object.entries(inputs)
        // Write-only: the API server answers it as `data`.
        .filter(([name]) => name === "stringData" || found[name] !== undefined)
        .map(([name, value]) => [
          name,
          name === "stringData" ? value : liveValues({ inputs: value, live: found[name] }),
        ]),
    );
  }
  if (Array.isArray(inputs)) {
    return asArray(live).map((value, index) => liveValues({ inputs: inputs[index], live: value }));
  }
  return live;
}
