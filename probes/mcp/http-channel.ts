import { ProbeFault } from "../classify.ts";
import type { HttpAnswer, HttpClient, HttpRequest } from "../http/types.ts";
import type { Channel, Dialect, FirstExchange, Reply, RpcCall } from "./channel.ts";
import { asFault } from "./faults.ts";
import { dialectHeaders, type Headers } from "./headers.ts";
import { isSuccess, mediaTypeOf, noAnswer, sessionIdIn, statusFault } from "./http-judge.ts";
import { readAnswerStream } from "./http-stream.ts";
import { answerIn, encodeNotification, encodeRequest } from "./rpc.ts";
import { startClock } from "./timings.ts";

/** How long the end of a session may take, in milliseconds: it is a courtesy. */
const GOODBYE_MS = 500;

export interface HttpChannelOptions {
  readonly url: URL;
  readonly http: HttpClient;
  readonly traceparent: string | undefined;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
}

/** Streamable HTTP: each message is a POST, answered by JSON or by an event stream of its own. */
export function openHttpChannel({ url, http, traceparent, now }: HttpChannelOptions): Channel {
  const common: Headers = traceparent === undefined ? {} : { traceparent };
  const posted: Headers = {
    ...common,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  const closed = Promise.withResolvers<void>();
  let dialect: Dialect = { era: "modern", version: null };
  let sessionId: string | null = null;
  let lastId = 0;
  let first: FirstExchange | null = null;

  function headersFor(base: Headers, call: { readonly method: string; readonly name?: string }): Headers {
    const session = sessionId === null ? {} : { "mcp-session-id": sessionId };
    return { ...base, ...dialectHeaders(dialect, call), ...session };
  }

  async function send(request: HttpRequest, waitingFor: string): Promise<HttpAnswer> {
    try {
      return await http.send(request);
    } catch (error) {
      throw asFault(error, request.signal, waitingFor);
    }
  }

  function post(
    call: { readonly method: string; readonly name?: string },
    body: string,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const headers = headersFor(posted, call);
    return send({ url, method: "POST", headers, body, signal }, `the answer to ${call.method}`);
  }

  async function resume(call: RpcCall, lastEventId: string, signal: AbortSignal): Promise<HttpAnswer> {
    const base = { ...common, accept: "text/event-stream", "last-event-id": lastEventId };
    const headers = headersFor(base, call);
    const answer = await send({ url, method: "GET", headers, signal }, `the answer to ${call.method}`);
    if (!isSuccess(answer)) throw await statusFault(answer, null);
    if (mediaTypeOf(answer) !== "event-stream") throw noAnswer(answer, call.method);
    return answer;
  }

  /** The server asked something on the stream; whether our reply arrives is its concern. */
  function reply(text: string, signal: AbortSignal): void {
    if (dialect.era === "modern") return;
    post({ method: "" }, text, signal).then(
      (answer) => answer.discard(),
      () => undefined,
    );
  }

  return {
    transport: "streamable-http",
    process: null,
    closed: closed.promise,
    first: () => first,
    sessionId: () => sessionId,
    speak(next) {
      dialect = next;
      // Modern servers keep no sessions, and a version not agreed yet means that a session is about to begin.
      if (next.era === "modern" || next.version === null) sessionId = null;
    },
    async request(call, signal) {
      lastId += 1;
      const id = lastId;
      const clock = startClock(now);
      const body = encodeRequest(id, call.method, call.params);
      const answer = await post(call, body, signal);
      first ??= { timings: answer.timings, certificate: answer.certificate };
      if (!isSuccess(answer)) throw await statusFault(answer, { id, method: call.method });
      if (call.method === "initialize") sessionId = sessionIdIn(answer);
      const type = mediaTypeOf(answer);
      if (type === "other") throw noAnswer(answer, call.method);
      if (type === "json") return readJson(answer, { id, method: call.method, signal });
      return readAnswerStream(answer, {
        id,
        method: call.method,
        clock,
        signal,
        reply: (text) => reply(text, signal),
        resume: dialect.era === "legacy" ? (eventId) => resume(call, eventId, signal) : null,
      });
    },
    async notify(method, signal) {
      const answer = await post({ method }, encodeNotification(method), signal);
      if (!isSuccess(answer)) throw await statusFault(answer, null);
      answer.discard();
    },
    async close() {
      const id = sessionId;
      const headers = headersFor(common, { method: "" });
      sessionId = null;
      if (id !== null) await sayGoodbye(http, { url, headers });
      closed.resolve();
    },
  };
}

async function readJson(
  answer: HttpAnswer,
  request: { readonly id: number; readonly method: string; readonly signal: AbortSignal },
): Promise<Reply> {
  let text: string;
  try {
    text = await answer.text();
  } catch (error) {
    throw asFault(error, request.signal, `the answer to ${request.method}`);
  }
  if (text === "") {
    throw new ProbeFault("protocol", `${request.method}: HTTP ${answer.status} with an empty body`);
  }
  return { result: answerIn(text, request), stream: null };
}

/** Ends the session, so that the server need not keep it; one that will not (405) or cannot is left alone. */
async function sayGoodbye(http: HttpClient, request: { readonly url: URL; readonly headers: Headers }) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), GOODBYE_MS);
  try {
    const answer = await http.send({ ...request, method: "DELETE", signal: patience.signal });
    answer.discard();
  } catch {
    // The session runs out by itself.
  } finally {
    clearTimeout(timer);
  }
}
