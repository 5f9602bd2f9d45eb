import { ProbeFault } from "../classify.ts";
import type { McpSession } from "../session.ts";
import { toolAnswer } from "./call.ts";
import type { Channel, Reply } from "./channel.ts";
import { HttpFault, RpcFault } from "./faults.ts";
import { type Agreement, initialize } from "./handshake.ts";
import { modernMeta } from "./headers.ts";
import type { JsonObject } from "./json.ts";
import { assertComplete } from "./result-type.ts";
import { readTools } from "./tools.ts";

/** An agreed channel as a session. */
export function converse(channel: Channel, agreed: Agreement, traceparent: string | undefined): McpSession {
  let ending: Promise<void> | null = null;
  let renewing: Promise<unknown> | null = null;
  const meta = agreed.era === "modern" ? modernMeta(traceparent) : {};

  async function ask(
    call: {
      readonly method: string;
      readonly params: JsonObject;
      readonly name?: string;
      readonly meta?: JsonObject;
    },
    signal: AbortSignal,
  ): Promise<Reply> {
    const { meta: own, ...rest } = call;
    const _meta = { ...own, ...meta };
    const request = Object.keys(_meta).length === 0 ? rest : { ...rest, params: { ...call.params, _meta } };
    const reply = await withSession(() => channel.request(request, signal), signal);
    if (agreed.era === "modern") assertComplete(call.method, reply.result);
    return reply;
  }

  /** A session that the server has forgotten is no outage: it is begun anew, once. */
  async function withSession(work: () => Promise<Reply>, signal: AbortSignal): Promise<Reply> {
    const session = channel.sessionId();
    try {
      return await work();
    } catch (error) {
      if (session === null || ending !== null || !isExpiry(error)) throw error;
      if (channel.sessionId() === session) {
        renewing ??= initialize(channel, signal).finally(() => {
          renewing = null;
        });
      }
      await renewing;
      return work();
    }
  }

  function assertTools(): void {
    if (agreed.capabilities.tools === undefined) {
      throw new ProbeFault("capability", "the server does not offer tools");
    }
  }

  const first = channel.first();
  return {
    era: agreed.era,
    transport: channel.transport,
    protocolVersion: agreed.version,
    serverInfo: agreed.serverInfo,
    timings: first?.timings ?? null,
    certificate: first?.certificate ?? null,
    process: channel.process,
    closed: channel.closed,
    async listTools(signal) {
      assertTools();
      return readTools(async (cursor) => {
        const params = cursor === null ? {} : { cursor };
        return (await ask({ method: "tools/list", params }, signal)).result;
      });
    },
    async callTool(call, signal) {
      assertTools();
      const params = { name: call.name, arguments: call.arguments };
      // without a token a server sends no progress, and a stream has nothing to be measured by
      const meta = { progressToken: 1 };
      return toolAnswer(await ask({ method: "tools/call", params, name: call.name, meta }, signal));
    },
    close() {
      ending ??= channel.close();
      return ending;
    },
  };
}

/**
 * Whether a request failed because its session is gone: 404 says so; some servers, the reference server
 * among them, say 400 to a session that they do not know.
 */
function isExpiry(error: unknown): boolean {
  if (error instanceof HttpFault) return error.status === 404 || error.status === 400;
  return (
    error instanceof RpcFault && (error.status === 404 || (error.status === 400 && error.code === -32000))
  );
}
