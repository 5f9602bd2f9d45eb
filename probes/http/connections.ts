import http from "node:http";
import https from "node:https";
import { isIP, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, type SecureContext } from "node:tls";
import { guardedLookup, type Reach } from "../address.ts";
import { ProbeFault } from "../classify.ts";
import { Connection } from "./connection.ts";
import type { TlsIdentity } from "./types.ts";

/** Connections that are kept without a request; a thousand servers are no reason to hold a thousand of them open. */
const MAX_IDLE = 128;
/** Milliseconds that one of several addresses of a name has to accept, before the next one is tried. */
const ATTEMPT_MS = 1_000;

export interface ConnectionsOptions {
  readonly reach: Reach;
  readonly tls?: TlsIdentity;
  readonly maxSockets: number;
}

/** What a close has to end: an exchange that is under way. */
export interface Underway {
  /** The client that sends it. */
  readonly owner: object;
  fail(fault: ProbeFault): void;
}

/** Connections of one reach and one TLS identity, kept alive between requests. */
export interface Connections {
  /** Exchanges whose answers have not been read to their ends. */
  readonly underway: Set<Underway>;
  /**
   * The agent for a scheme; a fresh one keeps no connection and so never offers a used one. Throws a
   * ProbeFault when the TLS identity cannot be used.
   */
  agent(secure: boolean, fresh: boolean): http.Agent;
  /** What is known of a connection that an agent made. */
  of(socket: Duplex | null): Connection | null;
  close(): void;
}

/** Connections whose every address lies within the reach. None is opened before it is needed. */
export function createConnections({ reach, tls, maxSockets }: ConnectionsOptions): Connections {
  const courses = new WeakMap<Duplex, Connection>();
  const agents = new Map<string, http.Agent>();
  const underway = new Set<Underway>();
  /** The one that has waited longest first. */
  const idle = new Set<Duplex>();
  const lookup = guardedLookup(reach);
  let secureContext: SecureContext | undefined;
  let closed = false;

  function makeAgent(secure: boolean, fresh: boolean): http.Agent {
    const kept = fresh ? {} : { keepAlive: true, maxSockets };
    const options = { ...kept, lookup, autoSelectFamilyAttemptTimeout: ATTEMPT_MS };
    if (!secure) return new http.Agent(options);
    secureContext ??= secureContextOf(tls);
    // A resumed session would hide that the certificate was replaced, has run out or was never valid.
    const verified = { secureContext, rejectUnauthorized: true, maxCachedSessions: 0 };
    return new https.Agent({ ...options, ...verified });
  }

  function watched(agent: http.Agent): http.Agent {
    const create = agent.createConnection.bind(agent);
    agent.createConnection = (options, callback) => {
      if (closed) {
        callback?.(closedFault(), new Socket());
        return undefined;
      }
      const socket = create(options, callback);
      if (socket instanceof Socket) {
        courses.set(socket, new Connection(socket, isIP(options.host ?? "") === 0));
        socket.once("close", () => idle.delete(socket));
      }
      return socket;
    };
    // Node's own name spells out every option of TLS for each request; here they are the agent's.
    agent.getName = (options) => `${options?.host}:${options?.port}`;
    agent.keepSocketAlive = (socket: Duplex): boolean => {
      if (socket instanceof Socket) socket.unref();
      const isKept = courses.get(socket)?.release() ?? false;
      if (isKept) idle.add(socket);
      const [longest] = idle;
      if (longest !== undefined && idle.size > MAX_IDLE) {
        idle.delete(longest);
        longest.destroy();
      }
      return isKept;
    };
    const reuse = agent.reuseSocket.bind(agent);
    agent.reuseSocket = (socket, request) => {
      idle.delete(socket);
      reuse(socket, request);
    };
    return agent;
  }

  return {
    underway,
    agent(secure, fresh) {
      if (closed) throw closedFault();
      const key = `${secure} ${fresh}`;
      const known = agents.get(key);
      if (known !== undefined) return known;
      const made = watched(makeAgent(secure, fresh));
      agents.set(key, made);
      return made;
    },
    of: (socket) => (socket === null ? null : (courses.get(socket) ?? null)),
    close() {
      closed = true;
      for (const exchange of underway) exchange.fail(closedFault());
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

/** The fault of what was under way when its client or pool was closed. */
export function closedFault(): ProbeFault {
  return new ProbeFault("connect", "the HTTP client was closed");
}

function secureContextOf(tls: TlsIdentity | undefined): SecureContext {
  try {
    return createSecureContext({ ...tls });
  } catch (error) {
    throw new ProbeFault("tls", "the CA, the client certificate or its key cannot be used", error);
  }
}
