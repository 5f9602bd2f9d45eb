import { z } from "zod";
import { secretRef } from "./secrets.ts";

/** An address that credentials may be sent to: https, or http on this machine. */
const tokenAuthority = z
  .url({ protocol: /^https?$/ })
  .regex(
    /^https:\/\/|^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(?=[:/]|$)/,
    "must be https; http is for an address of this machine only",
  );

const expires = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })])
  .optional()
  .describe("when the secret runs out, such as 2027-01-31 (00:00 UTC); warned about in time");

const text = z.string().min(1);

const scopes = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, "must be one scope, without blanks"))
  .min(1)
  .optional()
  .describe("scopes that are asked for; left out: those that the server's challenge names, if any");

const issuer = tokenAuthority
  .optional()
  .describe(
    "the authorization server (OIDC or RFC 8414 discovery). Left out: the first that the server's own " +
      "metadata names (RFC 9728), so the server decides who is shown the credential",
  );

const resource = z
  .url({ protocol: /^https?$/ })
  .optional()
  .describe("what the token is for (RFC 8707); left out: what the server's metadata names, else its address");

const bearer = z.strictObject({
  kind: z.literal("bearer"),
  token: secretRef.describe("an access token, sent as it is"),
  expires: expires.describe(
    "when an opaque token runs out, such as 2027-01-31 (00:00 UTC); a JWT says so itself",
  ),
});

const clientCredentials = z
  .strictObject({
    kind: z.literal("client-credentials"),
    clientId: text.describe("the probe's client at the authorization server"),
    clientSecret: secretRef.describe("the client's secret"),
    method: z
      .enum(["client_secret_basic", "client_secret_post"])
      .default("client_secret_basic")
      .describe("how the secret is shown to the authorization server"),
    scopes,
    issuer,
    resource,
    allowedClients: z
      .array(text)
      .min(1)
      .optional()
      .describe("the clients that the server accepts; clientId must be one of them"),
    expires,
  })
  .refine(({ clientId, allowedClients }) => allowedClients?.includes(clientId) ?? true, {
    path: ["clientId"],
    message: "must be one of allowedClients",
  });

const privateKeyJwt = z.strictObject({
  kind: z.literal("private-key-jwt"),
  clientId: text.describe("the probe's client at the authorization server"),
  privateKey: secretRef.describe("the client's private key, as PEM (PKCS #8) or JWK"),
  algorithm: z
    .enum(["RS256", "PS256", "ES256", "EdDSA"])
    .default("RS256")
    .describe("signature of the assertion; must fit the key"),
  keyId: text.optional().describe("`kid` of the assertion; left out: that of the JWK, if any"),
  audience: text.optional().describe("`aud` of the assertion; left out: the issuer"),
  scopes,
  issuer,
  resource,
});

const sigv4 = z
  .strictObject({
    kind: z.literal("sigv4"),
    service: z
      .string()
      .regex(/^[a-z0-9-]+$/, "must be a service's signing name, such as bedrock-agentcore")
      .describe("signing name of the AWS service"),
    region: z.string().regex(/^[a-z0-9-]+$/, "must be a region, such as eu-central-1"),
    accessKeyId: secretRef.optional().describe("left out with secretAccessKey: the runner's own role"),
    secretAccessKey: secretRef.optional(),
    sessionToken: secretRef.optional().describe("only for keys that are temporary"),
  })
  .refine(
    ({ accessKeyId, secretAccessKey }) => (accessKeyId === undefined) === (secretAccessKey === undefined),
    {
      message: "needs both of accessKeyId and secretAccessKey, or neither",
    },
  )
  .refine(({ accessKeyId, sessionToken }) => accessKeyId !== undefined || sessionToken === undefined, {
    path: ["sessionToken"],
    message: "belongs to accessKeyId and secretAccessKey, which are left out",
  });

/** How the probe proves who it is. Secrets by reference only. */
export const credentials = z
  .discriminatedUnion("kind", [bearer, clientCredentials, privateKeyJwt, sigv4])
  .describe("how the probe proves who it is");

/** A private certificate authority and the probe's client certificate, by reference, as PEM. */
export const tlsIdentity = z
  .strictObject({
    ca: secretRef
      .optional()
      .describe("certificates that the server's must lead to, instead of the public ones"),
    certificate: secretRef.optional().describe("the probe's client certificate, with its intermediates"),
    key: secretRef.optional().describe("the private key of the client certificate"),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    message: "needs both of certificate and key, or neither",
  })
  .describe("private certificate authority and client certificate of the connection");

export type Credentials = z.infer<typeof credentials>;
export type BearerCredentials = Extract<Credentials, { kind: "bearer" }>;
export type OAuthCredentials = Extract<Credentials, { kind: "client-credentials" | "private-key-jwt" }>;
export type SigV4Credentials = Extract<Credentials, { kind: "sigv4" }>;
export type TlsIdentityRef = z.infer<typeof tlsIdentity>;
