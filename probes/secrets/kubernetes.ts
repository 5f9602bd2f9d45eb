import { readFile } from "node:fs/promises";
import https from "node:https";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { type ReadSecret, UnreadableSecret } from "./cache.ts";

export interface KubernetesSecretsOptions {
  /** The variables by which a pod finds its API server. */
  readonly variable: (name: string) => string | undefined;
  /** Where secrets are mounted, as `<name>/<key>`. @default /var/run/secrets/rollcall */
  readonly folder?: string;
  /** The pod's service account: `token`, `ca.crt` and `namespace`. @default where Kubernetes mounts it */
  readonly account?: string;
}

const FOLDER = "/var/run/secrets/rollcall";
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
/** No more time than a check can spare. */
const TIMEOUT_MS = 3_000;
/** Kubernetes holds a secret to 1 MiB, which base64 makes a third longer. */
const MAX_BYTES = 2 * 1024 * 1024;

/**
 * Reads secrets of Kubernetes by `secret-name/key`: from a mounted volume, else from the API server of the
 * cluster with the pod's own service account. Undefined when neither has it.
 */
export function kubernetesSecrets(options: KubernetesSecretsOptions): ReadSecret {
  return async (reference) => {
    const [name = "", key = ""] = reference.split("/");
    // The schema refuses such names too; here they would leave the folder.
    if ([name, key].some((part) => part === "" || part.startsWith(".."))) return undefined;
    const mounted = await textIn(join(options.folder ?? FOLDER, name, key));
    return mounted === undefined ? fromApi({ name, key }, options) : withoutLineEnd(mounted);
  };
}

async function fromApi(
  { name, key }: { readonly name: string; readonly key: string },
  { variable, account = ACCOUNT }: KubernetesSecretsOptions,
): Promise<string | undefined> {
  const host = variable("KUBERNETES_SERVICE_HOST");
  const port = variable("KUBERNETES_SERVICE_PORT") ?? "443";
  const [token, ca, namespace] = await Promise.all(
    ["token", "ca.crt", "namespace"].map((file) => textIn(join(account, file))),
  );
  if (host === undefined || token === undefined || ca === undefined || namespace === undefined)
    return undefined;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace.trim())}/secrets/${encodeURIComponent(name)}`;
  const { status, body } = await get({ host, port, path, ca, token: token.trim() });
  if (status === 404) return undefined;
  if (status !== 200) throw new UnreadableSecret(`cannot be read from Kubernetes (HTTP ${status})`);
  const value = dataOf(body, key);
  return value === undefined ? undefined : withoutLineEnd(Buffer.from(value, "base64").toString("utf8"));
}

interface Question {
  readonly host: string;
  readonly port: string;
  readonly path: string;
  readonly ca: string;
  readonly token: string;
}

async function get({ host, port, path, ca, token }: Question): Promise<{ status: number; body: string }> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
    const request = https.get({ host, port, path, ca, headers, signal, agent: false });
    const { promise, resolve, reject } = Promise.withResolvers<import("node:http").IncomingMessage>();
    request.once("response", resolve).once("error", reject);
    const answer = await promise;
    let bytes = 0;
    answer.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > MAX_BYTES) answer.destroy(new Error("the answer is too long"));
    });
    return { status: answer.statusCode ?? 0, body: await textOf(answer) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "no answer";
    throw new UnreadableSecret(`cannot be read from Kubernetes (${code})`);
  }
}

function dataOf(body: string, key: string): string | undefined {
  try {
    const { data = {} } = JSON.parse(body) as { data?: Record<string, unknown> };
    const value = Object.hasOwn(data, key) ? data[key] : undefined;
    return typeof value === "string" ? value : undefined;
  } catch {
    throw new UnreadableSecret("cannot be read from Kubernetes (its answer is no JSON)");
  }
}

async function textIn(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}

/** As for every file: what an editor or a here-document adds at the end is no part of a secret. */
function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}
