/** A block of so few leading bits is the world, whole or in a few parts: nobody owns one, but for the private ones. */
const WORLD_BITS = 8;
/** Private (RFC 1918) and a machine's own: of IPv4 the only private blocks that are as large. */
const PRIVATE_V4 = /^(10|127)\./;
/** Unique local addresses (RFC 4193), `fc00::/7`. */
const PRIVATE_V6 = /^f[cd][0-9a-f]{2}:/i;

/** Whether a block of addresses, `0.0.0.0/1`, lets in the world or a great part of it. */
export function isWorld(block: string): boolean {
  const found = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(block);
  if (found === null) return false;
  const [, address = "", length = ""] = found;
  const bits = Number(length);
  if (bits > WORLD_BITS) return false;
  return address.includes(":")
    ? !(bits >= 7 && PRIVATE_V6.test(address))
    : !(bits === WORLD_BITS && PRIVATE_V4.test(address));
}
