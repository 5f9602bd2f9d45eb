import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { classify, ProbeFault } from "./classify.ts";
import type { HttpClient } from "./http/types.ts";
import type { ReplicaReading } from "./result.ts";
import type { OpenSession, ResolvedMcp } from "./session.ts";

/** More addresses than this are no headless Service but a mistake. */
const MAX_REPLICAS = 200;

interface ReplicaRequest {
  readonly mcp: Extract<ResolvedMcp, { transport: "streamable-http" | "sse" }>;
  readonly host: string;
  readonly http: HttpClient;
  readonly open: OpenSession;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly redact: (text: string) => string;
  /** The addresses behind a name. @default the system's resolver */
  readonly addressesOf?: (host: string) => Promise<readonly string[]>;
}

interface Answer {
  readonly reading: Omit<ReplicaReading, "disagrees">;
  /** What a replica said, so that two can be compared. */
  readonly said: string;
}

/**
 * Asks every replica behind a name, past the load balancer, for its tools. One that answers otherwise than most of
 * the others disagrees. Throws a ProbeFault of class dns when the name has no addresses.
 */
export async function checkReplicas(request: ReplicaRequest): Promise<ReplicaReading[]> {
  const { host, addressesOf = systemAddresses } = request;
  const addresses = [...new Set(await addressesOf(host))].sort().slice(0, MAX_REPLICAS);
  if (addresses.length === 0) throw new ProbeFault("dns", `${host} has no addresses`);
  const answers = await Promise.all(addresses.map((address) => askReplica(request, address)));
  const usual = mostCommon(answers.map(({ said }) => said));
  return answers.map(({ reading, said }) => ({ ...reading, disagrees: usual !== null && said !== usual }));
}

async function askReplica(request: ReplicaRequest, address: string): Promise<Answer> {
  const { mcp, http, open, timeoutMs, signal, redact } = request;
  try {
    const session = await open({ mcp, http: pinned(http, address), timeoutMs, signal });
    try {
      const { tools } = await session.listTools(signal);
      const names = tools.map(({ name }) => name).sort();
      return {
        reading: { address, outcome: "ok", failureClass: null, detail: "" },
        said: JSON.stringify(["ok", session.protocolVersion, session.serverInfo?.version, names]),
      };
    } finally {
      await session.close();
    }
  } catch (error) {
    const { failureClass, detail } = classify(error, redact);
    return {
      reading: { address, outcome: "fail", failureClass, detail },
      said: JSON.stringify(["fail", failureClass]),
    };
  }
}

/** The same requests to one address; the name stays in the Host header, which servers compare with their own. */
function pinned(http: HttpClient, address: string): HttpClient {
  return {
    send: (request) => {
      const url = new URL(request.url);
      url.hostname = isIPv6(address) ? `[${address}]` : address;
      return http.send({ ...request, url, headers: { ...request.headers, host: request.url.host } });
    },
    close: () => undefined,
  };
}

/** What more replicas say than anything else; null when two camps are equally large. */
function mostCommon(said: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const one of said) counts.set(one, (counts.get(one) ?? 0) + 1);
  const [first, second] = [...counts].sort((a, b) => b[1] - a[1]);
  if (first === undefined) return null;
  // of two equal camps the one that works is the usual one; two that both work cannot both be right
  if (second !== undefined && second[1] === first[1]) {
    const works = [first, second].filter(([one]) => one.startsWith('["ok"'));
    return works.length === 1 ? (works[0]?.[0] ?? null) : "";
  }
  return first[0];
}

async function systemAddresses(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.map(({ address }) => address);
}
