import { isMap } from "../../catalog/json.ts";
import { MASK, maskLines, secretUnder } from "./redact-lines.ts";

/** A private key is one from its first line to its last. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
/** `credentials.json` holds what `credentials` would. */
const EXTENSION = /\.(txt|json|ya?ml|env|pem|key|conf|cfg|ini|properties)$/i;

/** A value of JSON without what is a secret by its shape or by the name that it stands under. */
export interface Redacted {
  readonly value: unknown;
  /** Whether anything was masked. */
  readonly redacted: boolean;
}

/**
 * Masks what must not be in a backup: of somebody else's making, so that no rule of the catalog has seen it. A text may
 * be a file: what it assigns to the name of a secret is masked in JSON, in YAML, and in lines of `name=value`.
 */
export function redact(given: unknown): Redacted {
  let redacted = false;
  const replaced = (value: unknown, clean: unknown): unknown => {
    redacted ||= clean !== value;
    return clean;
  };
  const mask = (value: unknown, name: string | undefined): unknown => {
    if (Array.isArray(value)) return value.map((item) => mask(item, name));
    if (isMap(value))
      return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, mask(inner, name ?? secretName(key))]),
      );
    if (name !== undefined && secretUnder(name, value)) return replaced(value, MASK);
    return typeof value === "string" ? replaced(value, maskText(value)) : value;
  };
  const value = mask(given, undefined);
  return { value, redacted };
}

/** The name itself where it is one of a secret, with the ending of a file or without. */
function secretName(key: string): string | undefined {
  return [key, key.replace(EXTENSION, "")].find((name) => secretUnder(name, "anything"));
}

function maskText(text: string): string {
  const json = /^\s*[{[]/.test(text) ? jsonOf(text) : undefined;
  if (json === undefined) return maskLines(text.replaceAll(PRIVATE_KEY, MASK));
  const { value, redacted } = redact(json);
  return redacted ? JSON.stringify(value, null, 1) : text;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
