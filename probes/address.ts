import { lookup as dnsLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { ProbeFault } from "./classify.ts";

/** Which addresses a probe may connect to: only public ones, those of this machine too, or any. */
export type Reach = "public" | "loopback" | "private";

/** The cure that a refusal names. */
const CURE = "the target does not allow private addresses";

/** Whether an IP address in text lies within the reach. IPv4 inside IPv6 is judged as what it carries. */
export function isReachable(address: string, reach: Reach): boolean {
  if (reach === "private") return true;
  if (!ipaddr.isValid(address)) return false;
  const range = rangeOf(address);
  return range === "unicast" || (reach === "loopback" && range === "loopback");
}

/** Throws a ProbeFault when the host is an IP literal outside the reach: `lookup` is never asked about those. */
export function refuseLiteral(hostname: string, reach: Reach): void {
  const literal = hostname.replace(/^\[|\]$/g, "");
  if (ipaddr.isValid(literal) && !isReachable(literal, reach)) throw refusal(literal);
}

/**
 * A `lookup` for sockets that hands on only addresses within the reach. The judged address is the one
 * connected to, so a name that changes its answer between two questions gains nothing.
 */
export function guardedLookup(reach: Reach): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "");
      const allowed = addresses.filter(({ address }) => isReachable(address, reach));
      const [first] = allowed;
      if (first === undefined) return callback(refusal(addresses[0]?.address ?? hostname), "");
      return options.all === true ? callback(null, allowed) : callback(null, first.address, first.family);
    });
  };
}

function rangeOf(address: string): string {
  const parsed = ipaddr.process(address.split("%")[0] ?? address);
  if (parsed.kind() === "ipv6" && parsed.range() === "rfc6052") {
    // NAT64: the last four bytes are the IPv4 address that is really connected to.
    return ipaddr.fromByteArray(parsed.toByteArray().slice(12)).range();
  }
  return parsed.range();
}

function refusal(address: string): ProbeFault {
  return new ProbeFault("connect", `refused to connect to ${address}: ${rangeOfSafe(address)}, and ${CURE}`);
}

function rangeOfSafe(address: string): string {
  return ipaddr.isValid(address) ? `a ${rangeOf(address)} address` : "no address";
}
