import { X509Certificate } from "node:crypto";
import { decodeJwt } from "jose";
import type { TlsIdentity } from "../http/types.ts";

const HOUR_MS = 3_600_000;
/** The last moment that a Date can hold. */
const LATEST_MS = 8.64e15;

/** Whole hours until an expiry, rounded down; negative once it has passed, null when none is known. */
export function hoursLeft(expiry: Date | null, now: number): number | null {
  return expiry === null ? null : Math.floor((expiry.getTime() - now) / HOUR_MS);
}

/** When a bearer token runs out: the `exp` of a JWT, or what the catalog says; of both, the earlier. */
export function tokenExpiry(token: string, configured?: string): Date | null {
  return earlier(jwtExpiry(token), configuredExpiry(configured));
}

/** The expiry as the catalog writes it: a date is 00:00 UTC of that day. */
export function configuredExpiry(configured: string | undefined): Date | null {
  return configured === undefined ? null : new Date(configured);
}

/** When the client certificate runs out, or null when there is none. */
export function certificateExpiry({ cert }: TlsIdentity): Date | null {
  return cert === undefined ? null : new Date(new X509Certificate(cert).validTo);
}

/** The `exp` of a JWT (RFC 7519, seconds since the epoch); null for an opaque token. Nothing is verified. */
export function jwtExpiry(token: string): Date | null {
  try {
    const { exp } = decodeJwt(token);
    if (typeof exp !== "number" || !Number.isFinite(exp)) return null;
    return new Date(Math.min(Math.max(exp * 1_000, 0), LATEST_MS));
  } catch {
    return null;
  }
}

function earlier(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
