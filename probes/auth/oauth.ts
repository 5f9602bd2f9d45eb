import type { OAuthCredentials } from "../../catalog/credentials.ts";
import type { HttpClient } from "../http/types.ts";
import { parseChallenge } from "./challenge.ts";
import type { ProofDeps } from "./client-proof.ts";
import { canonicalResource, discoverResource, discoverServer } from "./discovery.ts";
import type { Enquiry } from "./exchange.ts";
import { configuredExpiry } from "./expiry.ts";
import { authFault, quoted } from "./fault.ts";
import { type AccessToken, requestToken } from "./token.ts";
import { freshToken, type Grant } from "./token-cache.ts";
import type { CredentialAuthorizer } from "./types.ts";

/** After a refusal, a token this young is not replaced again: the next would be of its kind. */
const YOUNG_MS = 60_000;

export interface OAuthDeps extends ProofDeps {
  /** Reaches the authorization server. */
  readonly http: HttpClient;
  /** Address of the MCP server. */
  readonly resource: URL;
  readonly grant: Grant;
}

/**
 * Access tokens by client credentials, from the authorization server that the catalog or the server names.
 * The few requests are written here rather than taken from a library: they go through the guarded client,
 * and every answer is judged into a fault that holds no secret.
 */
export function oauthAuthorizer(credentials: OAuthCredentials, deps: OAuthDeps): CredentialAuthorizer {
  const { grant, ledger, now, http } = deps;
  let given: string | null = null;
  return {
    async headers({ signal }) {
      const enquiry: Enquiry = { http, signal, secrets: ledger.values };
      const obtain = (): Promise<AccessToken | null> => obtainToken(credentials, deps, enquiry);
      const token = await freshToken(grant, { now, signal, obtain });
      given = token === null ? null : ledger.note(token.value);
      return given === null ? {} : { authorization: `Bearer ${given}` };
    },
    async refused(header) {
      // Another check has dropped or renewed it in the meantime.
      if ((grant.token?.value ?? null) !== given) return true;
      return isWorthAnother(credentials, { grant, header, now: now() });
    },
    expiry: () =>
      Promise.resolve(
        credentials.kind === "client-credentials" ? configuredExpiry(credentials.expires) : null,
      ),
    secrets: ledger.values,
  };
}

/**
 * A new token, or null when nobody has said yet where to get one: the server's refusal of a request without
 * one may. The server's metadata is asked only when the catalog names no issuer.
 */
async function obtainToken(
  credentials: OAuthCredentials,
  deps: OAuthDeps,
  enquiry: Enquiry,
): Promise<AccessToken | null> {
  const { grant } = deps;
  // First of all: so it is known as secret before anybody else's text is read, and nobody is asked without it.
  await deps.read(credentials.kind === "private-key-jwt" ? credentials.privateKey : credentials.clientSecret);
  const target = await targetOf(credentials, deps, enquiry);
  if (target === null) {
    if (grant.challenge === null) return null;
    throw authFault(
      "the server asks for credentials and has no protected resource metadata; set issuer in the credentials",
    );
  }
  const server = await discoverServer(target.issuer, enquiry);
  const scope = credentials.scopes?.join(" ") ?? grant.challenge?.scope ?? null;
  return requestToken({ credentials, server, resource: target.resource, scope }, deps, enquiry);
}

async function targetOf(
  credentials: OAuthCredentials,
  { grant, resource: server }: OAuthDeps,
  enquiry: Enquiry,
): Promise<{ readonly issuer: string; readonly resource: string } | null> {
  const canonical = canonicalResource(server);
  if (credentials.issuer !== undefined) {
    return { issuer: credentials.issuer, resource: credentials.resource ?? canonical };
  }
  const metadata = await discoverResource(server, grant.challenge?.resourceMetadata ?? null, enquiry);
  if (metadata === null) return null;
  grant.issuer ??= metadata.issuer;
  if (metadata.issuer !== grant.issuer) {
    // A server that was taken over would have the secret shown to whom it likes.
    const [first, then] = [grant.issuer, metadata.issuer].map((one) => quoted(one, enquiry.secrets()));
    throw authFault(
      `authorization server: the server named ${first} and now ${then}; set issuer in the credentials`,
    );
  }
  return { issuer: metadata.issuer, resource: credentials.resource ?? metadata.resource };
}

/** Learns from a refusal and drops the token, unless the next one would be the same again. */
function isWorthAnother(
  credentials: OAuthCredentials,
  { grant, header, now }: { readonly grant: Grant; readonly header: string | null; readonly now: number },
): boolean {
  const { challenge: before, token } = grant;
  const { error, scope, resourceMetadata } = parseChallenge(header);
  const newScope = credentials.scopes === undefined && scope !== null && scope !== before?.scope;
  const newPlace =
    credentials.issuer === undefined &&
    resourceMetadata !== null &&
    resourceMetadata !== before?.resourceMetadata;
  // A refusal that says less takes nothing back of what an earlier one said.
  grant.challenge = {
    error,
    scope: scope ?? before?.scope ?? null,
    resourceMetadata: resourceMetadata ?? before?.resourceMetadata ?? null,
  };
  if (token === null) return before === null;
  if (error === "insufficient_scope" && !newScope) return false;
  const repeated = before !== null && now - token.obtainedAt < YOUNG_MS;
  // What is asked for anew is got by the next check, even when this one has had its repetition.
  if (!repeated || newScope || newPlace) grant.token = null;
  return !repeated;
}
