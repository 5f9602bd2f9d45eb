import type { SigV4Credentials } from "../../catalog/credentials.ts";
import { ProbeFault } from "../classify.ts";
import type { HttpRequest } from "../http/types.ts";
import { authFault } from "./fault.ts";
import type { Ledger, ReadCredential } from "./secret.ts";
import type { CredentialAuthorizer } from "./types.ts";

/** Keys of AWS, long-lived or of a role. */
export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SigV4Deps {
  readonly read: ReadCredential;
  readonly ledger: Ledger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The runner's own role. */
  readonly awsIdentity: () => Promise<AwsIdentity>;
}

/** The role of this process by the SDK's chain, which is loaded when first asked and renews by itself. */
export function hostAwsIdentity(): () => Promise<AwsIdentity> {
  let chain: Promise<() => Promise<AwsIdentity>> | null = null;
  return async () => {
    chain ??= import("@aws-sdk/credential-provider-node").catch(notInstalled).then(({ defaultProvider }) => {
      const provide = defaultProvider();
      return () => provide();
    });
    return (await chain)();
  };
}

/** Signs each request by AWS Signature Version 4, with the body's hash. */
export function sigv4Authorizer(credentials: SigV4Credentials, deps: SigV4Deps): CredentialAuthorizer {
  let given: string | null = null;
  return {
    async headers(request) {
      const identity = await identityOf(credentials, deps);
      given = fingerprint(identity);
      return signed(request, { credentials, identity, now: deps.now() });
    },
    refused: async () => fingerprint(await identityOf(credentials, deps)) !== given,
    // A role renews itself, and nothing says when a key will be withdrawn.
    expiry: () => Promise.resolve(null),
    secrets: deps.ledger.values,
  };
}

async function identityOf(
  { accessKeyId, secretAccessKey, sessionToken }: SigV4Credentials,
  { read, ledger, awsIdentity }: SigV4Deps,
): Promise<AwsIdentity> {
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const identity = await awsIdentity().catch((error: unknown) => {
      if (error instanceof ProbeFault) throw error;
      const name = error instanceof Error ? error.name : "unknown error";
      throw authFault(`the runner's own AWS role: no credentials (${name}); give it a role, or name keys`);
    });
    ledger.note(identity.secretAccessKey);
    if (identity.sessionToken !== undefined) ledger.note(identity.sessionToken);
    return identity;
  }
  return {
    accessKeyId: await read(accessKeyId),
    secretAccessKey: await read(secretAccessKey),
    ...(sessionToken === undefined ? {} : { sessionToken: await read(sessionToken) }),
  };
}

interface Signing {
  readonly credentials: SigV4Credentials;
  readonly identity: AwsIdentity;
  readonly now: number;
}

/** Only what no proxy and no client library touches is signed: host, content type, and AWS's own headers. */
async function signed(
  { url, method, headers, body }: HttpRequest,
  { credentials: { service, region }, identity, now }: Signing,
): Promise<Record<string, string>> {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import("@smithy/signature-v4"),
    import("@aws-crypto/sha256-js"),
  ]).catch(notInstalled);
  const signer = new SignatureV4({
    service,
    region,
    credentials: identity,
    sha256: Sha256,
    // S3 alone takes paths as they are.
    uriEscapePath: service !== "s3",
  });
  const contentType = Object.entries(headers).find(([name]) => name.toLowerCase() === "content-type")?.[1];
  const request = {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: queryOf(url),
    headers: { host: url.host, ...(contentType === undefined ? {} : { "content-type": contentType }) },
    ...(body === undefined ? {} : { body }),
  };
  try {
    const { headers: all } = await signer.sign(request, { signingDate: new Date(now) });
    const own = Object.entries(all).filter(([name]) => name === "authorization" || name.startsWith("x-amz-"));
    return Object.fromEntries(own);
  } catch {
    throw authFault(`AWS signature for ${service} in ${region}: the request could not be signed`);
  }
}

function notInstalled(): never {
  throw authFault("AWS signature: the AWS SDK is not installed where the probe runs");
}

function queryOf({ searchParams }: URL): Record<string, string[]> {
  const names = [...new Set(searchParams.keys())];
  return Object.fromEntries(names.map((name) => [name, searchParams.getAll(name)]));
}

/** Tells one set of keys from another without keeping the secret ones. */
function fingerprint({ accessKeyId, sessionToken }: AwsIdentity): string {
  return `${accessKeyId} ${sessionToken ?? ""}`;
}
