import { readFile } from "node:fs/promises";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { printable } from "../../probes/classify.ts";

/** An answer of the API that is none of what was asked for. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(`the API answered ${status}: ${message}`);
    this.status = status;
  }
}

export interface KubeApiOptions {
  /** Without a path, such as `https://10.0.0.1:443`. */
  readonly url: string;
  /** Read anew for every request: the kubelet replaces the token long before it ends. */
  readonly tokenFile: string;
  /** The certificates that the API server is judged by, PEM; those of Node where it is null. */
  readonly caFile: string | null;
}

const CONNECT_MS = 15_000;
const KEEP_ALIVE_MS = 30_000;
/** Of a refusal more is not read. */
const REFUSAL_BYTES = 4_096;

/** Reads from the API of one cluster with the token of a service account. */
export class KubeApi {
  readonly #options: KubeApiOptions;

  constructor(options: KubeApiOptions) {
    this.#options = options;
  }

  /**
   * The body of an answer as it comes. A connection on which nothing comes for `idleMs` is broken off: the other end
   * may be gone without a word. Throws an ApiError for every status but 200, and whatever breaks the connection.
   */
  async open(
    path: string,
    { signal, idleMs }: { readonly signal: AbortSignal; readonly idleMs: number },
  ): Promise<IncomingMessage> {
    const { url, tokenFile, caFile } = this.#options;
    const token = (await readFile(tokenFile, "utf8")).trim();
    const ca = caFile === null ? undefined : await readFile(caFile);
    const target = new URL(path, url);
    const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      // no pool: nearly every request lasts, and one that is broken off must take its connection along
      const options = { agent: false as const, headers, signal, timeout: CONNECT_MS };
      const call =
        target.protocol === "https:"
          ? requestHttps(target, ca === undefined ? options : { ...options, ca })
          : requestHttp(target, options);
      call.once("timeout", () => call.destroy(new Error("the API does not answer")));
      call.once("error", reject);
      call.once("response", resolve);
      call.end();
    });
    if (response.statusCode !== 200) throw await refusal(response);
    response.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    response.setTimeout(idleMs, () => response.destroy(new Error(`nothing came for ${idleMs} ms`)));
    return response;
  }
}

async function refusal(response: IncomingMessage): Promise<ApiError> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      size += bytes.length;
      if (size > REFUSAL_BYTES) break;
    }
  } catch {
    // the status says enough
  }
  response.destroy();
  return new ApiError(response.statusCode ?? 0, printable(Buffer.concat(chunks).toString("utf8")));
}
