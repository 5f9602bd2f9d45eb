import { type Reach, refuseLiteral } from "../address.ts";
import { classify, ProbeFault, printable } from "../classify.ts";
import type { Answer } from "./answer.ts";
import { closedFault, createConnections } from "./connections.ts";
import { Exchange } from "./exchange.ts";
import { type HeaderFields, headerLines } from "./headers.ts";
import type { HttpPool } from "./pool.ts";
import type { Authorizer, HttpAnswer, HttpClient, HttpRequest, TlsIdentity } from "./types.ts";

/** The largest body that is read, decoded. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const MAX_REDIRECTS = 3;

export interface HttpClientOptions {
  /** Which addresses may be connected to; a name is judged by what it resolves to. */
  readonly reach: Reach;
  readonly tls?: TlsIdentity;
  /** Connections to share. @default connections of this client alone, ended by `close` */
  readonly pool?: HttpPool;
  readonly authorizer?: Authorizer;
  /** In octets. @default 4 MiB */
  readonly maxBodyBytes?: number;
  /** Milliseconds since the epoch; certificates are judged by it. @default Date.now */
  readonly now?: () => number;
}

/** What an address says about where to connect. */
interface Route {
  readonly href: string;
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** For the header of that name. */
  readonly authority: string;
}

/**
 * A client for servers that are not trusted: http and https only, addresses within the reach only, redirects
 * within the origin and at most three, bodies up to 4 MiB, headers up to 16 KiB.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { reach, tls, pool, authorizer, maxBodyBytes = MAX_BODY_BYTES, now = Date.now } = options;
  const alone = { reach, maxSockets: Number.POSITIVE_INFINITY, ...(tls === undefined ? {} : { tls }) };
  const connections = pool?.connections(reach, tls) ?? createConnections(alone);
  const owner = {};
  let closed = false;
  let latest: Route | null = null;

  function routeTo(url: URL): Route {
    if (latest?.href !== url.href) latest = routeOf(url, reach);
    return latest;
  }

  function exchange(request: HttpRequest, authorization: HeaderFields | null): Promise<Answer> {
    if (closed) throw closedFault();
    const { secure, host, port, path, authority } = routeTo(request.url);
    const { method, headers, body, signal } = request;
    const lines = headerLines({ host: authority, method, body, headers, authorization });
    const aim = { connections, owner, secure, host, port, path };
    return new Exchange({ ...aim, method, headers: lines, body, signal, maxBodyBytes, now }).start();
  }

  async function authorised(request: HttpRequest, by: Authorizer): Promise<Answer> {
    // An address that is refused must not be shown to whoever hands out credentials.
    routeTo(request.url);
    const answer = await exchange(request, await bounded(by.headers(request), request.signal));
    if (answer.status !== 401 && answer.status !== 403) return answer;
    try {
      const challenge = answer.headers["www-authenticate"] ?? null;
      if (!(await bounded(by.refused(challenge), request.signal))) return answer;
      await answer.drained();
      return await exchange(request, await bounded(by.headers(request), request.signal));
    } catch (error) {
      answer.discard();
      throw error;
    }
  }

  function once(request: HttpRequest): Promise<Answer> {
    return authorizer === undefined ? exchange(request, null) : authorised(request, authorizer);
  }

  return {
    async send(request) {
      let answer = await once(request);
      let url = request.url;
      for (let hops = 0; isRedirect(answer); hops += 1) {
        await answer.drained();
        if (hops === MAX_REDIRECTS) throw new ProbeFault("http", `more than ${MAX_REDIRECTS} redirects`);
        url = redirected(answer, { ...request, url });
        answer = await once({ ...request, url });
      }
      return answer;
    },
    close() {
      closed = true;
      for (const one of connections.underway) if (one.owner === owner) one.fail(closedFault());
      if (pool === undefined) connections.close();
    },
  };
}

/** Throws a ProbeFault when an address may not be connected to. */
function routeOf(url: URL, reach: Reach): Route {
  const { protocol, hostname } = url;
  if (protocol !== "http:" && protocol !== "https:") {
    throw new ProbeFault("connect", `only http and https addresses are checked, not ${printable(protocol)}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new ProbeFault("auth", "credentials do not belong in an address; give them by reference");
  }
  refuseLiteral(hostname, reach);
  const secure = protocol === "https:";
  return {
    href: url.href,
    secure,
    host: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname,
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    authority: url.host,
  };
}

function isRedirect({ status, headers }: HttpAnswer): boolean {
  const moved = status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
  return moved && headers.location !== undefined;
}

/** The address that a redirect leads to. Throws a ProbeFault when it must not be followed. */
function redirected({ status, headers }: HttpAnswer, { url, method }: HttpRequest): URL {
  const location = headers.location ?? "";
  if (!URL.canParse(location, url.href)) throw new ProbeFault("http", `HTTP ${status} to an invalid address`);
  const next = new URL(location, url);
  if (next.origin !== url.origin) {
    throw new ProbeFault("http", printable(`HTTP ${status} to another origin: ${next.origin}`));
  }
  if (method !== "GET" && method !== "HEAD" && status < 307) {
    throw new ProbeFault("http", `HTTP ${status} would turn a ${method} into a GET`);
  }
  return next;
}

/** Waits for an authorizer no longer than the signal allows. Throws a ProbeFault, of class auth when in doubt. */
async function bounded<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const startedAt = performance.now();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => {
    const waited = Math.round(performance.now() - startedAt);
    reject(new ProbeFault("auth", `no credentials within ${waited} ms`, signal.reason));
  };
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work, aborted]);
  } catch (error) {
    throw error instanceof ProbeFault ? error : new ProbeFault("auth", classify(error).detail, error);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
