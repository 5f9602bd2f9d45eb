import {
  type Enquiry,
  endpointOf,
  exchange,
  isThisMachine,
  type JsonObject,
  textIn,
  textsIn,
} from "./exchange.ts";
import { authFault, quoted } from "./fault.ts";

/** What a protected server says about itself (RFC 9728), as far as a token request needs it. */
export interface ResourceMetadata {
  /** As the server writes it; checked to be the server's own address or one above it. */
  readonly resource: string;
  /** Its first authorization server. */
  readonly issuer: string;
}

/** What an authorization server says about itself (RFC 8414, OpenID Connect Discovery). */
export interface AuthorizationServer {
  readonly issuer: string;
  readonly tokenEndpoint: URL;
  /** Empty when it does not say. */
  readonly authMethods: readonly string[];
}

/**
 * The metadata of a protected server: at the address that its challenge names, else at the well-known path
 * with the server's path and without. Null when no challenge names it and it is not there.
 * Throws a ProbeFault of class auth when it cannot be had or cannot be right.
 */
export async function discoverResource(
  server: URL,
  named: string | null,
  enquiry: Enquiry,
): Promise<ResourceMetadata | null> {
  const secrets = enquiry.secrets();
  const what = "resource_metadata of the challenge";
  const candidates =
    named === null ? wellKnownOfResource(server) : [endpointOf(named, { what, namedBy: server, secrets })];
  for (const url of candidates) {
    const metadata = await documentAt(url, "protected resource metadata", enquiry);
    if (metadata !== null) return judgedResource(metadata, { url, server, secrets });
  }
  if (named === null) return null;
  throw authFault(
    `protected resource metadata: nothing at ${quoted(named, secrets)}, where the challenge leads`,
  );
}

/** The authorization server of an issuer. Throws a ProbeFault of class auth. */
export async function discoverServer(issuer: string, enquiry: Enquiry): Promise<AuthorizationServer> {
  const secrets = enquiry.secrets();
  const who = `authorization server ${quoted(issuer, secrets)}`;
  for (const url of wellKnownOfIssuer(new URL(issuer))) {
    const metadata = await documentAt(url, who, enquiry);
    if (metadata === null) continue;
    const stated = textIn(metadata, "issuer");
    if (stated === null) throw authFault(`${who}: its metadata names no issuer`);
    // RFC 8414, section 3.3. Written with and without a last slash in the same deployment too often to insist.
    if (withoutSlash(stated) !== withoutSlash(issuer)) {
      throw authFault(`${who}: its metadata names the issuer ${quoted(stated, secrets)}`);
    }
    const what = `${who}: its token_endpoint`;
    return {
      issuer: stated,
      tokenEndpoint: endpointOf(textIn(metadata, "token_endpoint"), {
        what,
        namedBy: new URL(issuer),
        secrets,
      }),
      authMethods: textsIn(metadata, "token_endpoint_auth_methods_supported"),
    };
  }
  throw authFault(`${who}: has no metadata at its well-known addresses`);
}

/** The address of a server as the name of a resource (RFC 8707): no query, no fragment, no last slash. */
export function canonicalResource(server: URL): string {
  return withoutSlash(`${server.origin}${server.pathname}`);
}

function judgedResource(
  metadata: JsonObject,
  { url, server, secrets }: { readonly url: URL; readonly server: URL; readonly secrets: readonly string[] },
): ResourceMetadata {
  const who = `protected resource metadata at ${quoted(url.href, secrets)}`;
  const resource = textIn(metadata, "resource");
  if (resource === null) throw authFault(`${who}: names no resource`);
  if (!covers(resource, server)) {
    throw authFault(`${who}: is for the resource ${quoted(resource, secrets)}, not for this server`);
  }
  const [first] = textsIn(metadata, "authorization_servers");
  if (first === undefined) {
    throw authFault(`${who}: names no authorization server; set issuer in the credentials`);
  }
  if (url.protocol !== "https:" && !isThisMachine(url)) {
    // Whoever can change what travels in clear text could have the credential shown to himself.
    throw authFault(`${who}: is read in clear text, so it cannot be trusted; set issuer in the credentials`);
  }
  endpointOf(first, { what: `${who}: its authorization server`, namedBy: url, secrets });
  return { resource, issuer: first };
}

/** Whether a resource is the server or lies above it, by whole segments of the path. */
function covers(resource: string, server: URL): boolean {
  if (!URL.canParse(resource)) return false;
  const { origin, pathname, username, password, search } = new URL(resource);
  if (origin !== server.origin || username !== "" || password !== "" || search !== "") return false;
  return `${withoutSlash(server.pathname)}/`.startsWith(`${withoutSlash(pathname)}/`);
}

function wellKnownOfResource({ origin, pathname }: URL): URL[] {
  const path = withoutSlash(pathname);
  const base = `${origin}/.well-known/oauth-protected-resource`;
  return [...new Set([`${base}${path}`, base])].map((text) => new URL(text));
}

function wellKnownOfIssuer({ origin, pathname }: URL): URL[] {
  const path = withoutSlash(pathname);
  const addresses = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  return [...new Set(addresses)].map((text) => new URL(text));
}

/** A JSON document, or null when there is none at this address. */
async function documentAt(url: URL, who: string, enquiry: Enquiry): Promise<JsonObject | null> {
  const headers = { accept: "application/json" };
  const { status, object } = await exchange(who, { url, method: "GET", headers }, enquiry);
  if (status >= 400 && status < 500) return null;
  const place = quoted(url.href, enquiry.secrets());
  if (status !== 200) throw authFault(`${who}: HTTP ${status} at ${place}`);
  if (object === null) throw authFault(`${who}: no JSON object at ${place}`);
  return object;
}

function withoutSlash(text: string): string {
  return text.endsWith("/") ? text.slice(0, -1) : text;
}
