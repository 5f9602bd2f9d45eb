import { ProbeFault } from "../classify.ts";
import type { Era } from "../result.ts";
import type { McpSession } from "../session.ts";
import type { Channel } from "./channel.ts";
import { RpcFault } from "./faults.ts";
import { CLIENT_INFO, LEGACY_VERSIONS, MODERN_VERSION, modernMeta } from "./headers.ts";
import { isObject, type JsonObject } from "./json.ts";
import { assertComplete } from "./result-type.ts";

/** What both sides have settled on. */
export interface Agreement {
  readonly era: Era;
  readonly version: string;
  readonly capabilities: JsonObject;
  readonly serverInfo: McpSession["serverInfo"];
}

/** A server that answered the modern question, but not as a modern server: `initialize` comes next. */
export interface Refusal {
  readonly era: "unknown";
  /** What is wrong with the server if it turns out not to be a legacy one either. */
  readonly why: ProbeFault;
}

/**
 * Asks a modern server what it is. Throws a ProbeFault; which of those speak for a legacy server is not
 * decided here.
 */
export async function discover(
  channel: Channel,
  traceparent: string | undefined,
  signal: AbortSignal,
): Promise<Agreement | Refusal> {
  channel.speak({ era: "modern", version: MODERN_VERSION });
  const call = { method: "server/discover", params: { _meta: modernMeta(traceparent) } };
  const { result } = await channel.request(call, signal);
  const { supportedVersions, capabilities, _meta: meta } = result;
  if (!Array.isArray(supportedVersions) || !isObject(capabilities)) {
    return refusal("server/discover: a result without supportedVersions and capabilities");
  }
  if (!supportedVersions.includes(MODERN_VERSION)) return unsupported(supportedVersions);
  assertComplete("server/discover", result);
  const info = isObject(meta) ? meta["io.modelcontextprotocol/serverInfo"] : undefined;
  return { era: "modern", version: MODERN_VERSION, capabilities, serverInfo: infoOf(info) };
}

/**
 * The handshake of the older revisions: `initialize`, whose answer settles the version, and the notification
 * that ends it. Throws a ProbeFault.
 */
export async function initialize(channel: Channel, signal: AbortSignal): Promise<Agreement> {
  const [newest = ""] = LEGACY_VERSIONS;
  const result = await offer(channel, newest, signal);
  const { protocolVersion, capabilities, serverInfo } = result;
  if (typeof protocolVersion !== "string") throw malformed("protocolVersion");
  if (!isObject(capabilities)) throw malformed("capabilities");
  if (!LEGACY_VERSIONS.includes(protocolVersion)) {
    const known = LEGACY_VERSIONS.join(", ");
    throw new ProbeFault("protocol", `initialize: version ${protocolVersion} is none of ${known}`);
  }
  channel.speak({ era: "legacy", version: protocolVersion });
  await channel.notify("notifications/initialized", signal);
  return { era: "legacy", version: protocolVersion, capabilities, serverInfo: infoOf(serverInfo) };
}

/** The versions that an error names as supported; empty when it names none. */
export function supportedIn(error: unknown): readonly unknown[] {
  if (!(error instanceof RpcFault) || !isObject(error.data)) return [];
  const { supported } = error.data;
  return Array.isArray(supported) ? supported : [];
}

/** What becomes of a server that knows other versions only: legacy ones are tried, unknown ones are a fault. */
export function unsupported(versions: readonly unknown[]): Refusal {
  const known = [MODERN_VERSION, ...LEGACY_VERSIONS].join(", ");
  const given = versions.filter((version) => typeof version === "string").slice(0, 16);
  const why = `the server supports none of the versions ${known}, only ${given.join(", ") || "none"}`;
  if (versions.some((version) => LEGACY_VERSIONS.includes(String(version)))) return refusal(why);
  throw new ProbeFault("protocol", why);
}

async function offer(channel: Channel, version: string, signal: AbortSignal): Promise<JsonObject> {
  const ask = async (protocolVersion: string): Promise<JsonObject> => {
    channel.speak({ era: "legacy", version: null });
    const params = { protocolVersion, capabilities: {}, clientInfo: CLIENT_INFO };
    return (await channel.request({ method: "initialize", params }, signal)).result;
  };
  try {
    return await ask(version);
  } catch (error) {
    // Some servers refuse a version that they do not know, instead of answering with one that they do.
    const supported = supportedIn(error);
    const common = LEGACY_VERSIONS.find((known) => known !== version && supported.includes(known));
    if (common === undefined) throw error;
    return ask(common);
  }
}

function infoOf(info: unknown): McpSession["serverInfo"] {
  if (!isObject(info)) return null;
  const { name, version } = info;
  return typeof name === "string" ? { name, version: typeof version === "string" ? version : "" } : null;
}

function refusal(message: string): Refusal {
  return { era: "unknown", why: new ProbeFault("protocol", message) };
}

function malformed(field: string): ProbeFault {
  return new ProbeFault("protocol", `initialize: a result without a valid ${field}`);
}
