import { ProbeFault } from "../classify.ts";
import type { McpSession, OpenSession, ResolvedMcp, SessionRequest } from "../session.ts";
import { bound } from "./bound.ts";
import type { Channel } from "./channel.ts";
import { converse } from "./conversation.ts";
import { agree } from "./era.ts";
import { asFault, HttpFault } from "./faults.ts";
import type { Agreement } from "./handshake.ts";
import { initialize } from "./handshake.ts";
import { type HttpChannelOptions, openHttpChannel } from "./http-channel.ts";
import { openSseChannel } from "./sse-channel.ts";
import { openStdioChannel } from "./stdio-channel.ts";

/**
 * Opens a session with a server of any generation, over Streamable HTTP, HTTP with SSE or stdio. Throws a
 * ProbeFault within the timeout, and leaves no connection and no process behind when it does.
 */
export const openSession: OpenSession = async (request) => {
  const { mcp, timeoutMs } = request;
  const limit = bound(
    request.signal,
    timeoutMs,
    () => new ProbeFault("timeout", `no answer within ${timeoutMs} ms`),
  );
  try {
    if (limit.signal.aborted) throw limit.signal.reason;
    const within = { ...request, signal: limit.signal };
    if (mcp.transport === "stdio") return await openStdio(mcp, within);
    return await openHttp(mcp, within);
  } catch (error) {
    throw asFault(error, limit.signal, "the session");
  } finally {
    limit.release();
  }
};

async function openHttp(
  mcp: Exclude<ResolvedMcp, { transport: "stdio" }>,
  request: SessionRequest,
): Promise<McpSession> {
  if (!URL.canParse(mcp.url)) throw new ProbeFault("connect", `${mcp.url} is not an address`);
  const { http, traceparent, remembered, signal } = request;
  const options: HttpChannelOptions = {
    url: new URL(mcp.url),
    http,
    traceparent,
    now: () => performance.now(),
  };
  if (mcp.transport === "sse") return openSse(options, signal);
  if (remembered?.transport === "sse") {
    try {
      return await openSse(options, signal);
    } catch (error) {
      // The address may have been given a newer server since.
      if (!mayHaveChanged(error)) throw error;
    }
  }
  const channel = openHttpChannel(options);
  try {
    const agreed = await agree(
      { channel, remembered: streamable(remembered), traceparent, silenceMs: null },
      signal,
    );
    return converse(channel, agreed, traceparent);
  } catch (error) {
    await channel.close();
    if (!mayBeSse(error) || remembered?.transport === "sse") throw error;
    return openSseInstead(options, request, error);
  }
}

async function openSse(options: HttpChannelOptions, signal: AbortSignal): Promise<McpSession> {
  const channel = await openSseChannel(options, signal);
  return started(channel, options.traceparent, () => initialize(channel, signal));
}

/** The last resort for an address that refuses a POST: half of the time, and the refusal says more than its failure. */
async function openSseInstead(
  options: HttpChannelOptions,
  { signal, timeoutMs }: SessionRequest,
  refusal: HttpFault,
): Promise<McpSession> {
  const limit = bound(signal, Math.ceil(timeoutMs / 2), () => refusal);
  let channel: Channel;
  try {
    channel = await openSseChannel(options, limit.signal);
  } catch {
    throw refusal;
  } finally {
    limit.release();
  }
  return started(channel, options.traceparent, () => initialize(channel, signal));
}

async function openStdio(
  mcp: Extract<ResolvedMcp, { transport: "stdio" }>,
  { signal, remembered, traceparent, timeoutMs }: SessionRequest,
): Promise<McpSession> {
  const channel = await openStdioChannel(mcp);
  const silenceMs = Math.ceil(timeoutMs / 2);
  try {
    return await started(channel, traceparent, () =>
      agree({ channel, remembered, traceparent, silenceMs }, signal),
    );
  } catch (error) {
    // Some older servers end on any request before `initialize`; those deserve a second process.
    if (!channel.diedMute() || remembered?.era === "legacy" || signal.aborted) throw error;
  }
  const second = await openStdioChannel(mcp);
  return started(second, traceparent, () => initialize(second, signal));
}

async function started(
  channel: Channel,
  traceparent: string | undefined,
  begin: () => Promise<Agreement>,
): Promise<McpSession> {
  try {
    return converse(channel, await begin(), traceparent);
  } catch (error) {
    await channel.close();
    throw error;
  }
}

/** Statuses after which the specification has a client look for the older transport. */
function mayBeSse(error: unknown): error is HttpFault {
  return error instanceof HttpFault && [400, 404, 405].includes(error.status);
}

function mayHaveChanged(error: unknown): boolean {
  if (!(error instanceof ProbeFault)) return false;
  return (
    error.failureClass === "protocol" ||
    (error instanceof HttpFault && error.failureClass === "http" && error.status < 500)
  );
}

function streamable(remembered: SessionRequest["remembered"]): SessionRequest["remembered"] {
  return remembered?.transport === "streamable-http" ? remembered : undefined;
}
