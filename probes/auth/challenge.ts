/** What a refusal asks for: the Bearer part of `WWW-Authenticate` (RFC 6750, RFC 9728). */
export interface Challenge {
  readonly error: string | null;
  /** Scopes, separated by single blanks. */
  readonly scope: string | null;
  readonly resourceMetadata: string | null;
}

/** More of a header is not looked at. */
const READ_LENGTH = 2_000;
const MAX_SCOPE = 500;

/** A scheme's name, or a parameter with its value as a token or in quotes. */
const PART = /([\w!#$%&'*+.^`|~-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/g;

/** Reads the first Bearer challenge of a header; what is missing or cannot be used is null. */
export function parseChallenge(header: string | null): Challenge {
  const parameters = new Map<string, string>();
  let scheme = "";
  let bearers = 0;
  for (const [, name = "", inQuotes, bare] of (header ?? "").slice(0, READ_LENGTH).matchAll(PART)) {
    const value = inQuotes?.replace(/\\(.)/g, "$1") ?? bare;
    if (value === undefined) {
      scheme = name.toLowerCase();
      if (scheme === "bearer") bearers += 1;
    } else if (scheme === "bearer" && bearers === 1 && !parameters.has(name.toLowerCase())) {
      parameters.set(name.toLowerCase(), value);
    }
  }
  return {
    error: parameters.get("error") ?? null,
    scope: usableScope(parameters.get("scope")),
    resourceMetadata: parameters.get("resource_metadata") ?? null,
  };
}

/** RFC 6749, section 3.3; anything else would be sent on to the authorization server. */
function usableScope(scope: string | undefined): string | null {
  if (scope === undefined || scope.length > MAX_SCOPE) return null;
  return /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(scope) ? scope : null;
}
