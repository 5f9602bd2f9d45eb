import type { Dialect } from "./channel.ts";
import type { JsonObject } from "./json.ts";

/** The revision that needs no handshake, and those that begin with `initialize`, newest first. */
export const MODERN_VERSION = "2026-07-28";
export const LEGACY_VERSIONS: readonly string[] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

export const CLIENT_INFO = { name: "rollcall", version: "0.1.0" } as const;

/** The first revision whose version stands in a header. */
const VERSION_HEADER_SINCE = "2025-06-18";

export type Headers = Readonly<Record<string, string>>;

/** What names the version, and to modern servers the method and the tool, beside the body. */
export function dialectHeaders(
  { era, version }: Dialect,
  call: { readonly method: string; readonly name?: string },
): Headers {
  if (version === null) return {};
  if (era === "legacy") return version >= VERSION_HEADER_SINCE ? { "mcp-protocol-version": version } : {};
  const headers = { "mcp-protocol-version": version, "mcp-method": call.method };
  return call.name === undefined ? headers : { ...headers, "mcp-name": headerValue(call.name) };
}

/** What a modern request carries with it, in `_meta`. */
export function modernMeta(traceparent: string | undefined): JsonObject {
  return {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
    "io.modelcontextprotocol/clientInfo": CLIENT_INFO,
    "io.modelcontextprotocol/clientCapabilities": {},
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/** A text as the value of a header: as it is where that is safe, else in the base64 form of 2026-07-28. */
export function headerValue(text: string): string {
  const isSafe = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/.test(text);
  const looksEncoded = text.startsWith("=?base64?") && text.endsWith("?=");
  return isSafe && !looksEncoded ? text : `=?base64?${Buffer.from(text, "utf8").toString("base64")}?=`;
}
