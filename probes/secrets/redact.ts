/** Values shorter than this are not masked: every text holds them, and two characters hide nothing. */
const SHORTEST_MASKED = 3;

/**
 * A function that masks the given values in a text, as they are and as they travel: in base64 (also in the
 * middle of a longer one, as in basic authentication), in addresses and forms, in JSON.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const masked = secrets.filter((secret) => secret.length >= SHORTEST_MASKED).flatMap(formsOf);
  // Longest first: a secret that contains another one must go as a whole.
  const values = [...new Set(masked)].sort((a, b) => b.length - a.length);
  return (text) => values.reduce((shown, value) => shown.replaceAll(value, "***"), text);
}

function formsOf(secret: string): string[] {
  // A lone surrogate cannot be encoded for an address at all.
  const component = encodeURIComponent(secret.toWellFormed());
  const form = new URLSearchParams({ "": secret }).toString().slice(1);
  const json = JSON.stringify(secret).slice(1, -1);
  const encoded = [component, form, lowerHex(component), lowerHex(form), json, ...base64Forms(secret)];
  // A form this short says as little as a short secret.
  return [secret, ...encoded.filter((text) => text.length >= SHORTEST_MASKED)];
}

/**
 * Base64 carries three bytes in four characters, so the same bytes have three spellings, by where they start.
 * Each is cut to the characters that its neighbours have no part in.
 */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const whole = bytes.toString("base64");
  const cores = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const end = (offset + bytes.length) % 3 === 0 ? text.length : text.length - 1;
    return text.slice([0, 2, 3][offset], end);
  });
  // The inner part of a short secret is shorter still, and would be found anywhere.
  const texts = [whole, whole.replace(/=+$/, ""), ...cores.filter((core) => core.length >= 6)];
  return texts.flatMap((text) => [text, text.replaceAll("+", "-").replaceAll("/", "_")]);
}

function lowerHex(encoded: string): string {
  return encoded.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase());
}
