import type { OAuthCredentials } from "../../catalog/credentials.ts";
import { type ClientProof, clientProof, type ProofDeps } from "./client-proof.ts";
import type { AuthorizationServer } from "./discovery.ts";
import { type Answered, type Enquiry, exchange, type JsonObject, textIn } from "./exchange.ts";
import { jwtExpiry } from "./expiry.ts";
import { authFault, quoted } from "./fault.ts";

/** A token is renewed this long before it runs out; of one that lives shorter, half its life. */
const RENEW_BEFORE_MS = 60_000;
/** How long a token is used that does not say when it runs out; a refusal ends it sooner. */
const UNSTATED_LIFE_MS = 300_000;
/** Headers of a request are limited to 16 KiB by many servers. */
const MAX_TOKEN = 12_000;

/** An access token and its times, in milliseconds since the epoch. */
export interface AccessToken {
  readonly value: string;
  readonly obtainedAt: number;
  /** From here on a new one is got. */
  readonly renewAt: number;
}

export interface TokenRequest {
  readonly credentials: OAuthCredentials;
  readonly server: AuthorizationServer;
  /** What the token is for (RFC 8707). */
  readonly resource: string;
  /** Scopes, separated by single blanks; null asks for none. */
  readonly scope: string | null;
}

/** Asks for a token by client credentials (RFC 6749, section 4.4). Throws a ProbeFault of class auth. */
export async function requestToken(
  request: TokenRequest,
  deps: ProofDeps,
  enquiry: Enquiry,
): Promise<AccessToken> {
  const { credentials, server } = request;
  const who = `authorization server ${quoted(server.issuer, enquiry.secrets())}`;
  const proof = await clientProof(credentials, server.issuer, deps);
  const answer = await exchange(who, httpRequest(request, proof), enquiry);
  if (answer.status !== 200) throw refusal(who, request, { answer, secrets: enquiry.secrets() });
  if (answer.object === null) throw authFault(`${who}: its token answer is no JSON object`);
  const value = tokenIn(answer.object, who, enquiry.secrets());
  const obtainedAt = deps.now();
  const lifeMs = lifeOf(answer.object, value, obtainedAt);
  deps.ledger.note(value);
  return { value, obtainedAt, renewAt: obtainedAt + lifeMs - Math.min(RENEW_BEFORE_MS, lifeMs / 2) };
}

function httpRequest({ server, resource, scope }: TokenRequest, { headers, form }: ClientProof) {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    resource,
    ...(scope === null ? {} : { scope }),
    ...form,
  });
  return {
    url: server.tokenEndpoint,
    method: "POST",
    headers: { ...headers, accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    body: body.toString(),
  } as const;
}

function refusal(
  who: string,
  { credentials, server }: TokenRequest,
  { answer, secrets }: { readonly answer: Answered; readonly secrets: readonly string[] },
): Error {
  const error = answer.object === null ? null : textIn(answer.object, "error");
  if (error === null) return authFault(`${who}: HTTP ${answer.status} instead of a token`);
  const description = answer.object === null ? null : textIn(answer.object, "error_description");
  const method = credentials.kind === "private-key-jwt" ? "private_key_jwt" : credentials.method;
  const offered = server.authMethods.map((one) => quoted(one, secrets)).join(", ");
  const hint =
    error === "invalid_client" && server.authMethods.length > 0 && !server.authMethods.includes(method)
      ? `; it takes ${offered}, not ${method}`
      : "";
  const said = description === null ? "" : ` (${quoted(description, secrets)})`;
  return authFault(`${who}: refuses client ${credentials.clientId}: ${quoted(error, secrets)}${hint}${said}`);
}

function tokenIn(object: JsonObject, who: string, secrets: readonly string[]): string {
  const token = textIn(object, "access_token");
  const type = textIn(object, "token_type");
  if (token === null || token.length > MAX_TOKEN || !/^[\x21-\x7e]+$/.test(token)) {
    throw authFault(`${who}: its answer holds no usable access_token`);
  }
  if (type !== null && type.toLowerCase() !== "bearer") {
    throw authFault(`${who}: gives a token of type ${quoted(type, [...secrets, token])}, not "bearer"`);
  }
  return token;
}

function lifeOf(object: JsonObject, token: string, now: number): number {
  const seconds = Object.hasOwn(object, "expires_in") ? Number(object.expires_in) : Number.NaN;
  if (Number.isFinite(seconds) && seconds > 0) return seconds * 1_000;
  const expiry = jwtExpiry(token);
  return expiry === null ? UNSTATED_LIFE_MS : Math.max(0, expiry.getTime() - now);
}
