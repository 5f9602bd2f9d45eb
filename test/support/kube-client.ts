import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { asRecord, type JsonRecord } from "./json.ts";

/** One answer of the Kubernetes API. */
export interface KubeAnswer {
  readonly status: number;
  /** The JSON document, or the text of an answer that is none. */
  readonly body: unknown;
  /** The texts of the HTTP `Warning` headers. */
  readonly warnings: readonly string[];
}

/** Where the API keeps the objects of one kind. */
export interface KubeKind {
  /** `/apis/apps/v1`, without a slash at the end. */
  readonly root: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const REQUEST_TIMEOUT_MS = 30_000;

/** Speaks to one API server over HTTPS, and does what controllers would do where none run. */
export class KubeClient {
  readonly #url: string;
  readonly #token: string;
  readonly #agent: Agent;
  readonly #kinds = new Map<string, Promise<readonly ListedKind[]>>();

  constructor({ url, token, ca }: { readonly url: string; readonly token: string; readonly ca: string }) {
    this.#url = url;
    this.#token = token;
    this.#agent = new Agent({ ca, keepAlive: true });
  }

  /** One request; a refusal is an answer too (`status` 4xx), only a broken connection throws. */
  request(
    method: string,
    path: string,
    body?: unknown,
    contentType = "application/json",
  ): Promise<KubeAnswer> {
    return new Promise((resolve, reject) => {
      const call = request(new URL(path, this.#url), {
        method,
        agent: this.#agent,
        timeout: REQUEST_TIMEOUT_MS,
        headers: {
          authorization: `Bearer ${this.#token}`,
          accept: "application/json",
          ...(body === undefined ? {} : { "content-type": contentType }),
        },
      });
      call.once("timeout", () => call.destroy(new Error(`${method} ${path}: no answer in time`)));
      call.once("error", reject);
      call.once("response", (response) => {
        readAnswer(response).then(resolve, reject);
      });
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Asks the API server where a kind lives; undefined when it serves no such kind (a missing CRD). */
  async kind(apiVersion: string, kind: string): Promise<KubeKind | undefined> {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const listed = this.#kinds.get(root) ?? this.#list(root);
    this.#kinds.set(root, listed);
    const found = (await listed).find((entry) => entry.kind === kind && !entry.name.includes("/"));
    return found === undefined ? undefined : { root, plural: found.name, namespaced: found.namespaced };
  }

  /** Deletes a namespace for good: no controller would take its finalizer away. What was in it stays in etcd. */
  async deleteNamespace(name: string): Promise<KubeAnswer> {
    const path = `/api/v1/namespaces/${name}`;
    const deleted = await this.request("DELETE", path);
    if (deleted.status >= 300) return deleted;
    const found = await this.request("GET", path);
    if (found.status === 404) return deleted;
    return this.request("PUT", `${path}/finalize`, { ...asRecord(found.body), spec: { finalizers: [] } });
  }

  /**
   * Asks admission about the pod that a controller would make from `template` (a Deployment's or a Job's pod
   * template) in `namespace`. Nothing is stored. The template's service account must exist there.
   */
  admitPod(template: unknown, namespace: string): Promise<KubeAnswer> {
    const { metadata, spec } = asRecord(template);
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...asRecord(metadata), generateName: "admitted-", namespace },
      spec,
    };
    return this.request("POST", `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);
  }

  /** Closes the idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #list(root: string): Promise<readonly ListedKind[]> {
    const { status, body } = await this.request("GET", root);
    if (status === 404) return [];
    const { resources } = asRecord(body);
    return Array.isArray(resources) ? resources.map(asListedKind) : [];
  }
}

/** The message of a refusal (`kind: Status`), or its status and text. */
export function refusalOf({ status, body }: KubeAnswer): string {
  const { message } = asRecord(body);
  return typeof message === "string"
    ? message
    : `HTTP ${status} ${typeof body === "string" ? body : ""}`.trim();
}

interface ListedKind {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

function asListedKind(value: unknown): ListedKind {
  const { name, kind, namespaced } = asRecord(value);
  return { name: String(name), kind: String(kind), namespaced: namespaced === true };
}

async function readAnswer(response: IncomingMessage): Promise<KubeAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, body: parse(text), warnings: warningsOf(response) };
}

function parse(text: string): JsonRecord | string {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return text;
  }
}

/** `Warning: 299 - "text"`, one header a warning; the text is a quoted string with backslash escapes. */
function warningsOf({ rawHeaders }: IncomingMessage): readonly string[] {
  return rawHeaders
    .filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === "warning")
    .map((value) => value.replace(/^\d+ \S+ "(.*)"$/, "$1").replaceAll(/\\(.)/g, "$1"));
}
