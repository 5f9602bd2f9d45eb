import type { CheckTarget, McpTarget } from "../catalog/target.ts";
import type { Reach } from "./address.ts";
import { authorizerFor } from "./auth/authorizer.ts";
import { certificateExpiry } from "./auth/expiry.ts";
import { tlsIdentityFrom } from "./auth/tls-identity.ts";
import type { TokenCache } from "./auth/token-cache.ts";
import type { CredentialAuthorizer } from "./auth/types.ts";
import { createHttpClient } from "./http/client.ts";
import type { HttpPool } from "./http/pool.ts";
import type { HttpClient, TlsIdentity } from "./http/types.ts";
import { redactor, resolveEnv, type SecretSource } from "./secrets/source.ts";
import type { ResolvedMcp } from "./session.ts";

export interface AccessOptions {
  readonly reach: Reach;
  readonly secrets: SecretSource;
  readonly now: () => number;
  /** Connections that checks share. @default each check has its own */
  readonly pool?: HttpPool;
  /** Tokens that checks share. @default each check asks for its own */
  readonly tokens?: TokenCache;
}

/** How one server is reached: connections with its certificates and credentials, and what must never be shown. */
export interface Access {
  /** Sends the server's credentials. */
  readonly authenticated: HttpClient;
  /** The same connections without them. */
  readonly open: HttpClient;
  /** Masks every secret value that has been handled so far. */
  redact(text: string): string;
  /** When the credentials or the client certificate run out; null when nothing says so. */
  expiresAt(): Promise<Date | null>;
  close(): void;
}

/**
 * Reads the certificates of a target and makes its clients; credentials are read with the first request.
 * Throws a ProbeFault of class auth when a certificate is missing or is none.
 */
export async function accessTo(target: CheckTarget, options: AccessOptions): Promise<Access> {
  const { reach, secrets, now, pool, tokens } = options;
  const tls = target.tls === undefined ? undefined : await tlsIdentityFrom(target.tls, secrets);
  const base = { reach, now, ...(pool === undefined ? {} : { pool }), ...(tls === undefined ? {} : { tls }) };
  const open = createHttpClient(base);
  // authorization servers have certificates of their own, and are shown no certificate of ours
  const outside = createHttpClient({ reach, now, ...(pool === undefined ? {} : { pool }) });
  const authorizer = authorizerOf(target, { secrets, http: outside, now, tokens });
  const authenticated = authorizer === null ? open : createHttpClient({ ...base, authorizer });
  return {
    authenticated,
    open,
    redact: (text) => redactor([...(authorizer?.secrets() ?? []), ...keysOf(tls)])(text),
    expiresAt: async () =>
      earliest(await authorizer?.expiry(), tls === undefined ? null : certificateExpiry(tls)),
    close() {
      for (const client of new Set([open, outside, authenticated])) client.close();
    },
  };
}

/** The MCP target with the secrets of its environment read, and those values. */
export async function resolveMcp(
  mcp: McpTarget,
  secrets: SecretSource,
): Promise<{ readonly mcp: ResolvedMcp; readonly secrets: readonly string[] }> {
  if (mcp.transport !== "stdio") return { mcp, secrets: [] };
  const resolved = await resolveEnv(mcp.env, secrets);
  return { mcp: { ...mcp, env: resolved.env }, secrets: resolved.secrets };
}

function authorizerOf(
  { credentials, mcp, rest }: CheckTarget,
  deps: {
    readonly secrets: SecretSource;
    readonly http: HttpClient;
    readonly now: () => number;
    readonly tokens: TokenCache | undefined;
  },
): CredentialAuthorizer | null {
  const address = mcp !== null && mcp.transport !== "stdio" ? mcp.url : rest?.url;
  if (credentials === undefined || address === undefined || !URL.canParse(address)) return null;
  const { secrets, http, now, tokens } = deps;
  const resource = new URL(address);
  return authorizerFor(credentials, {
    secrets,
    http,
    now,
    resource,
    ...(tokens === undefined ? {} : { cache: tokens }),
  });
}

function keysOf(tls: TlsIdentity | undefined): string[] {
  return tls?.key === undefined ? [] : [tls.key];
}

function earliest(...dates: readonly (Date | null | undefined)[]): Date | null {
  const known = dates.filter((date): date is Date => date !== null && date !== undefined);
  return known.sort((a, b) => a.getTime() - b.getTime())[0] ?? null;
}
