/** The parties of an authorisation, all real and on this machine: listener, guarded client, OpenID provider. */
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from "jose";
import { Provider } from "oidc-provider";
import type { Reach } from "../../../probes/address.ts";
import { createHttpClient } from "../../../probes/http/client.ts";
import type { HttpClient, HttpRequest } from "../../../probes/http/types.ts";
import type { SecretSource } from "../../../probes/secrets/source.ts";

export interface Listener extends AsyncDisposable {
  readonly origin: string;
}

export type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => unknown;

/** Serves on a free port of 127.0.0.1. */
export async function listen(handler: Handler, tls?: https.ServerOptions): Promise<Listener> {
  const onRequest: http.RequestListener = (request, response) => void handler(request, response);
  const server = tls === undefined ? http.createServer(onRequest) : https.createServer(tls, onRequest);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export function json(response: http.ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** The probe's own client. */
export function guardedClient(reach: Reach = "loopback"): HttpClient {
  return createHttpClient({ reach });
}

/** A POST as the probe sends it. */
export function request(url: string, init: Partial<HttpRequest> = {}): HttpRequest {
  const headers = { "content-type": "application/json" };
  return {
    url: new URL(url),
    method: "POST",
    headers,
    body: "{}",
    signal: new AbortController().signal,
    ...init,
  };
}

/** Secrets of a made-up environment. */
export function variables(values: Readonly<Record<string, string>>): SecretSource {
  return {
    variable: (name) => values[name],
    file: () => Promise.reject(new Error("there are no files")),
  };
}

export const CLIENT_SECRET = "a secret with blanks, 100 % & + / = signs";
export const probeKey = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const edwardsKey = generateKeyPairSync("ed25519");

export interface Authority extends Listener {
  readonly issuer: string;
  /** The parameters of every token request so far. */
  readonly asked: readonly Readonly<Record<string, unknown>>[];
}

/** A real OpenID provider with three clients of the probe; its tokens are JWTs that live ten minutes. */
export async function openIdProvider(): Promise<Authority> {
  const asked: Readonly<Record<string, unknown>>[] = [];
  const started = await listen((incoming, response) => callback(incoming, response));
  const signing = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const client = {
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
    scope: "mcp:read mcp:tools",
  };
  const provider = new Provider(started.origin, {
    adapter: Memory,
    enabledJWA: { clientAuthSigningAlgValues: ["RS256", "PS256", "EdDSA"] },
    clients: [
      { ...client, client_id: "basic", client_secret: CLIENT_SECRET },
      {
        ...client,
        client_id: "post",
        client_secret: CLIENT_SECRET,
        token_endpoint_auth_method: "client_secret_post",
      },
      {
        ...client,
        client_id: "assertion",
        token_endpoint_auth_method: "private_key_jwt",
        jwks: {
          keys: [
            { ...probeKey.publicKey.export({ format: "jwk" }), kid: "rsa", use: "sig" },
            { ...edwardsKey.publicKey.export({ format: "jwk" }), kid: "edwards", use: "sig" },
          ],
        },
      },
    ],
    jwks: {
      keys: [{ ...signing.privateKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" }],
    },
    cookies: { keys: ["only for tests"] },
    scopes: ["mcp:read", "mcp:tools"],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_: unknown, resource: string) => ({
          scope: "mcp:read mcp:tools",
          audience: resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: 600,
        }),
      },
    },
    ttl: { ClientCredentials: 600 },
  });
  for (const event of ["grant.success", "grant.error"] as const) {
    provider.on(event, ({ oidc }) => asked.push(oidc.params));
  }
  const callback = provider.callback();
  return { ...started, issuer: started.origin, asked };
}

/** What the provider remembers, such as the assertions that were used up. */
class Memory {
  private readonly kept = new Map<string, unknown>();

  upsert(id: string, payload: unknown): Promise<void> {
    this.kept.set(id, payload);
    return Promise.resolve();
  }

  find(id: string): Promise<unknown> {
    return Promise.resolve(this.kept.get(id));
  }

  destroy(id: string): Promise<void> {
    this.kept.delete(id);
    return Promise.resolve();
  }
}

export interface Protected extends Listener {
  /** The MCP address. */
  readonly url: string;
  /** The claims of the tokens that were accepted. */
  readonly accepted: readonly JWTPayload[];
}

/**
 * A server whose /mcp takes JWTs of the issuer that are for itself. Its metadata stands at the well-known
 * path, or elsewhere, where only the challenge leads.
 */
export async function protectedServer({
  issuer,
  metadataPath = "/.well-known/oauth-protected-resource/mcp",
  neededScope = null,
  metadata = {},
}: {
  readonly issuer: string;
  readonly metadataPath?: string;
  readonly neededScope?: string | null;
  /** Laid over the truthful metadata. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}): Promise<Protected> {
  const accepted: JWTPayload[] = [];
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const server = await listen(async ({ url: path, headers }, response) => {
    if (path === metadataPath) {
      return json(response, { resource: own(), authorization_servers: [issuer], ...metadata });
    }
    if (path !== "/mcp") return response.writeHead(404).end();
    const pointer = `Bearer resource_metadata="${new URL(metadataPath, own()).href}"`;
    const refuse = (status: number, more: string): unknown =>
      response.writeHead(status, { "www-authenticate": `Basic realm="x", ${pointer}${more}` }).end();
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
    const wanted = neededScope === null ? "" : `, scope="${neededScope}"`;
    if (token === undefined) return refuse(401, wanted);
    const verified = await jwtVerify(token, keys, { issuer, audience: own() }).catch(() => null);
    if (verified === null) return refuse(401, ', error="invalid_token"');
    const scopes = String(verified.payload.scope ?? "").split(" ");
    if (neededScope !== null && !neededScope.split(" ").every((one) => scopes.includes(one))) {
      return refuse(403, `, error="insufficient_scope"${wanted}`);
    }
    accepted.push(verified.payload);
    return json(response, { jsonrpc: "2.0", id: 1, result: {} });
  });
  const own = (): string => `${server.origin}/mcp`;
  return { ...server, url: own(), accepted };
}
