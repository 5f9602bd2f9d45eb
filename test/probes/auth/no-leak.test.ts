/** No secret in any error, whatever the others do with it. */

import { text as textOf } from "node:stream/consumers";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Credentials } from "../../../catalog/credentials.ts";
import { authorizerFor } from "../../../probes/auth/authorizer.ts";
import { tlsIdentityFrom } from "../../../probes/auth/tls-identity.ts";
import { createTokenCache } from "../../../probes/auth/token-cache.ts";
import type { CredentialAuthorizer } from "../../../probes/auth/types.ts";
import { classify } from "../../../probes/classify.ts";
import { guardedClient, json, type Listener, listen, probeKey, request, variables } from "./parties.ts";

/** What an authorization server does with what it was shown: it says all of it again. */
interface Echo {
  readonly status: number;
  readonly encode: "plain" | "base64" | "address" | "json";
  readonly where: "error" | "description" | "type" | "body" | "redirect";
}

const echoes = fc.record<Echo>({
  status: fc.constantFrom(200, 302, 400, 401, 500),
  encode: fc.constantFrom("plain", "base64", "address", "json"),
  where: fc.constantFrom("error", "description", "type", "body", "redirect"),
});

const encoders: Readonly<Record<Echo["encode"], (text: string) => string>> = {
  plain: (text) => text,
  base64: (text) => Buffer.from(text).toString("base64"),
  address: encodeURIComponent,
  json: (text) => JSON.stringify(text),
};

const secrets = fc.string({ unit: "grapheme", minLength: 6, maxLength: 30 }).map((text) => `Kq7${text}zX9`);
const ref = { env: "SECRET" };
const pem = probeKey.privateKey.export({ type: "pkcs8", format: "pem" }).toString();

let behaviour: Echo = { status: 400, encode: "plain", where: "error" };
let server: Listener;

beforeAll(async () => {
  server = await listen(async (incoming, response) => {
    if (incoming.method === "GET") {
      return json(response, { issuer: server.origin, token_endpoint: `${server.origin}/token` });
    }
    const form = new URLSearchParams(await textOf(incoming));
    const basic = Buffer.from(incoming.headers.authorization?.slice(6) ?? "", "base64").toString();
    const [, password = ""] = basic.split(":");
    const shown = [
      form.get("client_secret") ?? "",
      form.get("client_assertion") ?? "",
      decodeURIComponent(password.replaceAll("+", " ")),
      password,
      incoming.headers.authorization ?? "",
    ];
    const text = shown.map(encoders[behaviour.encode]).join(" ");
    if (behaviour.where === "body") return response.writeHead(behaviour.status).end(text);
    const location = { location: `http://elsewhere.example/?${encodeURIComponent(text)}` };
    if (behaviour.where === "redirect") return response.writeHead(307, location).end();
    return json(
      response,
      {
        error: behaviour.where === "error" ? text : "invalid_client",
        ...(behaviour.where === "description" ? { error_description: text } : {}),
        ...(behaviour.where === "type" ? { access_token: "opaque-token", token_type: text } : {}),
      },
      behaviour.status,
    );
  });
});
afterAll(() => server[Symbol.asyncDispose]());

/** What was thrown, in every way in which it could be written down. */
async function writtenDown(work: () => Promise<unknown>): Promise<string> {
  const error: unknown = await work().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error === null) return "";
  expect(error).toMatchObject({ name: "ProbeFault", failureClass: "auth" });
  const chain: unknown[] = [];
  for (let link: unknown = error; link instanceof Error; link = link.cause) {
    chain.push(link.message, link.stack, JSON.stringify(link), JSON.stringify({ ...link }));
  }
  return [...chain, inspect(error, { depth: 10, showHidden: true }), classify(error).detail].join("\n");
}

/** The forms in which a secret could be read out of a text. */
function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString("base64");
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64.slice(0, -4)];
}

async function thrownWith(credentials: Credentials, secret: string): Promise<string> {
  const own = authorizerFor(credentials, {
    secrets: variables({ SECRET: secret, PEM: pem }),
    http: guardedClient(),
    resource: new URL(`${server.origin}/mcp`),
    now: Date.now,
  });
  return writtenDown(() => own.headers(request(`${server.origin}/mcp`)));
}

describe("an error about a credential", () => {
  it("never holds a client secret, however the authorization server throws it back", async () => {
    const methods = fc.constantFrom("client_secret_basic", "client_secret_post");
    await fc.assert(
      fc.asyncProperty(secrets, echoes, methods, async (secret, echo, method) => {
        behaviour = echo;
        const kind = "client-credentials";
        const text = await thrownWith(
          { kind, clientId: "probe", clientSecret: ref, method, issuer: server.origin },
          secret,
        );
        for (const form of formsOf(secret)) expect(text).not.toContain(form);
      }),
      { numRuns: 150 },
    );
  });

  it("never holds a signed assertion", async () => {
    await fc.assert(
      fc.asyncProperty(echoes, async (echo) => {
        behaviour = echo;
        const text = await thrownWith(
          {
            kind: "private-key-jwt",
            clientId: "probe",
            privateKey: { env: "PEM" },
            algorithm: "RS256",
            issuer: server.origin,
          },
          "unused",
        );
        // The head of a JWS is the same for all; what follows is not.
        expect(text).not.toMatch(/eyJ[\w-]+\.eyJ[\w-]{8}/);
      }),
      { numRuns: 30 },
    );
  });

  it("never holds a value that cannot be used as what it should be", async () => {
    const shapes = fc.constantFrom<(secret: string) => string>(
      (secret) => secret,
      (secret) => `line one\n${secret}`,
      (secret) => `{"kty":"RSA","d":"${secret}"`,
      (secret) => JSON.stringify({ kty: "RSA", d: secret }),
      (secret) => `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`,
      () => pem,
    );
    const algorithms = fc.constantFrom("ES256", "EdDSA", "RS256");
    await fc.assert(
      fc.asyncProperty(secrets, shapes, algorithms, async (secret, shape, algorithm) => {
        behaviour = { status: 400, encode: "plain", where: "description" };
        const value = shape(secret);
        const source = variables({ SECRET: value });
        const sigv4 = {
          kind: "sigv4",
          service: "a",
          region: "b",
          accessKeyId: ref,
          secretAccessKey: ref,
        } as const;
        const texts = await Promise.all([
          thrownWith({ kind: "bearer", token: ref }, value),
          thrownWith(
            { kind: "private-key-jwt", clientId: "p", privateKey: ref, algorithm, issuer: server.origin },
            value,
          ),
          thrownWith({ ...sigv4, sessionToken: ref }, value),
          writtenDown(() => tlsIdentityFrom({ ca: ref }, source)),
          writtenDown(() => tlsIdentityFrom({ certificate: ref, key: ref }, source)),
        ]);
        for (const form of [...formsOf(secret), pem.slice(60, 100)])
          expect(texts.join("\n")).not.toContain(form);
      }),
      { numRuns: 60 },
    );
  });

  it("never holds what a server heard in an earlier check", async () => {
    const secret = "Kq7-the-client-secret-zX9";
    let lie: Readonly<Record<string, unknown>> = {};
    await using both = await listen(({ method, url }, response) => {
      const metadata = {
        resource: `${both.origin}/mcp`,
        authorization_servers: [both.origin],
        issuer: both.origin,
        token_endpoint: `${both.origin}/token`,
      };
      if (method === "GET") return json(response, { ...metadata, ...lie });
      return json(response, { access_token: "Kq7-the-token-zX9", url });
    });
    const cache = createTokenCache();
    const check = (known = cache): CredentialAuthorizer =>
      authorizerFor(
        { kind: "client-credentials", clientId: "p", clientSecret: ref, method: "client_secret_post" },
        {
          secrets: variables({ SECRET: secret }),
          http: guardedClient(),
          resource: new URL(`${both.origin}/mcp`),
          now: Date.now,
          cache: known,
        },
      );
    const first = check();
    const asked = request(`${both.origin}/mcp`);
    await first.headers(asked);
    await first.refused(null);
    for (const heard of [secret, "Kq7-the-token-zX9"]) {
      const lies = [
        { resource: `https://x.example/${heard}` },
        { authorization_servers: [`http://x.example/${heard}`] },
        { authorization_servers: [`https://x.example/${heard}`] },
        { issuer: `https://x.example/${heard}` },
        { token_endpoint: `http://x.example/${heard}` },
      ];
      for (lie of lies) {
        const text = await writtenDown(() => check().headers(asked));
        expect(text).not.toBe("");
        expect(text).not.toContain(heard);
        // In a new process too: the secret is read before anybody is listened to.
        if (heard === secret) {
          const anew = await writtenDown(() => check(createTokenCache()).headers(asked));
          expect(anew).not.toBe("");
          expect(anew).not.toContain(heard);
        }
      }
    }
  });
});
