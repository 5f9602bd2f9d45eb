import type { Credentials } from "../../catalog/credentials.ts";
import type { HttpClient } from "../http/types.ts";
import type { SecretSource } from "../secrets/source.ts";
import { bearerAuthorizer } from "./bearer.ts";
import { canonicalResource } from "./discovery.ts";
import { oauthAuthorizer } from "./oauth.ts";
import { createLedger, credentialReader } from "./secret.ts";
import { type AwsIdentity, hostAwsIdentity, sigv4Authorizer } from "./sigv4.ts";
import { createTokenCache, type TokenCache } from "./token-cache.ts";
import type { CredentialAuthorizer } from "./types.ts";

export interface AuthorizerDeps {
  readonly secrets: SecretSource;
  /** Reaches authorization servers: guarded as the probe's own, and open to every origin. */
  readonly http: HttpClient;
  /** Address of the MCP server. */
  readonly resource: URL;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Tokens that are shared with other checks. @default none are */
  readonly cache?: TokenCache;
  /** @default the role of this process */
  readonly awsIdentity?: () => Promise<AwsIdentity>;
}

/**
 * The authorizer of a server's credentials. Nothing is read or asked before the first request; whatever
 * fails then is a ProbeFault of class auth that names a credential by its reference, never by its value.
 */
export function authorizerFor(credentials: Credentials, deps: AuthorizerDeps): CredentialAuthorizer {
  const { secrets, http, resource, now, cache = createTokenCache(), awsIdentity = roleOfThisProcess } = deps;
  const ledger = createLedger();
  const read = credentialReader(secrets, ledger);
  switch (credentials.kind) {
    case "bearer":
      return bearerAuthorizer(credentials, { read, ledger });
    case "sigv4":
      return sigv4Authorizer(credentials, { read, ledger, now, awsIdentity });
    case "client-credentials":
    case "private-key-jwt": {
      const grant = cache.grantFor(JSON.stringify([canonicalResource(resource), credentials]));
      const shared = { ledger: grant.ledger, read: credentialReader(secrets, grant.ledger) };
      return oauthAuthorizer(credentials, { ...shared, now, http, resource, grant });
    }
  }
}

const roleOfThisProcess = hostAwsIdentity();
