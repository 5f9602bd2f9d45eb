import { isIP } from "node:net";
import type { Egress, Peer } from "../catalog/network.ts";
import type { Roster } from "../catalog/target.ts";
import type { Environment } from "../catalog/types.ts";

/** The other end of a connection. */
export type PeerPlan =
  /** Pods of a namespace that carry the labels; all of them where there are none. */
  | { readonly namespace: string; readonly labels: Readonly<Record<string, string>> }
  | { readonly cidr: string; readonly except: readonly string[] };

export interface PortPlan {
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}

/** Connections that are allowed; every port where none is named. */
export interface NetworkRulePlan {
  readonly peers: readonly PeerPlan[];
  readonly ports: readonly PortPlan[];
}

/** Who may call a pod and what it may call; everything else is dropped. */
export interface NetworkPlan {
  readonly ingress: readonly NetworkRulePlan[];
  readonly egress: readonly NetworkRulePlan[];
}

/** The label that every pod of the probe carries, however it runs. */
export const PROBE_LABEL = { "app.kubernetes.io/component": "probe" } as const;

const DNS_PORT = 53;
/** CoreDNS of nearly every cluster; a cache on the node is reached by an address, which `egress` can name. */
const DNS: NetworkRulePlan = {
  peers: [{ namespace: "kube-system", labels: {} }],
  ports: [
    { port: DNS_PORT, protocol: "UDP" },
    { port: DNS_PORT, protocol: "TCP" },
  ],
};

/** Every address but those that lead inside: private, shared, loopback and link-local (RFC 6890). */
const WORLD: readonly PeerPlan[] = [
  {
    cidr: "0.0.0.0/0",
    except: [
      "10.0.0.0/8",
      "100.64.0.0/10",
      "127.0.0.0/8",
      "169.254.0.0/16",
      "172.16.0.0/12",
      "192.168.0.0/16",
    ],
  },
  { cidr: "::/0", except: ["::1/128", "fc00::/7", "fe80::/10"] },
];

/**
 * Where a name of the catalog may lead: a private address too, as the probe in the cluster may connect to one, but
 * never to the machine itself or to where a cloud hands out the credentials of its nodes, IPv6 included.
 */
const NAMED: readonly PeerPlan[] = [
  { cidr: "0.0.0.0/0", except: ["127.0.0.0/8", "169.254.0.0/16"] },
  { cidr: "::/0", except: ["::1/128", "fd00:ec2::254/128", "fe80::/10"] },
];

/** The network of pods that are called on `ports` by `callers`, and may connect to what the catalog says. */
export function planNetwork(input: {
  readonly callers: readonly { readonly from: readonly PeerPlan[]; readonly port: number }[];
  readonly egress: readonly Egress[];
}): NetworkPlan {
  return {
    ingress: input.callers
      .filter(({ from }) => from.length > 0)
      .map(({ from, port }) => ({ peers: from, ports: [tcp(port)] })),
    egress: [
      DNS,
      ...input.egress.map(({ to, ports }) => ({ peers: toPeers(to), ports: ports.flatMap(portsOf) })),
    ],
  };
}

/** The peers of a catalog's entry. */
export function peersOf(peers: readonly Peer[]): PeerPlan[] {
  return peers.map((peer) =>
    "cidr" in peer
      ? { cidr: peer.cidr, except: [] }
      : { namespace: peer.namespace, labels: peer.app === undefined ? {} : { app: peer.app } },
  );
}

/**
 * What the probe in the cluster may connect to: the servers of the environment pod by pod, and the ports of every
 * other address of its roster. A policy knows no names, so an outside name opens its port to all that it may stand for.
 */
export function probeEgress(
  { servers, kubernetes }: Pick<Environment, "servers" | "kubernetes">,
  roster: Roster,
): NetworkRulePlan[] {
  const own = servers.flatMap(({ workload }): NetworkRulePlan[] =>
    workload === null
      ? []
      : [
          {
            peers: [{ namespace: workload.namespace, labels: { app: workload.deployment } }],
            ports: [tcp(workload.port)],
          },
        ],
  );
  const known = new Set(
    servers.flatMap(({ workload }) =>
      workload === null
        ? []
        : ["", ".svc"].map((end) => `${workload.deployment}.${workload.namespace}${end}`),
    ),
  );
  const others = addressesIn(roster).filter(({ hostname }) => !known.has(hostname));
  return [
    DNS,
    ...own,
    ...others
      .flatMap(outside)
      .concat(
        (kubernetes?.probeEgress ?? []).map(({ to, ports }) => ({
          peers: toPeers(to),
          ports: ports.flatMap(portsOf),
        })),
      )
      .filter(distinct()),
  ];
}

function toPeers(to: Egress["to"]): readonly PeerPlan[] {
  return to === "world" ? WORLD : peersOf([to]);
}

/** Questions to a name server go over both. */
function portsOf(port: number): readonly PortPlan[] {
  return port === DNS_PORT ? DNS.ports : [tcp(port)];
}

function tcp(port: number): PortPlan {
  return { port, protocol: "TCP" };
}

function outside({ hostname, protocol, port }: URL): NetworkRulePlan[] {
  const ports = [tcp(port === "" ? (protocol === "https:" ? 443 : 80) : Number(port))];
  const address = hostname.replace(/^\[|\]$/g, "");
  const family = isIP(address);
  if (family !== 0)
    return [{ peers: [{ cidr: `${address}/${family === 4 ? 32 : 128}`, except: [] }], ports }];
  const [, namespace, svc] = /^[^.]+\.([^.]+)(?:\.(svc)(?:\..*)?)?$/.exec(hostname) ?? [];
  const service = namespace === undefined ? [] : [{ peers: [{ namespace, labels: {} }], ports: [] }];
  // the port of somebody else's Service need not be that of its pods, which is what a policy judges
  if (svc !== undefined) return service;
  // `queue.data` is a Service to the cluster's DNS, and could be a host of the Internet
  return [{ peers: NAMED, ports }, ...service];
}

/** Every http and https address that stands anywhere in a roster. */
function addressesIn(value: unknown): URL[] {
  if (typeof value === "string")
    return /^https?:\/\//.test(value) && URL.canParse(value) ? [new URL(value)] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(addressesIn);
}

function distinct(): (rule: NetworkRulePlan) => boolean {
  const seen = new Set<string>();
  return (rule) => seen.size < seen.add(JSON.stringify(rule)).size;
}
