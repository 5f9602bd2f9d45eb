import type { input } from "@pulumi/kubernetes/types/index.js";
import type { NetworkPlan, NetworkRulePlan, PeerPlan } from "../plan/network.ts";

type PolicySpec = input.networking.v1.NetworkPolicySpec;
type PolicyPeer = input.networking.v1.NetworkPolicyPeer;

/** Nothing may come or go, for every pod of a namespace: what another policy allows is added to nothing. */
export const DENY_ALL = { podSelector: {}, policyTypes: ["Ingress", "Egress"] } satisfies PolicySpec;

/** The policy of the pods with these labels. Without a rule a direction is closed, not open. */
export function networkPolicySpec(
  selector: Readonly<Record<string, string>>,
  { ingress, egress }: NetworkPlan,
): PolicySpec {
  return {
    podSelector: { matchLabels: { ...selector } },
    policyTypes: ["Ingress", "Egress"],
    ingress: ingress.map(({ peers, ports }) => ({ from: peers.map(peerOf), ...portsOf(ports) })),
    egress: egress.map(({ peers, ports }) => ({ to: peers.map(peerOf), ...portsOf(ports) })),
  };
}

function peerOf(peer: PeerPlan): PolicyPeer {
  if ("cidr" in peer)
    return {
      ipBlock: { cidr: peer.cidr, ...(peer.except.length === 0 ? {} : { except: [...peer.except] }) },
    };
  return {
    // set by the API server on every namespace, and by nobody else
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": peer.namespace } },
    ...(Object.keys(peer.labels).length === 0 ? {} : { podSelector: { matchLabels: { ...peer.labels } } }),
  };
}

function portsOf(
  ports: NetworkRulePlan["ports"],
): Pick<input.networking.v1.NetworkPolicyEgressRule, "ports"> {
  return ports.length === 0 ? {} : { ports: ports.map(({ port, protocol }) => ({ port, protocol })) };
}
