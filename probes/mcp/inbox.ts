import { ProbeFault } from "../classify.ts";
import { abortFault, RpcFault } from "./faults.ts";
import { isTooDeep, type JsonObject } from "./json.ts";
import { encodeReply, type Message, readMessages } from "./rpc.ts";

export type Outcome = { readonly result: JsonObject } | { readonly fault: ProbeFault };

/** Sorts what a server sends on one stream: answers to whoever waits, replies to what it asks itself. */
export interface Inbox {
  /** Waits for the answer to a request; returns how to stop waiting. Ids must rise. */
  expect(id: number, method: string, settle: (outcome: Outcome) => void): () => void;
  /** Takes one JSON text. Never throws: what is no message of JSON-RPC is passed over and remembered. */
  receive(text: string): void;
  /** Remembers what else may be the reason that no answer comes. */
  blame(why: string): void;
  /** Settles the one who waits for this id, if anybody still does. */
  settle(id: number, outcome: Outcome): void;
  /** Settles everybody who waits. */
  fail(fault: ProbeFault): void;
  /** What was passed over that explains why no answer came; null when there is nothing to blame. */
  oddity(): string | null;
  /** Whether any message of JSON-RPC has come. */
  heard(): boolean;
}

/** How many requests of a server are answered while one answer is awaited. */
const MAX_REPLIES = 32;
const MAX_ID_LENGTH = 256;

/** An inbox; `reply` sends a text to the server, and must not throw. */
export function createInbox(reply: (text: string) => void): Inbox {
  const waiting = new Map<number, { readonly method: string; settle(outcome: Outcome): void }>();
  let highest = 0;
  let asked = 0;
  let replies = 0;
  let heard = false;
  let oddity: string | null = null;

  function settle(id: number, outcome: Outcome): void {
    const one = waiting.get(id);
    waiting.delete(id);
    one?.settle(outcome);
  }

  function fail(fault: ProbeFault): void {
    for (const id of [...waiting.keys()]) settle(id, { fault });
  }

  /** An error without an id belongs to the only request ever made, or to none that can be told. */
  function ownerOf(id: unknown, isError: boolean): number | null {
    if (typeof id === "number" && waiting.has(id)) return id;
    return isError && id === null && asked === 1 ? ([...waiting.keys()][0] ?? null) : null;
  }

  function take(message: Message): void {
    if (message.kind === "request" || message.kind === "notification") {
      heard = true;
      if (message.kind === "notification" || replies >= MAX_REPLIES) return;
      if (typeof message.id === "string" && message.id.length > MAX_ID_LENGTH) return;
      replies += 1;
      reply(encodeReply(message.id, message.method));
      return;
    }
    const owner = ownerOf(message.id, message.kind === "error");
    if (owner === null) {
      passOver(message);
      return;
    }
    heard = true;
    const method = waiting.get(owner)?.method ?? "";
    if (message.kind === "result") settle(owner, { result: message.result });
    else if (message.kind === "error") settle(owner, { fault: new RpcFault(method, message.error) });
    else settle(owner, { fault: new ProbeFault("protocol", `${method}: ${message.why}`) });
  }

  function passOver(message: Exclude<Message, { kind: "request" | "notification" }>): void {
    if (message.kind === "invalid") {
      if (!heard || message.isAnswer) oddity ??= message.why;
      return;
    }
    heard = true;
    // The late answer to a request that was given up is in order.
    const { id } = message;
    const isLate = typeof id === "number" && Number.isInteger(id) && id >= 1 && id <= highest;
    if (!isLate) oddity = "an answer with an id that is not the request's";
  }

  return {
    settle,
    fail,
    oddity: () => oddity,
    blame: (why) => {
      oddity ??= why;
    },
    heard: () => heard,
    expect(id, method, onOutcome) {
      highest = Math.max(highest, id);
      asked += 1;
      replies = 0;
      if (heard) oddity = null;
      waiting.set(id, { method, settle: onOutcome });
      return () => waiting.delete(id);
    },
    receive(text) {
      let messages: Message[];
      try {
        messages = readMessages(text);
      } catch (error) {
        const fault = error instanceof ProbeFault ? error : new ProbeFault("protocol", "not JSON", error);
        // Servers that log to stdout are wrong but common; once they have spoken well, a log line blames nobody.
        if (!heard) oddity ??= fault.message;
        if (/^\s*[[{]/.test(text.slice(0, 64)) && isTooDeep(text)) fail(fault);
        return;
      }
      for (const message of messages) take(message);
    },
  };
}

/** The answer to a request that has been sent. Rejects with a ProbeFault, at once when the signal aborts. */
export function awaitAnswer(
  inbox: Inbox,
  { id, method }: { readonly id: number; readonly method: string },
  signal: AbortSignal,
): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      forget();
      reject(unanswered(inbox, method, signal));
    };
    const forget = inbox.expect(id, method, (outcome) => {
      signal.removeEventListener("abort", onAbort);
      if ("fault" in outcome) reject(outcome.fault);
      else resolve(outcome.result);
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Why a wait that was cut short has no answer: what came was no answer, or nothing came at all. */
export function unanswered(inbox: Inbox, method: string, signal: AbortSignal): ProbeFault {
  const fault = abortFault(signal, `the answer to ${method}`);
  const oddity = inbox.oddity();
  if (oddity === null || fault.failureClass !== "timeout") return fault;
  return new ProbeFault("protocol", `${method}: ${oddity}, and no answer in time`, fault);
}
