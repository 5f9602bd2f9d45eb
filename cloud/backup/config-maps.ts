import { request } from "node:https";
import { isMap } from "../../catalog/json.ts";
import { printable } from "../../probes/classify.ts";
import { type ConfigMap, type MaskedMap, masked } from "./masked-map.ts";
import { type Gathered, jsonPiece } from "./piece.ts";

/** How many ConfigMaps one page of the API server has. */
const PAGE = 100;
const TIMEOUT_MS = 30_000;
/** A page of ConfigMaps has at most a megabyte each (Kubernetes, ConfigMap). */
const MAX_BYTES = (PAGE + 1) * 2 ** 20;
/** Kubernetes writes it into every namespace, where it is the cluster's own again. */
const OF_THE_CLUSTER = ["kube-root-ca.crt"];

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Where the API server answers, and who asks. */
export interface ClusterAccess {
  readonly origin: string;
  /** Certificate authority of the API server, in PEM. */
  readonly ca: string;
  readonly token: string;
}

/**
 * The ConfigMaps of some namespaces as they are in the cluster, without what looks like a secret: for each namespace a
 * list of those that are whole, and beside it those in which something had to be masked.
 */
export function configMapsSource(access: ClusterAccess, namespaces: readonly string[]): Gathered {
  return {
    source: "configmaps",
    pieces: async function* () {
      for (const namespace of namespaces) {
        const [whole, parts]: [ConfigMap[], MaskedMap[]] = [[], []];
        for (const map of await allConfigMaps(access, namespace)) {
          const part = masked(map);
          if (part === undefined) whole.push(map);
          else parts.push(part);
        }
        const list = { apiVersion: "v1", kind: "List", items: whole };
        yield jsonPiece("configmaps", `configmaps/${namespace}.json`, list);
        if (parts.length > 0)
          yield {
            // no object of Kubernetes, so that nobody applies a mask over what lives
            ...jsonPiece("configmaps", `configmaps/${namespace}.masked.json`, { maps: parts }),
            redacted: true,
          };
      }
    },
  };
}

async function allConfigMaps(access: ClusterAccess, namespace: string): Promise<ConfigMap[]> {
  const items: ConfigMap[] = [];
  let next = "";
  do {
    const query = new URLSearchParams({ limit: String(PAGE), ...(next === "" ? {} : { continue: next }) });
    const page = await get(access, `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps?${query}`);
    const found = Array.isArray(page.items) ? (page.items as unknown[]).filter(isMap) : [];
    items.push(...found.filter((one) => !OF_THE_CLUSTER.includes(nameOf(one))).map(applicable));
    next = isMap(page.metadata) && typeof page.metadata.continue === "string" ? page.metadata.continue : "";
  } while (next !== "");
  return items;
}

function nameOf({ metadata }: Record<string, unknown>): string {
  return isMap(metadata) ? String(metadata.name) : "";
}

/** Without what the API server adds of its own, and would refuse or ignore in a new object. */
function applicable({ metadata, data, binaryData, immutable }: Record<string, unknown>): ConfigMap {
  const { name, namespace, labels, annotations } = isMap(metadata) ? metadata : {};
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace, labels, annotations: withoutCopy(annotations) },
    data,
    binaryData,
    immutable,
  };
}

/** `kubectl apply` keeps a copy of the whole object in an annotation, and writes it anew. */
function withoutCopy(annotations: unknown): unknown {
  if (!isMap(annotations)) return annotations;
  const { [LAST_APPLIED]: _copy, ...rest } = annotations;
  return Object.keys(rest).length === 0 ? undefined : rest;
}

function get({ origin, ca, token }: ClusterAccess, path: string): Promise<Record<string, unknown>> {
  const url = new URL(path, origin);
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const asking = request(url, { ca, headers, signal }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BYTES)
          asking.destroy(new Error(`${url.pathname} answers more than ${MAX_BYTES} bytes`));
        else chunks.push(chunk);
      });
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        try {
          const body: unknown = JSON.parse(text);
          if (answer.statusCode === 200 && isMap(body)) resolve(body);
          else
            reject(
              new Error(
                `the API server answers ${url.pathname} with ${answer.statusCode}: ${printable(text)}`,
              ),
            );
        } catch (error) {
          reject(new Error(`the API server answers ${url.pathname} with no JSON`, { cause: error }));
        }
      });
    });
    asking.on("error", reject);
    asking.end();
  });
}
