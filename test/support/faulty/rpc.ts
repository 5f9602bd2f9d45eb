import type { IncomingMessage, ServerResponse } from "node:http";
import { type Handler, type LocalServer, serve } from "./http.ts";

/** Servers that are right in everything but what a test asks them to get wrong. */

/** A JSON-RPC message as a server receives it. */
export interface Message {
  /** The id as JSON; undefined for a notification. */
  readonly id: string | undefined;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage["headers"];
}

/** Writes the answer to one message. */
export type Reply = (message: Message, response: ServerResponse) => unknown;
export type Replies = Readonly<Record<string, Reply>>;

export type Rpc = { readonly result: unknown } | { readonly error: { code: number; message: string } };

/** A server of the older generation that answers each method as told; the handshake is right unless told. */
export function rpc(methods: Record<string, (params: unknown) => Rpc>): Promise<LocalServer> {
  return older(
    Object.fromEntries(
      Object.entries(methods).map(([method, answer]): [string, Reply] => [
        method,
        (message, response) => json(envelope("$ID", answer(message.params)))(message, response),
      ]),
    ),
  );
}

/** A server of the older generation, right in all that is not replied otherwise. */
export function older(replies: Replies = {}): Promise<LocalServer> {
  return serve(olderHandler(replies));
}

/** A server of the modern generation, right in all that is not replied otherwise. */
export function modern(replies: Replies = {}): Promise<LocalServer> {
  return serve(modernHandler(replies));
}

export function olderHandler(replies: Replies = {}): Handler {
  return handler({
    initialize: json(envelope("$ID", initialized({ tools: {} }))),
    "tools/list": json(envelope("$ID", { result: { tools: [tool("a")] } })),
    ...replies,
  });
}

export function modernHandler(replies: Replies = {}): Handler {
  return handler({
    "server/discover": json(envelope("$ID", { result: DISCOVERED })),
    "tools/list": json(
      envelope("$ID", {
        result: { resultType: "complete", ttlMs: 0, cacheScope: "public", tools: [tool("a")] },
      }),
    ),
    ...replies,
  });
}

/** Answers one JSON document; `$ID` in it stands for the id of the request. */
export function json(text: string, headers: Record<string, string> = {}, code = 200): Reply {
  return (message, response) =>
    response
      .writeHead(code, { "content-type": "application/json", ...headers })
      .end(withId(text, message.id ?? "null"));
}

/** Answers what becomes of this text, with the headers that tell of it. */
export function recoded(
  text: string,
  code: (text: string) => Buffer,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return ({ id }, response) =>
    response
      .writeHead(200, { "content-type": "application/json", ...headers })
      .end(code(withId(text, id ?? "null")));
}

/** Answers a JSON-RPC error. */
export function failing(code: number, data: object = {}, httpStatus = 200): Reply {
  const error = { code, message: "refused", data };
  return json(envelope("$ID", { error }), {}, httpStatus);
}

/** The text with the id of the request in place of `$ID`, and in place of `$TWIN` the same in the other type. */
export function withId(text: string, id: string): string {
  const value: unknown = JSON.parse(id);
  const twin = typeof value === "number" ? JSON.stringify(String(value)) : String(Number(value) || 0);
  return text.replaceAll("$ID", id).replaceAll("$TWIN", twin);
}

/** A whole JSON-RPC answer; the id is given as JSON, or as `$ID`. */
export function envelope(id: string, answer: Rpc): string {
  return `{"jsonrpc":"2.0","id":${id},${JSON.stringify(answer).slice(1)}`;
}

/** The answer to `initialize` of a server with the given capabilities. */
export function initialized(capabilities: object): Rpc {
  const serverInfo = { name: "faulty", version: "1" };
  return { result: { protocolVersion: "2025-11-25", capabilities, serverInfo } };
}

/** A tool as tools/list shows it. */
export function tool(name: string): object {
  return { name, inputSchema: { type: "object" } };
}

/** A handler that hands each message to its reply, and knows no other method. */
export function handler(replies: Replies): Handler {
  return async (request, response) => {
    const message = await readMessage(request);
    if (message === null) return response.writeHead(405).end();
    const reply = Object.hasOwn(replies, message.method) ? replies[message.method] : undefined;
    if (reply !== undefined) return reply(message, response);
    if (message.id === undefined) return response.writeHead(202).end();
    return failing(-32601)(message, response);
  };
}

/** The message in the body of a request; null for any request but a POST. */
export async function readMessage(request: IncomingMessage): Promise<Message | null> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  if (request.method !== "POST") return null;
  const { id, method, params }: { id?: unknown; method: string; params?: Record<string, unknown> } =
    JSON.parse(text);
  return {
    id: id === undefined ? undefined : JSON.stringify(id),
    method,
    params: params ?? {},
    headers: request.headers,
  };
}

const DISCOVERED = {
  resultType: "complete",
  supportedVersions: ["2026-07-28"],
  capabilities: { tools: {} },
  ttlMs: 0,
  cacheScope: "public",
  _meta: { "io.modelcontextprotocol/serverInfo": { name: "faulty", version: "1" } },
};
