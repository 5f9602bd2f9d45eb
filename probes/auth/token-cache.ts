import { addAbortListener } from "node:events";
import type { Challenge } from "./challenge.ts";
import { authFault } from "./fault.ts";
import { createLedger, type Ledger } from "./secret.ts";
import type { AccessToken } from "./token.ts";

/** Tokens that checks share, so that not every check asks for one. Holds them in memory only. */
export interface TokenCache {
  /** What is known for these credentials at this resource; the same object for the same key. */
  grantFor(key: string): Grant;
}

/** What the checks of one server have learned and got under one set of credentials. */
export interface Grant {
  /** Shared too: whom the server heard from in an earlier check, it may quote in a later one. */
  readonly ledger: Ledger;
  token: AccessToken | null;
  /** The token on its way, and the signal of the check that asked for it. */
  pending: { readonly token: Promise<AccessToken | null>; readonly signal: AbortSignal } | null;
  /** What the server's refusals have asked for so far; null before the first. */
  challenge: Challenge | null;
  /** The authorization server that the server's metadata named first. */
  issuer: string | null;
}

/** An empty cache; one a process. */
export function createTokenCache(): TokenCache {
  const grants = new Map<string, Grant>();
  return {
    grantFor(key) {
      const grant = grants.get(key) ?? emptyGrant();
      grants.set(key, grant);
      return grant;
    },
  };
}

/**
 * The grant's token while it is fresh, else a new one. Who comes while one is on its way waits for it, no
 * longer than his own signal allows; when it failed only because its asker ran out of time, he asks himself.
 */
export async function freshToken(
  grant: Grant,
  {
    now,
    signal,
    obtain,
  }: {
    readonly now: () => number;
    readonly signal: AbortSignal;
    readonly obtain: () => Promise<AccessToken | null>;
  },
): Promise<AccessToken | null> {
  for (;;) {
    if (grant.token !== null && now() < grant.token.renewAt) return grant.token;
    const { pending } = grant;
    if (pending === null) return start(grant, signal, obtain);
    try {
      return await unlessAborted(pending.token, signal);
    } catch (error) {
      if (signal.aborted || !pending.signal.aborted) throw error;
    }
  }
}

async function start(
  grant: Grant,
  signal: AbortSignal,
  obtain: () => Promise<AccessToken | null>,
): Promise<AccessToken | null> {
  const token = obtain();
  grant.pending = { token, signal };
  try {
    grant.token = await token;
    return grant.token;
  } finally {
    grant.pending = null;
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const listener = addAbortListener(signal, () => {
    aborted.reject(authFault("no token within the time of the check"));
  });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    listener[Symbol.dispose]();
  }
}

function emptyGrant(): Grant {
  return { ledger: createLedger(), token: null, pending: null, challenge: null, issuer: null };
}
