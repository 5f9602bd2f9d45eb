import { z } from "zod";

/** A name of Kubernetes that DNS takes too (RFC 1123). */
export const dnsLabel = z
  .string()
  .max(63, "must have at most 63 characters")
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "must be a DNS label");

/** Wider than this is the world, which has its own word. */
const LEAST_PREFIX = 8;

const cidr = z
  .union([z.cidrv4(), z.cidrv6()], "must be a range of addresses, such as 10.1.0.0/16")
  .refine((text) => Number(text.split("/")[1]) >= LEAST_PREFIX, {
    message: `must not be wider than /${LEAST_PREFIX}`,
  })
  .refine(isCanonical, "must start at its own first address, such as 10.1.0.0/16 instead of 10.1.2.3/16");

/** Who is at the other end of a connection: pods of a namespace, or a range of addresses. */
export const peer = z.union([
  z.strictObject({
    namespace: dnsLabel,
    app: dnsLabel.optional().describe("value of the label app of its pods; all of them when left out"),
  }),
  z.strictObject({ cidr }),
]);

/** Where connections may go. */
export const egress = z.strictObject({
  to: z
    .union([z.literal("world"), peer])
    .describe("world is every public address; names cannot be told apart by a network policy"),
  ports: z
    .array(z.int().min(1).max(65_535))
    .min(1)
    .describe("TCP ports of the other end, as its pods have them; 53 is opened for UDP as well"),
});

export type Peer = z.infer<typeof peer>;
export type Egress = z.infer<typeof egress>;

/** The API server warns of a range with bits beyond its prefix; for IPv6 it is left to say so itself. */
function isCanonical(text: string): boolean {
  const [address = "", prefix = "32"] = text.split("/");
  if (address.includes(":")) return true;
  const bits = address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return bits % 2 ** (32 - Number(prefix)) === 0;
}
