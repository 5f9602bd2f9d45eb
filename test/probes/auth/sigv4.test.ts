/** Signatures of AWS, verified by a second implementation. Not proved here: that AWS itself agrees. */
import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { text as textOf } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { SigV4Credentials } from "../../../catalog/credentials.ts";
import { type AuthorizerDeps, authorizerFor } from "../../../probes/auth/authorizer.ts";
import { guardedClient, listen, request, variables } from "./parties.ts";

const KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const own = {
  kind: "sigv4",
  service: "bedrock-agentcore",
  region: "eu-central-1",
  accessKeyId: { env: "ID" },
  secretAccessKey: { env: "KEY" },
} as const satisfies SigV4Credentials;

function signer(credentials: SigV4Credentials, more: Partial<AuthorizerDeps> = {}) {
  const secrets = variables({ ID: "AKIDEXAMPLE", KEY, SESSION: "a-session-token" });
  const resource = new URL("http://127.0.0.1:1/mcp");
  return authorizerFor(credentials, { secrets, http: guardedClient(), resource, now: Date.now, ...more });
}

/** The signature as the documentation computes it ("Create a signed AWS API request"), from what arrived. */
function expectedSignature(incoming: IncomingMessage, body: string, key: string): string {
  const authorization = incoming.headers.authorization ?? "";
  const [, scope = "", signed = ""] =
    /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+)/.exec(authorization) ?? [];
  const url = new URL(incoming.url ?? "/", "http://x");
  const strict = (text: string): string =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const query = [...url.searchParams].map(([name, value]) => `${strict(name)}=${strict(value)}`);
  const headers = signed.split(";").map((name) => `${name}:${String(incoming.headers[name]).trim()}\n`);
  const sha = (text: string): string => createHash("sha256").update(text).digest("hex");
  const path = url.pathname.split("/").map(strict).join("/");
  const canonical = [
    incoming.method,
    path,
    query.sort((a, b) => (a < b ? -1 : 1)).join("&"),
    headers.join(""),
    signed,
    sha(body),
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", incoming.headers["x-amz-date"], scope, sha(canonical)].join("\n");
  const hmac = (by: string | Buffer, text: string): Buffer => createHmac("sha256", by).update(text).digest();
  const signingKey = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${key}`);
  return hmac(signingKey, toSign).toString("hex");
}

describe("a signed request", () => {
  it.each([
    ["/mcp", "POST", '{"a":1}'],
    ["/runtimes/arn%3Aaws%3Ax/invocations?qualifier=DEFAULT&b=2&a=x%20y&a=1", "POST", "ä"],
    ["/", "GET", undefined],
  ] as const)("to %s by %s has the signature that the server computes", async (path, method, body) => {
    const seen: { readonly sent: string; readonly expected: string; readonly date: unknown }[] = [];
    await using server = await listen(async (incoming, response) => {
      const text = await textOf(incoming);
      const sent = /Signature=([0-9a-f]+)/.exec(incoming.headers.authorization ?? "")?.[1] ?? "";
      seen.push({
        sent,
        expected: expectedSignature(incoming, text, KEY),
        date: incoming.headers["x-amz-date"],
      });
      response.end();
    });
    const plain = request(`${server.origin}${path}`, { method });
    const asked = { ...plain, ...(body === undefined ? {} : { body }) };
    const { body: _, ...bodyless } = plain;
    const sending = body === undefined ? bodyless : asked;
    const now = () => Date.parse("2030-01-01T00:00:00Z");
    const headers = { ...sending.headers, ...(await signer(own, { now }).headers(sending)) };
    (await guardedClient().send({ ...sending, headers })).discard();
    expect(seen).toHaveLength(1);
    expect(seen[0]?.sent).toBe(seen[0]?.expected);
    expect(seen[0]?.date).toBe("20300101T000000Z");
  });

  it("carries the session token of temporary keys, and signs it", async () => {
    const headers = await signer({ ...own, sessionToken: { env: "SESSION" } }).headers(
      request("https://a.example/mcp"),
    );
    expect(headers).toMatchObject({ "x-amz-security-token": "a-session-token" });
    expect(headers.authorization).toMatch(
      /SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token,/,
    );
    expect(
      Object.keys(headers).filter((name) => name !== "authorization" && !name.startsWith("x-amz-")),
    ).toEqual([]);
  });

  it("is made with the runner's own role when no keys are named, and repeated only with other keys", async () => {
    let id = "ASIAROLE1";
    const awsIdentity = () =>
      Promise.resolve({ accessKeyId: id, secretAccessKey: KEY, sessionToken: `session of ${id}` });
    const role = signer({ kind: "sigv4", service: "execute-api", region: "eu-central-1" }, { awsIdentity });
    const headers = await role.headers(request("https://a.example/mcp"));
    expect(headers.authorization).toContain("Credential=ASIAROLE1/");
    expect(await role.refused(null)).toBe(false);
    id = "ASIAROLE2";
    expect(await role.refused(null)).toBe(true);
    expect(role.secrets()).toEqual(expect.arrayContaining([KEY, "session of ASIAROLE1"]));
    expect(await role.expiry()).toBeNull();
  });

  it("[STAT-08] without a role is a failure of class auth that says what is missing", async () => {
    const awsIdentity = () =>
      Promise.reject(Object.assign(new Error(KEY), { name: "CredentialsProviderError" }));
    const role = signer({ kind: "sigv4", service: "execute-api", region: "eu-central-1" }, { awsIdentity });
    await expect(role.headers(request("https://a.example/mcp"))).rejects.toMatchObject({
      failureClass: "auth",
      message:
        "the runner's own AWS role: no credentials (CredentialsProviderError); give it a role, or name keys",
    });
  });
});
