import { ProbeFault } from "../classify.ts";
import type { HttpAnswer } from "../http/types.ts";
import {
  HEADER_MISMATCH,
  HttpFault,
  MISSING_CLIENT_CAPABILITY,
  type RpcError,
  RpcFault,
  UNSUPPORTED_VERSION,
} from "./faults.ts";
import { type Message, readMessages } from "./rpc.ts";

export type MediaType = "json" | "event-stream" | "other";

export function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

/** What the body is said to be; parameters such as the charset do not matter. */
export function mediaTypeOf({ headers }: HttpAnswer): MediaType {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type === "application/json") return "json";
  return type === "text/event-stream" ? "event-stream" : "other";
}

/**
 * The fault that a status stands for which is no success. A 4xx whose body is a JSON-RPC error to this
 * request, or one that only modern servers know, is an RpcFault; everything else is an HttpFault.
 */
export async function statusFault(
  answer: HttpAnswer,
  request: { readonly id: number; readonly method: string } | null,
): Promise<HttpFault | RpcFault> {
  const { status } = answer;
  const text = `HTTP ${status} ${answer.statusText}`.trimEnd();
  const mayExplain = status >= 400 && status < 500 && status !== 401 && status !== 403;
  if (!mayExplain || mediaTypeOf(answer) !== "json") {
    answer.discard();
    return new HttpFault(status, text);
  }
  const error = await errorIn(answer);
  if (error === null) return new HttpFault(status, text);
  const isAnswer = request !== null && error.id === request.id;
  if (isAnswer || MODERN_CODES.has(error.error.code)) {
    return new RpcFault(request?.method ?? "", error.error, status);
  }
  return new HttpFault(status, `${text}: ${error.error.message}`);
}

/** Why a success that is neither JSON nor an event stream is no answer. */
export function noAnswer(answer: HttpAnswer, method: string): ProbeFault {
  answer.discard();
  const type = answer.headers["content-type"];
  const empty = answer.status === 202 || answer.status === 204 || answer.headers["content-length"] === "0";
  if (empty) return new ProbeFault("protocol", `${method}: HTTP ${answer.status} without an answer`);
  const given = type === undefined ? "no content type" : `content type ${type}`;
  return new ProbeFault("protocol", `${method}: ${given} where JSON or an event stream was expected`);
}

/** The session that `initialize` opened; null when the server keeps none. Throws a ProbeFault of class protocol. */
export function sessionIdIn({ headers }: HttpAnswer): string | null {
  const id = headers["mcp-session-id"];
  if (id === undefined) return null;
  if (typeof id === "string" && /^[\x21-\x7e]+$/.test(id)) return id;
  throw new ProbeFault("protocol", "the session id holds other characters than visible ASCII (0x21 to 0x7E)");
}

const MODERN_CODES: ReadonlySet<number> = new Set([
  HEADER_MISMATCH,
  MISSING_CLIENT_CAPABILITY,
  UNSUPPORTED_VERSION,
]);

async function errorIn(answer: HttpAnswer): Promise<{ id: unknown; error: RpcError } | null> {
  let messages: Message[];
  try {
    messages = readMessages(await answer.text());
  } catch (error) {
    // The status is the verdict, whatever its body is worth; only a deadline goes before it.
    if (error instanceof ProbeFault && error.failureClass !== "timeout") return null;
    throw error;
  }
  return messages.find((message) => message.kind === "error") ?? null;
}
