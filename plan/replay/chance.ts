const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * A number of `0 <= n < 1` that depends on nothing but the texts and numbers given: the same on every machine and in
 * whatever order it is asked for. FNV-1a over the characters, then the finaliser of MurmurHash3.
 */
export function chance(...of: readonly (string | number)[]): number {
  let hash = FNV_OFFSET;
  for (const character of of.join("\u0000")) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), FNV_PRIME);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
