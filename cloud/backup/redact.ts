import { isMap } from "../../catalog/json.ts";
import { censored } from "../../catalog/literal-secrets.ts";

/** Names whose values are never written down, whatever they look like. */
const SECRET_KEY =
  /(tokens?|secrets?|passw(or)?ds?|passphrase|api[_-]?keys?|access[_-]?keys?|private[_-]?keys?|credentials?|signatures?)$/i;
const MASK = "…";

/** A value of JSON without what is a secret by its shape or by the name that it stands under. */
export interface Redacted {
  readonly value: unknown;
  /** Whether anything was masked. */
  readonly redacted: boolean;
}

/** Masks what must not be in a backup: of somebody else's making, so that no rule of the catalog has seen it. */
export function redact(given: unknown): Redacted {
  let redacted = false;
  const mask = (value: unknown, secret: boolean): unknown => {
    if (typeof value === "string") {
      const clean = secret && value !== "" ? MASK : censoredText(value);
      redacted ||= clean !== value;
      return clean;
    }
    if (Array.isArray(value)) return value.map((item) => mask(item, secret));
    if (!isMap(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, mask(inner, secret || SECRET_KEY.test(key))]),
    );
  };
  const value = mask(given, false);
  return { value, redacted };
}

/** A text line by line: some shapes of a secret are known by the beginning of a line. */
function censoredText(text: string): string {
  return text.split("\n").map(censored).join("\n");
}
