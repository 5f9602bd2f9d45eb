/** Tokens from a real OpenID provider for a server that verifies them. Not proved here: other providers' ways. */
import { describe, expect, it } from "vitest";
import type { OAuthCredentials } from "../../../catalog/credentials.ts";
import { type AuthorizerDeps, authorizerFor } from "../../../probes/auth/authorizer.ts";
import { createTokenCache } from "../../../probes/auth/token-cache.ts";
import type { CredentialAuthorizer } from "../../../probes/auth/types.ts";
import { classify } from "../../../probes/classify.ts";
import {
  CLIENT_SECRET,
  edwardsKey,
  guardedClient,
  json,
  listen,
  openIdProvider,
  probeKey,
  protectedServer,
  request,
  variables,
} from "./parties.ts";

const secrets = variables({
  SECRET: CLIENT_SECRET,
  WRONG: "not the secret",
  PEM: probeKey.privateKey.export({ type: "pkcs8", format: "pem" }).toString().replaceAll("\n", "\\n"),
  JWK: JSON.stringify({ ...probeKey.privateKey.export({ format: "jwk" }), kid: "rsa" }),
  EDWARDS: JSON.stringify({ ...edwardsKey.privateKey.export({ format: "jwk" }), kid: "edwards" }),
});

const basic = {
  kind: "client-credentials",
  clientId: "basic",
  clientSecret: { env: "SECRET" },
  method: "client_secret_basic",
} as const satisfies OAuthCredentials;
const assertion = {
  kind: "private-key-jwt",
  clientId: "assertion",
  privateKey: { env: "PEM" },
  algorithm: "RS256",
} as const satisfies OAuthCredentials;

function authorizer(credentials: OAuthCredentials, url: string, more: Partial<AuthorizerDeps> = {}) {
  const deps = { secrets, http: guardedClient(), resource: new URL(url), now: Date.now, ...more };
  return authorizerFor(credentials, deps);
}

/** What the probe does with an authorizer: one request, and one more when new credentials were got. */
async function call(url: string, credentials: CredentialAuthorizer): Promise<number> {
  const client = guardedClient();
  for (let attempt = 0; ; attempt += 1) {
    const plain = request(url);
    const headers = { ...plain.headers, ...(await credentials.headers(plain)) };
    const answer = await client.send({ ...plain, headers });
    answer.discard();
    const challenge = answer.headers["www-authenticate"] ?? null;
    const refused = answer.status === 401 || answer.status === 403;
    if (attempt === 1 || !refused || !(await credentials.refused(challenge))) return answer.status;
  }
}

describe("client credentials", () => {
  it.each([
    ["the secret in a header", basic],
    ["the secret in the form", { ...basic, clientId: "post", method: "client_secret_post" }],
    ["a signed assertion by a key in PEM", assertion],
    ["an RSA-PSS assertion by a JWK", { ...assertion, privateKey: { env: "JWK" }, algorithm: "PS256" }],
    ["an EdDSA assertion", { ...assertion, privateKey: { env: "EDWARDS" }, algorithm: "EdDSA" }],
  ] as const)("[STAT-08] get an OIDC token for this very server by %s", async (_, credentials) => {
    await using provider = await openIdProvider();
    await using server = await protectedServer({ issuer: provider.issuer });
    expect(await call(server.url, authorizer(credentials, server.url))).toBe(200);
    expect(server.accepted).toMatchObject([{ aud: server.url, client_id: credentials.clientId }]);
  });

  it("[STAT-08] take the discovery URL from the catalog before any metadata of the server", async () => {
    await using provider = await openIdProvider();
    await using server = await protectedServer({
      issuer: provider.issuer,
      metadata: {
        resource: "https://elsewhere.example",
        authorization_servers: ["https://elsewhere.example"],
      },
    });
    const credentials = { ...basic, issuer: provider.issuer, scopes: ["mcp:read"] };
    expect(await call(server.url, authorizer(credentials, server.url))).toBe(200);
    expect(server.accepted).toMatchObject([{ scope: "mcp:read" }]);
  });

  it("find metadata at the root, for a resource above the server, and ask for what it names", async () => {
    await using provider = await openIdProvider();
    await using server = await listen(({ url }, response) =>
      url === "/.well-known/oauth-protected-resource"
        ? json(response, { resource: server.origin, authorization_servers: [provider.issuer] })
        : response.writeHead(404).end(),
    );
    const url = `${server.origin}/mcp`;
    await authorizer(basic, url).headers(request(url));
    expect(provider.asked.map(({ resource }) => resource)).toEqual([server.origin]);
    await authorizer({ ...basic, resource: url }, url).headers(request(url));
    expect(provider.asked.at(-1)?.resource).toBe(url);
  });

  it("follow a challenge to metadata that stands nowhere else, and ask for the scope it names", async () => {
    await using provider = await openIdProvider();
    await using server = await protectedServer({
      issuer: provider.issuer,
      metadataPath: "/auth/metadata.json",
      neededScope: "mcp:read mcp:tools",
    });
    expect(await call(server.url, authorizer(basic, server.url))).toBe(200);
    expect(server.accepted).toMatchObject([{ scope: "mcp:read mcp:tools" }]);
  });

  it("[STAT-08] get the scope that a 403 asks for, unless the catalog names scopes of its own", async () => {
    await using provider = await openIdProvider();
    await using server = await protectedServer({ issuer: provider.issuer, neededScope: "mcp:tools" });
    expect(await call(server.url, authorizer(basic, server.url))).toBe(200);
    const before = provider.asked.length;
    const limited = authorizer({ ...basic, scopes: ["mcp:read"] }, server.url);
    expect(await call(server.url, limited)).toBe(403);
    expect(provider.asked.length - before).toBe(1);
  });
});

describe("a token", () => {
  it("is shared by all checks of a server, also by those that come while it is on its way", async () => {
    await using provider = await openIdProvider();
    await using server = await protectedServer({ issuer: provider.issuer });
    const cache = createTokenCache();
    const checks = Array.from({ length: 5 }, () =>
      call(server.url, authorizer(basic, server.url, { cache })),
    );
    expect(await Promise.all(checks)).toEqual([200, 200, 200, 200, 200]);
    expect(await call(server.url, authorizer(basic, server.url, { cache }))).toBe(200);
    expect(provider.asked).toHaveLength(1);
    const other = authorizer(basic, `${server.origin}/other`, { cache });
    expect(await other.headers(request(`${server.origin}/other`)), "a token is for one server only").toEqual(
      {},
    );
  });

  it("is kept until a minute before it runs out", async () => {
    await using provider = await openIdProvider();
    const start = Date.now();
    let now = start;
    const credentials = { ...basic, issuer: provider.issuer };
    const own = authorizer(credentials, "http://127.0.0.1:1/mcp", { now: () => now });
    const token = async (seconds: number): Promise<string | undefined> => {
      now = start + seconds * 1_000;
      return (await own.headers(request("http://127.0.0.1:1/mcp"))).authorization;
    };
    const first = await token(0);
    expect(await token(539)).toBe(first);
    expect(await token(541)).not.toBe(first);
    expect(provider.asked).toHaveLength(2);
  });

  it("is waited for no longer than a check has time, and got by the next when its asker gave up", async () => {
    await using provider = await openIdProvider();
    const slow = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    let asked = 0;
    await using front = await listen(async (_, response) => {
      asked += 1;
      if (asked === 1) arrived.resolve();
      if (asked === 1) await slow.promise;
      json(response, { issuer: front.origin, token_endpoint: `${provider.issuer}/token` });
    });
    const cache = createTokenCache();
    const credentials = { ...basic, issuer: front.origin };
    const url = "http://127.0.0.1:1/mcp";
    const [first, second] = [new AbortController(), new AbortController()];
    const own = authorizer(credentials, url, { cache });
    const asker = own.headers(request(url, { signal: first.signal }));
    const waiter = authorizer(credentials, url, { cache }).headers(request(url));
    const impatient = own.headers(request(url, { signal: second.signal }));
    await arrived.promise;
    second.abort();
    await expect(impatient).rejects.toMatchObject({ failureClass: "auth" });
    first.abort();
    await expect(asker).rejects.toMatchObject({ failureClass: "auth" });
    expect((await waiter).authorization).toMatch(/^Bearer /);
    slow.resolve();
    expect(asked).toBe(2);
  });

  it("[STAT-08] that is refused is replaced once, and not again within a minute", async () => {
    await using provider = await openIdProvider();
    const start = Date.now();
    let now = start;
    const url = "http://127.0.0.1:1/mcp";
    const credentials = { ...basic, issuer: provider.issuer };
    const own = authorizer(credentials, url, { now: () => now });
    const first = await own.headers(request(url));
    expect(await own.refused('Bearer error="invalid_token"')).toBe(true);
    expect(await own.headers(request(url))).not.toEqual(first);
    expect(await own.refused('Bearer error="invalid_token"')).toBe(false);
    expect(await own.refused(null)).toBe(false);
    now = start + 61_000;
    expect(await own.refused('Bearer error="invalid_token"')).toBe(true);
    expect(provider.asked).toHaveLength(2);
  });
});

describe("an authorization server", () => {
  const url = "http://127.0.0.1:1/mcp";

  it("[STAT-08] that refuses the client is a failure of class auth, with its reason and the methods it takes", async () => {
    await using provider = await openIdProvider();
    const wrong = { ...basic, clientSecret: { env: "WRONG" }, issuer: provider.issuer };
    await expect(authorizer(wrong, url).headers(request(url))).rejects.toMatchObject({
      failureClass: "auth",
      message: expect.stringContaining('refuses client basic: "invalid_client"'),
    });
    await using only = await listen((_, response) =>
      json(
        response,
        response.req.method === "GET"
          ? {
              issuer: only.origin,
              token_endpoint: `${only.origin}/token`,
              token_endpoint_auth_methods_supported: ["private_key_jwt"],
            }
          : { error: "invalid_client" },
        response.req.method === "GET" ? 200 : 401,
      ),
    );
    await expect(authorizer({ ...basic, issuer: only.origin }, url).headers(request(url))).rejects.toThrow(
      'it takes "private_key_jwt", not client_secret_basic',
    );
  });

  it("[STAT-08] that cannot be reached is a failure of class auth that says so", async () => {
    const gone = await listen(() => undefined);
    await gone[Symbol.asyncDispose]();
    const error: unknown = await authorizer({ ...basic, issuer: gone.origin }, url)
      .headers(request(url))
      .catch((thrown: unknown) => thrown);
    const { failureClass, detail } = classify(error);
    expect(failureClass).toBe("auth");
    expect(detail).toMatch(/^authorization server "http:\/\/127\.0\.0\.1:\d+": connect: .*ECONNREFUSED/);
  });

  it.each([
    ["an error of its own", 503, "", "HTTP 503"],
    ["something else than JSON", 200, "not json", "no JSON object"],
    ["a list", 200, "[]", "no JSON object"],
    ["not found", 404, "{}", "no metadata at its well-known addresses"],
    ["a very long text", 200, JSON.stringify({ pad: "x".repeat(70_000) }), "more than 65536 characters"],
  ])("that answers discovery with %s is named with what it did", async (_, status, body, message) => {
    await using server = await listen((_request, response) => response.writeHead(status).end(body));
    await expect(
      authorizer({ ...basic, issuer: server.origin }, url).headers(request(url)),
    ).rejects.toMatchObject({ failureClass: "auth", message: expect.stringContaining(message) });
  });

  it.each([
    [{}, "no usable access_token"],
    [{ access_token: "two words" }, "no usable access_token"],
    [{ access_token: "line\r\nx-evil: 1" }, "no usable access_token"],
    [{ access_token: "proof-bound", token_type: "DPoP" }, 'a token of type "DPoP"'],
  ])("that answers a token request with %j is refused", async (answer, message) => {
    await using server = await listen((_, response) =>
      json(
        response,
        response.req.method === "GET" ? { issuer: server.origin, token_endpoint: server.origin } : answer,
      ),
    );
    await expect(
      authorizer({ ...basic, issuer: server.origin }, url).headers(request(url)),
    ).rejects.toMatchObject({ failureClass: "auth", message: expect.stringContaining(message) });
  });
});

describe("metadata that lies", () => {
  const elsewhere = "https://elsewhere.example";

  it.each([
    ["another resource", { resource: `${elsewhere}/mcp` }, "not for this server"],
    ["a path beside the server's", { resource: "SELF/mc" }, "not for this server"],
    ["a path below the server's", { resource: "SELF/mcp/admin" }, "not for this server"],
    ["no resource", { resource: 7 }, "names no resource"],
    ["no authorization server", { authorization_servers: [] }, "names no authorization server"],
    ["one in clear text", { authorization_servers: ["http://elsewhere.example"] }, "must be https"],
    ["one with credentials", { authorization_servers: ["https://u:pw@e.example"] }, "holds credentials"],
    ["one of another scheme", { authorization_servers: ["file:///etc/passwd"] }, "must be https"],
    [
      "one in the cloud's metadata service",
      { authorization_servers: ["https://169.254.169.254"] },
      "connect: refused to connect to 169.254.169.254",
    ],
  ])("of a server, by %s, is refused", async (_, lie, message) => {
    await using server = await listen((_request, response) => {
      const metadata = { resource: `${server.origin}/mcp`, authorization_servers: [elsewhere], ...lie };
      response.end(JSON.stringify(metadata).replaceAll("SELF", server.origin));
    });
    const url = `${server.origin}/mcp`;
    await expect(authorizer(basic, url).headers(request(url))).rejects.toMatchObject({
      failureClass: "auth",
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ["another issuer", { issuer: elsewhere }, 'names the issuer "https://elsewhere.example"'],
    ["no issuer", { issuer: null }, "names no issuer"],
    ["a token endpoint in clear text", { token_endpoint: "http://elsewhere.example/token" }, "must be https"],
    ["a private token endpoint", { token_endpoint: "https://10.0.0.1/token" }, "a private address"],
    ["no token endpoint", { token_endpoint: undefined }, "is no address"],
  ])("of an authorization server, by %s, is refused", async (_, metadata, message) => {
    await using server = await listen((_request, response) =>
      json(response, { issuer: server.origin, token_endpoint: `${server.origin}/token`, ...metadata }),
    );
    await expect(
      authorizer({ ...basic, issuer: server.origin }, "http://127.0.0.1:1/mcp").headers(
        request(server.origin),
      ),
    ).rejects.toMatchObject({ failureClass: "auth", message: expect.stringContaining(message) });
  });

  it("may not lead from an issuer in the open to this machine in clear text", async () => {
    const issuer = "https://issuer.example";
    const http = guardedClient();
    const towardsPlain = { ...http, send: () => http.send(request(plain.origin, { method: "GET" })) };
    await using plain = await listen((_, response) =>
      json(response, { issuer, token_endpoint: "http://127.0.0.1:1/token" }),
    );
    await expect(
      authorizer({ ...basic, issuer }, "https://server.example/mcp", { http: towardsPlain }).headers(
        request(issuer),
      ),
    ).rejects.toThrow("must be https");
  });

  it("that names another authorization server than before is not followed", async () => {
    await using provider = await openIdProvider();
    let named = provider.issuer;
    await using server = await listen((_, response) =>
      json(response, { resource: `${server.origin}/mcp`, authorization_servers: [named] }),
    );
    const url = `${server.origin}/mcp`;
    const own = authorizer(basic, url);
    await own.headers(request(url));
    await own.refused(null);
    named = "https://thief.example";
    await expect(own.headers(request(url))).rejects.toThrow(/now "https:\/\/thief\.example"; set issuer/);
  });

  it("is asked for once: a server that asks for credentials and says nowhere where from is told so", async () => {
    await using server = await listen((_, response) => response.writeHead(404).end());
    const own = authorizer(basic, server.origin);
    expect(await own.headers(request(server.origin))).toEqual({});
    expect(await own.refused("Bearer")).toBe(true);
    await expect(own.headers(request(server.origin))).rejects.toThrow("set issuer in the credentials");
  });
});
