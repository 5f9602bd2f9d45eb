import { ProbeFault } from "../classify.ts";
import type { HttpAnswer, HttpRequest } from "../http/types.ts";
import type { Channel, Dialect, FirstExchange, Reply, RpcCall } from "./channel.ts";
import { abortFault, asFault, StreamFault } from "./faults.ts";
import { dialectHeaders, type Headers } from "./headers.ts";
import type { HttpChannelOptions } from "./http-channel.ts";
import { isSuccess, mediaTypeOf, noAnswer, statusFault } from "./http-judge.ts";
import { awaitAnswer, createInbox } from "./inbox.ts";
import { encodeNotification, encodeRequest } from "./rpc.ts";
import { createSseParser, type SseEvent } from "./sse.ts";
import { type StreamClock, startClock } from "./timings.ts";

/**
 * Opens HTTP with SSE, as the revision 2024-11-05 has it: one GET brings every answer, each message is a POST
 * to the address that the `endpoint` event names. Throws a ProbeFault, and leaves no connection when it does.
 */
export async function openSseChannel(options: HttpChannelOptions, signal: AbortSignal): Promise<Channel> {
  const channel = new SseChannel(options);
  await channel.open(signal);
  return channel;
}

interface Waiting {
  readonly method: string;
  readonly clock: StreamClock;
  /** Ends the POST of the request. */
  readonly sending: AbortController;
}

class SseChannel implements Channel {
  readonly transport = "sse";
  readonly process = null;
  readonly closed: Promise<void>;
  readonly #options: HttpChannelOptions;
  readonly #common: Headers;
  readonly #endpoint = Promise.withResolvers<URL>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #life = new AbortController();
  readonly #parser = createSseParser();
  readonly #waiting = new Map<number, Waiting>();
  readonly #inbox = createInbox((text) => this.#reply(text));
  #dialect: Dialect = { era: "legacy", version: null };
  #first: FirstExchange | null = null;
  #over: ProbeFault | null = null;
  #lastId = 0;

  constructor(options: HttpChannelOptions) {
    this.#options = options;
    this.#common = options.traceparent === undefined ? {} : { traceparent: options.traceparent };
    this.closed = this.#ended.promise;
    this.#endpoint.promise.catch(() => undefined);
  }

  async open(signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#end(abortFault(signal, "the endpoint event"));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      if (this.#over === null) await this.#connect();
      await this.#endpoint.promise;
    } catch (error) {
      this.#end(asFault(error, signal, "the event stream"));
      throw this.#over;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  first(): FirstExchange | null {
    return this.#first;
  }

  sessionId(): null {
    return null;
  }

  speak(dialect: Dialect): void {
    this.#dialect = dialect;
  }

  async request({ method, params }: RpcCall, signal: AbortSignal): Promise<Reply> {
    if (this.#over !== null) throw this.#over;
    this.#lastId += 1;
    const id = this.#lastId;
    const one = { method, clock: startClock(this.#options.now), sending: new AbortController() };
    this.#parser.restart();
    this.#waiting.set(id, one);
    try {
      const answer = awaitAnswer(this.#inbox, { id, method }, signal);
      this.#post({ method, id }, encodeRequest(id, method, params), one.sending.signal).catch(
        (error: unknown) => {
          const fault = asFault(error, one.sending.signal, `the answer to ${method}`);
          this.#inbox.settle(id, { fault });
        },
      );
      return { result: await answer, stream: one.clock.timings(false) };
    } catch (error) {
      one.sending.abort();
      throw error;
    } finally {
      this.#waiting.delete(id);
    }
  }

  async notify(method: string, signal: AbortSignal): Promise<void> {
    if (this.#over !== null) throw this.#over;
    await this.#post({ method }, encodeNotification(method), signal);
  }

  async close(): Promise<void> {
    this.#end(new ProbeFault("connect", "the session was closed"));
  }

  async #connect(): Promise<void> {
    const headers = { ...this.#common, accept: "text/event-stream" };
    const request: HttpRequest = {
      url: this.#options.url,
      method: "GET",
      headers,
      signal: this.#life.signal,
    };
    const answer = await this.#send(request, "the event stream");
    this.#first = { timings: answer.timings, certificate: answer.certificate };
    if (!isSuccess(answer)) throw await statusFault(answer, null);
    if (mediaTypeOf(answer) !== "event-stream") throw noAnswer(answer, "the GET of the event stream");
    void this.#listen(answer);
  }

  async #listen(answer: HttpAnswer): Promise<void> {
    try {
      for await (const piece of answer.chunks()) this.#parser.push(piece, (event) => this.#take(event));
      this.#end(new ProbeFault("protocol", "the event stream ended"));
    } catch (error) {
      this.#end(asFault(error, this.#life.signal, "the event stream"));
      answer.discard();
    }
  }

  #take(event: SseEvent): boolean {
    for (const { clock } of this.#waiting.values()) clock.event();
    if (event.type === "message" && event.data !== "") this.#inbox.receive(event.data);
    if (event.type === "endpoint") this.#endpoint.resolve(endpointIn(event.data, this.#options.url));
    return false;
  }

  /** POSTs one message; its answer comes on the stream, and the POST's own is only judged. */
  async #post(
    call: { readonly method: string; readonly id?: number },
    body: string,
    signal: AbortSignal,
  ): Promise<void> {
    const headers = {
      ...this.#common,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...dialectHeaders(this.#dialect, call),
    };
    const url = await this.#endpoint.promise;
    const answer = await this.#send({ url, method: "POST", headers, body, signal }, call.method);
    const { id, method } = call;
    if (!isSuccess(answer)) throw await statusFault(answer, id === undefined ? null : { id, method });
    answer.discard();
  }

  #reply(text: string): void {
    // Whether a reply arrives is the concern of the server that asked.
    this.#post({ method: "" }, text, this.#life.signal).catch(() => undefined);
  }

  async #send(request: HttpRequest, waitingFor: string): Promise<HttpAnswer> {
    try {
      return await this.#options.http.send(request);
    } catch (error) {
      throw asFault(error, request.signal, waitingFor);
    }
  }

  #end(fault: ProbeFault): void {
    if (this.#over !== null) return;
    this.#over = fault;
    this.#endpoint.reject(fault);
    for (const [id, { method, clock, sending }] of this.#waiting) {
      const message = `${method}: ${fault.message}`;
      const isTruncated = fault.failureClass === "protocol";
      this.#inbox.settle(id, {
        fault: isTruncated ? new StreamFault(message, clock.timings(true), fault) : fault,
      });
      sending.abort(fault);
    }
    this.#life.abort(fault);
    this.#ended.resolve();
  }
}

/** Where messages go. Throws a ProbeFault of class protocol for anything but an address of the same origin. */
function endpointIn(data: string, base: URL): URL {
  if (!URL.canParse(data, base.href)) {
    throw new ProbeFault("protocol", `the endpoint event names no address: ${data}`);
  }
  const url = new URL(data, base);
  if (url.origin === base.origin) return url;
  throw new ProbeFault("protocol", `the endpoint event leads to another origin: ${url.origin}`);
}
