import { createHash } from "node:crypto";
import type { Reach } from "../address.ts";
import { type Connections, createConnections } from "./connections.ts";
import type { TlsIdentity } from "./types.ts";

export interface HttpPoolOptions {
  /** Connections to one origin at once; a request above that waits. @default no limit */
  readonly maxSockets?: number;
}

/** Connections that outlive a check, shared by clients of the same reach and the same TLS identity only. */
export interface HttpPool {
  /** The connections for a reach and an identity. */
  connections(reach: Reach, tls?: TlsIdentity): Connections;
  /** Ends every connection and fails what is under way; a closed pool sends nothing more. */
  close(): void;
}

/** A pool without connections. They are given up after 15 idle seconds, and after a minute in any case. */
export function createHttpPool({ maxSockets = Number.POSITIVE_INFINITY }: HttpPoolOptions = {}): HttpPool {
  const kept = new Map<string, Connections>();
  let closed = false;
  return {
    connections(reach, tls) {
      const key = `${reach} ${digestOf(tls)}`;
      const known = kept.get(key);
      if (known !== undefined) return known;
      const made = createConnections({ reach, maxSockets, ...(tls === undefined ? {} : { tls }) });
      if (closed) made.close();
      kept.set(key, made);
      return made;
    },
    close() {
      closed = true;
      for (const connections of kept.values()) connections.close();
    },
  };
}

/** Private keys have no place in the keys of a map. */
function digestOf(tls: TlsIdentity | undefined): string {
  if (tls === undefined) return "";
  const parts = [tls.ca ?? null, tls.cert ?? null, tls.key ?? null];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64");
}
