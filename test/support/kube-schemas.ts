import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asArray, asRecord, isRecord, type JsonRecord } from "./json.ts";
import type { KubeClient } from "./kube-client.ts";

/** Where kubeconform looks in the folder; the core group is called by its version. */
export const SCHEMA_TEMPLATE = "{{.Group}}/{{.ResourceAPIVersion}}/{{.ResourceKind}}.json";

/**
 * Writes a JSON Schema of each kind that the API server serves in these versions (`apps/v1`, `v1`), strict: a field that
 * is not in it is an error. Definitions of the API server's own, those of its custom resources included.
 */
export async function writeSchemas(
  client: KubeClient,
  { apiVersions, folder }: { readonly apiVersions: readonly string[]; readonly folder: string },
): Promise<void> {
  for (const apiVersion of new Set(apiVersions)) {
    const path = apiVersion.includes("/")
      ? `/openapi/v3/apis/${apiVersion}`
      : `/openapi/v3/api/${apiVersion}`;
    const { status, body } = await client.request("GET", path);
    if (status !== 200) throw new Error(`${path}: HTTP ${status}`);
    const definitions = asRecord(asRecord(asRecord(body).components).schemas);
    for (const [name, schema] of Object.entries(definitions)) {
      for (const { group, version, kind } of kindsOf(schema)) {
        if (`${group}${group === "" ? "" : "/"}${version}` !== apiVersion) continue;
        const place = join(folder, group === "" ? version : group, version);
        mkdirSync(place, { recursive: true });
        writeFileSync(join(place, `${kind.toLowerCase()}.json`), JSON.stringify(schemaOf(name, definitions)));
      }
    }
  }
}

function schemaOf(name: string, definitions: JsonRecord): JsonRecord {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    $ref: reference(name),
    definitions: Object.fromEntries(
      Object.entries(definitions).map(([one, schema]) => [one, strict(schema)]),
    ),
  };
}

const reference = (name: string): string => `#/definitions/${name}`;

/** OpenAPI 3.0 as a JSON Schema, in which an object with named fields takes no others. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (!isRecord(schema)) return schema;
  const { $ref, nullable, properties, ...rest } = schema;
  if (typeof $ref === "string") return { $ref: reference($ref.split("/").at(-1) ?? "") };
  const type = nullable === true && typeof rest.type === "string" ? { type: [rest.type, "null"] } : {};
  const open = rest["x-kubernetes-preserve-unknown-fields"] === true || "additionalProperties" in rest;
  // a number or a text, by Kubernetes' own word; there is no type to be asked for
  if (rest["x-kubernetes-int-or-string"] === true) return { type: ["integer", "string"] };
  const below = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, strict(value)]));
  if (!isRecord(properties)) return { ...below, ...type };
  const fields = Object.entries(properties).map(([key, value]) => [key, strict(value)]);
  return {
    ...below,
    ...type,
    properties: Object.fromEntries(fields),
    ...(open ? {} : { additionalProperties: false }),
  };
}

function kindsOf(schema: unknown): { group: string; version: string; kind: string }[] {
  return asArray(asRecord(schema)["x-kubernetes-group-version-kind"]).map((entry) => {
    const { group, version, kind } = asRecord(entry);
    return { group: String(group), version: String(version), kind: String(kind) };
  });
}
