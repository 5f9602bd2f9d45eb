import { createPrivateKey, type KeyObject, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { OAuthCredentials } from "../../catalog/credentials.ts";
import { secretName } from "../secrets/source.ts";
import { authFault } from "./fault.ts";
import type { Ledger, ReadCredential } from "./secret.ts";

/** How long an assertion is good for, in seconds: time for one request, and for clocks that differ. */
const ASSERTION_SECONDS = 120;

/** What a token request carries to prove which client asks. */
export interface ClientProof {
  readonly headers: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
}

export interface ProofDeps {
  readonly read: ReadCredential;
  readonly ledger: Ledger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Proves the client to the issuer. Throws a ProbeFault of class auth that names the credential. */
export async function clientProof(
  credentials: OAuthCredentials,
  issuer: string,
  deps: ProofDeps,
): Promise<ClientProof> {
  if (credentials.kind === "private-key-jwt") {
    const assertion = await signedAssertion(credentials, issuer, deps);
    return {
      headers: {},
      form: {
        client_id: credentials.clientId,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
      },
    };
  }
  const { clientId, method } = credentials;
  const secret = await deps.read(credentials.clientSecret);
  if (method === "client_secret_post")
    return { headers: {}, form: { client_id: clientId, client_secret: secret } };
  // RFC 6749, section 2.3.1: both parts are form-encoded before they are joined.
  const pair = deps.ledger.note(
    Buffer.from(`${formEncoded(clientId)}:${formEncoded(secret)}`).toString("base64"),
  );
  return { headers: { authorization: `Basic ${pair}` }, form: {} };
}

type PrivateKeyCredentials = Extract<OAuthCredentials, { kind: "private-key-jwt" }>;

/** RFC 7523, section 3. */
async function signedAssertion(
  credentials: PrivateKeyCredentials,
  issuer: string,
  { read, ledger, now }: ProofDeps,
): Promise<string> {
  const { clientId, privateKey, algorithm, audience } = credentials;
  const { key, kid } = keyOf(await read(privateKey), secretName(privateKey));
  const keyId = credentials.keyId ?? kid;
  const issuedAt = Math.floor(now() / 1_000);
  try {
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg: algorithm, typ: "JWT", ...(keyId === null ? {} : { kid: keyId }) })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(audience ?? issuer)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ASSERTION_SECONDS)
      .sign(key);
    return ledger.note(assertion);
  } catch {
    throw authFault(
      `credential ${secretName(privateKey)}: the key does not fit algorithm ${algorithm}; name the key's own`,
    );
  }
}

function keyOf(text: string, name: string): { readonly key: KeyObject; readonly kid: string | null } {
  try {
    if (!text.trimStart().startsWith("{")) return { key: createPrivateKey(pemOf(text)), kid: null };
    const jwk = JSON.parse(text) as Record<string, unknown>;
    return {
      key: createPrivateKey({ key: jwk, format: "jwk" }),
      kid: typeof jwk.kid === "string" ? jwk.kid : null,
    };
  } catch {
    throw authFault(`credential ${name}: is no private key in PEM (without a passphrase) or JWK`);
  }
}

/** A PEM text in a variable often has its line ends written as `\n`. */
function pemOf(text: string): string {
  return text.includes("\n") ? text : text.replaceAll("\\n", "\n");
}

function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
