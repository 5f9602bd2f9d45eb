import type { ProbeFault } from "../classify.ts";
import type { HttpAnswer } from "../http/types.ts";
import type { Reply } from "./channel.ts";
import { asFault, StreamFault } from "./faults.ts";
import { createInbox, type Inbox, type Outcome, unanswered } from "./inbox.ts";
import { createSseParser, type SseParser } from "./sse.ts";
import type { StreamClock } from "./timings.ts";

export interface StreamRequest {
  readonly id: number;
  readonly method: string;
  readonly clock: StreamClock;
  readonly signal: AbortSignal;
  /** Sends the reply to a request of the server's own; must not throw. */
  readonly reply: (text: string) => void;
  /** Asks for the rest of a stream that ended early, from an event on; null where the protocol has no such thing. */
  readonly resume: ((lastEventId: string) => Promise<HttpAnswer>) | null;
}

interface Reading {
  readonly inbox: Inbox;
  readonly answered: { outcome: Outcome | null };
}

/**
 * The answer out of an event stream. A stream that ends without it is resumed once when the server has said
 * how (an event id and a time to retry, as the polling of 2025-11-25 does). Throws a ProbeFault.
 */
export async function readAnswerStream(first: HttpAnswer, request: StreamRequest): Promise<Reply> {
  const { id, method, clock, signal, resume } = request;
  const answered: Reading["answered"] = { outcome: null };
  const inbox = createInbox(request.reply);
  inbox.expect(id, method, (outcome) => {
    answered.outcome = outcome;
  });
  const reading = { inbox, answered };
  const parser = createSseParser();
  let broken = await readUntilAnswered(first, parser, reading, request);
  const [lastEventId, retryMs] = [parser.lastEventId(), parser.retryMs()];
  if (answered.outcome === null && resume !== null && lastEventId !== null && retryMs !== null) {
    await pause(retryMs, signal);
    if (signal.aborted) throw unanswered(inbox, method, signal);
    const again = await resume(lastEventId);
    broken = await readUntilAnswered(again, createSseParser(), reading, request);
  }
  const { outcome } = answered;
  if (outcome === null) throw truncated(broken, inbox, request);
  if ("fault" in outcome) throw outcome.fault;
  return { result: outcome.result, stream: clock.timings(false) };
}

/** Reads on until the answer is there or the stream ends; resolves to what broke it, null when nothing did. */
async function readUntilAnswered(
  answer: HttpAnswer,
  parser: SseParser,
  { inbox, answered }: Reading,
  { method, clock, signal }: StreamRequest,
): Promise<ProbeFault | null> {
  const pieces = answer.chunks()[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await pieces.next();
      if (done === true) return null;
      parser.push(value, (event) => {
        clock.event();
        if (event.type === "message" && event.data !== "") inbox.receive(event.data);
        return answered.outcome !== null;
      });
      if (answered.outcome === null) continue;
      // Not `return` of the iterator: what follows the answer is short, and the connection is worth keeping.
      answer.discard();
      return null;
    }
  } catch (error) {
    answer.discard();
    if (signal.aborted) throw unanswered(inbox, method, signal);
    const fault = asFault(error, signal, `the answer to ${method}`);
    if (fault.failureClass !== "protocol" && fault.failureClass !== "connect") throw fault;
    return fault;
  }
}

function truncated(broken: ProbeFault | null, inbox: Inbox, { method, clock }: StreamRequest): StreamFault {
  const oddity = inbox.oddity();
  const why = broken?.message ?? "the stream ended before the answer";
  const message = oddity === null ? `${method}: ${why}` : `${method}: ${why} (it brought ${oddity})`;
  return new StreamFault(message, clock.timings(true), broken ?? undefined);
}

/** Waits, or returns at once when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
  });
}
