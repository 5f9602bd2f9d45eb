import type { IncomingMessage, ServerResponse } from "node:http";
import { flood, trickle } from "./body.ts";
import { type LocalServer, serve } from "./http.ts";
import { type Message, type Reply, readMessage, withId } from "./rpc.ts";

/** The right answer to tools/list as the data of one event. */
export const LISTED =
  '{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"name":"a","inputSchema":{"type":"object"}}]}}';
export const NOTICE =
  '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}';

/** Answers an event stream of this text and ends it; `$ID` stands for the id of the request. */
export function stream(text: string | Buffer, { open = false }: { readonly open?: boolean } = {}): Reply {
  return ({ id }, response) => {
    begin(response);
    response.write(typeof text === "string" ? withId(text, id ?? "null") : text);
    if (!open) response.end();
  };
}

/** Answers an event stream in pieces that arrive one by one. */
export function pieces(texts: readonly (string | Buffer)[]): Reply {
  return async ({ id }, response) => {
    begin(response);
    for (const text of texts) {
      response.write(typeof text === "string" ? withId(text, id ?? "null") : text);
      // one write is one packet only when the next one comes later
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    response.end();
  };
}

/** Answers an event stream that repeats a text as fast as it is read. */
export function floodOf(text: string): Reply {
  return ({ id }, response) => {
    begin(response);
    const block = withId(text, id ?? "null").repeat(Math.ceil(4_096 / text.length));
    flood(response, () => block);
  };
}

/** Answers an event stream that repeats a text every 20 ms. */
export function trickleOf(text: string): Reply {
  return ({ id }, response) => {
    begin(response);
    const piece = withId(text, id ?? "null");
    trickle(response, () => piece);
  };
}

/** One event with this data. */
export function event(data: string, name = "message"): string {
  return `event: ${name}\ndata: ${data}\n\n`;
}

/** What the server of the old HTTP+SSE transport gets wrong. */
export interface OldSseFaults {
  /** Writes the first event, which names the address for messages. @default the right one */
  readonly endpoint?: (response: ServerResponse, origin: string) => unknown;
  /** Answers a POST. @default 202, and the answer on the stream */
  readonly post?: (message: Message, response: ServerResponse, stream: ServerResponse) => unknown;
  /** The status of a POST to the address of the stream. @default 404 */
  readonly status?: number;
}

/** A server of the HTTP+SSE transport of 2024-11-05. */
export function oldSse(faults: OldSseFaults = {}): Promise<LocalServer> {
  let open: ServerResponse | null = null;
  const refuse = (response: ServerResponse): unknown => response.writeHead(faults.status ?? 404).end();
  return serve(async (request: IncomingMessage, response: ServerResponse) => {
    const origin = `http://${request.headers.host}`;
    if (request.method === "GET" && request.url === "/mcp") {
      begin(response);
      response.flushHeaders();
      open = response;
      return (faults.endpoint ?? nameEndpoint)(response, origin);
    }
    if (request.method !== "POST" || !request.url?.startsWith("/message")) return refuse(response);
    const message = await readMessage(request);
    if (message === null || open === null) return refuse(response);
    return (faults.post ?? accept)(message, response, open);
  });
}

/** Takes a message with 202 and answers it on the stream, as a right server does. */
export function accept(message: Message, response: ServerResponse, open: ServerResponse): void {
  response.writeHead(202).end("Accepted");
  if (message.id === undefined) return;
  const result =
    message.method === "initialize"
      ? {
          protocolVersion: "2024-11-05",
          capabilities: { tools: {} },
          serverInfo: { name: "old", version: "1" },
        }
      : { tools: [{ name: "a", inputSchema: { type: "object" } }] };
  open.write(event(`{"jsonrpc":"2.0","id":${message.id},"result":${JSON.stringify(result)}}`));
}

function nameEndpoint(response: ServerResponse): void {
  response.write(event("/message?session=1", "endpoint"));
}

function begin(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
}
