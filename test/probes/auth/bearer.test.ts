/** Tokens that are sent as they are, their expiry, and the texts that ask for them. */
import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { jwtVerify, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { credentials as schema } from "../../../catalog/credentials.ts";
import { authorizerFor } from "../../../probes/auth/authorizer.ts";
import { parseChallenge } from "../../../probes/auth/challenge.ts";
import { hoursLeft } from "../../../probes/auth/expiry.ts";
import type { CredentialAuthorizer } from "../../../probes/auth/types.ts";
import type { SecretSource } from "../../../probes/secrets/source.ts";
import { guardedClient, listen, request, variables } from "./parties.ts";

const signing = generateKeyPairSync("ec", { namedCurve: "P-256" });

function jwt(expiry: Date): Promise<string> {
  const token = new SignJWT().setProtectedHeader({ alg: "ES256" }).setAudience("the server");
  return token.setExpirationTime(expiry).sign(signing.privateKey);
}

function bearer(secrets: SecretSource, expires?: string): CredentialAuthorizer {
  const credentials = {
    kind: "bearer",
    token: { env: "TOKEN" },
    ...(expires === undefined ? {} : { expires }),
  } as const;
  const resource = new URL("http://127.0.0.1:1/mcp");
  return authorizerFor(credentials, { secrets, http: guardedClient(), resource, now: Date.now });
}

describe("a bearer token", () => {
  it("[STAT-08] that is a JWT is taken by a server that verifies it, and one that ran out is not", async () => {
    await using server = await listen(async ({ headers }, response) => {
      const token = headers.authorization?.replace("Bearer ", "") ?? "";
      const ok = await jwtVerify(token, signing.publicKey, { audience: "the server" }).catch(() => null);
      response.writeHead(ok === null ? 401 : 200).end();
    });
    const statusWith = async (expiry: Date): Promise<number> => {
      const own = bearer(variables({ TOKEN: await jwt(expiry) }));
      const plain = request(server.origin);
      const answer = await guardedClient().send({ ...plain, headers: { ...(await own.headers(plain)) } });
      answer.discard();
      return answer.status;
    };
    expect(await statusWith(new Date(Date.now() + 60_000))).toBe(200);
    expect(await statusWith(new Date(Date.now() - 60_000))).toBe(401);
  });

  it("says when it runs out: by its own exp, by the catalog, of both the earlier, or not at all", async () => {
    const expiry = new Date("2031-05-01T12:00:00Z");
    const token = await jwt(expiry);
    expect(await bearer(variables({ TOKEN: token })).expiry()).toEqual(expiry);
    expect(await bearer(variables({ TOKEN: token }), "2032-01-01").expiry()).toEqual(expiry);
    expect(await bearer(variables({ TOKEN: token }), "2030-01-01").expiry()).toEqual(
      new Date("2030-01-01T00:00:00Z"),
    );
    expect(await bearer(variables({ TOKEN: "opaque" }), "2030-01-01T06:00:00+02:00").expiry()).toEqual(
      new Date("2030-01-01T04:00:00Z"),
    );
    expect(await bearer(variables({ TOKEN: "opaque" })).expiry()).toBeNull();
  });

  it("that was rotated since is worth a second request, the same one is not", async () => {
    const values = { TOKEN: "first-token" };
    const own = bearer({ ...variables({}), variable: () => values.TOKEN });
    expect(await own.headers(request("http://127.0.0.1:1"))).toEqual({ authorization: "Bearer first-token" });
    expect(await own.refused(null)).toBe(false);
    values.TOKEN = "second-token";
    expect(await own.refused(null)).toBe(true);
    expect(await own.headers(request("http://127.0.0.1:1"))).toEqual({
      authorization: "Bearer second-token",
    });
    expect(own.secrets()).toEqual(["first-token", "second-token"]);
  });

  it.each([
    [undefined, "credential TOKEN: is not set"],
    ["", "credential TOKEN: is not set"],
    ["abc", "credential TOKEN: has fewer than 4 characters"],
    ["two words", "credential TOKEN: holds blanks"],
    ["line\nbreak", "credential TOKEN: holds blanks"],
    ["ключ-token", "credential TOKEN: holds blanks"],
  ])("that is %j is a failure of class auth that names its reference", async (value, message) => {
    const own = bearer(variables(value === undefined ? {} : { TOKEN: value }));
    const fault = { failureClass: "auth", message: expect.stringContaining(message) };
    await expect(own.headers(request("http://127.0.0.1:1"))).rejects.toMatchObject(fault);
    await expect(own.expiry()).rejects.toMatchObject(fault);
  });
});

describe("hours until an expiry", () => {
  it("are whole, rounded down, negative once it has passed, and null when none is known", () => {
    const now = Date.parse("2030-01-01T00:00:00Z");
    expect(hoursLeft(new Date("2030-01-02T00:59:00Z"), now)).toBe(24);
    expect(hoursLeft(new Date("2029-12-31T23:59:00Z"), now)).toBe(-1);
    expect(hoursLeft(null, now)).toBeNull();
  });
});

describe("a challenge", () => {
  it.each([
    [
      'Bearer resource_metadata="https://a.example/m", scope="a b"',
      { scope: "a b", resourceMetadata: "https://a.example/m", error: null },
    ],
    [
      'bearer error=insufficient_scope , SCOPE = "x"',
      { scope: "x", resourceMetadata: null, error: "insufficient_scope" },
    ],
    [
      'Basic scope="no", Bearer realm="a \\"b\\", scope=x", scope="yes", Bearer scope="second"',
      { scope: "yes", resourceMetadata: null, error: null },
    ],
    ['Negotiate abc==, Basic realm="x"', { scope: null, resourceMetadata: null, error: null }],
    ['Bearer scope="a  b"', { scope: null, resourceMetadata: null, error: null }],
    ['Bearer scope="a\\\\b"', { scope: null, resourceMetadata: null, error: null }],
    [null, { scope: null, resourceMetadata: null, error: null }],
  ])("%j is read by its first Bearer part", (header, expected) => {
    expect(parseChallenge(header)).toEqual(expected);
  });

  it("of whatever text never throws, and never yields a scope that could not be sent", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (noise) => {
        const { scope } = parseChallenge(`Bearer scope="${noise}", ${noise}`);
        expect(scope ?? "x").toMatch(/^[\x21-\x7e]+( [\x21-\x7e]+)*$/);
      }),
    );
  });
});

describe("credentials in the catalog", () => {
  const secret = { env: "SECRET" };
  const client = { kind: "client-credentials", clientId: "probe", clientSecret: secret };

  it("[STAT-08] name a client that the server allows, or are refused", () => {
    const allowed = {
      ...client,
      issuer: "https://id.example/realms/mcp",
      allowedClients: ["probe", "other"],
    };
    expect(schema.parse(allowed)).toMatchObject({ method: "client_secret_basic", clientId: "probe" });
    expect(schema.safeParse({ ...allowed, clientId: "stranger" }).error?.issues).toMatchObject([
      { path: ["clientId"], message: "must be one of allowedClients" },
    ]);
  });

  it.each([
    { kind: "bearer", token: secret },
    { kind: "bearer", token: { aws: "/prod/token#value" }, expires: "2027-01-31" },
    { kind: "bearer", token: secret, expires: "2027-01-31T00:00:00Z" },
    { ...client, issuer: "http://127.0.0.1:8080/realms/mcp" },
    { kind: "private-key-jwt", clientId: "probe", privateKey: secret, algorithm: "EdDSA" },
    { kind: "sigv4", service: "bedrock-agentcore", region: "eu-central-1" },
    {
      kind: "sigv4",
      service: "execute-api",
      region: "eu-central-1",
      accessKeyId: secret,
      secretAccessKey: secret,
    },
  ])("%j are accepted", (credentials) => {
    expect(schema.safeParse(credentials).error).toBeUndefined();
  });

  it.each([
    { kind: "bearer", token: "a-literal" },
    { kind: "bearer", token: secret, expires: "31.1.2027" },
    { ...client, issuer: "http://id.example" },
    { ...client, issuer: "http://127.0.0.1.evil.example" },
    { ...client, scopes: ["two words"] },
    { ...client, method: "none" },
    { kind: "private-key-jwt", clientId: "probe", privateKey: secret, algorithm: "none" },
    { kind: "sigv4", service: "execute-api", region: "eu-central-1", accessKeyId: secret },
    { kind: "sigv4", service: "execute-api", region: "eu-central-1", sessionToken: secret },
  ])("%j are refused", (credentials) => {
    expect(schema.safeParse(credentials).success).toBe(false);
  });
});
